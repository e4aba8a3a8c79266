"""Sampling without replacement: different strings in the order of their draw, none drawn twice.

Imagine drawing forever, one string after the other, at the ticks of a Poisson clock of rate 1: a
string of probability p comes for the first time after a time that is exponential with rate p, and
independent of every other string's. So the strings in order of their first arrivals are draws
without replacement, and those before a horizon t are what about t draws with repeats dropped would
have given; and the arrivals can be computed without the draws. A prefix of probability p arrives
with its first string, after an exponential time of rate p. Given that, the string is the one below
one of its continuations, chosen by the model; each of the others arrives an exponential time
later, with its own rate. Going down the tree of prefixes from the root, only what arrives before
the horizon is stepped: one step of the model for each distinct prefix of the results, however
often it would have been drawn.

(With -log of the arrival for a key, this is the stochastic beam search of Kool, van Hoof and
Welling 2019, "Stochastic Beams and Where to Find Them", whose Gumbel keys are -log of exponential
times, top-down as in A* sampling, Maddison, Tarlow and Minka 2014; a horizon takes the place of
the beam, so that nothing is kept that cannot come out.)

A guide estimates how probable it is that a prefix becomes a string that satisfies the constraints;
a prefix then arrives with its first such string, at the rate p times that estimate. Its step gives
a better one, the estimates of its continuations weighted by the model's own probabilities, and its
arrival is divided by the ratio of the two: an exponential time stays one, with the corrected rate.
Where the estimate ends, at a whole string, it is 1, so every string's arrival has the model's own
rate in the end. The estimates decide only what is stepped: a string is missed if it arrives before
the horizon, but a prefix of it seemed to come later. So prefixes are stepped for some slack beyond
the horizon. That of a prefix with the estimate h need not be much more than 1 / h, since the rate
of its strings cannot be more than p: where h is near 1, as where a constraint is satisfied
already, there is hardly any. ``log_peak`` and ``log_reach`` say how far the walk had to go for
each string.

The random numbers are a function of the seed and of the prefix alone (SplitMix64, Steele, Lea and
Flood 2014): a longer horizon, other blocks or more threads change nothing of what came before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.threads import one_blas_thread, run, usable_cores
from .tree import BLOCK, WIDE, Ids, Stack
from .walk import Plan, StepLimit, Walk

UNITS = 4
"""Units of work a thread that a wide walk is cut into; the threads take them in turn."""


@dataclass(frozen=True)
class Arrivals:
    """M different strings that arrive before the horizon, in no particular order.

    Attributes:
        ids: (sum of lengths,), one string after the other, without prompt and boundaries.
        lengths: (M,), how many of them belong to each string.
        log_p: (M,), log of its probability as asked for, given the prompt.
        log_arrival: (M,), log of its arrival, in draws.
        log_peak: (M,), log of the latest arrival of all its prefixes: ``log_arrival`` unless a
            guide's estimate was wrong.
        log_reach: (M,), the same with each arrival times its estimate.
        nats: (M,), -log of its probability under the model itself (temperature 1, unfiltered),
            prompt and end symbol included.
        keys: (M,), a number for each string, by which it can be distinguished from the others.
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
        log_slack: log of the factor by which the walk may go beyond it, at most; nearer where
            the guide is almost certain.

    Raises:
        TooManySteps: there are more than planned.
        ConfigError: ``plan.threads`` is less than 1.
        GenerationError: the model's logits are no finite numbers.
    """
    limit = StepLimit(plan.most_steps)

    def finish(stack: Stack) -> Walk:
        walk = trunk.branch(stack, BLOCK)  # in here, so that its memory is free when it is done
        while stack.size:
            walk.advance(min(stack.size, BLOCK))
        walk.close()
        return walk

    with one_blas_thread():
        trunk = Walk.after_prompt(plan, (log_horizon, log_slack), limit, WIDE)
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
