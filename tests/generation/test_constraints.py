"""Constraints against their plain definitions, on all short strings."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.data.vocabulary import Vocabulary
from charloom.errors import GenerationError, VocabularyError
from charloom.generation.constraints import (
    Block,
    Chars,
    Contains,
    End,
    Length,
    Regex,
    RuleError,
    Rules,
    Start,
    compile_rules,
)
from charloom.generation.constraints.automaton import completable
from helpers.rule_definitions import LETTERS, obeying, problems, spelt


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(problems(), st.integers(1, 5))
def test_constraints_accept_exactly_the_strings_that_satisfy_them(problem, limit):
    vocabulary, rules = problem
    expected = obeying(rules, vocabulary, limit)
    try:
        compiled = compile_rules(rules, vocabulary, limit)
    except RuleError as error:
        assert expected == set(), f"{error}, but {expected} obey"
        return
    assert expected
    assert 1 <= compiled.least <= compiled.most <= limit
    assert len(compiled.prompt) <= compiled.most
    assert spelt(compiled, vocabulary, limit) == expected
    if compiled.automaton:
        rows = completable(compiled.automaton, compiled.least, compiled.most)
        assert rows[len(compiled.prompt), compiled.automaton.start]


def test_a_blank_entry_blocks_nothing():
    vocabulary = Vocabulary((" ", "a"))
    assert compile_rules(Rules((Block((" ", "", "\n")),)), vocabulary, 9).automaton is None


def test_overlaps_count_once():
    compiled = compile_rules(Contains("abc") & Contains("cde") & Length(5, 5), LETTERS, 20)
    assert compiled.automaton is not None
    assert compiled.automaton.accepts(LETTERS.encode("abcde"))


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Start("Ram") & Length(5, 7),
        Start("") & Contains("") & End(""),
        Chars("".join(LETTERS.characters)) & Block(("",)),
        Rules((Block((" ", "naïve", "7")),)),
        Rules((Regex(".*"),)),
        Start("Ram") & Contains("a"),
    ],
)
def test_a_start_and_a_length_need_no_automaton(rules):
    assert compile_rules(rules, LETTERS, 20).automaton is None


def test_without_constraints_every_string_is_accepted():
    compiled = compile_rules(Rules(), LETTERS, 20)
    assert (compiled.prompt.tolist(), compiled.least, compiled.most) == ([], 1, 20)
    assert compiled.prompt.dtype == np.int32


def test_of_compatible_starts_the_longest_is_the_prompt():
    compiled = compile_rules(Start("ab") & Start("abc") & Start(""), LETTERS, 20)
    assert compiled.prompt.tolist() == LETTERS.encode("abc").tolist()


def test_the_automaton_starts_after_the_prompt_and_the_length_counts_it():
    compiled = compile_rules(Start("Ra") & Regex("Ram+") & Length(4, 4), LETTERS, 20)
    assert (compiled.least, compiled.most) == (4, 4)
    assert compiled.automaton is not None
    assert compiled.automaton.accepts(LETTERS.encode("mm"))
    assert not compiled.automaton.accepts(LETTERS.encode("Ramm"))


@pytest.mark.parametrize("rule", [Start("naß"), End("ß"), Contains("aßa")])
def test_a_text_that_the_model_never_saw_is_a_vocabulary_error(rule):
    with pytest.raises(VocabularyError, match="'ß'"):
        compile_rules(Rules((rule,)), LETTERS, 20)


def test_decomposed_text_means_composed():
    vocabulary = Vocabulary.of(["aé"])
    decomposed = unicodedata.normalize("NFD", "é")
    for rule in (Start, End, Contains, Regex, Chars):
        compiled = compile_rules(rule(decomposed) & Length(1, 1), vocabulary, 5)
        assert spelt(compiled, vocabulary, 3) == {"é"}, rule
    compiled = compile_rules(Rules((Block((decomposed.upper(),)),)), vocabulary, 5)
    assert spelt(compiled, vocabulary, 2) == {"a", "aa"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Contains("g"), {"g", "ag", "ga", "gg", "gg\u0303", "g\u0303g"}),
        (End("g\u0303"), {"g\u0303", "ag\u0303", "gg\u0303", "g\u0303g\u0303"}),
        (Start("ag\u0303"), {"ag\u0303"}),
        (Chars("ag\u0303"), {"a", "g\u0303", "aa", "ag\u0303", "g\u0303a", "g\u0303g\u0303"}),
        (Regex("a.[^a]"), {"ag\u0303"}),  # read code point by code point, as Block is
        (Block(("\u0303",)), {"a", "g", "aa", "ag", "ga", "gg"}),
    ],
)
def test_texts_match_whole_graphemes_and_patterns_and_blocks_code_points(rule, expected):
    vocabulary = Vocabulary(("a", "g", "g\u0303"), "grapheme")
    assert spelt(compile_rules(Rules((rule,)), vocabulary, 2), vocabulary, 2) == expected


@pytest.mark.parametrize("text", ["ß", "SS", "s", "ẞ"])
def test_a_block_compares_casefolded_text(text):
    vocabulary = Vocabulary(("a", "s", "ß", "ẞ"))
    compiled = compile_rules(Rules((Block((text,)),)), vocabulary, 3)
    assert spelt(compiled, vocabulary, 3) == obeying([Block((text,))], vocabulary, 3)


@pytest.mark.slow
def test_a_block_of_ten_thousand_entries_is_satisfied():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcdefghij"), rng.integers(4, 9))) for _ in range(10_000)]
    compiled = compile_rules(Rules((Block(tuple(texts)),)), LETTERS, 20)
    assert compiled.automaton is not None
    for text in texts[:100]:
        assert not compiled.automaton.accepts(LETTERS.encode(f"x{text.upper()}y"))
    for _ in range(300):
        string = "".join(rng.choice(list("abcdefghijkl"), 9))
        blocked = any(text in string for text in texts)
        assert compiled.automaton.accepts(LETTERS.encode(string)) != blocked


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("6:9", 6, 9), ("6:", 6, None), (":9", 0, 9), ("7", 7, 7), (" 7 ", 7, 7), ("0:", 0, None)],
)
def test_a_length_is_parsed(text, least, most):
    length = Length.parse(text)
    assert length == Length(least, most)
    assert length.describe() == f"--length {text.strip()}"


@pytest.mark.parametrize("text", ["", ":", "x", "-3", "6:9:1", "²", "1e3", "6-9", "9" * 10])
def test_a_length_of_another_form_is_refused(text):
    with pytest.raises(RuleError, match=r"must be a number, or a range as in 6:9, 6: or :9\."):
        Length.parse(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Length.parse("9:6"),
        lambda: Length(-1),
        lambda: Length(0, True),
        lambda: Length(1.5),  # type: ignore[arg-type]
        lambda: Start(3),  # type: ignore[arg-type]
        lambda: Chars(None),  # type: ignore[arg-type]
        lambda: Block("text"),  # type: ignore[arg-type]
        lambda: Block((3,)),  # type: ignore[arg-type]
        lambda: Regex("(a"),
        lambda: Regex("(?=a)"),
    ],
)
def test_a_malformed_constraint_is_refused_when_it_is_created(make):
    with pytest.raises(RuleError, match=r"^--.*") as caught:
        make()
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, GenerationError)


def test_rules_are_values_that_combine_in_order():
    rules = Start("Ram") & Length.parse("6:9") & (End("us") & Chars("ab"))
    assert list(rules) == [Start("Ram"), Length(6, 9), End("us"), Chars("ab")]
    assert rules == Rules((Start("Ram"), Length(6, 9))) & End("us") & Chars("ab")
    assert rules.describe() == "--start 'Ram' --length 6:9 --end 'us' --chars 'ab'"
    assert hash(rules) == hash(rules & Rules())
    assert not Rules()
    assert len(rules) == 4
    assert Start("a") != End("a")
    described = Contains("a") & Regex("b+") & Block(("c",), "--block list.txt")
    assert described.describe() == "--contains 'a' --regex 'b+' --block list.txt"
