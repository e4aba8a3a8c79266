"""A name's normal form, what it must not hold, and how to see by the array which are in doubt."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .vocabulary import name_character

MARK = "\ufeff"
"""The byte-order mark, which is no part of a name that begins with it."""

POINTS = 0x110000
"""Code points there are."""

SEEN, SPACE, ODD = 1, 2, 4
"""What ``Kinds`` says of a character: it was looked at; ``str.strip`` takes it off; a line that
holds it is for ``normalise`` and ``unprintable``: it may change, or be refused."""


def normalise(text: str) -> str:
    """Return ``text`` in NFC without surrounding white space and leading byte-order marks."""
    name = unicodedata.normalize("NFC", text).strip()
    while name.startswith(MARK):  # left in the middle where files were joined
        name = name[1:].lstrip()
    return name


def unprintable(name: str) -> str | None:
    """Say which character must not be in a name or a label: one that breaks
    lines, steers a terminal, or cannot be written as UTF-8; tabs may. ``None`` if all may."""
    for character in name:
        if character in "\n\r":
            return f"holds a line break: {name!r:.40}. Names are one a line; clean them."
        category = unicodedata.category(character)
        if (category == "Cc" and character != "\t") or category == "Cs":
            kind = "control character" if category == "Cc" else "lone surrogate"
            return f"holds a {kind}, {name_character(character)}: {name!r:.40}. Remove it."
    return None


def no_names(sources: Iterable[str]) -> str:
    """Say that there are no names in ``sources``, which are what messages call them."""
    return (
        f"{', '.join(sources)} holds no names: it is empty or blank. "
        "Give a source with one name a line."
    )


class Kinds:
    """The kinds of characters, looked up by the array; each is looked at once."""

    def __init__(self) -> None:
        self._table = np.zeros(POINTS, np.uint8)
        self._table[ord("\n")] = SEEN | SPACE  # it ends a line and is in none

    def of(self, points: NDArray[np.unsignedinteger]) -> NDArray[np.uint8]:
        """Return SEEN, and SPACE or ODD or both where they are due, of each code point, (N,)."""
        kinds: NDArray[np.uint8] = self._table[points]
        if not kinds.all():
            for point in np.unique(points[kinds == 0]).tolist():
                self._table[point] = _kind(chr(point))
            kinds = self._table[points]
        return kinds


def _kind(character: str) -> int:
    changes = (
        unicodedata.combining(character)
        or not unicodedata.is_normalized("NFC", character)
        or (character >= "\u0300" and character in _second_parts())
    )
    odd = changes or character == MARK or unprintable(character) is not None
    return SEEN | (SPACE if character.isspace() else 0) | (ODD if odd else 0)


@cache
def _second_parts() -> frozenset[str]:
    """Return the characters that NFC may join to the one before although that is a starter.

    A text without them, without combining marks and without characters that NFC replaces on
    their own is in NFC (UAX 15, section 9: its quick check).
    """
    hangul = {*map(chr, range(0x1161, 0x1176)), *map(chr, range(0x11A8, 0x11C3))}
    parts = (unicodedata.decomposition(chr(point)).split() for point in range(0x300, 0x20000))
    return frozenset(
        hangul | {chr(int(p[1], 16)) for p in parts if len(p) == 2 and not p[0].startswith("<")}
    )
