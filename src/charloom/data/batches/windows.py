"""Batches of running text: windows that follow each other along many streams side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..random import Stream, generator
from ..vocabulary import BOUNDARY
from .names import Batch


class Windowed(Protocol):
    """Text as ids, of which windows can be cut: ``text.Text`` is one."""

    def ids(self, start: int, stop: int) -> NDArray[np.int32]:
        """Return the ids from ``start`` up to ``stop``, (stop - start,)."""

    def windows(self, starts: NDArray[np.int64], length: int) -> NDArray[np.int32]:
        """Return ``length`` ids from each of ``starts``, (B, length)."""


@dataclass(frozen=True)
class TextBatches:
    """All batches of a text: B streams of equal length, each read on window by window.

    Together the streams are the whole text once an epoch. Each epoch cuts it at other places (the
    text closed to a ring and turned by a random number), so that neither a stream nor a window
    always begins with the same character. A stream begins with the boundary in place of the
    character before, as generation does.

    Attributes:
        text: the ids; the first is the boundary.
        stop: how many of them there are to learn from, N.
        batch_size: B, the number of streams.
        window: T, characters of each stream that a step takes.
        seed: decides where an epoch's streams begin.
    """

    text: Windowed
    stop: int
    batch_size: int
    window: int
    seed: int = 0

    @property
    def stream(self) -> int:
        """Characters of a stream; only the last may have fewer."""
        return -(-self.stop // self.batch_size)

    @property
    def steps_per_epoch(self) -> int:
        """Windows of a stream; only the last may have fewer than T characters."""
        return -(-self.stream // self.window)

    @property
    def times(self) -> list[int]:
        """The windows' length, the only T there is."""
        return [self.window]

    @property
    def characters_per_batch(self) -> float:
        """Targets of a full batch."""
        return float(self.batch_size * self.window)

    @property
    def padded_share(self) -> float:
        """Share of an epoch's cells that hold no target."""
        return 1 - (self.stop - 1) / (self.steps_per_epoch * self.characters_per_batch)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return the streams' windows number ``step`` (from 0) of ``epoch``; always (B, T)."""
        n, T = self.stop, self.window
        turn = int(generator(Stream.BATCHES, self.seed, epoch).integers(n))
        begins = np.arange(self.batch_size, dtype=np.int64) * self.stream
        low = begins + step * T  # of the first target, along the ring
        both = self._cut((turn + low - 1) % n, T + 1)
        if step == 0:
            both[:, 0] = BOUNDARY
        targets = low[:, None] + np.arange(T)
        ends = np.minimum(begins + self.stream, n)[:, None]
        # The text's own beginning is given, not predicted.
        mask = (targets < ends) & ((turn + targets) % n != 0)
        return Batch(
            inputs=both[:, :-1],
            targets=both[:, 1:],
            mask=mask.astype(np.float32),
            names=0,
            continues=step > 0,
        )

    def _cut(self, starts: NDArray[np.int64], length: int) -> NDArray[np.int32]:
        """Return windows along the ring, whose end is followed by its beginning."""
        found = self.text.windows(starts, length)
        for row in np.flatnonzero(starts + length > self.stop):
            head = self.stop - int(starts[row])
            for place in range(head, length, self.stop):
                part = self.text.ids(0, min(self.stop, length - place))
                found[row, place : place + len(part)] = part
        return found
