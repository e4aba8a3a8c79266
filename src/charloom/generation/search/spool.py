"""More strings than should be in memory, in the order of their arrivals: an external merge sort.

A walk finds strings in no particular order. Pieces of them are sorted and written to a temporary
file; what is read of each at a time is merged.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import GenerationError
from .arrivals import Arrivals, arrivals
from .walk import Plan

READ_AT_ONCE = 1 << 18
"""Strings that are read together, of all pieces."""

RECORD = np.dtype(
    [
        ("log_arrival", np.float64),
        ("log_p", np.float64),
        ("nats", np.float64),
        ("key", np.uint64),
        ("length", np.int32),
    ]
)


class Spool:
    """The strings of a walk, on disk; made by ``spooled``.

    Attributes:
        complete, unfinished, steps: of the whole walk; see ``Arrivals``.
        size: how many strings there are.
    """

    complete: bool
    unfinished: float
    steps: int

    def __init__(self, symbols: int, log_horizon: float, log_slack: float) -> None:
        """Prepare for strings of ids below ``symbols``."""
        self._bounds, self._strayed = (log_horizon, log_slack), np.zeros(4, np.int64)
        self._ids = np.min_scalar_type(symbols)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the object)
        self._pieces: list[tuple[int, int]] = []  # each one's strings, and where it begins
        self.size = 0

    def add(self, found: Arrivals) -> None:
        """Sort strings and write them.

        Raises:
            GenerationError: the disk is full, or cannot be written.
        """
        self._strayed += found.astray(*self._bounds)
        order = np.argsort(found.log_arrival, kind="stable")
        records = np.empty(len(order), RECORD)
        records["log_arrival"], records["log_p"] = found.log_arrival[order], found.log_p[order]
        records["nats"], records["key"] = found.nats[order], found.keys[order]
        records["length"] = found.lengths[order]
        try:
            self._pieces.append((len(order), self._file.seek(0, 2)))
            self._file.write(records.tobytes())
            self._file.write(found.ids_of(order).astype(self._ids).tobytes())
        except OSError as error:
            raise GenerationError(
                "so many names are sorted in a temporary file, which could not be written: "
                f"{error.strerror}. Free some space in {tempfile.gettempdir()}, or set TMPDIR to "
                "another folder."
            ) from error
        self.size += len(order)

    def astray(self, log_horizon: float, log_slack: float) -> NDArray[np.int64]:
        """Return what ``Arrivals.astray`` does, for the horizon and slack of the walk."""
        return self._strayed

    def blocks(self) -> Iterator[Arrivals]:
        """Yield all strings in blocks: those of each arrive before those of the next."""
        portion = max(64, READ_AT_ONCE // max(len(self._pieces), 1))
        pieces = [_Piece(self._file, *piece, self._ids) for piece in self._pieces]
        while pieces:
            for piece in pieces:
                piece.fill(portion)
            # What is not read yet comes after what was read of the same piece.
            until = min((piece.last for piece in pieces if piece.left), default=np.inf)
            records, ids = zip(*(piece.take(until) for piece in pieces), strict=True)
            pieces = [piece for piece in pieces if piece.left or len(piece.records)]
            yield _arrivals(np.concatenate(records), np.concatenate(ids))


class _Piece:
    """A sorted piece of the file, of which the beginning is in memory."""

    def __init__(self, file: IO[bytes], left: int, start: int, kind: np.dtype[Any]) -> None:
        self._file, self._place, self._ids_place = file, start, start + left * RECORD.itemsize
        self.left = left
        """Strings that are not read yet."""
        self.records, self._ids = np.empty(0, RECORD), np.empty(0, kind)

    @property
    def last(self) -> float:
        """The latest arrival that is read."""
        return float(self.records["log_arrival"][-1])

    def fill(self, portion: int) -> None:
        """Read ``portion`` strings if none are in memory."""
        if len(self.records) or not self.left:
            return
        count = min(portion, self.left)
        self.records = self._read(self._place, count, RECORD)
        size = int(self.records["length"].sum())
        self._ids = self._read(self._ids_place, size, self._ids.dtype)
        self._place += self.records.nbytes
        self._ids_place += self._ids.nbytes
        self.left -= count

    def _read(self, place: int, count: int, kind: np.dtype[Any]) -> NDArray[Any]:
        self._file.seek(place)
        return np.frombuffer(self._file.read(count * kind.itemsize), kind)

    def take(self, until: float) -> tuple[NDArray[np.void], NDArray[Any]]:
        """Return the records and ids of the strings in memory that arrive until then."""
        count = int(np.searchsorted(self.records["log_arrival"], until, "right"))
        end = int(self.records["length"][:count].sum())
        taken = self.records[:count], self._ids[:end]
        self.records, self._ids = self.records[count:], self._ids[end:]
        return taken


def spooled(plan: Plan, log_horizon: float, log_slack: float = 0.0) -> Spool:
    """Return what ``arrivals`` does, on disk.

    Raises:
        GenerationError: as ``arrivals``, or the disk is full.
    """
    spool = Spool(plan.rnn.vocabulary_size, log_horizon, log_slack)
    walk = arrivals(plan, log_horizon, log_slack, hand_on=spool.add)
    spool.complete, spool.unfinished, spool.steps = walk.complete, walk.unfinished, walk.steps
    return spool


def _arrivals(records: NDArray[np.void], ids: NDArray[Any]) -> Arrivals:
    return Arrivals(
        ids.astype(np.int32),
        records["length"],
        records["log_p"],
        *3 * (records["log_arrival"],),
        records["nats"],
        records["key"],
    )
