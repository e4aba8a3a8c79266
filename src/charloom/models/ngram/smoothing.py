"""Smoothing whose discounts and concentrations are fitted, for each length of context.

With c(hw) the count of w after the context h and h' the context without its first symbol,

    p(w | h) = (max(c(hw) - D(c(hw)), 0) + γ(h) p(w | h')) / (Σ c(hv) + θ),
    γ(h) = θ + Σ D(c(hv))  over all v.

With θ = 0 this is modified Kneser-Ney smoothing; with one discount it is the predictive
distribution of the hierarchical Pitman-Yor process (Teh 2006, "A hierarchical Bayesian language
model based on Pitman-Yor processes", equation 9, one table per type) and of PPM-DP (Steinruecken,
Ghahramani and MacKay 2015). D1, D2, D3+ and θ of each length are fitted to strings that were not
counted, with a prior that decides where there are few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import LEAST_LEFT
from .counts import Counts, Step

Numbers = NDArray[np.float64]

LETTERS_PRIOR = (0.75, 1.15, 1.45, 0.4)
CLASSES_PRIOR = (0.12, 0.24, 0.36, 1.5)
"""D1, D2, D3+ and θ before anything is fitted; those of classes are near raw frequencies."""

MOST_STEPS, MOST_HALVED, ENOUGH, CLOSE = 60, 20, 1e-4, 1e-9
"""Of a search for a minimum: steps; halvings of a step; the share of the expected gain that is
enough; and the gain, relative to the value, below which the search ends."""

HASHED = 0x5851F42D4C957F2D
"""An odd number whose products are spread over 64 bits (Knuth, MMIX)."""

PRIOR_NATS = 1.0
"""Nats that a parameter costs when its logit (of θ: its logarithm) moves by 1 from the prior."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What strings that were not counted say about one length of context.

    Attributes, each (N,), one number for each of their N characters:
        ones, twos, more: the types of count 1, 2 and 3 or more after its context.
        total: the sum of the counts; 0 if the context is unknown.
        count: the count of the character.
    """

    ones: Numbers
    twos: Numbers
    more: Numbers
    total: Numbers
    count: Numbers


def evidence(counts: Counts, walked: Sequence[Step], kept: NDArray[np.intp]) -> list[Evidence]:
    """Return what the counts say about targets of a stream of strings that were not counted.

    Args:
        counts: the counts.
        walked: what ``counts.walk`` yields for the stream.
        kept: (K,), the targets, sorted.
    """
    found = []
    for number, (level, step) in enumerate(zip(counts.levels, walked, strict=False)):
        used = counts.used(number)
        rows, context, ngram, there = step.at(kept)
        dense = np.zeros((5, len(kept)))
        for row, mask in enumerate((used == 1, used == 2, used >= 3, used)):
            dense[row, rows] = np.bincount(level.context, mask, level.contexts)[context]
        dense[4, rows] = np.where(there, used[ngram], 0)
        found.append(Evidence(*dense))
    return found


def minimum(
    loss: Callable[[Numbers], tuple[float, Numbers]], start: Numbers, curvature: Numbers
) -> Numbers:
    """Return where a function of N numbers has its minimum.

    By the BFGS method (Nocedal and Wright 2006, "Numerical Optimization", algorithm 6.1) with
    halved steps, from an estimate of the second derivatives: few evaluations are enough.

    Args:
        loss: returns its value and its gradient (N,).
        start: (N,), where to begin.
        curvature: (N, N), about the second derivatives there; positive definite.
    """
    inverse = np.linalg.inv(curvature)
    here, (value, slope) = start, loss(start)
    for _ in range(MOST_STEPS):
        step = -inverse @ slope
        gain = -float(slope @ step)
        if gain <= CLOSE * max(1.0, abs(value)):
            break
        for _ in range(MOST_HALVED):
            there = here + step
            lower, slope_there = loss(there)
            if lower <= value - ENOUGH * gain:
                break
            step, gain = step / 2, gain / 2
        else:
            break  # no lower, except for rounding
        change = slope_there - slope
        here, value, slope = there, lower, slope_there
        along = float(step @ change)
        if along > 0:
            moved = inverse @ change
            scale = (1 + float(change @ moved) / along) / along
            inverse += scale * np.outer(step, step)
            inverse -= (np.outer(moved, step) + np.outer(step, moved)) / along
    return here


def fit(items: Sequence[Evidence], below: Numbers, prior: Sequence[float]) -> Numbers:
    """Return D1, D2, D3+ and θ of each length of context, (levels, 4).

    Maximises the probability of the characters, times the prior.

    Args:
        items: for each length of context, the shortest first.
        below: (N,), the probability of each character below the first of them.
        prior: D1, D2, D3+ and θ.
    """
    if not items:
        return np.empty((0, 4))
    items, below, times = _merged(items, below)
    middle = np.tile(_to_free(np.asarray(prior)), len(items))
    kinds = [np.minimum(one.count, 3).astype(np.int64) for one in items]
    known_at = [one.total > 0 for one in items]

    def passed(free: Numbers) -> tuple[Numbers, Numbers, Numbers, list[tuple[Numbers, ...]]]:
        # The parameters, their derivatives by the free ones, the probabilities, and for each
        # length those below, the backoff weight, 1 / (total + θ) and those there.
        parameters, by_free = _from_free(free.reshape(-1, 4))
        low, steps = below, list[tuple[Numbers, ...]]()
        for one, kind, known, row in zip(items, kinds, known_at, parameters, strict=True):
            d1, d2, d3, theta = row
            taken = np.append(0.0, row[:3])[kind]
            left = d1 * one.ones + d2 * one.twos + d3 * one.more + theta
            scale = known / np.maximum(one.total + theta, 1e-12)
            high = np.where(known, (one.count - taken + left * low) * scale, low)
            steps.append((low, left, scale, high))
            low = high
        return parameters, by_free, low, steps

    def loss(free: Numbers) -> tuple[float, Numbers]:
        parameters, by_free, p, steps = passed(free)
        gradient = np.empty_like(parameters)
        outer = -times / p
        for number in reversed(range(len(items))):
            one = items[number]
            low, left, scale, high = steps[number]
            scaled = outer * scale
            own = np.bincount(kinds[number], scaled, 4)
            below_scaled = scaled * low
            for place, types in enumerate((one.ones, one.twos, one.more)):
                gradient[number, place] = below_scaled @ types - own[place + 1]
            gradient[number, 3] = below_scaled.sum() - scaled @ high
            outer = np.where(known_at[number], scaled * left, outer)
        away = free - middle
        total = -float(times @ np.log(p)) + PRIOR_NATS * float(away @ away)
        return total, (gradient * by_free).ravel() + 2 * PRIOR_NATS * away

    def curvature(free: Numbers) -> Numbers:
        # The products of each character's gradient with itself (Berndt, Hall, Hall and Hausman
        # 1974), which in the mean are the second derivatives at the optimum.
        _, by_free, p, steps = passed(free)
        slopes = np.empty((len(items), 4, len(p)))
        outer = -1 / p
        for number in reversed(range(len(items))):
            one = items[number]
            low, left, scale, high = steps[number]
            scaled = outer * scale
            for place, types in enumerate((one.ones, one.twos, one.more)):
                slopes[number, place] = scaled * (types * low - (kinds[number] == place + 1))
            slopes[number, 3] = scaled * (low - high)
            outer = np.where(known_at[number], scaled * left, outer)
        slopes *= by_free[:, :, None]
        flat = slopes.reshape(len(free), -1)
        return (flat * times) @ flat.T + 2 * PRIOR_NATS * np.eye(len(free))

    return _from_free(minimum(loss, middle, curvature(middle)).reshape(-1, 4))[0]


def _merged(items: Sequence[Evidence], below: Numbers) -> tuple[list[Evidence], Numbers, Numbers]:
    """Return different characters, and how often each of them occurs."""
    columns = [below, *(column for one in items for column in vars(one).values())]
    key = np.zeros(len(below), np.int64)
    for column in columns:
        key = key * HASHED ^ column.view(np.int64)
        key ^= key >> 32
    _, first, times = np.unique(key, return_index=True, return_counts=True)
    merged = [Evidence(*(column[first] for column in vars(one).values())) for one in items]
    return merged, below[first], times.astype(np.float64)


def smoothed(counts: Counts, number: int, parameters: Numbers) -> tuple[Numbers, Numbers]:
    """Return level ``number``'s discounted probabilities (E,) and backoff weights (C,)."""
    level, used = counts.levels[number], counts.used(number)
    taken = np.array([0.0, *parameters[:3]])[np.minimum(used, 3)]
    scale = 1 / (np.bincount(level.context, used, level.contexts) + parameters[3])
    left = (np.bincount(level.context, taken, level.contexts) + parameters[3]) * scale
    return (used - taken) * scale[level.context], np.maximum(left, LEAST_LEFT)


def _to_free(parameters: Numbers) -> Numbers:
    """Return logits of the discounts as parts of 1, 2 and 3, and the logarithm of θ."""
    parts = parameters[:3] / (1, 2, 3)
    return np.append(np.log(parts / (1 - parts)), np.log(parameters[3]))


def _from_free(free: Numbers) -> tuple[Numbers, Numbers]:
    """Return the parameters (levels, 4), and their derivatives by the free ones."""
    parts = 1 / (1 + np.exp(-free[:, :3]))
    theta = np.exp(np.clip(free[:, 3:], -20, 20))
    most = np.array([1, 2, 3])
    return np.hstack([parts * most, theta]), np.hstack([parts * (1 - parts) * most, theta])


def joined(items: Sequence[list[Evidence]]) -> list[Evidence]:
    """Return the evidence of several parts, length by length; some may have fewer lengths."""
    if len(items) == 1:
        return items[0]
    lengths = max(map(len, items))
    sizes = [len(one[0].count) for one in items]
    found = []
    for number in range(lengths):
        columns = []
        for name in ("ones", "twos", "more", "total", "count"):
            columns.append(
                np.concatenate(
                    [
                        getattr(one[number], name) if number < len(one) else np.zeros(size)
                        for one, size in zip(items, sizes, strict=True)
                    ]
                )
            )
        found.append(Evidence(*columns))
    return found
