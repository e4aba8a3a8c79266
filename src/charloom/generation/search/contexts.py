"""An n-gram model of contexts of any length, distilled from what walks have visited.

A context of k ids is a node if enough prefixes that end with it were visited. A prefix belongs to
the longest one that it ends with. Node and next id determine the next node, so the nodes are the
states of an automaton, as those of Ron, Singer and Tishby 1996, "The Power of Amnesia". The
probabilities also depend on the length of the prefix: after "sa", a short dinosaur name continues
differently from a long one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from .visits import MOST_ORDER, Floats64, Visits

FEWEST = 3  # visits of a context of two ids or more
OWN = 4.0  # visits at which a context's own average weighs as much as that of the shorter context
SPANS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30)  # lengths at which the probabilities change

Ints64 = NDArray[np.int64]


@dataclass(frozen=True)
class Contexts:
    """P(next id | the longest context known, the length); N contexts, the empty one first.

    Attributes:
        shorter: (N,), the context without its first id; of the empty one itself.
        firsts: where the contexts of each order start, and N.
        after: (N, V), the context after each next id; the boundary's is that of a beginning.
        rows: (M,), the context of each visit.
        spans: (M,), the span of lengths of each visit, as numbered by ``span``.
        visits, weights: what it was distilled from, and how much each counts, (M,).
    """

    shorter: Ints64
    firsts: tuple[int, ...]
    after: NDArray[np.int32]
    rows: Ints64
    spans: NDArray[np.intp]
    visits: Visits
    weights: Floats64

    @classmethod
    def of(
        cls, visits: Visits, weights: Floats64, order: int = MOST_ORDER, most: int = 4000
    ) -> Contexts:
        """Find at most about ``most`` contexts of up to ``order`` ids; ``weights`` are (M,)."""
        V = visits.p.shape[1]
        while V**order >= 2**62:
            order -= 1
        fewest = FEWEST
        while True:
            keys, rows = _nodes(visits.recent, V, order, fewest, most)
            if sum(map(len, keys)) <= most or len(keys) == 1:
                break
            fewest += fewest // 2
        firsts = np.cumsum([0, *map(len, keys)])
        shorter = [np.zeros(1, np.int64)]
        after = np.zeros((firsts[-1], V), np.int32)
        for k, own in enumerate(keys):
            if k:
                shorter.append(firsts[k - 1] + np.searchsorted(keys[k - 1], own % V ** (k - 1)))
            part = after[firsts[k] : firsts[k + 1]]
            for j in range(1, min(k + 2, len(keys))):  # longer ones overwrite shorter ones
                sought = own[:, None] % V ** (j - 1) * V + np.arange(V)
                place = np.minimum(np.searchsorted(keys[j], sought), len(keys[j]) - 1)
                hit = keys[j][place] == sought
                part[hit] = (firsts[j] + place)[hit]
        spans = np.searchsorted(SPANS, visits.lengths, side="right")
        return cls(
            np.concatenate(shorter), tuple(firsts.tolist()), after, rows, spans, visits, weights
        )

    def __len__(self) -> int:
        return len(self.shorter)

    def context(self, ids: NDArray[np.integer]) -> int:
        """Return the context of a string that begins with ``ids``."""
        node = 0
        for id_ in [0] * (len(self.firsts) - 2) + ids.tolist():
            node = int(self.after[node, id_])
        return node

    @cached_property
    def probabilities(self) -> Floats64:
        """P(next id | context), whatever the length, (N, V)."""
        sums = self._sums(slice(None))
        V = sums.shape[1]
        p = np.empty_like(sums)
        p[0] = (sums[0] + OWN / V) / (sums[0].sum() + OWN)
        for part in self._orders():
            prior = p[self.shorter[part]]
            p[part] = (sums[part] + OWN * prior) / (sums[part].sum(axis=1, keepdims=True) + OWN)
        return p

    def at(self, span: int) -> Floats64:
        """P(next id | context) at the lengths of a span, (N, V).

        The prior of a context is its probability at any length, times the factor by which the
        length changes that of the shorter context.
        """
        p, sums = self.probabilities, self._sums(self.spans == span)
        here = np.empty_like(p)
        here[0] = (sums[0] + OWN * p[0]) / (sums[0].sum() + OWN)
        for part in self._orders():
            shorter = self.shorter[part]
            prior = p[part] * (here[shorter] / p[shorter])
            prior *= OWN / prior.sum(axis=1, keepdims=True)
            prior += sums[part]
            here[part] = prior / prior.sum(axis=1, keepdims=True)
        return here

    def end_odds(self, longest: int) -> Floats64:
        """Return factors of the odds that a string of each length ends there, (longest + 1,), by
        which the probabilities at any length are those at this one."""
        by_length = np.minimum(self.visits.lengths, longest)
        count, own, expected = (
            np.bincount(by_length, self.weights * ends, longest + 1)
            for ends in (
                np.ones(len(self.rows)),
                self.visits.p[:, BOUNDARY],
                self.probabilities[self.rows, BOUNDARY],
            )
        )
        odds: Floats64 = (own + 0.5) / (count - own + 0.5)
        odds *= (count - expected + 0.5) / (expected + 0.5)
        return odds

    @staticmethod
    def span(length: int) -> int:
        """Return the number of the span that a length is in."""
        return bisect_right(SPANS, length)

    def _orders(self) -> Iterator[slice]:
        for k in range(1, len(self.firsts) - 1):
            yield slice(self.firsts[k], self.firsts[k + 1])

    def _sums(self, which: slice | NDArray[np.bool_]) -> Floats64:
        """Return the sums of the visits' weighted probabilities by context, (N, V)."""
        p = self.visits.p[which] * self.weights[which, None]
        sums = added(p, self.rows[which], len(self))
        for part in reversed(list(self._orders())):
            sums += added(sums[part], self.shorter[part], len(self))
        return sums


def added(values: Floats64, rows: NDArray[np.integer], size: int) -> Floats64:
    """Return the sums of ``values`` (M, V) by row, (size, V)."""
    sums = np.zeros((size, values.shape[1]))
    if len(values):
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        sums[ordered[starts]] = np.add.reduceat(values[order], starts, axis=0)
    return sums


def _nodes(
    recent: NDArray[np.int32], V: int, order: int, fewest: int, most: int
) -> tuple[list[Ints64], Ints64]:
    """Return the contexts of each order as sorted numbers, their ids as digits of base ``V``; and
    the longest one that each visit belongs to, (M,)."""
    keys, rows, total = [np.zeros(1, np.int64)], np.zeros(len(recent), np.int64), 1
    number = np.zeros(len(recent), np.int64)
    for k in range(1, order + 1):
        number = number + recent[:, recent.shape[1] - k].astype(np.int64) * V ** (k - 1)
        found, inverse, counts = np.unique(number, return_inverse=True, return_counts=True)
        kept = (counts >= fewest) | (k == 1)
        # Without its first id, and without its last one, it must be a context too.
        kept &= np.isin(found % V ** (k - 1), keys[-1]) & np.isin(found // V, keys[-1])
        if not kept.any() or (k == 1 and kept.sum() >= most):
            break
        place = np.where(kept, total + np.cumsum(kept) - 1, -1)[inverse.reshape(-1)]
        rows = np.where(place < 0, rows, place)
        keys.append(found[kept])
        total += len(keys[-1])
    return keys, rows
