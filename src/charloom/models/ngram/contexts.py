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


def initial_states(rows: int) -> NDArray[np.int32]:
    """Return the states before the first character, (rows, columns)."""
    return np.zeros((rows, len(STATE)), np.int32)


def advance(states: NDArray[np.int32], ids: Ids, alphabet: Alphabet) -> NDArray[np.int32]:
    """Return the states (B, columns) after reading ``ids`` (B,); the boundary resets them."""
    place, word, last, second, _, sounds, w1, w2, s1, s2 = states.T
    letter = alphabet.letters[ids]
    after = np.stack(
        [
            np.minimum(place + 1, FARTHEST),
            np.where(letter, np.minimum(word + 1, FARTHEST), 0),
            ids,
            last,
            second,
            sounds * 4 % 4**SOUNDS + alphabet.sounds[ids],
            np.where(letter, np.where(word == 0, ids, w1), 0),
            np.where(letter & (word > 0), np.where(word == 1, ids, w2), 0),
            np.where(place == 0, ids, s1),
            np.where(place == 1, ids, s2),
        ],
        axis=1,
    ).astype(np.int32)
    after[ids == BOUNDARY] = 0
    return after


def stream_states(stream: Ids, alphabet: Alphabet) -> NDArray[np.int32]:
    """Return the state before each target of a stream (N + 1,): (N, columns).

    They are the states that ``advance`` leads to, computed for all places at once.
    """
    inputs = stream[:-1].astype(np.int32)
    here = np.arange(len(inputs))
    start = np.maximum.accumulate(np.where(inputs == BOUNDARY, here, 0))
    place = here - start
    outside = np.maximum.accumulate(np.where(alphabet.letters[inputs], 0, here))
    word = here - outside

    def before(count: int) -> NDArray[np.int32]:
        """Return the id ``count`` places before each target; 0 before the string."""
        return np.where(place >= count, inputs[np.maximum(here - count + 1, 0)], 0)

    def at(first: NDArray[np.intp], number: int, seen: NDArray[np.intp]) -> NDArray[np.int32]:
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
    return np.stack(columns, axis=1).astype(np.int32)
