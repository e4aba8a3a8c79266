"""Running text: its ids in the vocabulary, windows of them, and the report."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.data.text import TextCorpus
from charloom.data.vocabulary import BOUNDARY
from charloom.errors import ConfigError, CorpusError

SONG = "la la la\r\ndo re mi\n" * 40 + "fin"
DOCUMENTS = st.lists(st.text(st.sampled_from("abcé\n"), min_size=1), min_size=1, max_size=4).filter(
    lambda texts: "".join(texts).strip()
)


def whole(text: TextCorpus) -> list[int]:
    return text.ids(0, len(text)).tolist()


@settings(deadline=None)
@given(DOCUMENTS)
def test_ids_are_the_vocabularys_and_each_document_begins_with_the_boundary(texts):
    text = TextCorpus.of(texts)
    wanted = [i for document in texts for i in (0, *text.vocabulary.encode(document))]
    assert whole(text) == wanted
    assert len(text) == len(wanted)
    assert text.ids(0, 1).tolist() == [BOUNDARY]
    assert text.vocabulary.characters == tuple(sorted(set("".join(texts))))
    assert not text.vocabulary.has_unknown


@settings(deadline=None)
@given(DOCUMENTS, st.data())
def test_windows_are_slices_with_boundaries_past_the_end(texts, data):
    text = TextCorpus.of(texts)
    starts = np.array(data.draw(st.lists(st.integers(0, len(text) + 3), max_size=5)), np.int64)
    length = data.draw(st.integers(0, len(text) + 3))
    rows = text.windows(starts, length)
    assert rows.dtype == np.int32
    assert rows.shape == (len(starts), length)
    padded = [*whole(text), *[BOUNDARY] * (2 * len(text) + 10)]
    assert rows.tolist() == [padded[start : start + length] for start in starts]


def test_windows_of_a_mapped_text_are_the_same_and_do_not_copy_it(write, monkeypatch, tmp_path):
    wanted = TextCorpus.of(SONG)
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    text = TextCorpus.read(write(SONG), in_memory_bytes=0)
    assert list((tmp_path / "cache" / "entries").iterdir())
    assert whole(text) == whole(wanted)
    starts = np.arange(0, len(text), 7)
    assert (text.windows(starts, 20) == wanted.windows(starts, 20)).all()
    assert (text.windows(starts[:30], 20) == wanted.windows(starts[:30], 20)).all()
    assert text.digest == wanted.digest
    assert text.vocabulary == wanted.vocabulary


def test_windows_read_only_what_they_return():
    text = TextCorpus.of("abcdefgh" * 100_000)
    starts = np.random.default_rng(0).integers(0, len(text) - 65, 64)
    tracemalloc.start()
    try:
        found = text.windows(starts, 65)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.nbytes < peak < len(text) // 4


@pytest.mark.parametrize("part", [(-1, 2), (2, 1), (0, 99)])
def test_a_part_outside_the_text_is_refused(part):
    with pytest.raises(IndexError, match=r"must lie in \[0, 4\]"):
        TextCorpus.of("abc").ids(*part)


def test_until_is_the_beginning_with_the_same_ids():
    text = TextCorpus.of("banana")
    part = text.until(4)
    assert part.ids(0, 4).tolist() == text.ids(0, 4).tolist()
    assert (len(part), part.vocabulary) == (4, text.vocabulary)
    with pytest.raises(IndexError, match="part"):
        text.until(8)


def test_a_window_before_the_text_is_refused():
    with pytest.raises(IndexError, match="must begin at 0 or later"):
        TextCorpus.of("abc").windows(np.array([0, -1]), 2)


def test_rare_characters_are_the_unknown_symbol():
    text = TextCorpus.of("aaaxbbybz", min_count=2)
    assert text.vocabulary.characters == ("a", "b")
    assert text.vocabulary.unknown_id == 3
    assert whole(text) == [0, 1, 1, 1, 3, 2, 2, 3, 2, 3]
    report = text.report
    assert (report.distinct, report.rare, report.unknown_characters) == (5, 3, 3)
    assert "5 distinct; 3 of them, 3 in all, read as unknown" in text.describe()


def test_without_rare_characters_there_is_no_unknown_symbol():
    text = TextCorpus.of("aabb", min_count=2)
    assert not text.vocabulary.has_unknown
    assert (text.report.rare, text.report.unknown_characters) == (0, 0)


def test_min_count_needs_no_new_encoding(write, monkeypatch, tmp_path):
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    path = write(SONG)
    one, two = (TextCorpus.read(path, min_count=n, in_memory_bytes=0) for n in (1, 2))
    assert len(list((tmp_path / "cache" / "entries").iterdir())) == 1
    assert one.vocabulary != two.vocabulary
    assert one.digest != two.digest


def test_a_min_count_that_leaves_nothing_is_refused():
    with pytest.raises(CorpusError, match="min_count may be 3 at most"):
        TextCorpus.of("aaab", min_count=4)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
def test_min_count_is_a_whole_number(value):
    with pytest.raises(ConfigError, match="min_count must be a whole number from 1"):
        TextCorpus.of("a", min_count=value)


def test_an_unknown_unit_is_refused(write):
    with pytest.raises(ConfigError, match="unit of text must be"):
        TextCorpus.read(write("a"), unit="word")


@pytest.mark.parametrize("data", ["", "\ufeff", " \n\r\n\u3000"])
def test_there_must_be_text(data, write):
    with pytest.raises(CorpusError, match=r"names\.txt holds no text: it is empty or blank"):
        TextCorpus.read(write(data))
    with pytest.raises(CorpusError, match="holds no text"):
        TextCorpus.of(data)


def test_no_strings_at_all_are_no_text():
    with pytest.raises(CorpusError, match="the list holds no text"):
        TextCorpus.of([])
    with pytest.raises(CorpusError, match=r"list of strings\. Received one with 7 as number 2"):
        TextCorpus.of(["a", 7])


def test_sources_are_needed_and_standard_input_is_read_once(write):
    with pytest.raises(CorpusError, match="reading needs a source"):
        TextCorpus.read()
    with pytest.raises(CorpusError, match="can be read only once"):
        TextCorpus.read("-", "-")
    text = TextCorpus.read("-", write("b"), stdin=io.BytesIO(b"a"))
    assert whole(text) == [0, 1, 0, 2]
    assert text.report.sources[0] == "standard input"


def test_an_empty_source_draws_a_warning(write):
    text = TextCorpus.read(write("", "empty.txt"), write("b"))
    assert text.report.documents == 1
    assert whole(text) == [0, 1]
    assert "empty.txt holds no text." in text.report.warnings[0]


def test_the_report_is_plain_data():
    report = TextCorpus.of(["aé", "\ufffd"]).report
    assert report.to_dict() == {
        "sources": ["text 1", "text 2"],
        "documents": 2,
        "characters": 3,
        "distinct": 3,
        "rare": 0,
        "unknown_characters": 0,
        "bytes": 6,
        "warnings": [
            "3 characters are few: expect hardly readable text, or pieces of this one.",
            "the text contains U+FFFD, left by an earlier wrong decoding.",
        ],
    }


def test_the_description_is_for_people(write):
    lines = TextCorpus.read(write("ab" * 10_000)).describe().splitlines()
    assert lines[0].startswith("20,000 characters from ")
    assert lines[0].endswith("names.txt (20,000 bytes, 1 document)")
    assert lines[1:] == ["2 distinct"]


def test_the_digest_is_that_of_the_content(write):
    text = TextCorpus.read(write("abc"))
    assert len(bytes.fromhex(text.digest)) == 8
    assert (
        text.digest == TextCorpus.read(write("abc", "other")).digest == TextCorpus.of("abc").digest
    )
    others = {
        TextCorpus.of("abd").digest,
        TextCorpus.of(["ab", "c"]).digest,
        TextCorpus.of("abc", "grapheme").digest,
        TextCorpus.read(write("abc"), encoding="latin-1").digest,
    }
    assert len(others | {text.digest}) == 5


def test_graphemes_are_units():
    text = TextCorpus.of("🇳🇴e\u0301🇳🇴", "grapheme")
    assert text.unit == "grapheme"
    assert text.vocabulary.characters == ("é", "🇳🇴")
    assert whole(text) == [0, 2, 1, 2]
