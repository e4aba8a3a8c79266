"""Rules against their plain definitions, and impossible ones against enumeration."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import combinations
from itertools import product as strings_of

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.errors import GenerationError, VocabularyError
from charloom.generation.automaton import completable
from charloom.generation.rules import (
    Block,
    Chars,
    Compiled,
    Contains,
    End,
    Length,
    Regex,
    Rule,
    RuleError,
    Rules,
    Start,
    compile_rules,
)
from charloom.vocabulary import Vocabulary

LETTERS = Vocabulary.of(["abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"])


def obeys(string: str, rule: Rule) -> bool:
    """The rule's definition in plain Python."""
    match rule:
        case Start(text):
            return string.startswith(text)
        case End(text):
            return string.endswith(text)
        case Contains(text):
            return text in string
        case Length(least, most):
            return least <= len(string) and (most is None or len(string) <= most)
        case Chars(characters):
            return set(string) <= set(characters)
        case Regex(pattern):
            return re.fullmatch(pattern, string) is not None
        case Block(texts):
            folded = string.casefold()
            return not any(text.casefold() in folded for text in texts if text.strip())
    raise AssertionError(rule)


@cache
def all_strings(vocabulary: Vocabulary, limit: int) -> list[str]:
    units = vocabulary.characters
    return ["".join(some) for n in range(1, limit + 1) for some in strings_of(units, repeat=n)]


def obeying(rules, vocabulary: Vocabulary, limit: int) -> set[str]:
    return {
        one for one in all_strings(vocabulary, limit) if all(obeys(one, rule) for rule in rules)
    }


def spelt(compiled: Compiled, vocabulary: Vocabulary, limit: int) -> set[str]:
    """The strings that ``compiled`` lets through, the prompt read by the caller as agreed."""
    P = len(compiled.prompt)
    found = set()
    for string in all_strings(vocabulary, limit):
        ids = vocabulary.encode(string)
        fits = compiled.least <= len(ids) <= compiled.most
        begins = ids[:P].tolist() == compiled.prompt.tolist()
        if fits and begins and (not compiled.automaton or compiled.automaton.accepts(ids[P:])):
            found.add(string)
    return found


@st.composite
def problems(draw) -> tuple[Vocabulary, Rules]:
    units = draw(st.sets(st.sampled_from("abAßsSé"), min_size=1, max_size=3))
    text = st.text(st.sampled_from(sorted(units)), max_size=3)
    other = st.text("abAßsSÉ ", max_size=3)
    small = st.integers(0, 3)
    pieces = st.sampled_from([*sorted(units), ".", "[^a]", "(?:a|b)?", ".*", "(?i:a)+", "b{2}"])
    rule = st.one_of(
        st.builds(Start, text),
        st.builds(End, text),
        st.builds(Contains, text),
        st.builds(Length, st.integers(0, 5)),
        st.builds(lambda least, more: Length(least, least + more), st.integers(0, 4), small),
        st.builds(Chars, st.text("abAßsSé-", min_size=1, max_size=6)),
        st.builds(Regex, st.lists(pieces, max_size=3).map("".join)),
        st.lists(other, max_size=3).map(lambda some: Block(some, f"--block {'/'.join(some)}")),
    )
    rules = draw(st.lists(rule, max_size=4))
    return Vocabulary(tuple(sorted(units))), Rules(tuple(rules))


@settings(deadline=None, max_examples=150)
@given(problems(), st.integers(1, 5))
def test_rules_let_through_what_obeys_them_and_nothing_else(problem, limit):
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


@settings(deadline=None, max_examples=100)
@given(problems(), st.integers(1, 4))
def test_the_message_names_a_smallest_set_that_cannot_be_kept(problem, limit):
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
def test_rules_that_clash_are_named(rules, limit, named):
    with pytest.raises(RuleError, match=f"no string of this model's 53 characters .* {named}"):
        compile_rules(rules, LETTERS, limit)


def test_a_smaller_clash_is_told_rather_than_one_met_first():
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


def test_a_blank_entry_blocks_nothing():
    vocabulary = Vocabulary((" ", "a"))
    assert compile_rules(Rules((Block((" ", "", "\n")),)), vocabulary, 9).automaton is None


def test_overlaps_count_once():
    compiled = compile_rules(Contains("abc") & Contains("cde") & Length(5, 5), LETTERS, 20)
    assert compiled.automaton is not None
    assert compiled.automaton.accepts(LETTERS.encode("abcde"))


def test_many_rules_that_clash_are_told_soon():
    texts = ["".join(pair) for pair in strings_of("abcdefghij", repeat=2)][:40]
    rules = Rules(tuple(Contains(text) for text in texts)) & Start("Q") & Chars("abc")
    with pytest.raises(RuleError, match="--chars 'abc' together"):
        compile_rules(rules, LETTERS, 40)


def test_rules_too_large_together_are_named():
    rules = Regex("[abc]*a[abc]{11}") & Regex("[abc]*b[abc]{11}") & Length(3)
    with pytest.raises(RuleError, match=r"--regex '.*' and --regex '.*' together need more"):
        compile_rules(rules, LETTERS, 40)


def test_a_clash_is_found_before_what_is_too_large():
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
def test_rules_that_demand_no_more_than_a_start_and_a_length_need_no_automaton(rules):
    assert compile_rules(rules, LETTERS, 20).automaton is None


def test_no_rule_lets_every_string_through():
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
def test_rules_read_graphemes_whole_and_expressions_and_blocks_look_inside(rule, expected):
    vocabulary = Vocabulary(("a", "g", "g\u0303"), "grapheme")
    assert spelt(compile_rules(Rules((rule,)), vocabulary, 2), vocabulary, 2) == expected


@pytest.mark.parametrize("text", ["ß", "SS", "s", "ẞ"])
def test_a_block_compares_casefolded_text(text):
    vocabulary = Vocabulary(("a", "s", "ß", "ẞ"))
    compiled = compile_rules(Rules((Block((text,)),)), vocabulary, 3)
    assert spelt(compiled, vocabulary, 3) == obeying([Block((text,))], vocabulary, 3)


def test_a_block_of_ten_thousand_entries_is_kept():
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
def test_a_length_is_read_as_it_is_spelt(text, least, most):
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
def test_a_malformed_rule_is_refused_as_it_is_made(make):
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


def test_a_model_without_characters_obeys_no_rule():
    for rules in (Rules(), Regex("a*") & Block(("b",)) & Chars("c")):
        with pytest.raises(RuleError, match="knows characters"):
            compile_rules(rules, Vocabulary(()), 5)
