"""Fits n-grams of all orders at once, by counting which symbols occur after which contexts.

A corpus is a stream of ids: the boundary, a string, the boundary, the next string; a stream of
names also ends with a boundary. Each id except the first is a target. Its contexts are the ids
before it, at most back to the boundary at the beginning of its string. The contexts of one length
are a *level*. They are numbered, and so are their n-grams, sorted by context and target; an n-gram
of one level is a context of the next. So a level takes one sort of N numbers, however large
V ** n is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_ORDER
from ...data.vocabulary import BOUNDARY
from .kneser_ney import Numbers, discounted

MOST_NODES = 8_000_000
"""The largest number of contexts; levels that would exceed it are left out."""

MOST_TARGETS = 10_000_000
"""The largest number of characters to fit: it takes about 20 seconds and under a gigabyte."""

FEW_KEYS = 2
"""Possible keys, for each key that there is, up to which they are counted without sorting."""

Ids = NDArray[np.integer]
Places = NDArray[np.int32]
"""Indices of targets, contexts and n-grams; there are fewer than 2**31 of each."""


@dataclass(frozen=True, eq=False)
class Level:
    """The contexts of one length, C of them, and their n-grams, E.

    Attributes:
        context, target: (E,), each n-gram's context and last id; sorted by both.
        raw: (E,), its count; 0 only for ids that never occur, after the empty context.
        shorter: (E,), the n-gram without its first id, one level below.
        child: (E,), the context that the n-gram is one level above; -1 if none.
        backoff: (C,), the context without its first id, one level below.
    """

    context: Places
    target: Places
    raw: Places
    shorter: Places
    child: Places
    backoff: Places

    @property
    def contexts(self) -> int:
        """C, the number of contexts."""
        return len(self.backoff)


class Counts:
    """The n-gram counts of a corpus, up to an order; created by ``count``."""

    def __init__(self, levels: list[Level], size: int, cut: bool, raw: bool = False) -> None:
        self.levels, self.size, self.raw = tuple(levels), size, raw
        self.cut = cut
        """Whether longer contexts were left out because there were too many."""

    @property
    def most_order(self) -> int:
        """The length of the longest n-grams."""
        return len(self.levels)

    @cached_property
    def _raw(self) -> list[tuple[Numbers, Numbers]]:
        """For each level, the probabilities from raw counts: as the highest level."""
        return [discounted(one.raw, one.context, one.contexts) for one in self.levels]

    @cached_property
    def _continued(self) -> list[tuple[Numbers, Numbers]]:
        """For each level but the last, those from continuation counts: below a higher level."""
        found = []
        for number, level in enumerate(self.levels[:-1]):
            found.append(discounted(self.used(number), level.context, level.contexts))
        return found

    def walk(self, stream: Ids) -> Iterator[tuple[Places, Places, Places, NDArray[np.bool_]]]:
        """Look up the targets of a stream, level by level.

        Args:
            stream: (N + 1,), as for ``count``.

        Yields:
            For each level: the targets whose context there is known, as their places in the
            stream; these contexts; the n-grams of context and target; and whether each exists.
        """
        targets, places = _targets(stream)
        where, context = np.arange(len(targets), dtype=np.int32), np.zeros_like(targets)
        for number, level in enumerate(self.levels):
            keys = _keys(level.context, level.target, self.size, level.contexts)
            asked = _keys(context, targets[where], self.size, level.contexts)
            ngram = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
            there = keys[ngram] == asked
            yield where, context, ngram.astype(np.int32), there
            if number == 0:
                context = level.child[_before(targets, places)]
            else:
                where, ngram = where[there], ngram[there]
                going = _going(where, places)
                where, context = where[going] + np.int32(1), level.child[ngram[going]]
            where, context = where[context >= 0], context[context >= 0]

    def nodes(self, stream: Ids) -> Places:
        """Return the node of ``arrays`` before each target of a stream (N + 1,): (N,)."""
        found, base = np.zeros(len(stream) - 1, np.int32), 0
        for level, (where, context, _, _) in zip(self.levels, self.walk(stream), strict=True):
            found[where] = base + context
            base += level.contexts
        return found

    def probabilities(self, stream: Ids) -> Numbers:
        """Return each target's probability under the models of order 1, 2, …: (orders, N).

        Args:
            stream: (N + 1,), as for ``count``.
        """
        below = np.full(len(stream) - 1, 1 / self.size)
        found = np.empty((len(self.levels), len(below)))
        for number, (where, context, ngram, there) in enumerate(self.walk(stream)):
            found[number] = below
            for parts, result in (
                (self._raw[number], found[number]),
                *([(self._continued[number], below)] if number + 1 < len(self.levels) else []),
            ):
                own, left = parts
                result[where] = left[context] * result[where] + np.where(there, own[ngram], 0)
        return found

    def used(self, number: int) -> NDArray[np.integer]:
        """Return the counts (E,) that level ``number`` is estimated from.

        Raw counts for the highest level, continuation counts for the others.
        """
        level = self.levels[number]
        if self.raw or number + 1 == len(self.levels):
            return level.raw
        ways = np.bincount(self.levels[number + 1].shorter, minlength=len(level.raw))
        return np.where(ways > 0, ways, level.raw)

    def arrays(
        self, order: int, parts: Sequence[tuple[Numbers, Numbers]] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return the arrays of the model of an order, 1 or more; see ``ngram.arrays``.

        Orders above ``most_order`` give the model of ``most_order``: there are no longer contexts.

        Args:
            order: its order.
            parts: for each level, the n-grams' discounted probabilities (E,) and the contexts'
                backoff weights (C,); by default those of modified Kneser-Ney smoothing.
        """
        order = min(order, self.most_order)
        levels = self.levels[:order]
        base = np.cumsum([0, *(level.contexts for level in levels)])
        parts = parts or [*self._continued[: order - 1], self._raw[order - 1]]
        following: list[Places] = []
        for number, level in enumerate(levels):
            lower = following[-1][level.shorter] if number else np.zeros_like(level.raw)
            last = number + 1 == order
            continues = (level.child >= 0) & (not last)
            following.append(np.where(continues, base[number + 1] + level.child, lower))
        counts = [np.bincount(level.context, minlength=level.contexts) for level in levels]
        backoff = [
            level.backoff + (base[number - 1] if number else 0)
            for number, level in enumerate(levels)
        ]
        return {
            "ngram.starts": _joined(np.int32, [np.cumsum([0, *np.concatenate(counts)])]),
            "ngram.targets": _joined(np.int32, [level.target for level in levels]),
            "ngram.own": _joined(np.float32, [own for own, _ in parts]),
            "ngram.next": _joined(np.int32, following),
            "ngram.backoff": _joined(np.int32, backoff),
            "ngram.left": _joined(np.float32, [left for _, left in parts]),
        }


def count(
    stream: Ids, size: int, most_order: int = MOST_ORDER, most_nodes: int = MOST_NODES
) -> Counts:
    """Count the n-grams of a stream, of all orders.

    Args:
        stream: (N + 1,), N of 1 or more; the first id is the boundary, as before each string.
        size: V, the vocabulary's size; ids lie in [0, V).
        most_order: the largest order, 1 or more.
        most_nodes: the largest number of contexts, of all lengths together.
    """
    targets, places = _targets(stream)
    total = len(targets)
    before = _before(targets, places)
    seen = np.bincount(before, minlength=size) > 0
    every, nothing = np.arange(size, dtype=np.int32), np.zeros(size, np.int32)
    child = _numbers(seen)
    raw = np.bincount(targets, minlength=size).astype(np.int32)
    levels = [Level(nothing, every, raw, nothing, child, nothing[:1])]
    # For each target, its context one level below, and its n-gram there.
    lower, ngram_below = np.zeros(total, np.int32), targets.copy()
    where, context, contexts = np.arange(total, dtype=np.int32), child[before], int(seen.sum())
    del before
    nodes = 1
    while len(levels) < most_order and contexts:
        nodes += contexts
        if nodes > most_nodes:
            return Counts(levels, size, cut=True)
        asked = _keys(context, targets[where], size, contexts)
        keys, first, ngram, raw = _distinct(asked, contexts * size)
        of, target = (keys // size).astype(np.int32), (keys % size).astype(np.int32)
        heads = first[np.searchsorted(of, np.arange(contexts))]
        backoff, shorter = lower[where[heads]], ngram_below[where[first]]
        lower[where], ngram_below[where] = context, ngram
        going = _going(where, places)
        used = np.bincount(ngram[going], minlength=len(keys)) > 0
        child = _numbers(used)
        levels.append(Level(of, target, raw, shorter, child, backoff))
        where, context, contexts = where[going] + np.int32(1), child[ngram[going]], int(used.sum())
    return Counts(levels, size, cut=False)


def stream_of(ids: Ids, lengths: Ids) -> NDArray[np.int32]:
    """Return the stream of names with concatenated ``ids`` (characters,) and ``lengths`` (N,)."""
    lengths = np.asarray(lengths, np.int64)
    stream = np.full(len(ids) + len(lengths) + 1, BOUNDARY, np.int32)
    stream[1 + np.arange(len(ids)) + np.repeat(np.arange(len(lengths)), lengths)] = ids
    return stream


def _targets(stream: Ids) -> tuple[Places, Places]:
    """Return a stream's targets, (N,), and the position of each within its string, (N,)."""
    inputs, targets = stream[:-1], stream[1:].astype(np.int32)
    here = np.arange(len(inputs), dtype=np.int32)
    starts = np.maximum.accumulate(np.where(inputs == BOUNDARY, here, np.int32(0)))
    return targets, here - starts


def _before(targets: Places, places: Places) -> Places:
    """Return the id before each target."""
    return np.where(places == 0, np.int32(BOUNDARY), np.roll(targets, 1))


def _going(where: Places, places: Places) -> NDArray[np.bool_]:
    """Return which targets are not the last of their string."""
    after = np.minimum(where + 1, len(places) - 1)
    return (where + 1 < len(places)) & (places[after] > 0)


def _numbers(used: NDArray[np.bool_]) -> Places:
    """Return consecutive numbers for those that are used, and -1 for the others."""
    return np.where(used, np.cumsum(used, dtype=np.int32) - np.int32(1), np.int32(-1))


def _keys(context: Places, target: Places, size: int, contexts: int) -> NDArray[np.integer]:
    """Return a key for each pair of context and target; keys sort like the pairs."""
    keys: NDArray[np.integer] = context.astype(np.int32 if contexts * size < 2**31 else np.int64)
    keys *= size
    keys += target
    return keys


def _distinct(
    keys: NDArray[np.integer], end: int
) -> tuple[NDArray[np.integer], NDArray[np.intp], Places, Places]:
    """Return the sorted distinct keys, the index of one of each, each key's number, and counts.

    Like ``np.unique`` with half its memory, since it need not find the first index of each key. The
    keys lie in [0, end); where these are few, nothing is sorted.
    """
    if end <= FEW_KEYS * len(keys):
        every = np.bincount(keys, minlength=end)
        there = every > 0
        distinct = np.flatnonzero(there).astype(keys.dtype)
        number = (np.cumsum(there, dtype=np.int32) - np.int32(1))[keys]
        index = np.empty(len(distinct), np.intp)
        index[number] = np.arange(len(keys))
        return distinct, index, number, every[distinct].astype(np.int32)
    order = np.argsort(keys)
    sorted_ = keys[order]
    new = np.ones(len(keys), bool)
    np.not_equal(sorted_[1:], sorted_[:-1], out=new[1:])
    number = np.empty(len(keys), np.int32)
    number[order] = np.cumsum(new, dtype=np.int32) - np.int32(1)
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, len(keys))).astype(np.int32)
    return sorted_[starts], order[starts], number, counts


def _joined(kind: Any, parts: list[Any]) -> NDArray[Any]:
    return np.concatenate(parts).astype(kind)
