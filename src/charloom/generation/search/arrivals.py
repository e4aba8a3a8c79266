"""Sampling without replacement: different strings, in the order of their first draw.

Imagine sampling forever, one string at each tick of a Poisson clock of rate 1. A string of
probability p first arrives after a time that is exponential with rate p, independent of all others.
So strings in the order of their first arrivals are samples without replacement, and those before a
horizon t are what about t draws would give, with repeats dropped. The arrivals can be computed
without the draws. A prefix of probability p arrives with its first string, after an exponential
time of rate p. This string has one of the prefix's continuations, chosen by the model; each of the
other continuations arrives an exponential time later, with its own rate. Going down the tree of
prefixes from the root, only what arrives before the horizon is stepped: one step of the model for
each distinct prefix of the results, however often it would have been drawn.

(With -log of the arrival as the key, this is the stochastic beam search of Kool, van Hoof and
Welling 2019, "Stochastic Beams and Where to Find Them", whose Gumbel keys are -log of exponential
times, top-down as in A* sampling, Maddison, Tarlow and Minka 2014; a horizon replaces the beam, so
that nothing is stored that will not be returned.)

A constraint guide estimates the probability that a prefix becomes a string that satisfies the
constraints. A prefix then arrives with its first such string, at the rate p times the estimate. Its
step gives a better estimate, that of its continuations weighted by the model's own probabilities,
and its arrival is divided by the ratio of the two: an exponential time stays one, with the
corrected rate. At a whole string the estimate is 1, so every string arrives at the model's own
rate. The estimates decide only what is stepped: a string is missed if it arrives before the
horizon, but one of its prefixes seemed to come later. So prefixes are stepped for some slack beyond
the horizon. For a prefix with the estimate h, it need not be much more than 1 / h, since the rate
of its strings is at most p: where h is near 1, as where a constraint is already satisfied, there is
hardly any. ``log_peak`` and ``log_reach`` record how far the walk had to go for each string.

The random numbers are a function of the seed and the prefix alone (SplitMix64, Steele, Lea and
Flood 2014): a longer horizon, other blocks or more threads do not change what came before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...data.random import uniforms
from ...models.threads import one_blas_thread, run, usable_cores
from .tree import BLOCK, WIDE, Ids, Stack, joined
from .walk import MARGIN, Plan, StepLimit, Walk

if TYPE_CHECKING:
    from .parts import Part

FEW, SOONER = 5_000, 256  # a walk for fewer draws divides at so many prefixes instead of WIDE
UNITS = 4  # units of work for each thread that a wide walk is divided into, at most
NARROWEST = 512  # prefixes in each of them, on average; steps of few cost almost as much
CELLS = 1 << 21  # waiting times to compute at once
HANDED_ON = 1 << 16  # strings that a walk hands on together


@dataclass(frozen=True)
class Arrivals:
    """M different strings that arrive before the horizon, in no particular order.

    Attributes:
        ids: (sum of lengths,), one string after the other, without prompt and boundaries.
        lengths: (M,), how many of them belong to each string.
        log_p: (M,), log of its probability under the sampler, given the prompt.
        log_arrival: (M,), log of its arrival, in draws.
        log_peak: (M,), log of the latest arrival of all its prefixes: ``log_arrival`` unless a
            guide's estimate was wrong.
        log_reach: (M,), the same with each arrival times its estimate.
        nats: (M,), -log of its probability under the model itself (temperature 1, unfiltered),
            prompt and end symbol included.
        keys: (M,), a number that identifies the string.
        complete: whether these are all strings there are, at any horizon.
        unfinished: probability of the prefixes that had not ended at the longest length.
        steps: prefixes that were stepped.
        log_horizon: log of the horizon that the walk was cut short to (``Plan.enough``); inf if it
            was not.
    """

    ids: Ids
    lengths: NDArray[np.int32]
    log_p: NDArray[np.float64]
    log_arrival: NDArray[np.float64]
    log_peak: NDArray[np.float64]
    log_reach: NDArray[np.float64]
    nats: NDArray[np.float64]
    keys: NDArray[np.uint64]
    complete: bool = False
    unfinished: float = 0.0
    steps: int = 0
    log_horizon: float = np.inf

    @classmethod
    def of(cls, walks: Sequence[Walk], steps: int = 0) -> Arrivals:
        """Return what walks have read."""
        ended = joined([walk.ended for walk in walks])
        return cls(
            np.concatenate([walk.ids for walk in walks]),
            np.concatenate([walk.lengths for walk in walks]),
            ended["log_p"],
            ended["log_arrival"],
            ended["log_peak"],
            ended["log_reach"],
            ended["nats"],
            ended["key"],
            complete=not any(walk.left for walk in walks),
            unfinished=sum(walk.unfinished for walk in walks),
            steps=steps,
            log_horizon=min(walk.log_horizon for walk in walks),
        )

    def ids_of(self, rows: NDArray[np.integer]) -> Ids:
        """Return the ids of the strings of ``rows``, end to end."""
        lengths = self.lengths[rows].astype(np.int64)
        shift = self._starts[rows] - starts_of(lengths)
        ids: Ids = self.ids[np.arange(lengths.sum()) + np.repeat(shift, lengths)]
        return ids

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return starts_of(self.lengths.astype(np.int64))

    def astray(self, log_horizon: float, log_slack: float) -> NDArray[np.int64]:
        """Return how many strings arrive before the horizon; how many of them were found in the
        last factor of two and of four of the slack; and in the last factor of two of the margin."""
        near = self.log_arrival <= log_horizon
        beyond = self.log_peak[near] - log_horizon - log_slack
        reach = log_horizon + max(log_slack * MARGIN - np.log(2), 0.0)
        far = self.log_reach[near] > reach
        counts = (near, beyond > -np.log(2), beyond > -np.log(4), far)
        return np.array([one.sum() for one in counts])

    def mass(self, log_horizon: float) -> float:
        """Return an estimate of the probability of all strings, those not found included.

        A string of probability p before a horizon t stands for 1 / (1 - exp(-p t)) similar ones
        (Horvitz and Thompson 1952).
        """
        log_p = self.log_p[self.log_arrival <= log_horizon]
        return float(np.sum(np.exp(log_p) / -np.expm1(-np.exp(log_p + log_horizon))))

    def padded(self) -> Ids:
        """Return the strings as rows of ids, (M, T), with 0 beyond their ends."""
        rows = np.zeros((len(self.lengths), int(self.lengths.max(initial=0))), np.int32)
        rows[np.arange(rows.shape[1]) < self.lengths[:, None]] = self.ids
        return rows


def starts_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where strings of these lengths begin, if they are put end to end."""
    return np.cumsum(lengths) - lengths


def arrivals(
    plan: Plan,
    log_horizon: float,
    log_slack: float = 0.0,
    *,
    part: Part | None = None,
    hand_on: Callable[[Arrivals], None] | None = None,
) -> Arrivals:
    """Return the strings that arrive before a horizon.

    Args:
        plan: what is walked.
        log_horizon: log of the horizon, in draws.
        log_slack: log of the factor by which the walk may go beyond it, at most; less where the
            guide is almost certain.
        part: the part of the tree that is walked; ``None`` for all of it.
        hand_on: takes the strings in pieces while the walk runs, one call at a time, so that memory
            does not grow with their number. The result then has none.

    Raises:
        TooManySteps: there are more than planned.
        ConfigError: ``plan.threads`` is less than 1.
        GenerationError: the model's logits are not finite.
    """
    limit, lock = StepLimit(plan.most_steps), threading.Lock()

    def pass_on(walk: Walk) -> None:
        if hand_on is not None and len(walk.ended):
            with lock:
                hand_on(Arrivals.of([walk]))
            walk.ended, walk.ids, walk.lengths = walk.ended[:0], walk.ids[:0], walk.lengths[:0]

    def finish(stack: Stack) -> Walk:
        walk = trunk.branch(stack, BLOCK)  # in here, so that its memory is free when it is done
        while stack.size:
            walk.advance(min(stack.size, BLOCK))
            if hand_on is not None and walk.waiting >= HANDED_ON:
                walk.pause()
                pass_on(walk)
        walk.close()
        pass_on(walk)
        return walk

    with one_blas_thread():
        trunk = Walk(plan, (log_horizon, log_slack), limit, WIDE)
        if part is not None:
            part.place(trunk, plan)
        # Without a guide, a tree that is wide stays so.
        sooner = plan.guide is None and log_horizon < np.log(FEW)
        wide = min(SOONER, WIDE) if sooner else WIDE
        while 0 < trunk.stack.size < wide:
            trunk.advance(trunk.stack.size)
            if plan.enough is not None and plan.guide is None and not plan.likeliest:
                trunk.cut(plan.enough)
        threads = plan.threads or usable_cores()
        each = trunk.stack.size // (NARROWEST * threads)
        units = threads * min(UNITS, max(1, each))
        waiting = trunk.stack.prefixes
        log_rate: NDArray[np.float64] = waiting["log_p"] + waiting["log_estimate"]
        strings = 1 + np.exp(np.minimum(log_rate + log_horizon, 600.0))  # at most, below each
        branches = run(
            finish, [s for s in trunk.stack.split(strings, units) if s.size], plan.threads
        )
    trunk.close()
    pass_on(trunk)
    return Arrivals.of([trunk, *branches], limit.steps)


def with_repeats(
    found: Arrivals, log_horizon: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return all arrivals before the horizon: each string's row, (N,), and the log of its time.

    A string of probability p arrives in a Poisson process of rate p: after the first arrival, the
    times between them are exponential with rate p too. They follow from the string's key.
    """
    horizon = np.exp(log_horizon)
    early = np.flatnonzero(found.log_arrival <= log_horizon)
    keys, times, rates = found.keys[early], np.exp(found.log_arrival[early]), found.log_p[early]
    rates = np.exp(rates)
    strings, all_times = [early], [times]
    # Strings with about as many arrivals are computed together, by powers of two.
    groups = np.frexp(rates * (horizon - times))[1]
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        mean = 2.0 ** max(int(group), -4)
        count = int(mean + 8 * np.sqrt(mean) + 8)  # too few once in 10^14 times
        for start in range(0, len(members), max(1, CELLS // count)):
            rows = members[start : start + max(1, CELLS // count)]
            waits = -np.log1p(-uniforms(keys[rows], count)) / rates[rows, None]
            later = times[rows, None] + np.cumsum(waits, axis=1)
            row, column = (later <= horizon).nonzero()
            strings.append(early[rows[row]])
            all_times.append(later[row, column])
    return np.concatenate(strings), np.log(np.concatenate(all_times))
