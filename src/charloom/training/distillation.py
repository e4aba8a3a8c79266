"""What a network learns from several others: names, and the mean of their distributions.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network". A list of names is
short, but the networks that were trained on it can invent as many more as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..data.batches.names import Batch, NameBatches
from ..data.encoded.ragged import Ragged
from ..data.vocabulary import BOUNDARY
from ..models.interface import Floats, Recurrence
from ..models.scoring.names import log_softmax

ROWS = 4096
"""Names that are read together, at most."""

HARD = np.float32(0.75)
"""How much the character that follows in a name of the list counts there, beside the networks'
distribution."""


@dataclass(frozen=True, eq=False)
class SoftNames:
    """Names, and the distribution of the next character after each of their prefixes.

    Attributes:
        ids: each name's ids, without boundaries.
        prefixes: for each name of T ids, the rows of ``table`` for its T + 1 prefixes.
        table: (prefixes, V) float32, a row for each distinct prefix of names read together.
        given: how many of the names, the first ones, are of the list; the others are sampled.
    """

    ids: Ragged
    prefixes: Ragged
    table: Floats
    given: int


def soft_names(
    networks: Sequence[Recurrence],
    names: Ragged,
    sampled: int,
    longest: int,
    rng: np.random.Generator,
) -> SoftNames:
    """Return ``names``, and others sampled from the mean of the networks' distributions.

    Of names that are read together, each distinct prefix is read once.

    Args:
        networks: at least one, with the same vocabulary.
        names: N names to read.
        sampled: how many more to sample; empty ones are left out.
        longest: length at which a sampled name is cut.
        rng: the source of randomness.

    Example:
        >>> from charloom.models.rnn.numpy import NumpyRNN
        >>> soft = soft_names([network], names, 1000, 12, rng)  # doctest: +SKIP
        >>> soft.table.sum(axis=1)  # doctest: +SKIP
        array([1., 1., 1., ...], dtype=float32)
    """
    given = len(names)
    width = max(longest, int(names.lengths.max(initial=0)))
    ids = np.zeros((given + sampled, width + 1), np.int32)  # (N + S, T + 1), the end a boundary
    ids[:given, :width] = names.padded(np.arange(given), width)
    prefixes = np.zeros(ids.shape, np.int64)
    tables: list[Floats] = []
    rows = np.arange(given + sampled)
    for low in range(0, len(rows), ROWS):
        _read(networks, rows[low : low + ROWS], given, longest, ids, prefixes, tables, rng)
    lengths = (ids != BOUNDARY).sum(axis=1)
    kept = lengths > 0
    ids, prefixes, lengths = ids[kept], prefixes[kept], lengths[kept]
    places = np.arange(width + 1)
    return SoftNames(
        ids=Ragged.of(ids[places < lengths[:, None]], lengths),
        prefixes=Ragged.of(prefixes[places <= lengths[:, None]], lengths + 1),
        table=np.concatenate(tables),
        given=given,
    )


def _read(
    networks: Sequence[Recurrence],
    rows: NDArray[np.intp],
    given: int,
    longest: int,
    ids: NDArray[np.int32],
    prefixes: NDArray[np.int64],
    tables: list[Floats],
    rng: np.random.Generator,
) -> None:
    """Read ``rows`` of ``ids``, or sample those from ``given`` on, and add to ``tables``."""
    first = sum(map(len, tables))
    nodes = np.zeros(len(rows), np.int64)  # the prefix that each name that has not ended is at
    read, carries = np.array([BOUNDARY]), [network.initial_carry(1) for network in networks]
    for time in range(ids.shape[1]):
        mean, carries = _step(networks, read, carries)  # (nodes, V)
        tables.append(mean)
        prefixes[rows, time] = first + nodes
        first += len(mean)
        if time < longest:
            free = rows >= given
            ids[rows[free], time] = _draw(mean, nodes[free], rng)
        going = ids[rows, time] != BOUNDARY
        rows, nodes = rows[going], nodes[going]
        if not len(rows):
            return
        distinct, nodes = np.unique(nodes * mean.shape[1] + ids[rows, time], return_inverse=True)
        parents, read = np.divmod(distinct, mean.shape[1])
        carries = [carry[:, parents] for carry in carries]


def _step(
    networks: Sequence[Recurrence], read: NDArray[np.integer], carries: Sequence[Floats]
) -> tuple[Floats, list[Floats]]:
    """Read a character a row; return the mean of the networks' distributions, and their carries."""
    mean = np.zeros((len(read), networks[0].vocabulary_size), np.float32)
    after = []
    for network, before in zip(networks, carries, strict=True):
        logits, carry = network.step(read, before)
        mean += np.exp(log_softmax(logits))
        after.append(carry)
    mean /= np.float32(len(networks))
    return mean, after


def _draw(mean: Floats, nodes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw an id for each of ``nodes`` (S,) from its row of ``mean`` (nodes, V)."""
    sums = mean.cumsum(axis=1, dtype=np.float64)
    sums /= sums[:, -1:]
    # One sorted array, in which each row's sums lie between its number and the next one.
    places = np.searchsorted((sums + np.arange(len(sums))[:, None]).ravel(),
                             nodes + rng.random(len(nodes)), side="right")  # fmt: skip
    found: NDArray[np.intp] = np.minimum(places - nodes * mean.shape[1], mean.shape[1] - 1)
    return found


@dataclass(frozen=True)
class SoftBatches(NameBatches):
    """Batches of names whose targets are distributions, (B, T, V).

    In names of the list, ``HARD`` of each distribution moves to the character that follows.
    """

    soft: SoftNames = None  # type: ignore[assignment]

    @classmethod
    def of(cls, soft: SoftNames, batch_size: int, seed: int, buckets: int) -> SoftBatches:
        """Return the batches of ``soft``."""
        return cls(soft.ids, batch_size, seed, buckets, soft=soft)

    def batch(self, epoch: int, step: int) -> Batch:
        """Return batch ``step`` (from 0) of ``epoch``; always B rows."""
        batch = super().batch(epoch, step)
        names, longest = self.names_of(epoch, step)
        prefixes = np.zeros(batch.targets.shape, np.int64)
        prefixes[: len(names)] = self.soft.prefixes.padded(names, longest + 1)
        soft = self.soft.table[prefixes]  # (B, T, V)
        share = np.zeros((self.batch_size, 1, 1), np.float32)
        share[: len(names)][names < self.soft.given] = HARD
        soft *= 1 - share
        next_ids = batch.targets[:, :, None].astype(np.int64)
        np.put_along_axis(soft, next_ids, np.take_along_axis(soft, next_ids, 2) + share, 2)
        return replace(batch, targets=soft)
