"""Different strings in the order of their draw, without drawing any of them twice.

Draw for ever, one string after the other at the ticks of a Poisson clock of rate 1: a string of
probability p comes for the first time after a time that is exponential with rate p, and
independent of every other string's. So the strings in order of their first arrivals are draws
without replacement, and those before a horizon t are what about t draws with repeats dropped
would have given; but the arrivals can be had without the draws. A prefix of probability p arrives
with its first string, after an exponential time of rate p. Given that, the string is the one
below one of its continuations, chosen by the model; each of the others arrives an exponential
time later, with its own rate. Going down the tree of prefixes from the root, only what arrives
before the horizon is stepped: one step of the model for each distinct prefix of what comes out,
however often it would have been drawn.

(With -log of the arrival for a key, this is the stochastic beam search of Kool, van Hoof and
Welling 2019, "Stochastic Beams and Where to Find Them", whose Gumbel keys are -log of exponential
times, top-down as in A* sampling, Maddison, Tarlow and Minka 2014; a horizon takes the place of
the beam, so that nothing is kept that cannot come out.)

A guide estimates how probable it is that a prefix becomes a string that obeys the rules; a prefix
then arrives with its first such string, at the rate p times that estimate. Its step gives a better
one, the estimates of its continuations weighed by the model's own probabilities, and its arrival
is divided by the ratio of the two: an exponential time stays one, with the corrected rate. Where
the estimate ends, at a whole string, it is 1, so every string's arrival has the model's own rate in
the end. The estimates decide only what is stepped: a string is missed if it arrives before the
horizon, but a prefix of it seemed to come later. So prefixes are stepped for some slack beyond the
horizon. That of a prefix with the estimate h need not be much more than 1 / h, since the rate of its
strings cannot be more than p: where h is near 1, as where a rule is obeyed already, there is
hardly any. Each string's ``log_peak`` and ``log_reach`` tell how far the walk had to go for it.

The random numbers are a function of the seed and of the prefix alone (SplitMix64, Steele, Lea
and Flood 2014): a longer horizon, other blocks or more threads change nothing of what came
before.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models.numpy_rnn import Recurrence
from ..models.score import log_softmax
from ..models.threads import one_blas_thread, run
from ..vocabulary import BOUNDARY
from .counter import GAMMA, child, root_key, uniform, uniforms
from .guides import Guide
from .samplers import Sampler, choose
from .tree import BLOCK, WIDE, Ids, Stack, Trace, read_prompt

MARGIN = 1 / 3
"""Share of the slack's logarithm that a prefix may have beyond what its hope calls for ..."""

UNSURE = 0.1
"""... if its hope is this far from certainty; less in proportion if it is nearer."""

UNITS = 32
"""Units of work that a wide walk is cut into; the threads take them in turn."""

# A prefix that arrives before the horizon.
_PREFIX = np.dtype(
    [
        ("id", np.int32),  # its last id, which the model is to read next
        ("length", np.int32),  # its ids, the prompt's included
        ("trace", np.int32),  # its number in the trace
        ("state", np.int32),  # of the guide
        ("context", np.int32),  # of the guide
        ("key", np.uint64),  # decides all that is random below
        ("log_p", np.float64),  # of the distribution that is asked for, given the prompt
        ("log_hope", np.float64),  # the guide's estimate, when it was put on the stack
        ("log_arrival", np.float64),
        ("log_peak", np.float64),  # the latest arrival of all its prefixes
        ("log_reach", np.float64),  # the same with each arrival times its hope
        ("nats", np.float64),  # -log of its probability under the model itself
    ]
)


@dataclass(frozen=True)
class Arrivals:
    """M different strings that arrive before the horizon, in no particular order.

    Attributes:
        ids: (sum of lengths,), one string after the other, without prompt and boundaries.
        lengths: (M,), how many of them belong to each string.
        log_p: (M,), log of its probability as asked for, given the prompt.
        log_arrival: (M,), log of its arrival, in draws.
        log_peak: (M,), log of the latest arrival of all its prefixes: ``log_arrival`` unless a
            guide was led astray.
        log_reach: (M,), the same with each arrival times its hope.
        nats: (M,), -log of its probability under the model itself (temperature 1, unfiltered),
            prompt and end symbol included.
        keys: (M,), a number for each string, by which it can be told from the others.
        complete: whether these are all strings there are, at any horizon.
        unfinished: probability of the prefixes that had not ended after the longest length.
        steps: prefixes that were stepped.
    """

    ids: Ids
    lengths: NDArray[np.int32]
    log_p: NDArray[np.float64]
    log_arrival: NDArray[np.float64]
    log_peak: NDArray[np.float64]
    log_reach: NDArray[np.float64]
    nats: NDArray[np.float64]
    keys: NDArray[np.uint64]
    complete: bool
    unfinished: float
    steps: int


class TooManySteps(Exception):  # noqa: N818 (it is no error: the caller goes on with less)
    """The walk would need more steps than it may take."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is walked, and how far.

    Attributes:
        rnn: the model.
        sampler: the distribution of the next id.
        prompt: ids (P,) that every string begins with; the boundary before it is implied. A
            model that was trained without a begin symbol needs one, P ≥ 1.
        max_length: longest string, in ids, the prompt included and the end symbol not; prefixes
            that have not ended by then are dropped.
        seed: decides the arrivals.
        guide: keeps to the rules; ``None`` if there are none.
        likeliest: let chance out: a string arrives at 1 / p, so that the strings before the
            horizon are those of a probability of at least 1 / horizon. A guide's hopes must then
            be 0 or 1.
        most_steps: prefixes that may be stepped; ``None`` sets no limit.
        threads: at most so many at a time, ``None`` for one a core; the result is the same.
    """

    rnn: Recurrence
    sampler: Sampler
    prompt: Ids
    max_length: int
    seed: int = 0
    guide: Guide | None = None
    likeliest: bool = False
    most_steps: int | None = None
    threads: int | None = None


def arrivals(plan: Plan, log_horizon: float, log_slack: float = 0.0) -> Arrivals:
    """Return the strings that arrive before a horizon.

    Args:
        plan: what is walked.
        log_horizon: log of the horizon, in draws.
        log_slack: log of the factor by which the walk may go beyond it, at most; nearer where
            the guide is almost certain.

    Raises:
        TooManySteps: there are more than planned.
        ConfigError: ``plan.threads`` is less than 1.
        GenerationError: the model's logits are no finite numbers.
    """
    limit = _Limit(plan.most_steps)

    def finish(stack: Stack) -> _Walk:
        walk = trunk.branch(stack)  # in here, so that its memory is free when it is done
        while stack.size:
            walk.advance(min(stack.size, BLOCK))
        walk.close()
        return walk

    with one_blas_thread():
        trunk = _Walk.after_prompt(plan, log_horizon, log_slack, limit)
        while 0 < trunk.stack.size < WIDE:
            trunk.advance(trunk.stack.size)
        waiting = trunk.stack.prefixes
        log_rate: NDArray[np.float64] = waiting["log_p"] + waiting["log_hope"]
        strings = 1 + np.exp(np.minimum(log_rate + log_horizon, 600.0))  # at most, below each
        parts = [part for part in trunk.stack.split(strings, UNITS) if part.size]
        branches = run(finish, parts, plan.threads)
    trunk.close()
    walks = [trunk, *branches]
    ended = np.concatenate([walk.ended for walk in walks])
    return Arrivals(
        ids=np.concatenate([walk.ids for walk in walks]),
        lengths=np.concatenate([walk.lengths for walk in walks]),
        log_p=ended["log_p"],
        log_arrival=ended["log_arrival"],
        log_peak=ended["log_peak"],
        log_reach=ended["log_reach"],
        nats=ended["nats"],
        keys=ended["key"],
        complete=not any(walk.left for walk in walks),
        unfinished=sum(walk.unfinished for walk in walks),
        steps=limit.steps,
    )


class _Limit:
    """Counts the steps of all threads."""

    def __init__(self, most: int | None) -> None:
        self.most, self.steps = most, 0
        self._lock = threading.Lock()

    def count(self, steps: int) -> None:
        with self._lock:
            self.steps += steps
        if self.most is not None and self.steps > self.most:
            raise TooManySteps


class _Walk:
    """Prefixes that arrive before the horizon, in a part of the tree, and the strings there."""

    def __init__(
        self,
        plan: Plan,
        bounds: tuple[float, float],
        limit: _Limit,
        stack: Stack,
        trace: Trace,
        rows: int,
    ) -> None:
        """Stand at the prefixes of ``stack``; step at most ``rows`` of them at once."""
        self._plan, self._bounds, self._limit = plan, bounds, limit
        self.stack = stack
        self._trace = trace
        self._buffers = plan.rnn.buffers(rows)
        self._ended: list[NDArray[np.void]] = []
        self.left = 0
        """Continuations that arrive too late."""
        self.unfinished = 0.0

    @classmethod
    def after_prompt(cls, plan: Plan, log_horizon: float, log_slack: float, limit: _Limit) -> _Walk:
        """Stand at the end of the prompt."""
        last, carry, nats = read_prompt(plan.rnn, plan.prompt)
        state, context = plan.guide.root(plan.prompt) if plan.guide else (0, 0)
        key = root_key(plan.seed)
        arrival = 0.0 if plan.likeliest else float(np.log(-np.log1p(-uniform(key ^ GAMMA)))[0])
        length = len(plan.prompt)
        root = (last, length, 0, state, context, key[0], 0.0, 0.0, arrival, *2 * (-np.inf,), nats)
        prefixes = np.array([root] if arrival <= log_horizon else [], dtype=_PREFIX)
        stack = Stack(prefixes, carry[:, : len(prefixes)])
        walk = cls(plan, (log_horizon, log_slack), limit, stack, Trace(), WIDE)
        walk.left = 1 - len(prefixes)
        return walk

    def branch(self, stack: Stack) -> _Walk:
        """Return a walk that goes on from a part of the stack."""
        return _Walk(self._plan, self._bounds, self._limit, stack, self._trace.copy(), BLOCK)

    def advance(self, rows: int) -> None:
        """Take ``rows`` prefixes off the stack and put those back that arrive next below them."""
        plan, guide = self._plan, self._plan.guide
        self._limit.count(rows)
        here, carry = self.stack.take(rows)
        logits, carry = plan.rnn.step(here["id"], carry, self._buffers)
        scores = plan.sampler.scores(plan.sampler.heated(logits, here["length"]))
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        q = p  # (B, V): the rates of the continuations, over their prefix's probability
        with np.errstate(divide="ignore"):
            if guide is not None:
                q = p * guide.hopes(here["length"], here["state"], here["context"])
                here["log_arrival"] += here["log_hope"] - np.log(q.sum(axis=1, dtype=np.float64))
            if plan.likeliest:
                parent, ids, arrival = self._likely(here["log_p"], q)
            else:
                parent, ids, arrival = self._arriving(here, q)
        # What was chosen: for each continuation its parent's row, its id and its arrival.
        there = here.take(parent)
        there["log_arrival"] = arrival
        there["log_peak"] = np.maximum(there["log_peak"], arrival)
        log_p = np.log(p[parent, ids])
        if guide is not None:
            there["log_hope"] = np.log(q[parent, ids]) - log_p
            horizon, slack = self._bounds
            hope = np.minimum(np.exp(there["log_hope"]), 1.0)
            # Where the hope is certainty, nothing can come earlier than it seems to.
            margin = slack * MARGIN * np.minimum(1.0, (1.0 - hope) / UNSURE)
            kept = np.flatnonzero(arrival <= horizon + np.minimum(slack, margin - np.log(hope)))
            there["log_reach"] = np.maximum(there["log_reach"], arrival + np.log(hope))
            there, parent, ids, log_p = there[kept], parent[kept], ids[kept], log_p[kept]
        self.left += int(np.count_nonzero(q)) - len(ids)
        there["id"] = ids
        there["log_p"] += log_p
        own = p if plan.sampler.is_plain else np.exp(log_softmax(logits))
        there["nats"] -= np.log(own[parent, ids])
        there["key"] = child(there["key"], ids)

        ends = ids == BOUNDARY
        self._ended.append(there[ends])
        too_long = ~ends & (there["length"] >= plan.max_length)
        self.unfinished += float(np.exp(there["log_p"][too_long]).sum())
        goes_on = np.flatnonzero(~ends & ~too_long)
        there, parent = there.take(goes_on), parent[goes_on]
        there["length"] += 1
        there["trace"] = self._trace.add(there["trace"], there["id"])
        if guide is not None:
            there["state"], there["context"] = guide.advance(
                there["state"], there["context"], there["id"]
            )
        self.stack.push(there, carry, parent)

    def _arriving(
        self, here: NDArray[np.void], q: NDArray[np.floating]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Return row, id and log arrival of the continuations that arrive before the end.

        The rate of row b's continuation i is the row's probability times ``q[b, i]``.
        """
        keys, now, end = here["key"], here["log_arrival"], sum(self._bounds)
        # Which one comes with the prefix itself; a dead end (its arrival is infinite) has none.
        alive = np.flatnonzero(now <= end)
        shares = q[alive] / q[alive].sum(axis=1, keepdims=True)  # one row's may be tiny
        first = choose(shares, uniform(keys[alive]))
        # Another one comes before the end if its exponential time E, over its rate, fits into
        # what is left, t: E ≤ rate t. As E = -log(1 - u) ≥ u, few need the logarithm.
        left = end + np.log1p(-np.exp(np.minimum(now - end, 0.0)))
        reach = q * np.exp(np.minimum(here["log_p"] + left, 600.0))[:, None]
        u = uniforms(keys, q.shape[1])  # (B, V)
        near = u < reach
        near[alive, first] = False
        row, ids = near.nonzero()
        log_rate = here["log_p"][row] + np.log(q[row, ids])
        later = np.log(-np.log1p(-u[row, ids])) - log_rate
        arrival = np.logaddexp(now[row], later)
        fits = arrival <= end
        return (
            np.concatenate([alive, row[fits]]),
            np.concatenate([first, ids[fits]]),
            np.concatenate([now[alive], arrival[fits]]),
        )

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
        """Read the strings that have ended, and let go of all else."""
        self.ended = np.concatenate([np.empty(0, dtype=_PREFIX), *self._ended])
        self.ids, self.lengths = self._trace.read(self.ended["trace"])
        del self._buffers, self._ended
