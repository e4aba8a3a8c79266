"""Padded, length-bucketed batches of names: each a pure function of (seed, epoch, step)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .vocabulary import BOUNDARY

MOST_BUCKETS = 8
SECONDS_PER_BUCKET = 0.65
OPERATIONS_PER_SECOND = 1e11
"""What ``bucket_count`` weighs: measured on two cores, rounded; only their ratio matters."""


@dataclass(frozen=True)
class Batch:
    """Names as ids: ``inputs`` begin with the boundary, ``targets`` end with it.

    Attributes:
        inputs, targets: (B, T) int32; T is the bucket's longest name plus one.
        mask: (B, T) float32; 1 where the target is real, 0 where it is padding.
        names: rows that hold a name; the others are padding altogether.
        continues: whether each row goes on with the carry of that row in the batch before.
        labels: (B,) int32, each row's label k as k + 1, 0 for none; ``None`` without labels.
    """

    inputs: NDArray[np.int32]
    targets: NDArray[np.int32]
    mask: NDArray[np.float32]
    names: int
    continues: bool = False
    labels: NDArray[np.int32] | None = None


def bucket_edges(lengths: NDArray[np.integer], count: int) -> list[int]:
    """Choose at most ``count`` bucket sizes that pad the names ``lengths`` (N,) least.

    Dynamic programming over the distinct lengths: exact. Each name goes to the smallest edge
    that holds it. Over 512 distinct lengths, only 512 quantiles of them are candidates.
    """
    values, counts = np.unique(lengths, return_counts=True)
    if len(values) > 512:
        picks = np.unique(np.linspace(0, len(values) - 1, 512).round().astype(int))
        counts = np.add.reduceat(counts, np.concatenate([[0], picks[:-1] + 1]))
        values = values[picks]
    total = np.concatenate([[0], np.cumsum(counts)])
    n = len(values)
    # cost[j]: fewest cells for the first j lengths; one bucket i..j costs values[j-1] a name.
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
    """Choose how many buckets are worth compiling for: the sum of both times is least.

    A cell, padding or not, costs six operations a parameter in each epoch; what a bucket costs is
    its compilation, which the next run on the same machine finds in the cache.

    Args:
        lengths: (N,) of the names.
        parameters: of the model.
        epochs: passes over the names.
    """
    seconds = {}
    for count in range(1, MOST_BUCKETS + 1):
        edges = np.array(bucket_edges(lengths, count))
        cells = int((edges[np.searchsorted(edges, lengths)] + 1).sum())
        work = cells * epochs * 6 * parameters / OPERATIONS_PER_SECOND
        seconds[count] = work + len(edges) * SECONDS_PER_BUCKET
    return min(seconds, key=seconds.__getitem__)


@dataclass(frozen=True)
class NameBatches:
    """All batches of a list of names.

    Attributes:
        ids: the names' ids one after the other, without boundaries, int32.
        lengths: (N,) ids of each name.
        batch_size: B, rows of each batch.
        seed: decides the order.
        buckets: how many different T there are at most; each is compiled for itself.
        labels: (N,) int32, each name's label, as in ``Batch``.
        label_dropout: share of the labels that are replaced by 0, others in each batch.
    """

    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]
    batch_size: int
    seed: int = 0
    buckets: int = 3
    labels: NDArray[np.int32] | None = None
    label_dropout: float = 0.0

    @cached_property
    def edges(self) -> list[int]:
        """The longest name of each bucket, rising."""
        return bucket_edges(self.lengths, self.buckets)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch: only the last of them may hold fewer than B names."""
        return -(-len(self.lengths) // self.batch_size)

    @property
    def characters(self) -> int:
        """Targets in an epoch: every character and every end symbol."""
        return int(self.lengths.sum()) + len(self.lengths)

    @property
    def characters_per_name(self) -> float:
        """Targets a name, on average."""
        return self.characters / len(self.lengths)

    @property
    def padded_share(self) -> float:
        """Share of the first epoch's cells that is padding."""
        batches = [self.batch(0, step) for step in range(self.steps_per_epoch)]
        return 1 - self.characters / sum(batch.mask.size for batch in batches)

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.lengths)[:-1]]).astype(np.int64)

    @cached_property
    def _bucket_of(self) -> NDArray[np.intp]:
        return np.searchsorted(self.edges, self.lengths)

    def _plan(self, epoch: int) -> list[tuple[int, NDArray[np.intp]]]:
        """Return (longest name, names) of each batch of an epoch, in the order of training.

        What does not fill a bucket's last batch moves up into the next bucket, so that every
        batch but one is full and the number of steps does not depend on the buckets.
        """
        cached = self.__dict__.get("_planned")
        if cached is not None and cached[0] == epoch:
            return cached[1]  # type: ignore[no-any-return]
        rng = np.random.default_rng([self.seed, 2, epoch])
        order = rng.permutation(len(self.lengths))
        bucket_of = self._bucket_of[order]
        plan, left = [], order[:0]
        for bucket, edge in enumerate(self.edges):
            members = np.concatenate([left, order[bucket_of == bucket]])
            full = len(members) - len(members) % self.batch_size
            if bucket == len(self.edges) - 1:
                full = len(members)
            for low in range(0, full, self.batch_size):
                plan.append((edge, members[low : min(low + self.batch_size, full)]))
            left = members[full:]
        plan = [plan[i] for i in rng.permutation(len(plan))]
        self.__dict__["_planned"] = (epoch, plan)
        return plan

    def batch(self, epoch: int, step: int) -> Batch:
        """Return batch ``step`` (from 0) of ``epoch``; always B rows."""
        longest, names = self._plan(epoch)[step]
        batch = self._pad(names, longest, self.batch_size)
        if self.labels is None:
            return batch
        labels = np.zeros(self.batch_size, np.int32)
        labels[: len(names)] = self.labels[names]
        rng = np.random.default_rng([self.seed, 5, epoch, step])
        labels[rng.random(self.batch_size) < self.label_dropout] = 0
        return replace(batch, labels=labels)

    def _pad(self, names: NDArray[np.intp], longest: int, rows: int) -> Batch:
        lengths = np.zeros(rows, np.int64)
        lengths[: len(names)] = self.lengths[names]
        columns = np.arange(longest)
        inside = columns < lengths[:, None]
        padded = np.full((rows, longest), BOUNDARY, np.int32)
        source = self._offsets[names][:, None] + columns
        padded[: len(names)][inside[: len(names)]] = self.ids[source[inside[: len(names)]]]
        edge = np.full((rows, 1), BOUNDARY, np.int32)
        mask = np.arange(longest + 1) <= lengths[:, None]
        mask[len(names) :] = False
        return Batch(
            inputs=np.concatenate([edge, padded], 1),
            targets=np.concatenate([padded, edge], 1),
            mask=mask.astype(np.float32),
            names=len(names),
        )
