"""Fits n-grams of all orders at once, by counting which symbols occur after which contexts.

A corpus is a stream of ids: the boundary, a string, the boundary, the next string; a stream of
names also ends with a boundary. Each id except the first is a target. Its contexts are the ids
before it, at most back to the boundary at the beginning of its string. The contexts of one length
are a *level*. They are numbered, and so are their n-grams, sorted by context and target; an n-gram
of one level is a context of the next. All levels take one sort of N numbers, however large
V ** n is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_ORDER
from ...data.vocabulary import BOUNDARY
from .kneser_ney import Numbers, discounted

MOST_NODES = 8_000_000
"""The largest number of contexts; levels that would exceed it are left out."""

MOST_TARGETS = 10_000_000
"""The largest number of characters to fit: it takes about 20 seconds and under a gigabyte."""

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


class Step(NamedTuple):
    """The targets of a stream whose context of one length is known, K of them.

    Attributes:
        where: (K,), the targets, as their places in the stream, sorted.
        context, ngram: (K,), the context, and the n-gram of context and target, of a level.
        there: (K,), whether that n-gram exists; if not, ``ngram`` is another one.
    """

    where: Places
    context: Places
    ngram: Places
    there: NDArray[np.bool_]

    def at(self, kept: NDArray[np.intp]) -> tuple[NDArray[np.intp], Places, Places, Any]:
        """Return which of the targets ``kept``, sorted, have a context, and the rest of these."""
        place = np.searchsorted(self.where, kept)
        rows = np.flatnonzero(np.append(self.where, -1)[place] == kept)
        place = place[rows]
        return rows, self.context[place], self.ngram[place], self.there[place]


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

    def walk(self, stream: Ids) -> Iterator[Step]:
        """Look up the targets of a stream (N + 1,), as for ``count``, level by level."""
        targets, places = _targets(stream)
        where, context = np.arange(len(targets), dtype=np.int32), np.zeros_like(targets)
        for number, level in enumerate(self.levels):
            keys = _keys(level.context, level.target, self.size, level.contexts)
            asked = _keys(context, targets[where], self.size, level.contexts)
            ngram = np.minimum(np.searchsorted(keys, asked), len(keys) - 1).astype(np.int32)
            there = keys[ngram] == asked
            yield Step(where, context, ngram, there)
            if number == 0:
                context = level.child[_before(targets, places)]
            else:
                where, ngram = where[there], ngram[there]
                going = _going(where, places)
                where, context = where[going] + np.int32(1), level.child[ngram[going]]
            where, context = where[context >= 0], context[context >= 0]

    def without(self, stream: Ids, skipped: int = 0) -> Counts:
        """Return the counts without the targets of a stream, which is a part of what was counted.

        What no longer occurs keeps its number, and has the count 0. The first ``skipped`` targets
        stay: of a part that begins within a string, those before whose contexts the part begins.
        """
        levels = []
        for level, step in zip(self.levels, self.walk(stream), strict=True):
            gone = step.ngram[step.where >= skipped]
            raw = level.raw - np.bincount(gone, minlength=len(level.raw)).astype(np.int32)
            levels.append(replace(level, raw=raw))
        return Counts(levels, self.size, self.cut, self.raw)

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
        above = self.levels[number + 1]
        ways = np.bincount(above.shorter[above.raw > 0], minlength=len(level.raw))
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


class Windows:
    """The places of a stream, sorted by the ids that follow: all n-grams of an order at once.

    One sort serves all lengths, since what begins alike is side by side; and it serves the first
    strings alone, since the others can be left out.
    """

    def __init__(self, stream: Ids, size: int, order: int = MOST_ORDER) -> None:
        """Sort a stream.

        Args:
            stream: (N + 1,), N of 1 or more; the first id is the boundary, as before each string.
            size: V, the vocabulary's size; ids lie in [0, V).
            order: the largest order, 1 or more.
        """
        self.stream, self.size, self.order = stream.astype(np.int32), size, order
        total, bits = len(stream) - 1, max(1, (size - 1).bit_length())
        words = []
        for first in range(0, order, 64 // bits):  # as many ids as fit into a number
            word = np.zeros(total, np.uint64)
            for place in range(first, min(order, first + 64 // bits)):
                word <<= np.uint64(bits)
                ids = self.stream[place : place + total].astype(np.uint64)
                word[: len(ids)] |= ids
            words.append(word)
        order_ = np.argsort(words[0]) if len(words) == 1 else np.lexsort(words[::-1])
        self._sorted = order_.astype(np.int32)

    def count(self, most_nodes: int = MOST_NODES, total: int | None = None) -> Counts:
        """Count the n-grams of all orders.

        Args:
            most_nodes: the largest number of contexts, of all lengths together.
            total: how many targets to count, the first ones; by default all, N.
        """
        total = len(self._sorted) if total is None else total
        ids, size = self.stream[: total + 1], self.size
        place, targets = self._sorted[self._sorted < total].astype(np.intp), ids[1:]
        room = _room(ids)[place]
        small = ids.astype(np.uint16) if size <= 1 << 16 else ids  # more of it is in the cache
        every, nothing = np.arange(size, dtype=np.int32), np.zeros(size, np.int32)
        raw = np.bincount(targets, minlength=size).astype(np.int32)
        levels = [Level(nothing, every, raw, nothing, np.full(size, -1, np.int32), nothing[:1])]
        # For each place, its n-gram one level below, by which the n-grams are sorted.
        below, ngram = ids[place], ids.copy()
        nodes = 1
        for length in range(1, self.order):
            long = room >= length
            place, below, room = place[long], below[long], room[long]
            new = np.ones(len(place), bool)
            np.not_equal(below[1:], below[:-1], out=new[1:])
            heads = np.flatnonzero(new)  # of the places with the same context
            nodes += len(heads)
            if nodes > most_nodes or not len(heads):
                return Counts(levels, size, cut=len(heads) > 0)
            levels[-1].child[below[heads]] = np.arange(len(heads))
            lower = ngram[place[heads] + 1]
            backoff = levels[-1].context[lower] if length > 1 else np.zeros_like(lower)
            target = small.take(place + length, mode="clip")
            begins = new.copy()
            begins[1:] |= target[1:] != target[:-1]
            first = np.flatnonzero(begins)
            context = np.cumsum(new[first], dtype=np.int32) - np.int32(1)
            raw = np.diff(first, append=len(place)).astype(np.int32)
            shorter = ngram[place[first] + 1]
            child = np.full(len(first), -1, np.int32)
            levels.append(
                Level(context, target[first].astype(np.int32), raw, shorter, child, backoff)
            )
            if length + 1 < self.order:
                below = np.cumsum(begins, dtype=np.int32) - np.int32(1)
                ngram[place] = below
        return Counts(levels, size, cut=False)


def count(
    stream: Ids, size: int, most_order: int = MOST_ORDER, most_nodes: int = MOST_NODES
) -> Counts:
    """Count the n-grams of a stream, of all orders up to ``most_order``; see ``Windows``."""
    return Windows(stream, size, most_order).count(most_nodes)


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


def _keys(context: Places, target: Places, size: int, contexts: int) -> NDArray[np.integer]:
    """Return a key for each pair of context and target; keys sort like the pairs."""
    keys: NDArray[np.integer] = context.astype(np.int32 if contexts * size < 2**31 else np.int64)
    keys *= size
    keys += target
    return keys


def _room(stream: Ids) -> NDArray[np.uint8]:
    """Return how many ids follow each place of a stream in its string: (N,), 255 at most."""
    last = len(stream) - 1
    places = np.arange(last + 1, dtype=np.int32)
    ends = np.where(stream == BOUNDARY, places, np.int32(last))
    following = np.minimum.accumulate(ends[:0:-1])[::-1]
    return np.minimum(following - places[:-1], 255).astype(np.uint8)


def _joined(kind: Any, parts: list[Any]) -> NDArray[Any]:
    return np.concatenate(parts).astype(kind)
