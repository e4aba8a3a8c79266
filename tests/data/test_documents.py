"""Documents: how text is divided into them, whatever the pieces in which it is read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom import TextCorpus
from charloom.data.sources.documents import MARK, divided
from charloom.data.text import decoded, held_out_corpus
from charloom.errors import CorpusError


def by_hand(text, way):
    """The documents of a text, by the definition."""
    parts = {
        "file": lambda: [text],
        "blank-line": lambda: re.split(r"\n[ \t]*\n", text),
        "line": lambda: text.split("\n"),
    }.get(way, lambda: text.split(way))()
    parts = [re.sub(r"\A(?:[ \t]*\n)+", "", part).rstrip(" \t\n") for part in parts]
    return [part for part in parts if part]


@given(
    st.lists(st.text("ab- \t\n%", max_size=7), max_size=6),
    st.sampled_from(["file", "blank-line", "line", "--", "-a-", "%", "\n%\n"]),
)
def test_documents_do_not_depend_on_the_pieces_they_are_read_in(pieces, way):
    text = "".join(pieces)
    assert "".join(divided(iter(pieces), way, "x")) == MARK.join(by_hand(text, way))


@given(st.lists(st.text("abé\n ", min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_a_corpus_of_documents_has_a_boundary_before_each(texts):
    texts = ["x" + text.strip(" \n") + "x" for text in texts]
    corpus = TextCorpus.of(texts, documents=True)
    starts = corpus.starts()
    assert corpus.report.documents == len(texts) and corpus.has_ends
    assert corpus.report.longest == max(map(len, texts))
    ends = [*starts[1:], len(corpus)]
    found = [corpus.vocabulary.decode(corpus.ids(a, b)) for a, b in zip(starts, ends, strict=True)]
    assert found == texts
    one = TextCorpus.of("\n=\n".join(texts), documents="=")
    np.testing.assert_array_equal(one.ids(0, len(one)), corpus.ids(0, len(corpus)))
    assert one.vocabulary == corpus.vocabulary and one.report.characters == corpus.report.characters
    text = decoded(corpus.vocabulary, corpus.ids(0, len(corpus)), ends=True)
    assert text.split(MARK) == texts
    assert held_out_corpus(text, "character", ends=True).report.documents == len(texts)


def test_running_text_is_what_it_was():
    texts = ["One.\n\nTwo.\n", "Three"]
    corpus = TextCorpus.of(texts)
    assert not corpus.has_ends and "divided" not in corpus.report.to_dict()
    assert len(corpus) == 2 + len("".join(texts))
    assert corpus.digest != TextCorpus.of(texts, documents=True).digest


def test_graphemes_and_rare_characters_work_as_in_text():
    corpus = TextCorpus.of("e\u0301ab\n\nab\n\nz", "grapheme", 2, documents="blank-line")
    assert corpus.vocabulary.characters == ("a", "b") and corpus.vocabulary.has_unknown
    assert corpus.ids(0, len(corpus)).tolist() == [0, 3, 1, 2, 0, 1, 2, 0, 3]
    assert (corpus.report.distinct, corpus.report.rare) == (4, 2)


def test_records_of_a_table_are_documents_with_their_line_breaks(write):
    path = write(
        'title,body\nSoup,"Boil water.\r\nAdd salt."\nNone,\nBread,"Mix.\n\nBake."\n', "r.csv"
    )
    corpus = TextCorpus.read(path, documents="record", column="body")
    text = decoded(corpus.vocabulary, corpus.ids(0, len(corpus)), ends=True)
    assert text.split(MARK) == ["Boil water.\nAdd salt.", "Mix.\n\nBake."]
    lines = write('{"a": "One.\\nTwo."}\n{"a": "Three."}\n', "r.jsonl")
    assert TextCorpus.read(lines, documents="record", field="a").report.documents == 2
    array = write('["One.\\nTwo.", "Three."]', "r.json")
    assert TextCorpus.read(array, documents="record").report.documents == 2
    bad = write('a,b\n1,"x\ny"\n2\n3,z\n', "bad.csv")
    with pytest.raises(CorpusError, match="--skip-bad-rows"):
        TextCorpus.read(bad, documents="record", column="b")
    kept = TextCorpus.read(bad, documents="record", column="b", skip_bad_rows=True)
    assert kept.report.documents == 2 and "skipped 1 bad row" in kept.report.warnings[0]


def test_a_record_may_be_far_longer_than_a_name(write):
    long = "word " * 40_000
    corpus = TextCorpus.read(
        write(f'a,b\n1,"{long}"\n2,c\n', "r.csv"), documents="record", column=2
    )
    assert corpus.report.longest == len(long) - 1


def test_large_documents_come_from_the_cache(write, tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    path = write("One.\n\nTwo.\n\n" * 50)
    small = TextCorpus.read(path, documents="blank-line")
    for _ in range(2):
        large = TextCorpus.read(path, documents="blank-line", in_memory_bytes=10)
        assert large.digest == small.digest and large.report == small.report
        np.testing.assert_array_equal(large.ids(0, len(large)), small.ids(0, len(small)))
    assert TextCorpus.read(path, in_memory_bytes=10).digest != small.digest


def test_mistakes_are_a_line(write):
    path = write("One.\n")
    for documents, rule in ((" ", "the text between"), (7, "true, false or text")):
        with pytest.raises(CorpusError, match=rule):
            TextCorpus.read(path, documents=documents)
    with pytest.raises(CorpusError, match=r'documents="record"'):
        TextCorpus.read(path, column="a")
    with pytest.raises(CorpusError, match=r"U\+001E"):
        TextCorpus.of("a\x1eb", documents=True)
    with pytest.raises(CorpusError, match="documents=True"):
        TextCorpus.of("a", documents="record")
    with pytest.raises(CorpusError, match="line 3 is not utf-8"):
        TextCorpus.read(write(b"a\n\nb\xff", "bad.txt"), documents="blank-line")
    assert "one document" in TextCorpus.read(path, documents="----").report.warnings[-1]
