"""Rows of different lengths in one flat array, and finding the distinct ones."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELLS = 1 << 20
"""Values that are processed at once."""

LEAST_SHARED = 1 << 18
"""Fewer rows are sorted by one thread."""

MOST_PARTS = 8
"""Parts of rows that are sorted at once, at most."""


def spans(lengths: NDArray[np.integer], cells: int = CELLS) -> Iterator[tuple[int, int]]:
    """Yield (first, end) of rows with at most ``cells`` values together, or of one longer row."""
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
        values: a flat array that holds all rows.
        starts: (N,) where each row starts.
        lengths: (N,) of each row.
    """

    values: NDArray[Any]
    starts: NDArray[np.integer]
    lengths: NDArray[np.integer]

    @classmethod
    def of(cls, values: NDArray[Any], lengths: NDArray[np.integer]) -> Ragged:
        """Return rows that lie one after the other in ``values``."""
        return cls(values, np.cumsum(lengths, dtype=np.int64) - lengths, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def row(self, row: int) -> NDArray[Any]:
        """Return the values of one row."""
        start = int(self.starts[row])
        return self.values[start : start + int(self.lengths[row])]

    def end_to_end(self, rows: NDArray[np.integer], more: int = 0) -> NDArray[Any]:
        """Return the values of ``rows`` (B,), and ``more`` after each, one row after the other."""
        lengths = self.lengths[rows].astype(np.int64) + more
        shift = self.starts[rows].astype(np.int64) - (np.cumsum(lengths) - lengths)
        return self.values[np.repeat(shift, lengths) + np.arange(int(lengths.sum()))]

    def padded(self, rows: NDArray[np.integer], longest: int) -> NDArray[Any]:
        """Return ``rows`` (B,), none of them over ``longest``, padded with 0: (B, longest)."""
        padded = np.zeros((len(rows), longest), self.values.dtype)
        padded[np.arange(longest) < self.lengths[rows][:, None]] = self.end_to_end(rows)
        return padded


def distinct(
    names: Ragged, hashes: NDArray[np.uint64], counts: NDArray[np.uint32], threads: int = 1
) -> tuple[NDArray[np.bool_], NDArray[np.uint64], NDArray[np.unsignedinteger]]:
    """Find the first of each set of equal rows, given the hash of each row, (N,).

    Rows with equal hashes are compared, so that no name is lost.

    Args:
        names: N rows.
        hashes: (N,) of the rows.
        counts: (N,) how often each row occurs; those of the rows that are dropped are added to
            those of the rows that they equal.
        threads: how many share the work; the result is the same.

    Returns:
        Which rows are kept, (N,); their hashes, sorted; and the row of each hash, counting only
        the rows kept.
    """
    small = np.min_scalar_type(len(hashes))  # at most half the size of what argsort returns
    kept = np.ones(len(hashes), bool)
    bits = 0 if len(hashes) < LEAST_SHARED else min(threads - 1, MOST_PARTS - 1).bit_length()

    with ThreadPoolExecutor(1 << bits) as pool:
        parts = list(pool.map(partial(_sorted, hashes, bits), range(1 << bits)))
        del hashes  # the caller keeps no reference either, so this frees memory
        found = list(pool.map(lambda part: _firsts(names, part[0], part[1], counts, kept), parts))
    del parts
    ordered, order = found[0] if bits == 0 else map(np.concatenate, zip(*found, strict=True))
    return kept, ordered, (np.cumsum(kept, dtype=small) - small.type(1))[order]


def _sorted(
    hashes: NDArray[np.uint64], bits: int, number: int
) -> tuple[NDArray[np.uint64], NDArray[np.unsignedinteger]]:
    """Return the hashes that begin with ``number`` in so many bits, sorted, and their rows; those
    of equal hashes are in order."""
    small = np.min_scalar_type(len(hashes))
    if bits == 0:
        order = np.argsort(hashes, kind="stable").astype(small)
    else:
        rows = np.flatnonzero(hashes >> np.uint64(64 - bits) == number).astype(small)
        order = rows[np.argsort(hashes[rows], kind="stable")]
    return hashes[order], order


def _firsts(
    names: Ragged,
    ordered: NDArray[np.uint64],
    order: NDArray[np.unsignedinteger],
    counts: NDArray[np.uint32],
    kept: NDArray[np.bool_],
) -> tuple[NDArray[np.uint64], NDArray[np.unsignedinteger]]:
    """Return the sorted hashes and the rows of the first of each set of equal rows.

    Args:
        names: N rows.
        ordered: (M,) hashes of some of them, sorted; all that are equal to one of these.
        order: (M,) their rows; those of equal hashes in order.
        counts: (N,) as in ``distinct``.
        kept: (N,) which is set to whether each of the M rows is kept.
    """
    places = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    if not len(places):
        return ordered, order
    runs = np.cumsum(np.diff(places, prepend=-1) != 1) - 1
    heads = places[np.searchsorted(runs, np.arange(int(runs[-1]) + 1))] - 1
    rows, firsts = order[places], order[heads[runs]]
    same = _equal(names, firsts, rows)
    np.add.at(counts, firsts[same], counts[rows[same]])
    kept[rows] = False
    for run in np.unique(runs[~same]).tolist():  # different names with the same hash
        seen: dict[bytes, int] = {}
        first = int(order[heads[run]])
        for row in order[heads[run] : heads[run] + 1 + int((runs == run).sum())].tolist():
            name = names.row(row).tobytes()
            kept[row] = name not in seen
            if seen.setdefault(name, row) not in (row, first):
                counts[seen[name]] += counts[row]
    still = kept[order]
    return ordered[still], order[still]


def _equal(
    names: Ragged, ones: NDArray[np.unsignedinteger], others: NDArray[np.unsignedinteger]
) -> NDArray[np.bool_]:
    """Return whether the rows ``ones`` (N,) equal the rows ``others``, (N,)."""
    result: NDArray[np.bool_] = names.lengths[ones] == names.lengths[others]
    pairs = np.flatnonzero(result)
    lengths = names.lengths[ones[pairs]]
    for first, end in spans(lengths):
        part = pairs[first:end]
        same = names.end_to_end(ones[part]) == names.end_to_end(others[part])
        starts = np.cumsum(lengths[first:end], dtype=np.int64) - lengths[first:end]
        result[part] = np.logical_and.reduceat(same, starts)
    return result
