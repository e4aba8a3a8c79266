"""Rows of different lengths that lie end to end in one array, of which any can be taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 64
"""Rows of a block: only where a block begins is kept in memory."""

CELLS = 1 << 20
"""Values that are worked on at once."""


def spans(lengths: NDArray[np.unsignedinteger], cells: int = CELLS) -> Iterator[tuple[int, int]]:
    """Yield (first, end) of rows that hold about ``cells`` values together, or are one long row."""
    for low in range(0, len(lengths), 1 << 16):
        totals = np.cumsum(lengths[low : low + (1 << 16)], dtype=np.int64)
        first = 0
        while first < len(totals):
            before = int(totals[first - 1]) if first else 0
            end = max(first + 1, int(np.searchsorted(totals, before + cells, side="right")))
            yield low + first, low + end
            first = end


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of values.

    Attributes:
        values: of all rows, end to end.
        lengths: (N,) of each.
    """

    values: NDArray[Any]
    lengths: NDArray[np.unsignedinteger]

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def _blocks(self) -> NDArray[np.int64]:
        """Where each block begins, and where the last ends."""
        if not len(self.lengths):
            return np.zeros(1, np.int64)
        firsts = np.arange(0, len(self.lengths), BLOCK)
        sums = np.add.reduceat(self.lengths, firsts, dtype=np.int64)
        return np.concatenate([[0], np.cumsum(sums)])

    def starts(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return where each of ``rows`` (B,) begins."""
        rows = rows.astype(np.int64)
        firsts = rows // BLOCK * BLOCK
        inside = firsts[:, None] + np.arange(BLOCK - 1)
        before = self.lengths[np.minimum(inside, len(self.lengths) - 1)].astype(np.int64)
        begins: NDArray[np.int64] = self._blocks[rows // BLOCK]
        shifts: NDArray[np.int64] = (before * (inside < rows[:, None])).sum(axis=1)
        return begins + shifts

    def row(self, row: int) -> NDArray[Any]:
        """Return the values of one row."""
        first = row // BLOCK * BLOCK
        start = int(self._blocks[row // BLOCK]) + int(self.lengths[first:row].sum(dtype=np.int64))
        return self.values[start : start + int(self.lengths[row])]

    def end_to_end(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Return the values of ``rows`` (B,), one row after the other."""
        lengths = self.lengths[rows].astype(np.int64)
        shift = self.starts(rows) - (np.cumsum(lengths) - lengths)
        return self.values[np.repeat(shift, lengths) + np.arange(int(lengths.sum()))]

    def between(self, first: int, end: int) -> NDArray[Any]:
        """Return the values of the rows from ``first`` up to ``end``."""
        low = int(self._blocks[first // BLOCK])
        low += int(self.lengths[first // BLOCK * BLOCK : first].sum(dtype=np.int64))
        return self.values[low : low + int(self.lengths[first:end].sum(dtype=np.int64))]
