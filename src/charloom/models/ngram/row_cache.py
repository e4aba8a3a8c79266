"""Rows of numbers that were computed before, by integer keys."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Keys = NDArray[np.int64]
Places = NDArray[np.int32]

FEWEST_SLOTS, SPARSE = 1 << 12, 3
"""Slots at the beginning, and for each row at least."""

SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio; its multiples are spread evenly (Knuth, TAOCP 6.4)."""


class RowCache:
    """Rows (V,) by key, for many threads: the first ones, until the memory is full.

    The first are the most frequent: of samples, and of a search that visits prefixes from the
    shortest on. A row is never replaced. Its key may be in two slots; if other keys have both, the
    row is not kept.
    """

    def __init__(self, columns: int, most_bytes: int) -> None:
        """Prepare for rows of ``most_bytes``; the memory is taken as rows are added."""
        self._rows = np.empty((max(1, most_bytes // (4 * columns)), columns), np.float32)
        self._listed = np.empty(len(self._rows), np.int64)  # the key of each row
        self._used = 0
        self._lock = threading.Lock()
        self._begin(FEWEST_SLOTS)

    def __reduce__(self) -> tuple[type[RowCache], tuple[int, int]]:
        """Copies begin empty: another process computes the rows that it needs."""
        return RowCache, (self._rows.shape[1], self._rows.nbytes)

    def _begin(self, slots: int) -> None:
        self._keys = np.zeros(slots, np.int64)  # 0 where there is none
        self._places = np.zeros(slots, np.int32)

    def find(self, keys: Keys) -> tuple[Places, NDArray[np.bool_]]:
        """Return where the rows of keys are, 1 or more, of any shape, and which are there at all.

        For a key that is not there, the place is another one's.
        """
        with self._lock:  # whoever sees a key here, sees its row, too
            one, other = self._slots(keys)
            slots = np.where(self._keys[one] == keys, one, other)
            return self._places[slots], self._keys[slots] == keys

    def rows(self, places: Places, out: Floats) -> None:
        """Write the rows at ``places`` (B,) to ``out`` (B, V)."""
        self._rows.take(places, 0, out, "clip")

    def add(self, keys: Keys, rows: Floats) -> None:
        """Keep the rows (P, V) of ``keys`` (P,) for which there is space."""
        with self._lock:
            keys = keys[: len(self._rows) - self._used]
            least = SPARSE * (self._used + len(keys))
            if least > len(self._keys):
                self._begin(1 << (2 * least - 1).bit_length())
                slots, kept = self._enter(self._listed[: self._used])
                self._places[slots] = kept
            slots, kept = self._enter(keys)
            end = self._used + len(kept)
            self._places[slots] = np.arange(self._used, end)
            self._listed[self._used : end] = keys[kept]
            self._rows[self._used : end] = rows[kept]
            self._used = end

    def _enter(self, keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """Write keys into empty slots; return these slots, and which of the keys are there."""
        left = np.arange(len(keys))
        found = []
        for slots in self._slots(keys):
            empty = left[self._keys[slots[left]] == 0]
            self._places[slots[empty]] = empty  # one of those with the same slot is the last
            first = empty[self._places[slots[empty]] == empty]
            self._keys[slots[first]] = keys[first]
            found.append((slots[first], first))
            left = left[self._keys[slots[left]] != keys[left]]
        (one, some), (other, more) = found
        return np.concatenate([one, other]), np.concatenate([some, more])

    def _slots(self, keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        mixed = (keys.view(np.uint64) * SPREAD).view(np.int64)
        most = len(self._keys) - 1
        return (mixed >> 40) & most, (mixed >> 16) & most
