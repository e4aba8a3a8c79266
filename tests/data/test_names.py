"""The corpus: normalised, distinct, counted, and split without leaks."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.data.names import NameCorpus
from charloom.data.unicode import clean_name
from charloom.errors import ConfigError, CorpusError

DINOS = Path(__file__).parents[2] / "../shared/data/dinos.txt"
NAMES = st.lists(st.text("abcdeé", min_size=1, max_size=6), min_size=1, unique=True)


def test_names_are_normalised_stripped_and_distinct_in_order() -> None:
    corpus = NameCorpus.of([" Zuul\n", "Cafe\u0301", "", "\t", "Caf\u00e9 ", "\ufeffZuul", "a\tb"])
    assert corpus.names == ("Zuul", "Café", "a\tb")
    report = corpus.report
    assert (report.records, report.blank, report.duplicates, report.names) == (7, 2, 2, 3)


@settings(deadline=None)
@given(st.text() | st.text("\ufeff a\u0301"))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = clean_name(text)
    assert clean_name(once) == once == unicodedata.normalize("NFC", once)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a\nb", "name 2 holds a line break: 'a\\nb'"),
        ("a\rb", "holds a line break"),
        ("a\0b", "holds a control character, '\\x00' (U+0000)"),
        ("\x1b[31mb", "holds a control character, '\\x1b' (U+001B)"),
        ("a\x9bb", "(U+009B)"),
        ("a\x7fb", "(U+007F)"),
        ("a\x85b", "(U+0085)"),
        ("a\ud800", "holds a lone surrogate, '\\ud800' (U+D800)"),
        (7, "names must be a list of strings. Received one with 7 as number 2"),
        (None, "Received 1 missing of 2, the first of them number 2: None"),
    ],
)
def test_a_name_that_would_break_a_file_or_a_terminal_is_refused(name: str, wanted: str) -> None:
    with pytest.raises(CorpusError) as caught:
        NameCorpus.of(["Zuul", name])
    assert wanted in str(caught.value)
    assert str(caught.value).isprintable()


def test_joiners_and_unassigned_characters_are_no_control_characters() -> None:
    names = ("👨‍👩‍👧", "क्‍ष", "a\u00adb", "\U000e0001x", "\ue000")
    assert NameCorpus.of(names, keep_invisible=True).names == names
    with pytest.raises(CorpusError, match="name 2 holds a line break"):
        NameCorpus.of(("a", "a\u2028b"))


@pytest.mark.parametrize("names", [[], [""], [" ", "\n", "\ufeff"]])
def test_no_names_are_an_error(names: list[str]) -> None:
    with pytest.raises(CorpusError, match="holds no names"):
        NameCorpus.of(names)


def test_an_empty_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    for text in ("", "\n\r\n  \n", "\ufeff"):
        (tmp_path / "a.txt").write_text(text)
        with pytest.raises(CorpusError, match=r"a\.txt holds no names"):
            NameCorpus.read(tmp_path / "a.txt")


def test_one_string_is_no_list_of_names() -> None:
    with pytest.raises(CorpusError, match="list of strings"):
        NameCorpus.of("Zuul")


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ConfigError, match="unit of text must be"):
        NameCorpus.of(["a"], unit="word")  # type: ignore[arg-type]


def test_lengths_count_the_unit() -> None:
    names = ["👨‍👩‍👧", "नमस्ते", "abc"]
    characters, graphemes = NameCorpus.of(names).report, NameCorpus.of(names, "grapheme").report
    assert (characters.characters, characters.shortest, characters.longest) == (14, 3, 6)
    assert (graphemes.characters, graphemes.shortest, graphemes.longest) == (7, 1, 3)
    assert graphemes.mean == pytest.approx(7 / 3)
    assert graphemes.distinct == 7
    assert characters.distinct == 13, "the joiner appears twice"


def test_the_report_is_plain_data_and_a_few_lines() -> None:
    corpus = NameCorpus.of(["Zuul", "Zuul", "", "Anzu\ufffd"])
    data = json.loads(json.dumps(corpus.report.to_dict()))
    assert data == corpus.report.to_dict()
    assert data["characters"] == 9
    lines = corpus.describe().splitlines()
    assert lines[0] == "2 names from the list (4 records; dropped: 1 blank, 1 duplicate)"
    assert lines[1] == "9 characters, 7 distinct; lengths 4 to 5, mean 4.5"
    assert [line.split()[0] for line in lines[2:]] == ["warning:", "warning:"]
    assert "2 names are few" in lines[2]
    assert "U+FFFD" in lines[3]
    assert not NameCorpus.of(map(str, range(100))).report.warnings


@settings(deadline=None)
@given(NAMES, st.floats(0, 0.99), st.integers(0, 2**63 - 1))
def test_a_split_divides_the_names_and_leaks_none(
    names: list[str], share: float, seed: int
) -> None:
    corpus = NameCorpus.of(names)
    train, held_out = corpus.split(share, seed)
    assert sorted(train + held_out) == sorted(corpus.names)
    assert train
    assert bool(held_out) == (share > 0 and len(corpus.names) > 1)
    assert len(held_out) == max(int(len(corpus.names) * share), bool(held_out))


@settings(deadline=None)
@given(NAMES, st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_change_the_split(
    names: list[str], rng: random.Random
) -> None:
    shuffled = names[:]
    rng.shuffle(shuffled)
    assert NameCorpus.of(names).split(seed=3) == NameCorpus.of(shuffled).split(seed=3)


def test_the_split_is_a_seeded_shuffle_of_the_sorted_names() -> None:
    corpus = NameCorpus.of(str(i) for i in range(1530))
    order = sorted(map(str, range(1530)))
    random.Random(5).shuffle(order)
    assert corpus.split(0.1, seed=5) == (tuple(order[153:]), tuple(order[:153]))
    assert corpus.split(0.1, seed=5) != corpus.split(0.1, seed=6)


def test_a_share_that_leaves_nothing_to_train_on_is_refused() -> None:
    for share in (-0.1, 1, 1.5, float("nan")):
        with pytest.raises(ConfigError, match="must lie in"):
            NameCorpus.of(["a", "b"]).split(share)


def test_the_built_in_corpus_is_clean() -> None:
    corpus = NameCorpus.builtin()
    report = corpus.report
    assert report.names == report.records > 1000
    assert report.warnings == ()
    assert report.sources == ("the built-in dinosaurs",)
    assert all(name.isascii() and name.isalpha() for name in corpus.names)


@pytest.mark.skipif(not DINOS.exists(), reason="needs ../shared/data/dinos.txt")
def test_the_tutorials_names_are_counted_as_its_readme_says() -> None:
    corpus = NameCorpus.read(DINOS)
    report = corpus.report
    assert (corpus.names[0], corpus.names[-1]) == ("Aachenosaurus", "Zuul")
    assert (report.records, report.names) == (1543, 1530)
    assert (report.blank, report.duplicates) == (0, 13)
    assert report.distinct == 52, "and the newline, which is no part of a name"
    assert (report.shortest, report.longest) == (3, 23)
    assert "Micropachycephalosaurus" in corpus.names
    assert DINOS.stat().st_size == 19_913
    assert [len(part) for part in corpus.split(0.1)] == [1377, 153]
