"""Padded, length-bucketed batches of names: each a pure function of (seed, epoch, step)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encoded.ragged import Ragged
from ..encoded.sequences import EncodedIds, EncodedNames
from ..random import Stream, generator
from ..vocabulary import BOUNDARY, Vocabulary

MOST_BUCKETS = 8
SECONDS_PER_BUCKET = 0.65
OPERATIONS_PER_SECOND = 6e10
"""Costs that ``bucket_count`` compares, measured on two cores with networks of 224 to 256 units;
only their ratio matters."""


@dataclass(frozen=True)
class Batch:
    """Ids of names or text: the targets are the inputs, moved by one character.

    Attributes:
        inputs, targets: (B, T) int32; of names, T is the bucket's longest name plus one. Targets
            may be distributions too, (B, T, V) float32.
        mask: (B, T) float32; 1 where the target counts, 0 where it is padding.
        names: rows with a name; the others are only padding.
        continues: whether each row continues the same row of the batch before, with its carry.
        labels: (B,) int32, each row's label k as k + 1, 0 for none; ``None`` without labels.
        whole: targets of the whole batch, if these are only some of its rows; otherwise ``None``.
    """

    inputs: NDArray[np.int32]
    targets: NDArray[np.int32] | NDArray[np.float32]
    mask: NDArray[np.float32]
    names: int
    continues: bool = False
    labels: NDArray[np.int32] | None = None
    whole: float | None = None

    @property
    def characters(self) -> float:
        """Targets that count, of the whole batch."""
        return float(self.mask.sum()) if self.whole is None else self.whole


def encode(names: Sequence[str], vocabulary: Vocabulary) -> Ragged | EncodedIds:
    """Return the names' ids, of which ``NameBatches`` takes padded rows.

    Raises:
        VocabularyError: a name contains a character that the vocabulary lacks.
    """
    if isinstance(names, EncodedNames):
        return names.under(vocabulary)
    return Ragged.of(*vocabulary.encode_all(names))


def bucket_edges(lengths: NDArray[np.integer], count: int) -> list[int]:
    """Choose at most ``count`` bucket sizes for names of ``lengths`` (N,) with the least padding.

    Each name goes to the smallest bucket that it fits into. The choice is exact (dynamic
    programming) up to 512 distinct lengths; beyond, 512 quantiles of them are the candidates.
    """
    values, counts = histogram(lengths)
    if len(values) > 512:
        picks = np.unique(np.linspace(0, len(values) - 1, 512).round().astype(int))
        counts = np.add.reduceat(counts, np.concatenate([[0], picks[:-1] + 1]))
        values = values[picks]
    total = np.concatenate([[0], np.cumsum(counts)])
    n = len(values)
    # cost[j]: fewest cells for the first j lengths; in a bucket i..j a name takes values[j-1]
    cost = np.concatenate([[0], values * total[1:]]).astype(float)
    cuts: list[NDArray[np.intp]] = []
    for _ in range(min(count, n) - 1):
        last = np.concatenate([[0], values])[None, :] * (total[None, :] - total[:, None])
        table = np.where(np.tri(n + 1, k=-1, dtype=bool), np.inf, cost[:, None] + last)
        cuts.append(table.argmin(0))
        cost = table.min(0)
    edges, j = [int(values[-1])], n
    for cut in reversed(cuts):
        j = int(cut[j])
        if j == 0:
            break
        edges.append(int(values[j - 1]))
    return sorted(set(edges))


def bucket_count(lengths: NDArray[np.integer], parameters: int, epochs: int) -> int:
    """Choose the number of buckets with the least time for training and compilation together.

    A cell, padding or not, costs six operations a parameter in each epoch. Each bucket has to be
    compiled; the next run on the same machine finds it in JAX's cache.

    Args:
        lengths: (N,) of the names.
        parameters: number of parameters of the model.
        epochs: passes over the names.
    """
    seconds = {}
    values, counts = histogram(lengths)
    for count in range(1, MOST_BUCKETS + 1):
        edges = np.array(bucket_edges(lengths, count))
        cells = int(((edges[np.searchsorted(edges, values)] + 1) * counts).sum())
        work = cells * epochs * 6 * parameters / OPERATIONS_PER_SECOND
        seconds[count] = work + len(edges) * SECONDS_PER_BUCKET
    return min(seconds, key=seconds.__getitem__)


def histogram(
    lengths: NDArray[np.integer], chunk: int = 1 << 20
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct lengths in order, and how many names have each."""
    if len(lengths) < chunk or int(lengths.max()) > chunk:
        values, counts = np.unique(lengths, return_counts=True)
        return values.astype(np.int64), counts
    total = np.zeros(int(lengths.max()) + 1, np.int64)
    for low in range(0, len(lengths), chunk):
        total += np.bincount(lengths[low : low + chunk], minlength=len(total))
    values = np.flatnonzero(total)
    return values, total[values]


@dataclass(frozen=True)
class NameBatches:
    """All batches of a list of names.

    Attributes:
        ids: the ids of each name in a vocabulary, without boundaries, as ``encode`` returns them.
        batch_size: B, rows of each batch.
        seed: decides the order.
        buckets: most different values of T; each is compiled separately.
        labels: (N,) int32, each name's label, as in ``Batch``.
        label_dropout: share of the labels that are replaced by 0, others in each batch.
        weights: (N,), above 0: an epoch has N names, drawn in proportion to these; ``None``: each
            name once.
        rows: those of each batch that are made, where several processes share it; beyond B they
            are padding. ``None``: all B.
    """

    ids: Ragged | EncodedIds
    batch_size: int
    seed: int = 0
    buckets: int = 3
    labels: NDArray[np.int32] | None = None
    label_dropout: float = 0.0
    weights: NDArray[np.float64] | None = None
    rows: range | None = None

    @property
    def lengths(self) -> NDArray[np.integer]:
        """Characters of each name, (N,)."""
        return self.ids.lengths

    @cached_property
    def edges(self) -> list[int]:
        """The longest name of each bucket, in increasing order."""
        return bucket_edges(self.lengths, self.buckets)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch, of which one may have fewer than B names."""
        return -(-len(self.lengths) // self.batch_size)

    @property
    def characters(self) -> int:
        """Targets in an epoch, on average: every character and every end symbol."""
        if self.weights is None:
            return int(self.lengths.sum(dtype=np.int64)) + len(self.lengths)
        return round(
            (1 + float(np.average(self.lengths, weights=self.weights))) * len(self.lengths)
        )

    @property
    def times(self) -> list[int]:
        """Every T that a batch may have."""
        return [edge + 1 for edge in self.edges]

    @property
    def characters_per_batch(self) -> float:
        """Targets of a mean batch of B names."""
        return self.characters / len(self.lengths) * self.batch_size

    @property
    def padded_share(self) -> float:
        """Share of an epoch's cells that is padding."""
        cells = int((self._longest + 1).sum()) * self.batch_size
        return 1 - self.characters / cells

    @cached_property
    def _buckets(self) -> NDArray[np.unsignedinteger]:
        """The bucket of each length up to the longest, in the smallest type that holds them."""
        every = np.arange(self.edges[-1] + 1)
        return np.searchsorted(self.edges, every).astype(np.min_scalar_type(len(self.edges)))

    @cached_property
    def _longest(self) -> NDArray[np.int64]:
        """The longest name of each batch before the batches are shuffled, (steps,).

        Names that do not fill a bucket's last batch move to the next bucket. So every batch but one
        is full, and the number of steps does not depend on the buckets.
        """
        values, counts = histogram(self.lengths)
        sizes = np.bincount(self._buckets[values], weights=counts).astype(np.int64)
        ends = np.cumsum(sizes) // self.batch_size
        ends[-1] = self.steps_per_epoch
        return np.repeat(np.array(self.edges), np.diff(ends, prepend=0))

    def _plan(self, epoch: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Return the names of an epoch (N,), batch by batch, and the batches' order (steps,)."""
        cached = self.__dict__.get("_planned")
        if cached is not None and cached[0] == epoch:
            return cached[1]  # type: ignore[no-any-return]
        self.__dict__.pop("_planned", None)  # before the next one, to have only one in memory
        rng = generator(Stream.BATCHES, self.seed, epoch)
        order = np.arange(len(self.lengths), dtype=np.min_scalar_type(-len(self.lengths)))
        rng.shuffle(order)  # as rng.permutation does
        if self.weights is not None:
            order = self._drawn(order, rng)
        buckets = self._buckets[self.lengths[order]]
        order = np.concatenate([order[buckets == bucket] for bucket in range(len(self.edges))])
        plan = order, rng.permutation(self.steps_per_epoch)
        self.__dict__["_planned"] = (epoch, plan)
        return plan

    def _drawn(self, order: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.integer]:
        """Return as many names, each as often as its weight says, rounded up or down at random.

        That is systematic sampling (Madow 1949), in ``order`` (N,), a random permutation.
        """
        assert self.weights is not None
        ends = np.cumsum(self.weights[order])
        places = (np.arange(len(order)) + rng.random()) * (ends[-1] / len(order))
        drawn: NDArray[np.integer] = order[
            np.minimum(np.searchsorted(ends, places, side="right"), len(order) - 1)
        ]
        rng.shuffle(drawn)
        return drawn

    def batch(self, epoch: int, step: int) -> Batch:
        """Return batch ``step`` (from 0) of ``epoch``; always B rows, or those of ``rows``."""
        every, longest = self.names_of(epoch, step)
        rows = self.rows or range(self.batch_size)
        names = every[rows.start : rows.stop]
        lengths = np.full(len(rows), -1, np.int64)
        lengths[: len(names)] = self.lengths[names]
        ids = np.full((len(rows), longest + 2), BOUNDARY, np.int32)
        if len(names):
            ids[: len(names), 1:-1] = self.ids.padded(names, longest)
        return Batch(
            inputs=ids[:, :-1],
            targets=ids[:, 1:],
            mask=(np.arange(longest + 1) <= lengths[:, None]).astype(np.float32),
            names=len(every),
            labels=self._labels_of(every, epoch, step),
            whole=float(self.lengths[every].sum(dtype=np.int64)) + len(every),
        )

    def names_of(self, epoch: int, step: int) -> tuple[NDArray[np.integer], int]:
        """Return the names of a batch, at most B, and the longest length of its bucket."""
        order, batches = self._plan(epoch)
        low = int(batches[step]) * self.batch_size
        names = order[low : low + self.batch_size]
        return names, self.edges[self._buckets[self.lengths[names[-1]]]]

    def _labels_of(
        self, names: NDArray[np.integer], epoch: int, step: int
    ) -> NDArray[np.int32] | None:
        """Return the labels of the batch of ``names``, some of them dropped, (B,)."""
        if self.labels is None:
            return None
        labels = np.zeros(self.batch_size, np.int32)
        labels[: len(names)] = self.labels[names]
        rng = generator(Stream.LABEL_DROPOUT, self.seed, epoch, step)
        labels[rng.random(self.batch_size) < self.label_dropout] = 0
        return labels if self.rows is None else rows_of(labels, self.rows)


def rows_of(array: NDArray[Any], rows: range) -> NDArray[Any]:
    """Return ``rows`` of ``array`` (B, ...); those beyond B are 0."""
    found = np.zeros((len(rows), *array.shape[1:]), array.dtype)
    own = array[rows.start : rows.stop]
    found[: len(own)] = own
    return found
