"""The tree of prefixes: the stack of those to step next, and the path to each."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ...models.interface import Recurrence
from ...models.scoring.names import log_softmax

BLOCK = 2048  # prefixes per step: with more, what they are sampled from would not stay in the cache
FEWEST = 32  # prefixes that a stack has memory for, more than it needs
WIDE = 1024  # prefixes at which the tree is wide enough to be divided into units of work

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]
Records = NDArray[np.void]


class Stack:
    """Prefixes to step next, as records, each with the model's carry.

    The search is depth-first: what was pushed last is taken first. So blocks stay full although
    strings end at different lengths, the last results are still in the cache, and memory is small.
    """

    def __init__(self, prefixes: Records, carry: Floats) -> None:
        """Hold ``prefixes`` (M,) and their carry (L*S, M, H)."""
        self._prefixes, self._carry = prefixes, carry  # beyond ``size`` is free memory
        self.size = len(prefixes)

    def take(self, rows: int) -> tuple[Records, Floats]:
        """Pop the top ``rows`` prefixes; the views are valid until the next ``push``."""
        self.size -= rows
        top = slice(self.size, self.size + rows)
        return self._prefixes[top], self._carry[:, top]

    def push(self, prefixes: Records, carry: Floats, row: NDArray[np.intp]) -> None:
        """Push prefixes, the i-th with the carry of row ``row[i]``."""
        start, self.size = self.size, self.size + len(prefixes)
        if not start and self.size <= FEWEST:
            self._prefixes, self._carry = prefixes, carry.take(row, 1)
            return
        if self.size > len(self._prefixes):
            capacity = 2 * self.size + FEWEST
            grown = np.empty((len(carry), capacity, carry.shape[2]), dtype=carry.dtype)
            grown[:, :start] = self._carry[:, :start]
            more = np.empty(capacity, self._prefixes.dtype)
            more[:start] = self._prefixes[:start]
            self._prefixes, self._carry = more, grown
        plain = np.dtype((np.void, prefixes.itemsize))  # NumPy copies structures field by field
        self._prefixes[start : self.size].view(plain)[:] = prefixes.view(plain)
        for old, new in zip(self._carry, carry, strict=True):
            new.take(row, 0, old[start : self.size], "clip")

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Forget all prefixes but those of ``rows``, in ascending order."""
        if len(rows) < self.size:
            self._prefixes, self._carry = self._prefixes.take(rows), self._carry.take(rows, 1)
            self.size = len(rows)

    def split(self, weights: Sequence[float] | NDArray[np.floating], parts: int) -> list[Stack]:
        """Pop everything, in ``parts`` of about equal weight; ``weights`` are (size,)."""
        prefixes, carry = self.take(self.size)
        reached = np.cumsum(weights)
        shares = (reached[-1] if len(reached) else 0) * np.arange(1, parts) / parts
        bounds = [0, *np.searchsorted(reached, shares).tolist(), len(prefixes)]
        return [Stack(prefixes[start:end], carry[:, start:end]) for start, end in pairwise(bounds)]

    @property
    def prefixes(self) -> Records:
        """All prefixes on the stack, (size,)."""
        return self._prefixes[: self.size]


class Trace:
    """The path to every prefix: its parent and last id; number 0 is the prompt's end."""

    def __init__(self) -> None:
        self._parents = [np.zeros(1, dtype=np.int32)]
        self._ids = [np.zeros(1, dtype=np.int32)]
        self._size = 1

    def copy(self) -> Trace:
        """Return an independent copy."""
        trace = copy(self)
        trace._parents, trace._ids = self._parents.copy(), self._ids.copy()
        return trace

    def add(self, parents: NDArray[np.int32], ids: Ids) -> NDArray[np.int32]:
        """Record prefixes by their parents' numbers and last ids; return their numbers."""
        self._parents.append(parents.copy())
        self._ids.append(ids.copy())
        self._size += len(ids)
        return np.arange(self._size - len(ids), self._size, dtype=np.int32)

    @classmethod
    def of(cls, ids: Ids, lengths: NDArray[np.int32]) -> tuple[Trace, NDArray[np.int32]]:
        """Return a trace of prefixes that are given as ``read`` returns them, and their numbers."""
        trace, ends = cls(), np.cumsum(lengths, dtype=np.int32)
        parents = np.arange(len(ids), dtype=np.int32)
        parents[(ends - lengths)[lengths > 0]] = 0
        trace.add(parents, ids)
        return trace, np.where(lengths > 0, ends, 0).astype(np.int32)

    def keep(self, last: NDArray[np.int32]) -> NDArray[np.int32]:
        """Forget all but the paths to prefixes, (M,); return their new numbers."""
        parents, ids = np.concatenate(self._parents), np.concatenate(self._ids)
        paths = [np.zeros(1, np.int32), np.unique(last)]
        while paths[-1].any():
            paths.append(np.unique(parents[paths[-1]]))
        kept = np.unique(np.concatenate(paths))
        self._parents = [np.searchsorted(kept, parents[kept]).astype(np.int32)]
        self._ids, self._size = [ids[kept]], len(kept)
        return np.searchsorted(kept, last).astype(np.int32)

    def recent(self, numbers: NDArray[np.int32], count: int, before: Ids) -> Ids:
        """Return the last ``count`` ids of prefixes, (M, count); ``before`` (at least as many)
        precede the paths."""
        parents, ids = np.concatenate(self._parents), np.concatenate(self._ids)
        rows = np.empty((len(numbers), count), np.int32)
        beyond = np.zeros(len(numbers), np.intp)  # how many ids of ``before`` were taken
        for place in range(count - 1, -1, -1):
            outside = numbers == 0
            rows[:, place] = np.where(outside, before[len(before) - 1 - beyond], ids[numbers])
            beyond += outside
            numbers = parents[numbers]
        return rows

    def read(self, last: NDArray[np.int32]) -> tuple[Ids, NDArray[np.int32]]:
        """Return the ids on the path to each prefix, end to end, and how many belong to each."""
        parents, ids = np.concatenate(self._parents), np.concatenate(self._ids)
        columns = []  # from the last id of each string to its first, then BOUNDARY
        while last.any():
            columns.append(ids[last])
            last = parents[last]
        paths = np.array(columns[::-1], dtype=np.int32).reshape(len(columns), len(last)).T
        inside = paths != BOUNDARY
        return paths[inside], inside.sum(axis=1, dtype=np.int32)


def joined(parts: Sequence[Records]) -> Records:
    """Return records of one type, end to end; NumPy compares all fields of each two parts."""
    kind = parts[0].dtype
    plain = np.dtype((np.void, kind.itemsize))
    return np.concatenate([part.view(plain) for part in parts]).view(kind)


def read_prompt(rnn: Recurrence, prompt: Ids) -> tuple[int, Floats, float]:
    """Return the id to read next after ``prompt`` (P,), the carry for it, and the prompt's nats."""
    carry, last, nats = rnn.initial_carry(1), BOUNDARY, 0.0
    following_ids = prompt.tolist()
    if not rnn.config.begin:
        last = following_ids.pop(0)  # given: the model has no probability for it
    for following in following_ids:
        logits, carry = rnn.step(np.array([last]), carry)
        nats -= float(log_softmax(logits)[0, following])
        last = following
    return last, carry, nats
