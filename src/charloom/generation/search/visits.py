"""Prefixes that a walk has stepped, with the model's probabilities there: to learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from .arrivals import Arrivals, arrivals
from .guides import Ints
from .tree import Floats, Ids, Records, Trace
from .walk import Plan, TooManySteps

MOST_ORDER = 5  # ids of a prefix that are remembered
MOST_CELLS = 8_000_000  # probabilities to store, at most; about as many prefixes as PREFIXES ...
PREFIXES = 30_000  # ... are visited, and of each an equal share is left out if they are too many

Floats64 = NDArray[np.float64]


@dataclass(frozen=True)
class Visits:
    """M prefixes, in an order that does not depend on threads.

    Attributes:
        recent: (M, MOST_ORDER), the last ids, the boundary before the first.
        lengths: (M,), in ids, the prompt included.
        p: (M, V), the sampler's distribution of the next id.
        log_p: (M,), log of the prefix's probability, given the prompt.
    """

    recent: Ids
    lengths: Ints
    p: Floats
    log_p: Floats64

    def __add__(self, other: Visits) -> Visits:
        return Visits(
            np.concatenate([self.recent, other.recent]),
            np.concatenate([self.lengths, other.lengths]),
            np.concatenate([self.p, other.p]),
            np.concatenate([self.log_p, other.log_p]),
        )


class Recorder:
    """Keeps what a walk visits."""

    def __init__(self, plan: Plan) -> None:
        """Record walks of ``plan``."""
        self._prompt, V = plan.prompt, plan.rnn.vocabulary_size
        self._share = min(1.0, MOST_CELLS / PREFIXES / V)
        self._kept: list[tuple[Trace, Records, Floats]] = []
        self._empty = np.zeros((0, V), np.float32)

    def __call__(self, trace: Trace, here: Records, p: Floats) -> None:
        """Keep a step: the prefixes (B,) and the distributions (B, V)."""
        if self._share == 1:
            self._kept.append((trace, here.copy(), p.copy()))
        else:  # keys are random
            rows = np.flatnonzero(here["key"] < np.uint64(self._share * 2.0**64))
            self._kept.append((trace, here[rows], p[rows]))

    def visits(self) -> Visits:
        """Return what was kept, after the walk."""
        before = np.concatenate([np.full(MOST_ORDER, BOUNDARY, np.int32), self._prompt])
        recent, lengths, ps, log_ps, keys = [], [], [self._empty], [], []
        for trace in {id(trace): trace for trace, _, _ in self._kept}.values():
            steps = [(here, p) for other, here, p in self._kept if other is trace]
            numbers = np.concatenate([here["trace"] for here, _ in steps])
            recent.append(trace.recent(numbers, MOST_ORDER, before))
            ps += [p for _, p in steps]
            lengths += [here["length"] for here, _ in steps]
            log_ps += [here["log_p"] for here, _ in steps]
            keys += [here["key"] for here, _ in steps]
        if not keys:
            none = np.zeros(0)
            return Visits(before[None, :0], none.astype(np.int32), self._empty, none)
        order = np.argsort(np.concatenate(keys), kind="stable")
        return Visits(
            np.concatenate(recent)[order],
            np.concatenate(lengths)[order],
            np.concatenate(ps)[order],
            np.concatenate(log_ps)[order],
        )


def recorded(plan: Plan, log_horizon: float, log_slack: float) -> tuple[Arrivals, Visits] | None:
    """Return the strings of ``arrivals``, and the prefixes it stepped.

    ``None`` if there are more steps than planned.
    """
    recorder = Recorder(plan)
    try:
        found = arrivals(replace(plan, record=recorder, watch=None), log_horizon, log_slack)
    except TooManySteps:
        return None
    return found, recorder.visits()
