"""Names with their repeats, in files, to the arrays of distinct ones.

Equal names have equal hashes; names with equal hashes are compared, so that none is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .hashes import digest
from .ragged import CELLS, Ragged, spans

IDS, LENGTHS, HASHES = "all.ids", "all.lengths", "all.hashes"
"""The files of all names: ids end to end in the smallest type that holds them; uint32; uint64."""


def widen(file: BinaryIO, before: np.dtype[Any], after: np.dtype[Any]) -> None:
    """Rewrite a file of ``before`` as one of ``after``, which is wider; it continues at its end."""
    size = file.tell() // before.itemsize
    for low in range((size - 1) // CELLS * CELLS, -1, -CELLS):  # what is ahead moves first
        file.seek(low * before.itemsize)
        part = np.frombuffer(file.read(min(CELLS, size - low) * before.itemsize), before)
        file.seek(low * after.itemsize)
        file.write(part.astype(after).data)
    file.seek(size * after.itemsize)


def write_distinct(folder: Path, characters: Sequence[str]) -> dict[str, Any]:
    """Replace the files of all names by arrays of the distinct ones; return the facts on them.

    ``ids``, by ``characters`` in sorted order; ``lengths``; ``hashes`` in order, and ``rows``,
    the name of each.
    """
    kind = np.min_scalar_type(len(characters))
    lengths: NDArray[np.uint32] = np.fromfile(folder / LENGTHS, np.uint32)
    kept, ordered, rows = _distinct(folder, kind, lengths)
    kinds = {
        "ids": kind,
        "lengths": np.min_scalar_type(int(lengths.max())),
        "hashes": ordered.dtype,
        "rows": np.min_scalar_type(len(ordered)),
    }
    ordered.tofile(folder / "hashes")
    rows.astype(kinds["rows"]).tofile(folder / "rows")
    seal = digest(ordered)
    del ordered, rows
    order = np.argsort(np.array([ord(character) for character in characters]))
    table = np.zeros(len(characters) + 1, kind)
    table[order + 1] = np.arange(1, len(table))
    with (
        (folder / IDS).open("rb") as every,
        (folder / "ids").open("wb") as ids,
        (folder / "lengths").open("wb") as sizes,
    ):
        for first, end in spans(lengths):
            part, chosen = lengths[first:end], kept[first:end]
            values = np.fromfile(every, kind, int(part.sum(dtype=np.int64)))
            ids.write(table[values[np.repeat(chosen, part)]].data)
            sizes.write(part[chosen].astype(kinds["lengths"]).data)
    for name in (IDS, LENGTHS, HASHES):
        (folder / name).unlink()
    return {
        "characters": "".join(characters[i] for i in order.tolist()),
        "arrays": {name: kind.name for name, kind in kinds.items()},
        "digest": seal,
    }


def _distinct(
    folder: Path, kind: np.dtype[Any], lengths: NDArray[np.uint32]
) -> tuple[NDArray[np.bool_], NDArray[np.uint64], NDArray[np.unsignedinteger]]:
    """Return which rows hold the first of equal names; and of these, numbered again, the hashes
    in order and the row of each."""
    values = np.fromfile(folder / HASHES, np.uint64)
    small = np.min_scalar_type(len(values))  # half of the memory of what argsort gives
    order = np.argsort(values, kind="stable").astype(small)
    ordered = values[order]
    del values
    kept = np.ones(len(ordered), bool)
    places = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    if not len(places):
        return kept, ordered, order
    names = Ragged(np.memmap(folder / IDS, kind, "r").view(np.ndarray), lengths)
    runs = np.cumsum(np.diff(places, prepend=-1) != 1) - 1
    heads = places[np.searchsorted(runs, np.arange(int(runs[-1]) + 1))] - 1
    rows = order[places]
    differ = ~_equal(names, order[heads[runs]], rows)
    kept[rows] = False
    for run in np.unique(runs[differ]).tolist():  # two names with one hash
        seen = set()
        for row in order[heads[run] : heads[run] + 1 + int((runs == run).sum())].tolist():
            name = names.row(row).tobytes()
            kept[row] = name not in seen
            seen.add(name)
    still = kept[order]
    ordered, order = ordered[still], order[still]
    return kept, ordered, (np.cumsum(kept, dtype=small) - small.type(1))[order]


def _equal(
    names: Ragged, ones: NDArray[np.unsignedinteger], others: NDArray[np.unsignedinteger]
) -> NDArray[np.bool_]:
    """Return whether the names in ``ones`` (N,) equal those in ``others``, (N,)."""
    result: NDArray[np.bool_] = names.lengths[ones] == names.lengths[others]
    pairs = np.flatnonzero(result)
    lengths = names.lengths[ones[pairs]]
    for first, end in spans(lengths):
        part = pairs[first:end]
        same = names.end_to_end(ones[part]) == names.end_to_end(others[part])
        starts = np.cumsum(lengths[first:end], dtype=np.int64) - lengths[first:end]
        result[part] = np.logical_and.reduceat(same, starts)
    return result
