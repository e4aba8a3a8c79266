"""Constraints in conflict: the message is true, and names as few as possible."""

from __future__ import annotations

import re
from itertools import combinations
from itertools import product as strings_of

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.data.vocabulary import Vocabulary
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
from helpers.rule_definitions import LETTERS, obeying, problems

pytestmark = pytest.mark.slow


@settings(deadline=None, max_examples=100)
@given(problems(), st.integers(1, 4))
def test_the_message_names_a_smallest_conflict(problem, limit):
    vocabulary, rules = problem
    try:
        compile_rules(rules, vocabulary, limit)
    except RuleError as error:
        message = str(error)
    else:
        return
    count = len(vocabulary.characters)
    parts = re.fullmatch(
        f"no string of this model's {count} characters? satisfies "
        r"(.*?)( together\. Change one of them\.|\. Change it\.)",
        message,
    )
    assert parts
    named = re.split(", | and ", parts[1])
    assert (len(named) > 1) == parts[2].startswith(" together")
    demands = {rule.describe(): rule for rule in (*rules, Length(0, limit))}
    demands[f"--max-length {limit}"] = Length(0, limit)
    assert set(named) <= set(demands)
    # No text of two of these rules is longer than 7 characters.
    assert not obeying([demands[name] for name in named], vocabulary, 7)
    smaller = 0 if len(named) == 1 else 1 if len(named) == 2 else 2
    for fewer in combinations(demands.values(), smaller):
        assert obeying(fewer, vocabulary, 7), f"{message}, though {fewer} clash"


@pytest.mark.parametrize(
    ("rules", "limit", "named"),
    [
        (
            Start("Q") & Regex("R.*"),
            20,
            "--start 'Q' and --regex 'R.*' together. Change one of them",
        ),
        (Start("Q") & Regex("R.*") & Length(3), 20, "--start 'Q' and --regex 'R.*' together"),
        (Start("ab") & Start("ac"), 20, "--start 'ab' and --start 'ac' together"),
        (Start("Rex") & Chars("abc"), 20, "--start 'Rex' and --chars 'abc' together"),
        (Rules((Regex(""),)), 20, "--regex ''. Change it"),
        (Rules((Regex("[0-9]+"),)), 20, r"--regex '\[0-9\]\+'. Change it"),
        (Rules((Chars("ßé"),)), 20, "--chars 'ßé'. Change it"),
        (Rules((Length(0, 0),)), 20, "--length 0. Change it"),
        (Rules((Contains("abcdef"),)), 5, "--contains 'abcdef' and --max-length 5 together"),
        (Rules((Regex("a{100}"),)), 50, r"--regex 'a\{100\}' and --max-length 50 together"),
        (Rules((Regex("(aa)+"),)) & Length(3, 3), 9, r"--regex '\(aa\)\+' and --length 3 together"),
        (Start("graM") & Block(("Ram",), "--block f"), 9, "--start 'graM' and --block f together"),
        (
            Contains("abc") & Contains("def") & Length(0, 5) & Chars("abcdefgh"),
            20,
            "--contains 'abc', --contains 'def' and --length :5 together",
        ),
    ],
)
def test_constraints_in_conflict_are_named(rules, limit, named):
    with pytest.raises(RuleError, match=f"no string of this model's 53 characters .* {named}"):
        compile_rules(rules, LETTERS, limit)


def test_a_smaller_conflict_is_reported_rather_than_the_first():
    three = Contains("abc") & Contains("def") & Length(0, 5)
    with pytest.raises(RuleError, match=r"satisfies --start 'Q' and --regex 'R\.\*' tog"):
        compile_rules(three & Start("Q") & Regex("R.*"), LETTERS, 20)
    with pytest.raises(RuleError, match="satisfies --chars '7'"):
        compile_rules(three & Start("Q") & Regex("R") & Chars("7"), LETTERS, 20)


def test_the_start_counts_in_the_length():
    rules = Start("Ram") & Contains("us")
    assert compile_rules(rules, LETTERS, 5).automaton is not None
    with pytest.raises(RuleError, match="'Ram', --contains 'us' and --max-length 4 together"):
        compile_rules(rules, LETTERS, 4)


@pytest.mark.parametrize("rule", [Start, End, Contains])
def test_a_text_longer_than_any_string_costs_nothing(rule):
    with pytest.raises(RuleError, match=r"'abab.*… and --max-length 9 together"):
        compile_rules(Rules((rule("ab" * 100_000),)), LETTERS, 9)


def test_a_conflict_among_many_constraints_is_found_soon():
    texts = ["".join(pair) for pair in strings_of("abcdefghij", repeat=2)][:40]
    rules = Rules(tuple(Contains(text) for text in texts)) & Start("Q") & Chars("abc")
    with pytest.raises(RuleError, match="--chars 'abc' together"):
        compile_rules(rules, LETTERS, 40)


def test_rules_too_large_together_are_named():
    rules = Regex("[abc]*a[abc]{11}") & Regex("[abc]*b[abc]{11}") & Length(3)
    with pytest.raises(RuleError, match=r"--regex '.*' and --regex '.*' together need more"):
        compile_rules(rules, LETTERS, 40)


def test_a_conflict_is_reported_before_the_size():
    large = Regex(".*a.{11}") & Regex(".*b.{10}") & Regex(".*c.{9}")
    two = Contains("abcdefgh") & Contains("hijklmno")  # 15 characters at least
    with pytest.raises(RuleError, match="need more than 250,000 states"):
        compile_rules(large & two & Length(0, 20), LETTERS, 40)
    with pytest.raises(RuleError, match="'abcdefgh', --contains 'hijklmno' and --length 14 tog"):
        compile_rules(large & two & Length(14, 14), LETTERS, 40)


def test_a_rule_too_large_is_named():
    with pytest.raises(
        RuleError, match=r"^--regex '.*' needs more than 10,000 states\. Simplify it"
    ):
        compile_rules(Start("a") & Regex("[ab]*a[ab]{30}"), LETTERS, 40)
    with pytest.raises(
        RuleError, match=r"^--regex '\(aaa.{50,60}… needs more than 4,000 characters"
    ):
        compile_rules(Rules((Regex(f"({'a' * 100}){{50}}"),)), LETTERS, 40)


def test_constraints_need_a_model_with_characters():
    for rules in (Rules(), Regex("a*") & Block(("b",)) & Chars("c")):
        with pytest.raises(RuleError, match="a model with characters"):
            compile_rules(rules, Vocabulary(()), 5)
