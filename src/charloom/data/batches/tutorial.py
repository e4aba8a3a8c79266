"""The tutorial's batches: every name padded with newlines to one length, and padding counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError
from ..random import Stream, generator
from ..vocabulary import BOUNDARY, Vocabulary
from .names import Batch


def padded_rows(names: Sequence[str], vocabulary: Vocabulary) -> NDArray[np.int32]:
    """Return the names as ids, each padded with the boundary: (N, longest + 1), in order.

    The boundary stands for the tutorial's newline, id 0; so a vocabulary of ASCII letters has its
    ids: the characters in sorted order, the newline first. At least one end follows each name.
    """
    ids, lengths = vocabulary.encode_all(names)
    rows = np.full((len(lengths), int(lengths.max()) + 1), BOUNDARY, np.int32)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = ids
    return rows


@dataclass(frozen=True)
class PaddedBatches:
    """All batches of padded rows, reshuffled each epoch; what fills no batch is left out.

    A row's input is all but its last id, its target all but its first: nothing teaches a model
    how a name begins, and most of the loss is padding. Row i of a batch continues from row i of the
    one before, as with a stateful layer, though the names have nothing to do with each other.

    Attributes:
        rows: (N, longest + 1) ids, from ``padded_rows``.
        batch_size: B.
        seed: decides the order.

    Raises:
        ConfigError: there are fewer names than fill a batch.
    """

    rows: NDArray[np.int32]
    batch_size: int
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.rows) < self.batch_size:
            raise ConfigError(
                f"the tutorial's batches need at least {self.batch_size} names, as what does not "
                f"fill one is dropped. Received: {len(self.rows)}; lower --batch-size."
            )

    @property
    def times(self) -> list[int]:
        """The only T that a batch has."""
        return [self.rows.shape[1] - 1]

    @property
    def characters_per_batch(self) -> float:
        """Targets of a batch, padding included."""
        return self.characters_per_name * self.batch_size

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in an epoch."""
        return len(self.rows) // self.batch_size

    @property
    def characters_per_name(self) -> float:
        """Targets a name, padding included."""
        return float(self.rows.shape[1] - 1)

    @cached_property
    def padded_share(self) -> float:
        """Share of the targets that is padding; a name's first end is none."""
        lengths = (self.rows != BOUNDARY).sum(axis=1)
        return 1 - float(lengths.sum()) / (len(lengths) * self.characters_per_name)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return batch ``step`` (from 0) of ``epoch``."""
        order = generator(Stream.BATCHES, self.seed, epoch).permutation(len(self.rows))
        rows = self.rows[order[step * self.batch_size : (step + 1) * self.batch_size]]
        return Batch(
            inputs=rows[:, :-1],
            targets=rows[:, 1:],
            mask=np.ones((self.batch_size, rows.shape[1] - 1), np.float32),
            names=self.batch_size,
            continues=step > 0,
        )
