"""The tutorial's batches: each name is padded with newlines to one length; padding counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError
from ..encoded.ragged import Ragged
from ..random import Stream, generator
from ..vocabulary import BOUNDARY, Vocabulary
from .names import Batch, rows_of


def padded_rows(names: Sequence[str], vocabulary: Vocabulary) -> NDArray[np.int32]:
    """Return the names as ids, each padded with at least one boundary: (N, longest + 1), in order.

    The boundary stands for the tutorial's newline, id 0; so a vocabulary of ASCII letters has the
    tutorial's ids: the characters in sorted order, the newline first.
    """
    ids = Ragged.of(*vocabulary.encode_all(names))
    return ids.padded(np.arange(len(ids)), int(ids.lengths.max()) + 1)


@dataclass(frozen=True)
class PaddedBatches:
    """All batches of padded rows, shuffled each epoch; rows that fill no batch are dropped.

    A row's input is all but its last id, its target all but its first: the model is not trained to
    begin a name, and most of the loss is padding. Row i of a batch continues row i of the one
    before, as with a stateful layer, although the names are unrelated.

    Attributes:
        rows: (N, longest + 1) ids, from ``padded_rows``.
        batch_size: B.
        seed: decides the order.
        part: the rows of each batch that are made, as ``NameBatches.rows``.

    Raises:
        ConfigError: there are fewer than B names.
    """

    rows: NDArray[np.int32]
    batch_size: int
    seed: int = 0
    part: range | None = None

    def __post_init__(self) -> None:
        if len(self.rows) < self.batch_size:
            raise ConfigError(
                f"the tutorial's batches need at least {self.batch_size} names, because names that "
                f"do not fill one are dropped. Received: {len(self.rows)}; lower --batch-size."
            )

    @property
    def times(self) -> list[int]:
        """The only value of T."""
        return [self.rows.shape[1] - 1]

    @property
    def characters_per_batch(self) -> float:
        """Targets of a batch, padding included."""
        return float(self.times[0] * self.batch_size)

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in an epoch."""
        return len(self.rows) // self.batch_size

    @cached_property
    def padded_share(self) -> float:
        """Share of the targets that is padding; the end symbol after a name is not."""
        return 1 - float((self.rows != BOUNDARY).sum()) / (len(self.rows) * self.times[0])

    def batch(self, epoch: int, step: int) -> Batch:
        """Return batch ``step`` (from 0) of ``epoch``."""
        order = generator(Stream.BATCHES, self.seed, epoch).permutation(len(self.rows))
        rows = self.rows[order[step * self.batch_size : (step + 1) * self.batch_size]]
        mask = np.ones((self.batch_size, rows.shape[1] - 1), np.float32)
        if self.part is not None:
            rows, mask = rows_of(rows, self.part), rows_of(mask, self.part)
        return Batch(
            inputs=rows[:, :-1],
            targets=rows[:, 1:],
            mask=mask,
            names=self.batch_size,
            continues=step > 0,
            whole=self.characters_per_batch,
        )
