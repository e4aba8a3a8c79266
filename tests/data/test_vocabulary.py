"""The vocabulary: text to ids and back without loss; unknown characters are named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.data.names import NameCorpus
from charloom.data.tokens import Unit
from charloom.data.unicode import split_units
from charloom.data.vocabulary import BOUNDARY, Vocabulary
from charloom.errors import VocabularyError

FLAG, FAMILY, SYLLABLE = "🇳🇴", "👨‍👩‍👧", "क्षि"
UNITS: tuple[Unit, ...] = ("character", "grapheme")
TEXT = st.lists(
    st.sampled_from([FLAG, FAMILY, SYLLABLE, "e\u0301", "\r\n", "\u200d", "🇳"])
    | st.text(st.characters(codec="utf-8"), max_size=5)
).map("".join)


@pytest.mark.parametrize("unit", UNITS)
@settings(deadline=None)
@given(st.lists(TEXT, min_size=1))
def test_every_text_of_the_corpus_survives_the_round_trip(unit: Unit, texts: list[str]) -> None:
    vocabulary = Vocabulary.of(texts, unit)
    for text in texts:
        ids = vocabulary.encode(text)
        assert ids.dtype == np.int32
        assert ids.shape == (len(split_units(text, unit)),)
        assert vocabulary.decode(ids) == text
        assert vocabulary.unknown(text) == []
        assert BOUNDARY not in ids


@pytest.mark.parametrize("unit", UNITS)
@settings(deadline=None)
@given(st.lists(TEXT))
def test_all_at_once_gives_what_one_by_one_gives(unit: Unit, texts: list[str]) -> None:
    vocabulary = Vocabulary.of(texts, unit)
    ids, lengths = vocabulary.encode_all(iter(texts))
    assert (ids.dtype, lengths.dtype) == (np.int32, np.int64)
    rows = [vocabulary.encode(text) for text in texts]
    assert lengths.tolist() == [len(row) for row in rows]
    assert ids.tolist() == [i for row in rows for i in row]


@settings(deadline=None)
@given(TEXT)
def test_graphemes_put_together_are_the_text(text: str) -> None:
    import regex

    assert "".join(split_units(text, "grapheme")) == text
    assert split_units(text, "grapheme") == regex.findall(r"\X", text)


@settings(deadline=None)
@given(st.text(st.sampled_from("aé©\u00ad\u02ff\r\n\u0300"), min_size=1))
def test_latin_text_is_split_as_other_text_is(text: str) -> None:
    import regex

    assert split_units(text, "grapheme") == regex.findall(r"\X", text)


def test_what_people_see_as_one_character_stays_whole() -> None:
    text = FLAG + FLAG + FAMILY + SYLLABLE + "e\u0301" + "a"
    assert split_units(text, "grapheme") == [FLAG, FLAG, FAMILY, SYLLABLE, "e\u0301", "a"]
    assert Vocabulary.of([text], "grapheme").size == 6
    assert split_units(text, "character") == list(text)


@settings(deadline=None)
@given(st.lists(TEXT))
def test_ids_follow_the_sorted_characters_and_0_is_the_boundary(texts: list[str]) -> None:
    vocabulary = Vocabulary.of(texts)
    wanted = sorted(set("".join(texts)))
    assert list(vocabulary.characters) == wanted
    assert vocabulary.size == len(wanted) + 1
    assert vocabulary.encode("".join(wanted)).tolist() == list(range(1, vocabulary.size))
    assert vocabulary == Vocabulary.of(texts[::-1])


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("abß", "'ß' (U+00DF LATIN SMALL LETTER SHARP S)"),
        ("ab\U0010ffff", "(U+10FFFF)"),
        ("`", "(U+0060 GRAVE ACCENT)"),
        ("\0", "'\\x00' (U+0000)"),
        ("a" * 99 + "\n", "'\\n' (U+000A)"),
    ],
)
def test_an_unknown_character_is_named(unit: Unit, text: str, named: str) -> None:
    vocabulary = Vocabulary.of(["ab", "d"], unit)
    for encode in (vocabulary.encode, lambda text: vocabulary.encode_all(["", "ab", text, "zz"])):
        with pytest.raises(VocabularyError) as caught:
            encode(text)
        assert named in str(caught.value)
        assert str(caught.value).isprintable()
    assert vocabulary.unknown("a" + text + text) == [text[-1], text[-1]]


def test_an_unknown_grapheme_is_named_whole() -> None:
    with pytest.raises(VocabularyError, match=r"U\+1F1F3 U\+1F1F4"):
        Vocabulary.of(["🇳", "🇴"], "grapheme").encode(FLAG)


def test_boundaries_add_nothing_and_other_ids_are_refused() -> None:
    vocabulary = Vocabulary.of(["ab"])
    assert vocabulary.decode([0, 2, 0, 1, 0]) == "ba"
    assert vocabulary.decode(np.array([], np.int32)) == ""
    for bad in (-1, 3):
        with pytest.raises(VocabularyError, match=r"ids must lie in \[0, 3\)"):
            vocabulary.decode([1, bad])


@pytest.mark.parametrize(
    ("characters", "rule"),
    [
        (("b", "a"), "sorted order"),
        (("a", "a"), "sorted order"),
        (("",), "non-empty strings"),
        ((1, 2), "non-empty strings"),
        (("a", None), "non-empty strings"),
        (("ab",), "single code points"),
    ],
)
def test_a_malformed_vocabulary_is_refused(characters: tuple[str, ...], rule: str) -> None:
    with pytest.raises(VocabularyError, match=rule):
        Vocabulary(characters)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(VocabularyError, match="unit must be one of"):
        Vocabulary(("a",), "word")  # type: ignore[arg-type]


def test_an_empty_vocabulary_knows_the_boundary_alone() -> None:
    vocabulary = Vocabulary(())
    assert vocabulary.size == 1
    assert vocabulary.encode("").shape == (0,)
    assert [part.shape for part in vocabulary.encode_all([])] == [(0,), (0,)]
    with pytest.raises(VocabularyError, match="'a'"):
        vocabulary.encode_all(["a"])


@pytest.mark.parametrize("unit", UNITS)
@settings(deadline=None)
@given(texts=st.lists(TEXT))
def test_what_a_model_writes_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, unit: Unit, texts: list[str]
) -> None:
    """Read, encode, decode, write, read: nothing is lost and nothing is added."""
    clean = ["".join(c for c in text if c.isprintable() or c == "\u200d") for text in texts]
    corpus = NameCorpus.of(["Zuul", *clean], unit)
    vocabulary = Vocabulary.of(corpus.names, unit)
    path = tmp_path_factory.mktemp("written") / "names.txt"
    written = [vocabulary.decode(vocabulary.encode(name)) for name in corpus.names]
    path.write_text("\n".join(written), encoding="utf-8")
    assert NameCorpus.read(path, unit=unit).names == corpus.names


@pytest.mark.parametrize("unit", UNITS)
@settings(deadline=None)
@given(known=TEXT, texts=st.lists(TEXT))
def test_the_unknown_symbol_stands_for_all_other_characters(
    unit: Unit, known: str, texts: list[str]
) -> None:
    without = Vocabulary.of([known], unit)
    vocabulary = Vocabulary(without.characters, unit, unknown=True)
    assert (vocabulary.unknown_id, vocabulary.size) == (without.size, without.size + 1)
    rows = [vocabulary.encode(text) for text in texts]
    for text, row in zip(texts, rows, strict=True):
        others = vocabulary.unknown(text)
        units = split_units(text, unit)
        assert [u for u, i in zip(units, row, strict=True) if i == vocabulary.unknown_id] == others
        written = "".join("\ufffd" if u in others else u for u in units)
        assert vocabulary.decode(row) == written
    assert vocabulary.encode(known).tolist() == without.encode(known).tolist()
    assert vocabulary.encode_all(texts)[0].tolist() == [i for row in rows for i in row]


def test_a_vocabulary_without_the_unknown_symbol_has_none() -> None:
    vocabulary = Vocabulary(("a",))
    assert (vocabulary.unknown_id, vocabulary.has_unknown, vocabulary.size) == (None, False, 2)
    assert vocabulary == Vocabulary(("a",), "character", False)
    assert vocabulary != Vocabulary(("a",), unknown=True)
    with pytest.raises(VocabularyError, match="must be true or false"):
        Vocabulary(("a",), unknown="yes")  # type: ignore[arg-type]
    with pytest.raises(VocabularyError, match=r"ids must lie in \[0, 3\)"):
        Vocabulary(("a",), unknown=True).decode([3])


def test_alike_are_the_cases_and_accents_of_a_letter_and_nothing_else() -> None:
    vocabulary = Vocabulary.of(["AaÁåbβΒ-1한하"])
    of = dict(zip(["", *vocabulary.characters], vocabulary.alike.tolist(), strict=True))
    assert of["A"] == of["a"] == of["Á"] == of["å"] == vocabulary.encode("A")[0]
    assert of["β"] == of["Β"] != of["b"]
    alone = ["b", "-", "1", "한", "하"]
    assert [of[c] for c in alone] == [vocabulary.encode(c)[0] for c in alone]
    assert of[""] == BOUNDARY
    assert Vocabulary(("a",), unknown=True).alike.tolist() == [0, 1, 2]
