"""Sparse and positional contexts: what stood before a character, seen in eight other ways.

An n-gram knows the last n - 1 characters. The contexts here skip some of them, replace them by
their sounds (consonant or vowel), or add the position in the string or the word. Each is a *key*,
an integer made of the *state* of a string: a few numbers that a step updates in constant time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from .alphabet import Alphabet
from .arrays import Arrays

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

DIRECT = 8_000_000
"""The most possible keys for which an array says where each context is; else a search does."""

GROUPS = (0, 1, 1, 1, 2, 1, 2, 1)
"""The group of each family: the terms of a group are computed and kept together."""


_BEFORE = np.array([0, 1, 2, 2, 3, 5, 6, 7, 8, 9])
"""Columns that each column continues from."""

_COUNTS, _PLACES = np.array([1, 1, 0, 0]), np.array([[0], [1], [0], [1]])
"""Columns of the counts after which w1, w2, s1 and s2 are set, and which count that is."""


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
    before = states.T
    columns: NDArray[np.int32] = before.take(_BEFORE, 0)
    counts, last, sounds = columns[:2], columns[2], columns[5]
    np.minimum(counts, FARTHEST - 1, out=counts)  # place and word
    counts += 1
    last[:] = ids
    sounds &= 4 ** (SOUNDS - 1) - 1  # without the farthest
    sounds *= 4
    sounds += alphabet.sounds.take(ids)
    np.copyto(columns[6:], last, where=before.take(_COUNTS, 0) == _PLACES)
    letter = alphabet.letters.take(ids)
    if not letter.all():
        columns[[1, 6, 7]] *= letter
        columns *= last != BOUNDARY
    return columns.T


def stream_states(stream: Ids, alphabet: Alphabet) -> NDArray[np.integer]:
    """Return the state before each target of a stream (N + 1,): (N, columns).

    They are the states that ``advance`` leads to, computed for all places at once.
    """
    few = max(len(alphabet.classes), 4**SOUNDS) <= 1 << 16
    inputs = stream[:-1].astype(np.uint16 if few else np.int32)
    here = np.arange(len(inputs), dtype=np.int32)
    columns = np.zeros((len(STATE), len(inputs)), inputs.dtype)  # read more often than rows

    def run(ends: NDArray[np.bool_], count: int, first: int) -> NDArray[np.int32]:
        """Fill the columns of how many ids follow the last of ``ends``, and of the first two."""
        start = np.maximum.accumulate(np.where(ends, here, np.int32(0)))
        seen = here - start
        np.minimum(seen, FARTHEST, out=columns[count], casting="unsafe")
        for number in (1, 2):
            found = inputs.take(start + np.int32(number), mode="clip")
            np.multiply(found, seen >= number, out=columns[first + number - 1])
        return seen

    run(~alphabet.letters[inputs], STATE.index("word"), STATE.index("w1"))
    place = run(inputs == BOUNDARY, STATE.index("place"), STATE.index("s1"))
    sounds, last = alphabet.sounds.astype(inputs.dtype)[inputs], STATE.index("last")
    for back in range(SOUNDS):
        end = max(len(inputs) - back, 0)
        inside = place[len(place) - end :] > back
        columns[STATE.index("sounds"), len(place) - end :] += (
            sounds[:end] * inside * inputs.dtype.type(4**back)
        )
        if back < 3:
            np.multiply(inputs[:end], inside, out=columns[last + back, len(place) - end :])
    return columns.T


class SparseContexts:
    """The sparse contexts of ``ngram.context_arrays``."""

    def __init__(self, arrays: Arrays, size: int) -> None:
        """Prepare for look-ups; ``size`` is V."""
        self._keys, self._firsts, self._ids, self._counts = (
            arrays["ngram." + name] for name in ("keys", "firsts", "ids", "counts")
        )
        self._size = size
        # One context more, without characters, stands for those that never occurred.
        self._lengths = np.append(np.diff(self._firsts), 0)
        self._ends = np.append(self._firsts[1:], 0)
        matrix, offsets = Keyring(size).layout()
        # BLAS multiplies floats, which hold whole numbers exactly up to 2^53.
        kind = np.float64 if offsets[-1] < 1 << 53 else np.int64
        self._matrix: NDArray[Any] = matrix.astype(kind)
        self._offsets: NDArray[Any] = offsets[:-1].astype(kind)
        self._direct: NDArray[np.int32] | None = None
        if offsets[-1] <= DIRECT:
            self._direct = np.full(int(offsets[-1]), len(self._keys), np.int32)
            self._direct[self._keys] = np.arange(len(self._keys), dtype=np.int32)

    def find(
        self, states: NDArray[np.int32], wanted: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32], NDArray[np.intp]]:
        """Return the characters that occurred in the contexts of B states, with their counts.

        Args:
            states: (B, columns), see ``ngram.contexts``.
            wanted: (B, F), the contexts to look up; by default all.

        Returns:
            For each character: its cell in the flat (B, V) table; for each context, how many
            characters it has; for each character its count divided by ``PSEUDO``; and for each
            context its family.
        """
        place = self._places(states)
        there = place < len(self._keys)
        if wanted is not None:
            there &= wanted.ravel()
        slot = there.nonzero()[0]
        rows, families = np.divmod(slot, len(FAMILIES))
        rows *= self._size
        return *self._characters(place.take(slot), rows), families

    def find_all(
        self, states: NDArray[np.int32], first_cells: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
        """Return what ``find`` does in all contexts, for few rows: with fewer calls of NumPy.

        Args:
            states: (B, columns).
            first_cells: (B * F,), the cell of the first id of the vocabulary, in each context.

        Returns:
            The cells, the lengths (B * F,), and the counts.
        """
        return self._characters(self._places(states), first_cells)

    def _places(self, states: NDArray[np.int32]) -> NDArray[np.integer]:
        """Return where the contexts of B states are, (B * F,); C for one that never occurred."""
        sums: NDArray[Any] = states.astype(self._matrix.dtype) @ self._matrix
        sums += self._offsets
        keys = sums.astype(np.int64).ravel()
        if self._direct is not None:
            found: NDArray[np.integer] = self._direct.take(keys)
            return found
        place = np.searchsorted(self._keys, keys)
        place[np.append(self._keys, -1)[place] != keys] = len(self._keys)
        return place

    def _characters(
        self, place: NDArray[np.integer], first_cells: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
        lengths = self._lengths.take(place)
        entry = (self._ends.take(place) - lengths.cumsum()).repeat(lengths)
        entry += np.arange(len(entry))
        cells = first_cells.repeat(lengths)
        cells += self._ids.take(entry)
        return cells, lengths, self._counts.take(entry)
