"""Units of text; tokens of one's own, each one symbol although it has several characters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ..errors import ConfigError

MOST_TOKENS = 100_000
"""The most tokens of several characters."""

MOST_TOKEN_LENGTH = 200
"""The longest token, in code points."""


@dataclass(frozen=True, repr=False)
class Tokens:
    """A unit of text: strings of several characters that are one symbol each, such as ``Cl``.

    A string is split from left to right: the longest token that fits comes next, or else a single
    code point. So every string can be split, in one way, and its parts joined give it back.

    Attributes:
        tokens: distinct, sorted, in NFC; each of 2 to ``MOST_TOKEN_LENGTH`` code points.

    Raises:
        ConfigError: ``tokens`` are others, or more than ``MOST_TOKENS``.

    Example:
        >>> Tokens.of(["Cl", "[nH]"]).split("c1cc[nH]c1Cl")
        ['c', '1', 'c', 'c', '[nH]', 'c', '1', 'Cl']
    """

    tokens: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.tokens) > MOST_TOKENS:
            raise ConfigError(
                f"there may be {MOST_TOKENS:,} tokens. Received: {len(self.tokens):,}; the parts "
                "that repeat in many strings are what a token should be."
            )
        for one in self.tokens:
            good = isinstance(one, str) and 1 < len(one) <= MOST_TOKEN_LENGTH
            if not good or one.splitlines() != [one]:
                rule = f"a token must have 2 to {MOST_TOKEN_LENGTH} characters, all in one line"
                raise ConfigError(f"{rule}. Received: {one!r:.60}")
        if list(self.tokens) != sorted(set(self.tokens)):
            raise ConfigError("tokens must be distinct and in sorted order.")

    @classmethod
    def of(cls, tokens: Iterable[str]) -> Tokens:
        """Build from strings in NFC; single characters and repeats are left out."""
        return cls(tuple(sorted({one for one in tokens if len(one) != 1})))

    def __str__(self) -> str:
        """Return what one of them is called."""
        return "token"

    def __repr__(self) -> str:
        return f"Tokens({len(self.tokens):,})"

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.tokens)

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, ...]]:
        """The sizes of the tokens that begin with each character, the largest first."""
        sizes: dict[str, set[int]] = {}
        for one in self.tokens:
            sizes.setdefault(one[0], set()).add(len(one))
        return {first: tuple(sorted(found, reverse=True)) for first, found in sizes.items()}

    def split(self, text: str) -> list[str]:
        """Return the tokens of ``text``, in order."""
        known, sizes, parts, place = self._known, self._sizes, [], 0
        end = len(text)
        while place < end:
            for size in sizes.get(text[place], ()):
                part = text[place : place + size]
                if part in known:
                    break
            else:
                part = text[place]
            parts.append(part)
            place += len(part)
        return parts

    def settled(self, text: str) -> list[str]:
        """Return the first tokens of ``text``: those that it has whatever follows."""
        parts, place = self.split(text), 0
        for number, part in enumerate(parts):
            if len(text) - place < MOST_TOKEN_LENGTH and self._may_grow(text[place:]):
                return parts[:number]
            place += len(part)
        return parts

    def _may_grow(self, text: str) -> bool:
        """Return whether a token begins with ``text`` and is longer."""
        after = bisect_right(self.tokens, text)
        return after < len(self.tokens) and self.tokens[after].startswith(text)


Unit = Literal["character", "grapheme"] | Tokens
"""What counts as one symbol."""

UNITS: tuple[Literal["character", "grapheme"], ...] = ("character", "grapheme")
"""The units of text that have a name: a code point, and what people see as one character."""


def plain(unit: str | Tokens) -> str | list[str]:
    """Return a unit of text as plain data that JSON can hold."""
    return list(unit.tokens) if isinstance(unit, Tokens) else unit
