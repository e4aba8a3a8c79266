"""Regular expressions as automata, against ``re.fullmatch`` on all short strings."""

from __future__ import annotations

import re
import warnings
from itertools import product as strings_of

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charloom.data.vocabulary import Vocabulary
from charloom.generation.constraints.bounds import MOST_WORK, RuleError, Work
from charloom.generation.constraints.regex_automaton import matching
from charloom.generation.constraints.regex_syntax import MOST_CHARACTERS, parse

pytestmark = pytest.mark.slow

LETTERS = Vocabulary.of(["abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"])


def disagreements(pattern: str, vocabulary: Vocabulary, longest: int) -> list[str]:
    """Strings that the automaton and ``re`` judge differently."""
    automaton = matching(pattern, vocabulary, Work())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        compiled = re.compile(pattern)
    found = []
    for n in range(longest + 1):
        for units in strings_of(vocabulary.characters, repeat=n):
            string = "".join(units)
            ids = [vocabulary.characters.index(unit) + 1 for unit in units]
            if automaton.accepts(ids) != (compiled.fullmatch(string) is not None):
                found.append(string)
    return found


LITERALS = ["a", "b", "A", "ß", "ſ", "s", "k", "\u212a", "1", "é", " ", "#", "-", "{", "}", "]"]
CLASSES = [
    "[ab]",
    "[^a]",
    "[a-k1]",
    "[]a]",
    "[^]a]",
    r"[\dA-C]",
    r"[^\w]",
    r"[\]b]",
    "[[a]",
    "[a-]",
]
ESCAPES = [
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
    r"\S",
    r"\.",
    r"\n",
    r"\-",
    r"\ ",
    r"\\",
    r"\#",
    r"\é",
]
CODES = [r"\x61", r"\u0062", r"\U00000041", r"\N{LATIN SMALL LETTER B}", r"\141", r"\07"]
OTHERS = [
    r"[\N{LATIN SMALL LETTER A}-b]",
    r"[\x61-\u0062]",
    "[é-ſ]",
    "[# ]",
    "(?#a)c",
    "\n",
    ".",
    "{,x}",
]
atoms = st.sampled_from([*LITERALS, *CLASSES, *ESCAPES, *CODES, *OTHERS])
repeats = st.sampled_from(
    ["*", "+", "?", "{2}", "{0}", "{1,2}", "{,2}", "{2,}", "{,}", "*?", "+?", "??", "{1,2}?"]
)
scopes = st.sampled_from(
    ["", "?:", "?P<n>", "?i:", "?s:", "?-i:", "?a:", "?x:", "?u:", "?i-s:", "?-x:"]
)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    chains = st.lists(inner, max_size=3).map("".join)
    choices = st.lists(chains, min_size=1, max_size=3).map("|".join)
    grouped = st.builds("({}{})".format, scopes, choices)
    return chains | grouped | st.builds("{}{}".format, grouped | atoms, repeats)


patterns = st.recursive(atoms, larger, max_leaves=8)
flags = st.sampled_from(["", "", "", "(?i)", "(?s)", "(?a)", "(?x)", "(?ai)", "(?i)(?s)", "(?m)"])
alphabets = st.sets(st.sampled_from("abAkKſsSß1é #-\n{]\u212a\u0661\u2028"), min_size=1, max_size=4)


def is_regex(pattern: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)
    except re.error:
        return False
    return True


@settings(deadline=None, max_examples=200)
@given(
    flags, st.sampled_from(["", "^", r"\A"]), patterns, st.sampled_from(["", "$", r"\Z"]), alphabets
)
@example("(?x)", "", "a b # c|\n c", "", {"a", "b", "c"})
@example("(?i)", "", "(?-i:a)b", "", {"a", "A", "b", "B"})
@example("(?a)", "", r"\w(?u:\w)", "", {"a", "é"})
@example("", "", r"(?a:\w)\w", "", {"a", "é"})
@example("", "", "(?:a?b?){2}", "", {"a", "b"})
@example("", "", "(?:|a)+?b", "", {"a", "b"})
def test_an_expression_accepts_what_re_matches(flag, begin, pattern, end, alphabet):
    if not is_regex(flag + begin + pattern + end):
        return
    if "|" in pattern:
        pattern = f"(?:{pattern}\n)" if "x" in flag else f"(?:{pattern})"
    vocabulary = Vocabulary(tuple(sorted(alphabet)))
    assert disagreements(flag + begin + pattern + end, vocabulary, 4) == []


@settings(deadline=None, max_examples=50)
@given(patterns)
def test_graphemes_are_read_code_point_by_code_point(pattern):
    if is_regex(pattern):
        vocabulary = Vocabulary(("a", "a\u0301", "b\u0301", "e\u0301"), "grapheme")
        assert disagreements(pattern, vocabulary, 3) == []


@pytest.mark.parametrize(
    "pattern", ["^a|b$", "(^a)b", "a(b$|$)", "^^a$$", "(?:^|^a)b", "(^^)a(?:$$)", r"(?m)^a\Z"]
)
def test_anchors_that_change_nothing_are_accepted(pattern):
    assert disagreements(pattern, Vocabulary(("\n", "a", "b")), 4) == []


@pytest.mark.parametrize(
    "pattern", ["a^b", "a$b", "(?:^a)*", "(a$)+", r"b(\Aa)", "a?^b", "(?:a|$)b"]
)
def test_anchors_in_the_middle_are_refused(pattern):
    with pytest.raises(RuleError, match="anchor"):
        parse(pattern)


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("a(?=b)", "a look-ahead"),
        ("(?!b)a", "a look-ahead"),
        ("(?<=b)a", "a look-ahead or look-behind"),
        ("(?<!b)a", "a look-ahead or look-behind"),
        (r"(a)\1", "a back reference"),
        ("(?P<x>a)(?P=x)", "a back reference"),
        ("(a)?(?(1)b|c)", "a conditional group"),
        ("a*+", "a possessive repeat"),
        ("a{2}+", "a possessive repeat"),
        ("(?>a)", "an atomic group"),
        (r"\ba", "a word boundary"),
        (r"a\B", "a word boundary"),
    ],
)
def test_unsupported_constructs_are_refused_by_name(pattern, what):
    with pytest.raises(RuleError, match=f"has {what}.*not supported.*Write it without") as caught:
        matching(pattern, LETTERS, Work())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["(a", "a)", "[a", "*", "a{3,2}", r"\q", "(?P<1>a)", "a(?i)"])
def test_a_syntax_error_is_reported_in_the_words_of_re(pattern):
    with pytest.raises(re.error) as expected:
        re.compile(pattern)
    with pytest.raises(RuleError) as caught:
        parse(pattern)
    assert str(expected.value) in str(caught.value)


@pytest.mark.parametrize("count", ["99999999999", "9" * 4500])
def test_absurd_counts_are_errors(count):
    with pytest.raises(RuleError, match="is not a valid regular expression"):
        parse(f"a{{{count}}}")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a{1000}){1000}", "more than 4,000 characters, with its repeats expanded"),
        ("(((a?){0,99}){0,99}){0,99}", "more than 4,000 characters, with its repeats expanded"),
        ("(a{4294967294}){4294967294}", "more than 4,000 characters, with its repeats expanded"),
        ("[ab]*a[ab]{30}", "more than 10,000 states"),
        ("(.?){2000}a{2000}", "more than 10,000 states"),
        ("(" * 10_000 + "a" + ")" * 10_000, f"at most {MOST_CHARACTERS:,} characters"),
        ("(" * 400 + "a" + ")" * 400, "more than 150 levels deep"),
        ("(" * 2000 + "a" + ")" * 2000, "more than 150 levels deep"),
        ("(?i)" + "[\u0100-\U0010ffff]" * 51, "more than 50 ranges that end beyond ASCII"),
        ("(?:(?:.?){60}){60}", "too much work"),
    ],
)
def test_expressions_out_of_bounds_are_refused_before_they_cost_much(pattern, why):
    work = Work(MOST_WORK // 5)  # tenths of a second
    with pytest.raises(RuleError, match=why):
        matching(pattern, LETTERS, work)


@pytest.mark.parametrize(
    ("pattern", "states"),
    [
        ("(a|a)*b", 2),
        ("(.*a){25}.*", 26),
        ("(a*)*", 1),
        ("((a*)*b*)*", 1),
        ("x*" * 500, 1),
        ("(?:a?){3000}", 3001),
        ("(" * 49 + "a" + ")*" * 49, 1),
        ("(?:){1000}a", 2),
        ("(?:(?:(?:){1000}){1000}){1000}a", 2),
    ],
)
def test_what_makes_backtracking_slow_is_small_here(pattern, states):
    work = Work(MOST_WORK // 10)
    assert matching(pattern, LETTERS, work).size == states


def test_thousands_of_characters_cost_little():
    many = Vocabulary(tuple(map(chr, range(0x4E00, 0x4E00 + 5000))))
    work = Work(MOST_WORK // 100)
    automaton = matching("[\u4e00-\u5000].*\u4e01{2,3}", many, work)
    assert automaton.table.shape[1] == 3  # classes, for 5,000 ids
    assert automaton.accepts(many.encode("\u4e05\u6000\u4e01\u4e01"))
    assert not automaton.accepts(many.encode("\u5001\u6000\u4e01\u4e01"))


def test_a_pattern_of_nested_sets_raises_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert matching("[[a]", Vocabulary(("[", "a")), Work()).accepts([1])
