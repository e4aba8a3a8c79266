"""Tokens: how strings are split, and which tokens are refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom import Tokens
from charloom.data.tokens import MOST_TOKEN_LENGTH, MOST_TOKENS
from charloom.errors import ConfigError

some_tokens = st.lists(st.text("abc", min_size=1, max_size=4), max_size=8).map(Tokens.of)


def slowly(tokens: Tokens, text: str) -> list[str]:
    """Split as the definition says: at each place the longest token, or else one character."""
    parts = []
    while text:
        part = max((t for t in (*tokens.tokens, text[0]) if text.startswith(t)), key=len)
        parts.append(part)
        text = text[len(part) :]
    return parts


@given(tokens=some_tokens, text=st.text("abcd", max_size=20))
def test_the_longest_token_comes_first_and_the_parts_joined_are_the_string(tokens, text) -> None:
    parts = tokens.split(text)
    assert parts == slowly(tokens, text)
    assert "".join(parts) == text


@settings(deadline=None)
@given(tokens=some_tokens, text=st.text("abc", max_size=8), data=st.data())
def test_settled_tokens_stay_whatever_follows_and_there_are_no_more(tokens, text, data) -> None:
    settled = tokens.settled(text)
    after = data.draw(st.text("abc", max_size=6))
    assert tokens.split(text + after)[: len(settled)] == settled
    if settled != tokens.split(text):  # some continuation changes the next token
        rest = text[len("".join(settled)) :]
        longer = [t for t in tokens.tokens if t.startswith(rest) and t != rest]
        changed = tokens.split(text + longer[0][len(rest) :])
        assert changed[len(settled)] != tokens.split(text)[len(settled)]


def test_parts_of_a_split_string_are_split_alike() -> None:
    tokens = Tokens.of(["ab", "abc", "bcd", "cd"])
    parts = tokens.split("abcdababcd")
    for cut in range(len(parts) + 1):
        assert tokens.split("".join(parts[:cut])) + tokens.split("".join(parts[cut:])) == parts


@pytest.mark.parametrize(
    ("tokens", "rule"),
    [
        (("a",), "2 to 200 characters"),
        (("a\nb",), "in one line"),
        (("a\u2028b",), "in one line"),
        (("a" * (MOST_TOKEN_LENGTH + 1),), "2 to 200 characters"),
        ((7,), "2 to 200 characters"),
        (("bb", "aa"), "sorted order"),
        (("aa", "aa"), "sorted order"),
        (tuple(f"{n:06}" for n in range(MOST_TOKENS + 1)), "100,000 tokens"),
    ],
)
def test_other_tokens_are_refused(tokens, rule) -> None:
    with pytest.raises(ConfigError, match=rule):
        Tokens(tokens)
