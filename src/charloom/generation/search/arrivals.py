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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.random import uniforms
from ...models.threads import one_blas_thread, run, usable_cores
from .tree import BLOCK, WIDE, Ids, Stack
from .walk import Plan, StepLimit, Walk

UNITS = 4  # units of work for each thread that a wide walk is divided into
CELLS = 1 << 21  # waiting times to compute at once


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

    def padded(self) -> Ids:
        """Return the strings as rows of ids, (M, T), with 0 beyond their ends."""
        rows = np.zeros((len(self.lengths), int(self.lengths.max(initial=0))), np.int32)
        rows[np.arange(rows.shape[1]) < self.lengths[:, None]] = self.ids
        return rows


def arrivals(plan: Plan, log_horizon: float, log_slack: float = 0.0) -> Arrivals:
    """Return the strings that arrive before a horizon.

    Args:
        plan: what is walked.
        log_horizon: log of the horizon, in draws.
        log_slack: log of the factor by which the walk may go beyond it, at most; less where the
            guide is almost certain.

    Raises:
        TooManySteps: there are more than planned.
        ConfigError: ``plan.threads`` is less than 1.
        GenerationError: the model's logits are not finite.
    """
    limit = StepLimit(plan.most_steps)

    def finish(stack: Stack) -> Walk:
        walk = trunk.branch(stack, BLOCK)  # in here, so that its memory is free when it is done
        while stack.size:
            walk.advance(min(stack.size, BLOCK))
        walk.close()
        return walk

    with one_blas_thread():
        trunk = Walk(plan, (log_horizon, log_slack), limit, WIDE)
        while 0 < trunk.stack.size < WIDE:
            trunk.advance(trunk.stack.size)
        units = UNITS * (plan.threads or usable_cores())
        waiting = trunk.stack.prefixes
        log_rate: NDArray[np.float64] = waiting["log_p"] + waiting["log_estimate"]
        strings = 1 + np.exp(np.minimum(log_rate + log_horizon, 600.0))  # at most, below each
        parts = [part for part in trunk.stack.split(strings, units) if part.size]
        branches = run(finish, parts, plan.threads)
    trunk.close()
    walks = [trunk, *branches]
    ended = np.concatenate([walk.ended for walk in walks])
    return Arrivals(
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
        steps=limit.steps,
    )


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
