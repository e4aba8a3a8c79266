"""The walk down the tree of prefixes, from those that have arrived to those that arrive next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...data.random import GAMMA, child, root_key, uniform, uniforms
from ...data.vocabulary import BOUNDARY
from ...models.interface import Recurrence
from ...models.sampling import Sampler, choose
from ...models.scoring.names import log_softmax
from .openings import Openings, openings
from .tree import Floats, Ids, Records, Stack, Trace, joined, read_prompt

if TYPE_CHECKING:
    from .arrivals import Arrivals
    from .guides import ConstraintGuide

    Walker = Callable[["Plan", float, float], Arrivals]

MARGIN = 1 / 3  # share of the slack's log that a prefix may use beyond what its estimate requires,
UNSURE = 0.1  # if its estimate is at most 1 minus this; proportionally less above that

FEW_ROWS = 64
"""Rows that memory is allocated for at first: many a walk is never wider."""

# A prefix that arrives before the horizon.
PREFIX = np.dtype(
    [
        ("id", np.int32),  # its last id, which the model reads next
        ("length", np.int32),  # in ids, the prompt included
        ("trace", np.int32),  # its number in the trace
        ("state", np.int32),  # of the guide
        ("context", np.int32),  # of the guide
        ("key", np.uint64),  # decides everything random below
        ("log_p", np.float64),  # under the sampler, given the prompt
        ("log_estimate", np.float64),  # the guide's estimate, when it was put on the stack
        ("log_arrival", np.float64),
        ("log_peak", np.float64),  # the latest arrival of all its prefixes
        ("log_reach", np.float64),  # the same with each arrival times its estimate
        ("nats", np.float64),  # -log of its probability under the model itself
    ]
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is walked, and how far.

    Attributes:
        rnn: the model.
        sampler: the distribution of the next id, and the seed that decides the arrivals.
        prompt: ids (P,) that every string begins with; the boundary before it is implied. A
            model that was trained without a begin symbol needs one, P ≥ 1.
        max_length: longest string, in ids, the prompt included and the end symbol not; prefixes
            that have not ended by then are dropped.
        guide: keeps to the constraints; ``None`` if there are none.
        likeliest: nothing is random: a string arrives at 1 / p, so the strings before the horizon
            are those with a probability of at least 1 / horizon. A guide's estimates must then be
            0 or 1.
        most_steps: prefixes that may be stepped; ``None`` for no limit.
        threads: at most this many, ``None`` for one per core; the result is the same.
        enough: strings after which the walk may end: it stops at the horizon before which so many
            arrive, if that is earlier, and nothing but the probabilities decides what arrives.
        watch: called with the number of prefixes at each step, from any thread.
        walk: walks it instead of ``arrivals``, with the same arguments and results.
        record: called at each step with the paths, the prefixes (B,) and the distributions of
            their next ids (B, V), from any thread.
    """

    rnn: Recurrence
    sampler: Sampler
    prompt: Ids
    max_length: int
    guide: ConstraintGuide | None = None
    likeliest: bool = False
    most_steps: int | None = None
    threads: int | None = None
    enough: int | None = None
    watch: Callable[[int], None] | None = None
    walk: Walker | None = None
    record: Callable[[Trace, Records, NDArray[np.float32]], None] | None = None


class TooManySteps(Exception):  # noqa: N818 (not an error: the caller continues with less)
    """The walk would need more steps than it may take."""


class StepLimit:
    """Counts the steps of all threads."""

    def __init__(self, most: int | None) -> None:
        self.most, self.steps = most, 0
        self._lock = threading.Lock()

    def count(self, steps: int) -> None:
        with self._lock:
            self.steps += steps
        if self.most is not None and self.steps > self.most:
            raise TooManySteps


class Walk:
    """Prefixes that arrive before the horizon, in a part of the tree, and the strings there."""

    _openings: Openings | None

    def __init__(
        self, plan: Plan, bounds: tuple[float, float], limit: StepLimit, rows: int
    ) -> None:
        """Start at the end of the prompt; step at most ``rows`` prefixes at once.

        ``bounds`` are the logs of horizon and slack.
        """
        self._plan, self._bounds, self._limit = plan, bounds, limit
        last, carry, nats = read_prompt(plan.rnn, plan.prompt)
        state, context = plan.guide.root if plan.guide else (0, 0)
        key = root_key(plan.sampler.config.seed)
        arrival = 0.0 if plan.likeliest else float(np.log(-np.log1p(-uniform(key ^ GAMMA)))[0])
        length = len(plan.prompt)
        root = (last, length, 0, state, context, key[0], 0.0, 0.0, arrival, *2 * (-np.inf,), nats)
        prefixes = np.array([root] if arrival <= bounds[0] else [], dtype=PREFIX)
        self._begin(Stack(prefixes, carry[:, : len(prefixes)]), Trace(), rows)
        self.left = 1 - len(prefixes)
        self._openings = None if length or not len(prefixes) else openings(plan.rnn)
        """What is known of the next step, if it is one of the first two."""

    def _begin(self, stack: Stack, trace: Trace, rows: int) -> None:
        self.stack, self._trace = stack, trace
        self._rows, self._most_rows = min(rows, FEW_ROWS), rows
        self._buffers = self._plan.rnn.buffers(self._rows)
        self._ended: list[NDArray[np.void]] = []
        self.waiting = 0
        """Strings that have ended and were not read yet."""
        self.left = 0
        """Continuations of a step that arrive too late; 0 if none has yet."""
        self.unfinished = 0.0
        self._openings = None
        self.log_horizon = np.inf
        """The horizon that the walk was cut short to, if it was."""

    def branch(self, stack: Stack, rows: int) -> Walk:
        """Return a walk that continues from a part of the stack."""
        walk = copy(self)
        walk._begin(stack, self._trace.copy(), rows)
        return walk

    def advance(self, rows: int) -> None:
        """Step the top ``rows`` prefixes of the stack; push those that arrive next below them."""
        plan, guide = self._plan, self._plan.guide
        self._limit.count(rows)
        if plan.watch is not None:
            plan.watch(rows)
        if rows > self._rows:
            self._rows = self._most_rows
            self._buffers = plan.rnn.buffers(self._rows)
        here, carry = self.stack.take(rows)
        logits, carry = self._step(here, carry)
        p = plan.sampler.scores(plan.sampler.prepared(logits, here["length"]))
        np.exp(p, out=p)
        p /= np.add.reduce(p, axis=1, keepdims=True)
        if plan.record is not None:
            plan.record(self._trace, here, p)
        q = p  # (B, V): the rates of the continuations, over their prefix's probability
        with np.errstate(divide="ignore"):
            if guide is not None:
                q = p * guide.estimates(here["length"], here["state"], here["context"])
                here["log_arrival"] += here["log_estimate"] - np.log(
                    q.sum(axis=1, dtype=np.float64)
                )
            if plan.likeliest:
                parent, ids, arrival = self._likely(here["log_p"], q)
            else:
                parent, ids, arrival = arriving(here, q, sum(self._bounds), guide is None)
        # For each chosen continuation: its parent's row, its id and its arrival.
        there = here.take(parent)
        there["log_arrival"] = arrival
        log_p = np.log(p[parent, ids])
        if guide is not None:
            there["log_peak"] = np.maximum(there["log_peak"], arrival)
            there["log_estimate"] = np.log(q[parent, ids]) - log_p
            kept = np.flatnonzero(reachable(there, arrival, self._bounds))
            there["log_reach"] = np.maximum(
                there["log_reach"], arrival + np.minimum(there["log_estimate"], 0.0)
            )
            there, parent, ids, log_p = there[kept], parent[kept], ids[kept], log_p[kept]
        if not self.left:
            self.left = int(np.count_nonzero(q)) - len(ids)
        there["id"] = ids
        there["log_p"] += log_p
        if plan.sampler.is_plain:
            there["nats"] -= log_p
        else:
            there["nats"] -= np.log(np.exp(log_softmax(logits))[parent, ids])
        there["key"] = child(there["key"], ids)

        ends = ids == BOUNDARY
        if ends.any():
            self._ended.append(there.compress(ends))
            longer = (~ends).nonzero()[0]
            self.waiting += len(ids) - len(longer)
            there, parent = there.take(longer), parent.take(longer)
        inside = there["length"] < plan.max_length
        if not inside.all():
            self.unfinished += float(np.exp(there["log_p"][~inside]).sum())
            there, parent = there.compress(inside), parent.compress(inside)
        there["length"] += 1
        there["trace"] = self._trace.add(there["trace"], there["id"])
        if guide is not None:
            there["state"], there["context"] = guide.advance(
                there["state"], there["context"], there["id"]
            )
        self.stack.push(there, carry, parent)

    def _step(self, here: Records, carry: Floats) -> tuple[Floats, Floats]:
        """Return the logits (B, V) and the new carry of prefixes (B,)."""
        if self._openings is None:
            return self._plan.rnn.step(here["id"], carry, self._buffers)
        length = int(here["length"][0])
        found = self._openings.step(length, here["id"])
        if length or self.stack.size:
            self._openings = None
        return found

    def cut(self, enough: int) -> None:
        """Bring the horizon forward to where ``enough`` strings have arrived, if there are more.

        A prefix arrives with its first string, so at least as many strings arrive before a time as
        prefixes, except for those that are dropped because they are too long.
        """
        if self.stack.size + self.waiting <= enough:
            return
        waiting = self.stack.prefixes["log_arrival"]
        arrival = np.concatenate([*(ended["log_arrival"] for ended in self._ended), waiting])
        arrival.partition(enough - 1)
        self.log_horizon = float(arrival[enough - 1])
        self._bounds = (self.log_horizon, self._bounds[1])
        kept = (waiting <= self.log_horizon).nonzero()[0]
        self.left += len(waiting) - len(kept)
        self.stack.keep(kept)

    def _likely(
        self, log_p: NDArray[np.float64], q: NDArray[np.floating]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Return row, id and -log of the probability of the continuations that are likely enough.

        ``log_p`` (B,) is the rows', ``q`` (B, V) their continuations'.
        """
        nats = -(log_p[:, None] + np.log(q))
        row, ids = (nats <= self._bounds[0]).nonzero()
        return row, ids, nats[row, ids]

    def close(self) -> None:
        """Read the strings that have ended, and free everything else."""
        self._read()
        del self._buffers

    def pause(self) -> None:
        """Read the strings that have ended, and forget the paths to them."""
        self._read()
        prefixes = self.stack.prefixes
        prefixes["trace"] = self._trace.keep(prefixes["trace"])

    def place(self, prefixes: Records, carry: Floats, ids: Ids, lengths: NDArray[np.int32]) -> None:
        """Continue from ``prefixes`` (M,) instead of the prompt's end.

        Args:
            prefixes: their records; the numbers in the trace are replaced.
            carry: (L*S, M, H), before their last ids are read.
            ids, lengths: the prefixes themselves, as ``Trace.read`` returns them.
        """
        trace, prefixes["trace"] = Trace.of(ids, lengths)
        self._begin(Stack(prefixes, carry), trace, self._most_rows)

    def paths(self, prefixes: Records) -> tuple[Ids, NDArray[np.int32]]:
        """Return the ids after the prompt of prefixes of this walk; see ``Trace.read``."""
        return self._trace.read(prefixes["trace"])

    def _read(self) -> None:
        self.ended = joined([np.empty(0, PREFIX), *self._ended])
        if self._plan.guide is None:
            self.ended["log_peak"] = self.ended["log_arrival"]
        self.ids, self.lengths = self._trace.read(self.ended["trace"])
        self._ended, self.waiting = [], 0


def arriving(
    here: Records,
    q: NDArray[np.floating],
    end: float | NDArray[np.float64],
    all_alive: bool = False,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return row, id and log arrival of the continuations that arrive before ``end``.

    The rate of row b's continuation i is the row's probability times ``q[b, i]``. ``end``, the log
    of a time, is one for all rows, or (B,). ``all_alive`` says that all rows arrive before it.
    """
    now, log_p, size = here["log_arrival"], here["log_p"], q.shape[1]
    outputs = uniforms(here["key"], size + 1, first=0)  # the first decides what comes first
    # Which one arrives with the prefix itself; none of a dead end, whose arrival is infinite.
    if all_alive:
        alive, first = np.arange(len(q)), choose(q, outputs[:, 0])
        arrived = now
    else:
        alive = (now <= end).nonzero()[0]
        shares = q[alive] / q[alive].sum(axis=1, keepdims=True)  # one row's may be tiny
        first, arrived = choose(shares, outputs[alive, 0]), now[alive]
    # Another one arrives in time if its exponential time E, over its rate, fits into what is
    # left, t: E ≤ rate t. As E = -log(1 - u) ≥ u, few need the logarithm.
    left = end + np.log1p(-np.exp(np.minimum(now - end, 0.0)))
    reach = q * np.exp(np.minimum(log_p + left, 600.0))[:, None]
    near = outputs[:, 1:] < reach
    near[alive, first] = False
    cells = near.ravel().nonzero()[0]
    if not len(cells):
        return alive, first, arrived
    row, ids = np.divmod(cells, size)
    u = outputs.take(cells + row + 1)
    later = np.log(-np.log1p(-u)) - (log_p[row] + np.log(q.take(cells)))
    arrival = np.logaddexp(now[row], later)
    fits = arrival <= (end if isinstance(end, float) else end[row])
    return (
        np.concatenate([alive, row[fits]]),
        np.concatenate([first, ids[fits]]),
        np.concatenate([arrived, arrival[fits]]),
    )


def reachable(
    there: Records, arrival: NDArray[np.float64], bounds: tuple[Any, Any]
) -> NDArray[np.bool_]:
    """Return which prefixes may become strings that arrive before the horizon.

    ``bounds`` are the logs of horizon and slack, of all or of each.
    """
    horizon, slack = bounds
    log_estimate = np.minimum(there["log_estimate"], 0.0)
    # Where the estimate is 1, nothing can arrive earlier than it seems to.
    margin = slack * MARGIN * np.minimum(1.0, (1.0 - np.exp(log_estimate)) / UNSURE)
    result: NDArray[np.bool_] = arrival <= horizon + np.minimum(slack, margin - log_estimate)
    return result
