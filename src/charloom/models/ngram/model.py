"""An n-gram as a recurrence: its carry is the node of the longest context that it knows.

The nodes and their numbers are those of ``ngram_arrays``. The first ones, of the shortest and so
most frequent contexts, have their probabilities and their next nodes in a table of V columns; for
the others, what they add to their backoff's is looked up.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...errors import ConfigError
from ..interface import NEVER, Floats
from .arrays import TYPES, Arrays, check_arrays, level_ends

TABLE_BYTES = 1 << 25
"""That the table may take, at most: it is made in some hundredths of a second."""

Ids = NDArray[np.integer]
Nodes = NDArray[np.int32]


@dataclass(frozen=True)
class Buffers:
    """Memory that a step of up to ``rows`` rows writes to; of use to one thread at a time."""

    carry: Floats  # (1, rows, 1), node numbers
    logits: Floats  # (rows, V)


class NGram:
    """Counts as the function ``step(ids, carry) -> logits, carry``.

    The carry, (1, B, 1), holds node numbers, int32 in the bytes of float32, to be copied only;
    zeros, where it begins, are the empty context.
    """

    def __init__(self, config: ModelConfig, weights: Arrays, table_bytes: int = TABLE_BYTES):
        """Take the arrays of ``ngram_arrays``.

        Raises:
            ConfigError: an array is missing, too many or not as it must be.
        """
        if different := sorted(set(weights) ^ set(TYPES)):
            raise ConfigError(
                f"an n-gram must have the arrays {sorted(TYPES)}. "
                f"Missing or too many: {different[:8]}"
            )
        starts = weights["ngram.starts"]
        self.config = config
        self.vocabulary_size = int(starts[1]) if starts.ndim == 1 and len(starts) > 1 else 0
        check_arrays(weights, self.vocabulary_size)
        self._starts, self._targets, self._own, self._next, self._backoff, self._left = (
            weights[name] for name in TYPES
        )
        self._banned: list[int] = []
        self._fill(max(1, table_bytes // (8 * self.vocabulary_size)))

    def _fill(self, most: int) -> None:
        """Make the table, of at most so many nodes: level by level, each from the one before."""
        size, starts = self.vocabulary_size, self._starts
        nodes = min(most, len(self._backoff))
        table = np.empty((nodes, size), np.float32)
        following = np.empty((nodes, size), np.int32)
        table[0] = self._own[:size] + self._left[0] / np.float32(size)
        following[0] = self._next[:size]
        low = 1
        for end in level_ends(self._backoff)[1:]:
            high = min(end, nodes)
            below = self._backoff[low:high]
            np.take(table, below, axis=0, out=table[low:high], mode="clip")
            np.take(following, below, axis=0, out=following[low:high], mode="clip")
            table[low:high] *= self._left[low:high, None]
            part = slice(starts[low], starts[high])
            node = np.repeat(np.arange(low, high), np.diff(starts[low : high + 1]))
            table[node, self._targets[part]] += self._own[part]
            following[node, self._targets[part]] = self._next[part]
            low = high
            if low == nodes:
                break
        self._table, self._following = table, following

    @property
    def contexts(self) -> int:
        """How many contexts it knows, the empty one included."""
        return len(self._backoff)

    def without(self, ids: Iterable[int]) -> NGram:
        """Return the model that never gives ``ids``, though it may read them; shares all arrays.

        Raises:
            ConfigError: an id lies outside [0, V).
        """
        other = copy.copy(self)
        other._banned = [*self._banned, *checked_ids(ids, self.vocabulary_size)]
        return other

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (1, rows, 1): zeros."""
        return np.zeros((1, rows, 1), np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Set memory aside for steps of up to ``rows`` rows; ``carry`` is a part of it."""
        return Buffers(
            carry=np.empty((1, rows, 1), np.float32) if carry is None else carry,
            logits=np.empty((rows, self.vocabulary_size), np.float32),
        )

    def step(self, ids: Ids, carry: Floats, out: Buffers | None = None) -> tuple[Floats, Floats]:
        """Read one character a row; see ``NumpyRNN.step``. The logits are log probabilities."""
        rows = len(ids)
        out = out or self.buffers(rows)
        after, logits = out.carry[:, :rows], out.logits[:rows]
        nodes = self.after(nodes_of(carry), ids)
        nodes_of(after)[:] = nodes
        self.probabilities(nodes, logits)
        np.log(logits, out=logits)
        if self._banned:
            logits[:, self._banned] = NEVER
        return logits, after

    def after(self, nodes: Nodes, ids: Ids) -> Nodes:
        """Return the nodes (B,) at which one is that reads ``ids`` (B,) at ``nodes`` (B,)."""
        listed = len(self._table)
        if listed == len(self._backoff):
            found: Nodes = self._following[nodes, ids]
            return found
        result = np.empty(len(nodes), np.int32)
        open_rows, here = np.arange(len(nodes)), nodes
        while len(open_rows):
            quick = here < listed
            rows = open_rows[quick]
            result[rows] = self._following[here[quick], ids[rows]]
            open_rows, here = open_rows[~quick], here[~quick]
            if not len(open_rows):
                break
            place, there = self._find(here, ids[open_rows])
            result[open_rows[there]] = self._next[place[there]]
            open_rows, here = open_rows[~there], self._backoff[here[~there]]
        return result

    def _find(self, nodes: Nodes, ids: Ids) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return where the n-grams of ``nodes`` that end in ``ids`` are, and whether they are."""
        low = self._starts[nodes].astype(np.int64)
        end = self._starts[nodes + 1].astype(np.int64)
        high = end.copy()
        while (busy := low < high).any():  # a binary search in each row
            middle = (low + high) // 2
            right = busy & (self._targets[np.minimum(middle, len(self._targets) - 1)] < ids)
            low = np.where(right, middle + 1, low)
            high = np.where(busy & ~right, middle, high)
        inside = low < end
        place = np.minimum(low, len(self._targets) - 1)
        return place, inside & (self._targets[place] == ids)

    def probabilities(self, nodes: Nodes, out: Floats | None = None) -> Floats:
        """Return the probabilities of what comes next at ``nodes`` (B,): (B, V)."""
        listed = len(self._table)
        if listed == len(self._backoff):
            return np.take(self._table, nodes, axis=0, out=out, mode="clip")
        chain = [nodes]
        while (chain[-1] >= listed).any():
            last = chain[-1]
            chain.append(np.where(last >= listed, self._backoff[last], last))
        result = np.take(self._table, chain[-1], axis=0, out=out, mode="clip")
        for link in reversed(chain[:-1]):
            rows = np.flatnonzero(link >= listed)
            here = link[rows]
            result[rows] *= self._left[here, None]
            start = self._starts[here].astype(np.int64)
            counts = self._starts[here + 1] - start
            ends = np.cumsum(counts)
            place = np.arange(ends[-1]) + np.repeat(start - (ends - counts), counts)
            result[np.repeat(rows, counts), self._targets[place]] += self._own[place]
        return result

    def one_row(self) -> OneNode:
        """Return the model for one string, which it reads as fast as can be."""
        return OneNode(self, self._banned)


class OneNode:
    """An n-gram and its node; made by ``NGram.one_row``."""

    def __init__(self, ngram: NGram, banned: list[int]) -> None:
        self._ngram, self._banned = ngram, banned
        self._node = np.zeros(1, np.int32)
        self._logits = np.empty((1, ngram.vocabulary_size), np.float32)

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the logits of the next one, (V,), until the next call."""
        logits = self.probabilities(character)
        np.log(logits, out=logits)
        if self._banned:
            logits[self._banned] = NEVER
        return logits

    def probabilities(self, character: int) -> Floats:
        """Read an id in [0, V); return the next one's probabilities, (V,), until the next call."""
        self._node = self._ngram.after(self._node, np.array([character]))
        row: Floats = self._ngram.probabilities(self._node, self._logits)[0]
        return row


def nodes_of(carry: Floats) -> Nodes:
    """Return the node numbers that a carry (1, B, 1) of an n-gram holds, (B,); a view."""
    nodes: Nodes = carry[0, :, 0].view(np.int32)
    return nodes


def checked_ids(ids: Iterable[int], size: int) -> list[int]:
    """Return ids as a list.

    Raises:
        ConfigError: one lies outside [0, V), V = ``size``.
    """
    banned = list(ids)
    if any(not 0 <= i < size for i in banned):
        raise ConfigError(f"ids must lie in [0, {size}). Received: {banned}")
    return banned
