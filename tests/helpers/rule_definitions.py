"""The rules in plain Python, and small problems at random: what the tests of rules share."""

from __future__ import annotations

import re
from functools import cache
from itertools import product as strings_of

from hypothesis import strategies as st

from charloom.data.vocabulary import Vocabulary
from charloom.generation.constraints import (
    Block,
    Chars,
    CompiledConstraints,
    Contains,
    End,
    Length,
    Regex,
    Rule,
    Rules,
    Start,
)

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


def spelt(compiled: CompiledConstraints, vocabulary: Vocabulary, limit: int) -> set[str]:
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
