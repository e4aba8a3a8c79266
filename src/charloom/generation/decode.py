"""The decode loop: draws many strings of ids at once; it knows ids, never text.

Draws that have come to the same prefix are in the same state, so the model steps once for all
of them: the loop walks a tree of distinct prefixes, each with the number of draws that stand
there. It goes depth first, from a stack: a block of prefixes is stepped, its draws move on, and
the prefixes that they reach go back on top. So blocks stay full although strings end at
different lengths, what was just computed is still in the cache, and memory stays small.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..models.numpy_rnn import NumpyRNN
from ..models.score import log_softmax
from ..models.threads import one_blas_thread, run
from ..vocabulary import BOUNDARY
from .samplers import Sampler

BLOCK = 256
"""Prefixes a step: enough to keep BLAS busy, few enough to stay in a core's cache."""

UNIT = 2048
"""Draws that one unit of work takes on; the units of a call run in parallel."""

WIDE = 1024
"""Prefixes at which the tree is wide enough to be cut into units."""

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]

# A prefix that draws have reached and not yet left.
_PREFIX = np.dtype(
    [
        ("id", np.int32),  # its last id, which the model is to read next
        ("length", np.int32),  # its ids, the prompt's included
        ("trace", np.int32),  # its number in the trace
        ("draws", np.int64),  # how many draws stand there
        ("nats", np.float64),  # -log of its probability under the model
    ]
)

_Stack = tuple[NDArray[np.void], Floats]  # prefixes (M,) and their carry (L*S, M, H)


@dataclass(frozen=True)
class Strings:
    """M distinct strings that were drawn.

    Attributes:
        ids: (sum of lengths,), one string after the other, without prompt and boundaries.
        lengths: (M,), how many of them belong to each string.
        draws: (M,), how many draws gave it.
        nats: (M,), -log of its probability under the model itself (temperature 1, unfiltered),
            prompt and end symbol included.
    """

    ids: Ids
    lengths: NDArray[np.int32]
    draws: NDArray[np.int64]
    nats: NDArray[np.float64]


def draw(
    rnn: NumpyRNN,
    sampler: Sampler,
    draws: int,
    *,
    prompt: Ids,
    max_length: int,
    seed: np.random.SeedSequence,
    threads: int | None = None,
) -> Strings:
    """Draw strings, independently of one another, from the model's distribution.

    A draw that has not ended after ``max_length`` ids is dropped; so the strings' ``draws`` may
    sum to less than was asked for.

    Args:
        rnn: the model.
        sampler: how an id is drawn from logits.
        draws: how many strings to draw.
        prompt: ids (P,) that every string begins with; the boundary before it is implied. A
            model that was trained without a begin symbol needs one, P ≥ 1.
        max_length: longest string, in ids, the prompt included and the end symbol not.
        seed: decides the result, together with the arguments before it.
        threads: at most so many at a time, ``None`` for one a core; the result is the same.

    Raises:
        ConfigError: ``threads`` is less than 1.
        GenerationError: the model's logits are no finite numbers.
    """
    units = max(1, draws // UNIT)
    trunk_seed, *seeds = seed.spawn(1 + units)

    def finish(branch: tuple[_Stack, np.random.SeedSequence]) -> Strings:
        stack, branch_seed = branch
        rng = np.random.default_rng(branch_seed)
        walk = trunk.branch(stack)  # in here, so that its memory is free when it is done
        while walk.size:
            walk.advance(min(walk.size, BLOCK), rng)
        return walk.ended()

    with one_blas_thread():
        trunk = _Walk.after(prompt, draws, rnn, sampler, max_length)
        rng = np.random.default_rng(trunk_seed)
        while units > 1 and 0 < trunk.size < WIDE:
            trunk.advance(trunk.size, rng)
        branches = list(zip(trunk.split(units), seeds, strict=True))
        parts = [trunk.ended(), *run(finish, branches, threads)]
    return Strings(
        ids=np.concatenate([part.ids for part in parts]),
        lengths=np.concatenate([part.lengths for part in parts]),
        draws=np.concatenate([part.draws for part in parts]),
        nats=np.concatenate([part.nats for part in parts]),
    )


class _Walk:
    """Draws on their way down a part of the tree, and the strings that ended there."""

    def __init__(
        self,
        rnn: NumpyRNN,
        sampler: Sampler,
        max_length: int,
        stack: _Stack,
        trace: _Trace,
        rows: int,
    ) -> None:
        """Stand at the prefixes of ``stack``; step at most ``rows`` of them at once."""
        self._rnn, self._sampler, self._max_length = rnn, sampler, max_length
        self._prefixes, self._carry = stack  # beyond ``size`` is free room
        self._trace = trace
        self._buffers = rnn.buffers(rows)
        self._ended: list[NDArray[np.void]] = []
        self.size = len(self._prefixes)
        """Prefixes on the stack, whose next id is still to be drawn."""

    @classmethod
    def after(
        cls, prompt: Ids, draws: int, rnn: NumpyRNN, sampler: Sampler, max_length: int
    ) -> _Walk:
        """Let all draws stand at the end of the prompt."""
        carry, last, nats = rnn.initial_carry(1), BOUNDARY, 0.0
        following_ids = prompt.tolist()
        if not rnn.config.begin:
            last = following_ids.pop(0)  # given, not drawn: the model has no say in it
        for following in following_ids:
            logits, carry = rnn.step(np.array([last]), carry)
            nats -= float(log_softmax(logits)[0, following])
            last = following
        root = np.array([(last, len(prompt), 0, draws, nats)], dtype=_PREFIX)
        return cls(rnn, sampler, max_length, (root, carry), _Trace(), WIDE)

    def split(self, parts: int) -> list[_Stack]:
        """Give the stack away in ``parts`` with about as many draws each."""
        prefixes, carry = self._prefixes[: self.size], self._carry[:, : self.size]
        self.size = 0
        reached = np.cumsum(prefixes["draws"])
        shares = prefixes["draws"].sum() * np.arange(1, parts) // parts
        bounds = [0, *np.searchsorted(reached, shares).tolist(), len(prefixes)]
        return [(prefixes[start:end], carry[:, start:end]) for start, end in pairwise(bounds)]

    def branch(self, stack: _Stack) -> _Walk:
        """Return a walk that goes on from a part of what ``split`` gave away."""
        trace = self._trace.copy()
        return _Walk(self._rnn, self._sampler, self._max_length, stack, trace, BLOCK)

    def advance(self, rows: int, rng: np.random.Generator) -> None:
        """Take ``rows`` prefixes off the stack and put those back that their draws reach next."""
        self.size -= rows
        top = slice(self.size, self.size + rows)
        here = self._prefixes[top]
        logits, carry = self._rnn.step(here["id"], self._carry[:, top], self._buffers)

        heated = self._sampler.heated(logits, here["length"])
        parent, ids, draws = self._draw(here["draws"], heated, rng)
        there = here.take(parent)
        there["id"] = ids
        there["draws"] = draws
        there["nats"] -= log_softmax(logits)[parent, ids]

        self._ended.append(there[ids == BOUNDARY])
        goes_on = np.flatnonzero((ids != BOUNDARY) & (there["length"] < self._max_length))
        there, parent = there.take(goes_on), parent[goes_on]
        there["length"] += 1
        there["trace"] = self._trace.add(there["trace"], there["id"])
        self._push(there, carry, parent)

    def _draw(
        self, draws: NDArray[np.int64], logits: Floats, rng: np.random.Generator
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Draw the next ids; return each distinct outcome's row, id and number of draws."""
        rows, size = logits.shape
        if draws.sum() == rows:  # one each, as everywhere but near the root
            return np.arange(rows), self._sampler.pick(logits, rng), np.ones_like(draws)
        row = np.repeat(np.arange(rows), draws)
        outcomes = row * size + self._sampler.pick(logits, rng, row)
        counts = np.bincount(outcomes, minlength=rows * size)
        (found,) = counts.nonzero()
        return *np.divmod(found, size), counts[found]

    def _push(self, prefixes: NDArray[np.void], carry: Floats, row: NDArray[np.intp]) -> None:
        """Put prefixes on the stack, the i-th with the carry of row ``row[i]``."""
        start, self.size = self.size, self.size + len(prefixes)
        if self.size > len(self._prefixes):
            room = 2 * self.size
            grown = np.empty((len(carry), room, carry.shape[2]), dtype=carry.dtype)
            grown[:, :start] = self._carry[:, :start]
            self._prefixes, self._carry = np.resize(self._prefixes, room), grown
        self._prefixes[start : self.size] = prefixes
        for old, new in zip(self._carry, carry, strict=True):
            np.take(new, row, axis=0, out=old[start : self.size], mode="clip")

    def ended(self) -> Strings:
        """Return the strings that have ended."""
        ended = np.concatenate([np.empty(0, dtype=_PREFIX), *self._ended])
        ids, lengths = self._trace.read(ended["trace"])
        return Strings(ids, lengths, ended["draws"], ended["nats"])


class _Trace:
    """The way to every prefix: each one's parent and last id; number 0 is the prompt's end."""

    def __init__(self) -> None:
        self._parents = [np.zeros(1, dtype=np.int32)]
        self._ids = [np.zeros(1, dtype=np.int32)]
        self._size = 1

    def copy(self) -> _Trace:
        """Return a copy that goes on by itself."""
        copy = _Trace()
        copy._parents, copy._ids = self._parents.copy(), self._ids.copy()
        copy._size = self._size
        return copy

    def add(self, parents: NDArray[np.int32], ids: Ids) -> NDArray[np.int32]:
        """Note prefixes by their parents' numbers and their last ids; return their numbers."""
        self._parents.append(parents.copy())
        self._ids.append(ids.copy())
        self._size += len(ids)
        return np.arange(self._size - len(ids), self._size, dtype=np.int32)

    def read(self, last: NDArray[np.int32]) -> tuple[Ids, NDArray[np.int32]]:
        """Return the ids on the way to prefixes, end to end, and how many belong to each."""
        parents, ids = np.concatenate(self._parents), np.concatenate(self._ids)
        columns = []  # from the last id of each string to its first, then BOUNDARY
        while last.any():
            columns.append(ids[last])
            last = parents[last]
        way = np.array(columns[::-1], dtype=np.int32).reshape(len(columns), len(last)).T
        inside = way != BOUNDARY
        return way[inside], inside.sum(axis=1, dtype=np.int32)
