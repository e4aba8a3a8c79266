"""An n-gram as a recurrence whose carry is the node of the longest known context.

Nodes are those of ``ngram.arrays``. For the first nodes, with the shortest and so most frequent
contexts, probabilities and next nodes are in a table of V columns. For the others, they are looked
up in their n-grams and combined with those of their backoff nodes. The table begins small, for a
few strings, and is filled once there are many.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ..interface import NEVER, Excluding, Floats
from .arrays import TYPES, Arrays, check_arrays, level_ends

TABLE_BYTES, FIRST_BYTES = 1 << 25, 1 << 19
"""The largest size of the table, which takes hundredths of a second, and its size at first."""

SELDOM = 8
"""The table is filled once there was a row for each so many of its nodes."""

FEW_ROWS, MOST_LISTED = 64, 1 << 20
"""Rows whose contexts are looked up all at once, of each length, and the most n-grams for that: it
takes a tenth of the calls, but searches a list of all n-grams."""

Ids = NDArray[np.integer]
Nodes = NDArray[np.int32]


class Buffers(NamedTuple):
    """Memory that a step of up to ``rows`` rows writes to; for one thread at a time."""

    carry: Floats  # (1, rows, 1), node numbers
    logits: Floats  # (rows, V)


LEAST = np.float32(1e-38)
"""A lower bound for probabilities, so that their logarithms are finite in float32: the product of
the backoff weights of many contexts may be 0."""


class NGram(Excluding):
    """An n-gram as the function ``step(ids, carry) -> logits, carry``.

    The carry, (1, B, 1), holds node numbers as int32 in the bytes of float32, which must only be
    copied. It starts with zeros, the empty context.
    """

    def __init__(
        self,
        config: ModelConfig,
        weights: Arrays,
        table_bytes: int = TABLE_BYTES,
        base: float = 1.0,
    ) -> None:
        """Build the model from the arrays of ``ngram.arrays``.

        Args:
            config: what the model is.
            weights: the arrays.
            table_bytes: memory for the probabilities of the first contexts.
            base: the sum of the uniform distribution that the empty context backs off to; 0 if
                something else takes its place, and is added by the caller.

        Raises:
            ConfigError: an array is missing, unknown or invalid.
        """
        starts = weights.get("ngram.starts", np.empty(0, np.int32))
        self.config = config
        self.vocabulary_size = int(starts[1]) if starts.ndim == 1 and len(starts) > 1 else 0
        check_arrays(weights, self.vocabulary_size)
        self._starts, self._targets, self._own, self._next, self._backoff, self._left = (
            weights[name] for name in TYPES
        )
        self._banned: list[int] = []
        self._base = np.float32(base)
        self._rows = 0  # that were asked for before the whole table was filled
        each = 8 * self.vocabulary_size
        self._most = min(max(1, table_bytes // each), len(self._backoff))
        self._fill(min(max(1, FIRST_BYTES // each), self._most))

    def _fill(self, nodes: int) -> None:
        """Fill the table for ``nodes`` nodes: level by level, each from the one before."""
        size, starts = self.vocabulary_size, self._starts
        table = np.empty((nodes, size), np.float32)
        following = np.empty((nodes, size), np.int32)
        table[0] = self._own[:size] + self._base * self._left[0] / np.float32(size)
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
        self._tables = table, following

    @cached_property
    def _few(self) -> FewRows | None:
        """What looks up a few rows; ``None`` if there are too many n-grams."""
        if len(self._targets) > MOST_LISTED:
            return None
        return FewRows(
            self._starts, self._targets, self._own, self._next, self._backoff, self._left
        )

    @property
    def contexts(self) -> int:
        """The number of contexts, including the empty one."""
        return len(self._backoff)

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (1, rows, 1): zeros."""
        return np.zeros((1, rows, 1), np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Allocate memory for steps of up to ``rows`` rows; ``carry``, if given, is part of it."""
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
        np.maximum(logits, LEAST, out=logits)
        np.log(logits, out=logits)
        if self._banned:
            logits[:, self._banned] = NEVER
        return logits, after

    def after(self, nodes: Nodes, ids: Ids) -> Nodes:
        """Return the nodes (B,) after reading ``ids`` (B,) at ``nodes`` (B,)."""
        following = self._tables[1]
        listed = len(following)
        if listed < self._most:
            self._rows += len(nodes)
            if SELDOM * self._rows > self._most:
                self._fill(self._most)
        if listed == len(self._backoff):
            found: Nodes = following[nodes, ids]
            return found
        if self._few is not None and len(nodes) <= FEW_ROWS:
            return self._few.after(nodes, ids, following)
        result = np.empty(len(nodes), np.int32)
        open_rows, here = np.arange(len(nodes)), nodes
        while len(open_rows):
            quick = here < listed
            rows = open_rows[quick]
            result[rows] = following[here[quick], ids[rows]]
            open_rows, here = open_rows[~quick], here[~quick]
            if not len(open_rows):
                break
            place, there = self._find(here, ids[open_rows])
            result[open_rows[there]] = self._next[place[there]]
            open_rows, here = open_rows[~there], self._backoff[here[~there]]
        return result

    def _find(self, nodes: Nodes, ids: Ids) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the indices of the n-grams of ``nodes`` with last ``ids``, and if they exist."""
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
        """Return the probabilities of the next id at ``nodes`` (B,): (B, V)."""
        table = self._tables[0]
        listed = len(table)
        if listed == len(self._backoff):
            return table.take(nodes, 0, out, "clip")
        if self._few is not None and len(nodes) <= FEW_ROWS:
            return self._few.probabilities(nodes, table, out)
        chain = [nodes]
        while (chain[-1] >= listed).any():
            last = chain[-1]
            chain.append(np.where(last >= listed, self._backoff[last], last))
        result = np.take(table, chain[-1], axis=0, out=out, mode="clip")
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
        """Return the model for a single string, with a faster step."""
        return OneNode(self, self._banned)


class FewRows:
    """Looks up nodes that are not in the table: for a few rows, in few calls of NumPy."""

    def __init__(self, *arrays: NDArray[Any]) -> None:
        """Take the arrays of ``ngram.arrays``, in their order there."""
        starts, self._targets, self._own, self._next, self._backoff, left = arrays
        counts, self._size = np.diff(starts), int(starts[1])
        self._ngrams = np.arange(len(counts), dtype=np.int64).repeat(counts)
        self._ngrams *= self._size
        self._ngrams += self._targets  # (E,), sorted: context and last id as one number
        # One node more, which adds nothing.
        self._counts, self._left = np.append(counts, 0), np.append(left, np.float32(1))
        self._ends = np.append(starts[1:], 0)

    def after(self, nodes: Nodes, ids: Ids, following: Nodes) -> Nodes:
        """Return the nodes (B,) after ``ids`` (B,); ``following`` has those of the first nodes."""
        chain, listed = [nodes], len(following)
        while chain[-1].max(initial=0) >= listed:
            chain.append(self._backoff.take(chain[-1]))
        result: Nodes = following.take(chain.pop() * self._size + ids)
        if chain:
            ngrams = np.array(chain, np.int64)
            ngrams *= self._size
            ngrams += ids
            place = self._ngrams.searchsorted(ngrams.ravel())
            there = self._ngrams.take(place, mode="clip").reshape(ngrams.shape) == ngrams
            longer = self._next.take(place, mode="clip").reshape(ngrams.shape)
            for own, known in zip(longer[::-1], there[::-1], strict=True):  # the longest last
                np.copyto(result, own, where=known)
        return result

    def probabilities(self, nodes: Nodes, table: Floats, out: Floats | None = None) -> Floats:
        """Return the probabilities at ``nodes`` (B,), (B, V); ``table`` has the first nodes'."""
        last, longer, none = nodes, [], len(self._backoff)
        while (beyond := last >= len(table)).any():
            longer.append(np.where(beyond, last, none))
            last = np.where(beyond, self._backoff.take(last), last)
        result: Floats = table.take(last, 0, out, "clip")
        if longer:
            links = np.array(longer[::-1])  # (lengths, B), the shortest contexts first
            every = links.ravel()
            counts, left = self._counts.take(every), self._left.take(links)
            ends = counts.cumsum()
            entry = (self._ends.take(every) - ends).repeat(counts)
            entry += np.arange(len(entry))
            rows = np.arange(0, result.size, self._size)
            cells = np.concatenate([rows] * len(links)).repeat(counts)
            cells += self._targets.take(entry)
            own, flat, start = self._own.take(entry), result.reshape(-1), 0
            for weights, end in zip(left, ends[len(nodes) - 1 :: len(nodes)].tolist(), strict=True):
                result *= weights[:, None]
                flat[cells[start:end]] += own[start:end]
                start = end
        return result


class OneNode:
    """An n-gram that reads a single string; created by ``NGram.one_row``."""

    def __init__(self, ngram: NGram, banned: list[int]) -> None:
        self._ngram, self._banned = ngram, banned
        self._node = np.zeros(1, np.int32)
        self._logits = np.empty((1, ngram.vocabulary_size), np.float32)

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the next one's logits (V,), valid until the next call."""
        logits = self.probabilities(character)
        np.maximum(logits, LEAST, out=logits)
        np.log(logits, out=logits)
        if self._banned:
            logits[self._banned] = NEVER
        return logits

    def probabilities(self, character: int) -> Floats:
        """Like ``read``, but return probabilities."""
        self._node = self._ngram.after(self._node, np.array([character]))
        row: Floats = self._ngram.probabilities(self._node, self._logits)[0]
        return row


def nodes_of(carry: Floats) -> Nodes:
    """Return the node numbers (B,) in the carry (1, B, 1) of an n-gram; a view."""
    nodes: Nodes = carry[0, :, 0].view(np.int32)
    return nodes
