"""Batches of running text: windows that follow each other along many streams side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..random import Stream, generator
from ..text import TextCorpus
from ..vocabulary import BOUNDARY
from .names import Batch, rows_of


@dataclass(frozen=True)
class TextBatches:
    """All batches of a text: B streams of equal length, each read window by window.

    Together the streams are the whole text once an epoch. The text is treated as a ring, and each
    epoch begins it at a random place, so that streams and windows begin with other characters in
    each. A stream begins with the boundary in place of the character before, as generation does.

    If documents have an end, the boundary before each is a target, of the one before it; that at
    the beginning of the text ends the last one. Then only documents begin with the boundary, so
    that the model can tell their beginnings from other places.

    Attributes:
        text: the ids; the first is the boundary.
        stop: N, number of ids to train on.
        batch_size: B, number of streams.
        window: T, characters of each stream in a step.
        seed: decides where an epoch's streams begin.
        ends: whether documents have an end.
        rows: those of each batch that are made, as in ``NameBatches``.
    """

    text: TextCorpus
    stop: int
    batch_size: int
    window: int
    seed: int = 0
    ends: bool = False
    rows: range | None = None

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
        targets = self.stop - (not self.ends)
        return 1 - targets / (self.steps_per_epoch * self.characters_per_batch)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return window ``step`` (from 0) of each stream in ``epoch``; (B, T), or of ``rows``."""
        n, T = self.stop, self.window
        turn = int(generator(Stream.BATCHES, self.seed, epoch).integers(n))
        begins = np.arange(self.batch_size, dtype=np.int64) * self.stream
        low = begins + step * T  # of the first target, along the ring
        targets = low[:, None] + np.arange(T)
        ends = np.minimum(begins + self.stream, n)[:, None]
        mask = targets < ends
        if not self.ends:  # the boundary that the text begins with is not a target
            mask &= (turn + targets) % n != 0
        whole = float(mask.sum())
        if self.rows is not None:
            low, mask = rows_of(low, self.rows), rows_of(mask, self.rows)
        both = self._cut((turn + low - 1) % n, T + 1)
        if step == 0 and not self.ends:
            both[:, 0] = BOUNDARY
        return Batch(
            inputs=both[:, :-1],
            targets=both[:, 1:],
            mask=mask.astype(np.float32),
            names=0,
            continues=step > 0,
            whole=whole,
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
