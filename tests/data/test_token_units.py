"""Tokens by an expression or a file: corpora of names and of text, and what is refused."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom import NameCorpus, TextCorpus, Tokens, Vocabulary
from charloom.data import token_units
from charloom.data.encoded.text import encode_strings
from charloom.data.names import read_with_repeats
from charloom.data.statistics import describe
from charloom.data.token_units import Expression
from charloom.data.unicode import normalise
from charloom.errors import ConfigError, CorpusError, VocabularyError

SMILES = r"regex:Cl|Br|\[[^]]+\]|."
MOLECULES = ("CCCl", "c1cc[nH]c1", "BrCCBr", "C[C@@H](N)C(=O)O")


@pytest.fixture
def tokens_file(tmp_path):
    path = tmp_path / "tokens.txt"
    path.write_text("ll\nLl\n\nch\ne\u0301x\nzzz\n", "utf-8")
    return f"file:{path}"


def test_what_is_one_symbol_is_one_token() -> None:
    corpus = NameCorpus.of(MOLECULES, unit=SMILES)
    assert corpus.unit == Tokens.of(["Cl", "Br", "[nH]", "[C@@H]"])
    assert {"Cl", "Br", "[nH]", "[C@@H]"} < set(corpus.vocabulary.characters)
    assert not {"l", "r", "[", "@", "H", "n"} & set(corpus.vocabulary.characters)
    assert corpus.report.characters == 3 + 7 + 4 + 11
    assert "tokens" in corpus.describe()


def test_a_file_has_a_token_a_line_and_those_that_do_not_occur_are_left_out(tokens_file) -> None:
    corpus = NameCorpus.of(["Llanelli", "Bach", "\u00e9x"], unit=tokens_file)
    assert corpus.unit == Tokens.of(["Ll", "ll", "ch", "\u00e9x"])  # in NFC, like all names
    assert [len(corpus.vocabulary.encode(name)) for name in corpus.names] == [6, 3, 1]


def test_names_of_a_source_are_read_in_tokens(tmp_path, tokens_file) -> None:
    path = tmp_path / "names.txt"
    path.write_text("Llanelli\nBach\nBach\n", "utf-8")
    assert NameCorpus.read(path, unit=tokens_file).report.longest == 6
    repeated = read_with_repeats(path, unit=tokens_file)
    assert describe(repeated).to_dict()["unit"] == "token"
    assert describe(repeated).frequencies["ch"] == 2


def test_a_vocabulary_of_tokens_encodes_and_decodes() -> None:
    vocabulary = NameCorpus.of(MOLECULES, unit=SMILES).vocabulary
    ids, lengths = vocabulary.encode_all(MOLECULES)
    assert lengths.tolist() == [3, 7, 4, 11]
    assert vocabulary.decode(ids) == "".join(MOLECULES)
    with pytest.raises(VocabularyError, match=r"'\[' \(U\+005B"):
        vocabulary.encode("[Na]")
    with pytest.raises(VocabularyError, match="must list tokens one by one"):
        Vocabulary(("C", "CC"), Tokens.of(["Cl"]))


def test_tokens_are_alike_across_case_and_accents() -> None:
    vocabulary = Vocabulary(("Sz", "sz", "š", "š3"), Tokens.of(["Sz", "sz", "š3"]))
    assert vocabulary.alike.tolist() == [0, 1, 1, 3, 4]


@settings(deadline=None)
@given(
    texts=st.lists(st.text("abé\u0301\n", max_size=30), min_size=1, max_size=3),
    chunk=st.integers(1, 9),
)
def test_text_is_split_alike_however_it_is_read(texts, chunk) -> None:
    unit = Tokens.of(["ab", "aab", "bb", "éa", "abba"])
    whole = encode_strings(texts, unit)
    pieces = encode_strings(texts, unit, chunk_bytes=chunk)
    assert pieces.characters == whole.characters
    assert pieces.ids.tolist() == whole.ids.tolist()
    assert {*whole.characters} == {part for text in texts for part in unit.split(normalise(text))}


@pytest.mark.parametrize("unit", [SMILES, "file"])
def test_a_text_is_read_in_tokens_from_a_file_and_from_standard_input(tmp_path, unit) -> None:
    path, tokens = tmp_path / "text.txt", tmp_path / "tokens.txt"
    text = "".join(f"{one}\n" for one in MOLECULES)
    path.write_text(text, "utf-8")
    tokens.write_text("Cl\nBr\n[nH]\n[C@@H]\n", "utf-8")
    unit = f"file:{tokens}" if unit == "file" else unit
    read = TextCorpus.read(path, unit=unit, in_memory_bytes=0)
    again = TextCorpus.read(path, unit=unit, in_memory_bytes=0)
    of_strings = TextCorpus.of(text, unit=unit)
    piped = TextCorpus.read("-", unit=unit, stdin=io.BytesIO(text.encode()))
    for one in (read, again, of_strings, piped):
        assert one.unit == Tokens.of(["Cl", "Br", "[nH]", "[C@@H]"])
        assert one.vocabulary == read.vocabulary
        assert one.vocabulary.decode(one.ids(0, len(one))) == text
        assert one.report.characters == 25 + 4


def test_rare_tokens_of_a_text_become_the_unknown_symbol() -> None:
    corpus = TextCorpus.of("ClCClCBrC" * 3 + "[nH]C", unit=SMILES, min_count=2)
    assert corpus.vocabulary.has_unknown
    assert "[nH]" in corpus.unit.tokens
    assert "[nH]" not in corpus.vocabulary.characters
    assert corpus.vocabulary.encode("C[nH]").tolist() == [2, corpus.vocabulary.unknown_id]


def test_a_warning_says_where_the_expression_splits_otherwise() -> None:
    corpus = NameCorpus.of(["banana", "nan"], unit="regex:[^a]*a(?:[^a]*$)?")
    (warning,) = [one for one in corpus.report.warnings if "otherwise" in one]
    assert "1 string is split otherwise" in warning
    assert "'ba·na·na' into 'ba·nan·a'" in warning
    assert not [one for one in NameCorpus.of(MOLECULES, SMILES).report.warnings if "split" in one]


@pytest.mark.parametrize(
    ("unit", "warning"),
    [("regex:.", "no token of several characters"), ("regex:.*", "4 of 4 strings are one token")],
)
def test_a_warning_says_that_tokens_leave_nothing_to_learn(unit, warning) -> None:
    assert any(warning in one for one in NameCorpus.of(MOLECULES, unit).report.warnings)


@pytest.mark.parametrize(
    ("unit", "error", "message"),
    [
        ("regex:(", ConfigError, "needs a regular expression.*Received: '\\('"),
        ("regex:", ConfigError, "regex:EXPRESSION or file:FILE"),
        ("file:", ConfigError, "regex:EXPRESSION or file:FILE"),
        ("words", ConfigError, "Received: 'words'"),
        (7, ConfigError, "Received: 7"),
        ("file:nowhere.txt", CorpusError, "does not exist"),
        ("file:/dev/null", CorpusError, "holds no tokens"),
        ("regex:x{201}", ConfigError, "200 characters at most"),
    ],
)
def test_other_units_are_refused(unit, error, message) -> None:
    with pytest.raises(error, match=message):
        NameCorpus.of(["x" * 201], unit=unit)


def test_an_expression_that_takes_too_long_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(token_units, "SECONDS", 0.05)
    with pytest.raises(ConfigError, match=r"takes over 0 seconds.*Avoid repeats of repeats"):
        NameCorpus.of(["a" * 60 + "b"], unit=r"regex:(?:(?:a|a)+)+$")


def test_characters_between_matches_and_empty_matches_are_characters() -> None:
    assert Expression("(b)*").split("abbc") == ["a", "bb", "c"]
