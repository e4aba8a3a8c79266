"""Sparse and positional contexts: what stood before a character, seen in eight other ways.

An n-gram knows the last n - 1 characters. The contexts here skip some of them, replace them by
their sounds (consonant or vowel), or add the position in the string or the word. Each is a *key*,
an integer made of the *state* of a string: a few numbers that a step updates in constant time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from .alphabet import Alphabet

Ids = NDArray[np.integer]
Keys = NDArray[np.int64]

STATE = ("place", "word", "last", "second", "third", "sounds", "w1", "w2", "s1", "s2")
"""The columns of a state: characters read in the string and in the word, at most ``FARTHEST``;
the last three ids; the sounds of the last six, in base 4; the first two ids of the word and of the
string. All are 0 before the first character."""

FARTHEST = 20
SOUNDS = 6

FAMILIES = (
    ("third", "second"),
    ("last", "sounds"),
    ("last", "place"),
    ("place",),
    ("s1", "s2", "last"),
    ("last", "word"),
    ("w1", "w2", "last"),
    ("sounds",),
)
"""The columns that make a key, for each of the F families of contexts."""

GROUPS = (0, 1, 1, 1, 2, 1, 2, 1)
"""The group of each family: the terms of a group are computed and kept together."""


@dataclass(frozen=True, eq=False)
class Keyring:
    """Turns states into keys, for one vocabulary size."""

    size: int

    @property
    def _radices(self) -> dict[str, int]:
        counts = {"place": FARTHEST + 1, "word": FARTHEST + 1, "sounds": 4**SOUNDS}
        return {name: counts.get(name, self.size) for name in STATE}

    def layout(self) -> tuple[Keys, Keys]:
        """Return the matrix (columns, F) and the offsets (F + 1,) so that keys = states @ matrix
        + offsets; the last offset is the number of possible keys."""
        radices, offsets = self._radices, [0]
        matrix = np.zeros((len(STATE), len(FAMILIES)), np.int64)
        for number, family in enumerate(FAMILIES):
            stride = 1
            for name in reversed(family):
                matrix[STATE.index(name), number] = stride
                stride *= radices[name]
            offsets.append(offsets[-1] + stride)
        return matrix, np.array(offsets, np.int64)

    def group_radices(self, group: int) -> dict[str, int]:
        """Return the columns that the terms of a group depend on, and how many values each has."""
        names = {name for f, g in zip(FAMILIES, GROUPS, strict=True) if g == group for name in f}
        return {name: self._radices[name] for name in STATE if name in names | {"last"}}


def initial_states(rows: int) -> NDArray[np.int32]:
    """Return the states before the first character, (rows, columns)."""
    return np.zeros((rows, len(STATE)), np.int32)


def advance(states: NDArray[np.int32], ids: Ids, alphabet: Alphabet) -> NDArray[np.int32]:
    """Return the states (B, columns) after reading ``ids`` (B,); the boundary resets them."""
    place, word, last, second, _, sounds, w1, w2, s1, s2 = np.ascontiguousarray(states.T)
    letter = alphabet.letters[ids]
    columns = np.empty((len(STATE), len(ids)), np.int32)
    np.minimum(place + 1, FARTHEST, out=columns[0])
    np.minimum(word + 1, FARTHEST, out=columns[1])
    columns[2], columns[3], columns[4] = ids, last, second
    columns[5] = sounds * 4 % 4**SOUNDS + alphabet.sounds[ids]
    columns[6:8] = w1, w2
    np.copyto(columns[6], columns[2], where=word == 0)
    np.copyto(columns[7], columns[2], where=word == 1)
    columns[[1, 6, 7]] *= letter
    columns[8:] = s1, s2
    np.copyto(columns[8], columns[2], where=place == 0)
    np.copyto(columns[9], columns[2], where=place == 1)
    columns *= columns[2] != BOUNDARY
    return columns.T


def stream_states(stream: Ids, alphabet: Alphabet) -> NDArray[np.int32]:
    """Return the state before each target of a stream (N + 1,): (N, columns).

    They are the states that ``advance`` leads to, computed for all places at once.
    """
    inputs = stream[:-1].astype(np.int32)
    here = np.arange(len(inputs), dtype=np.int32)
    start = np.maximum.accumulate(np.where(inputs == BOUNDARY, here, np.int32(0)))
    place = here - start
    outside = np.maximum.accumulate(np.where(alphabet.letters[inputs], np.int32(0), here))
    word = here - outside

    def before(count: int) -> NDArray[np.int32]:
        """Return the id ``count`` places before each target; 0 before the string."""
        return np.where(place >= count, inputs[np.maximum(here - count + 1, 0)], 0)

    def at(first: NDArray[np.int32], number: int, seen: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the id that is ``number`` places after ``first``, if so many are read."""
        return np.where(seen >= number, inputs[np.minimum(first + number, len(inputs) - 1)], 0)

    sounds = sum(alphabet.sounds[before(count)] * 4 ** (count - 1) for count in range(1, 7))
    columns = [
        np.minimum(place, FARTHEST),
        np.minimum(word, FARTHEST),
        *(before(count) for count in (1, 2, 3)),
        sounds,
        *(at(here - word, number, word) for number in (1, 2)),
        *(at(start, number, place) for number in (1, 2)),
    ]
    return np.array(columns, np.int32).T  # whole columns are read more often than rows
