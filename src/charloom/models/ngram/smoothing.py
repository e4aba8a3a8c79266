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
from .counts import Counts

Numbers = NDArray[np.float64]

LETTERS_PRIOR = (0.75, 1.15, 1.45, 0.4)
CLASSES_PRIOR = (0.12, 0.24, 0.36, 1.5)
"""D1, D2, D3+ and θ before anything is fitted; those of classes are near raw frequencies."""

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


def evidence(counts: Counts, stream: NDArray[np.integer], keep: NDArray[np.intp]) -> list[Evidence]:
    """Look the targets ``keep`` (K,) of a stream (N + 1,) up in the counts of others."""
    found = []
    for number, (where, context, ngram, there) in enumerate(counts.walk(stream)):
        level, used = counts.levels[number], counts.used(number)
        columns = [
            np.bincount(level.context, mask, level.contexts)
            for mask in (used == 1, used == 2, used >= 3, used)
        ]
        dense = np.zeros((5, len(stream) - 1))
        dense[:4, where] = [column[context] for column in columns]
        dense[4, where] = np.where(there, used[ngram], 0)
        found.append(Evidence(*dense[:, keep]))
    return found


def minimum(loss: Callable[[Numbers], tuple[float, Numbers]], start: Numbers) -> Numbers:
    """Return where ``loss``, which returns its value and its gradient (N,), has its minimum."""
    from scipy.optimize import minimize  # late: SciPy takes a while to import

    found: Numbers = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60}).x
    return found


def fit(items: Sequence[Evidence], below: Numbers, prior: Sequence[float]) -> Numbers:
    """Return D1, D2, D3+ and θ of each length of context, (levels, 4).

    Maximises the probability of the characters, times the prior, by L-BFGS.

    Args:
        items: for each length of context, the shortest first.
        below: (N,), the probability of each character below the first of them.
        prior: D1, D2, D3+ and θ.
    """
    middle = np.tile(_to_free(np.asarray(prior)), len(items))
    kinds = [np.minimum(one.count, 3).astype(np.int64) for one in items]
    known_at = [one.total > 0 for one in items]

    def loss(free: Numbers) -> tuple[float, Numbers]:
        parameters, slopes = _from_free(free.reshape(-1, 4))
        low, steps = below, []
        for one, kind, known, row in zip(items, kinds, known_at, parameters, strict=True):
            d1, d2, d3, theta = row
            taken = np.append(0.0, row[:3])[kind]
            left = d1 * one.ones + d2 * one.twos + d3 * one.more + theta
            scale = known / np.maximum(one.total + theta, 1e-12)
            high = np.where(known, (one.count - taken + left * low) * scale, low)
            steps.append((low, left, scale, known, high))
            low = high
        gradient = np.empty_like(parameters)
        outer = -1 / low
        for number in reversed(range(len(items))):
            one = items[number]
            low_before, left, scale, known, high = steps[number]
            scaled = outer * scale
            own = np.bincount(kinds[number], scaled, 4)
            below_scaled = scaled * low_before
            for place, types in enumerate((one.ones, one.twos, one.more)):
                gradient[number, place] = below_scaled @ types - own[place + 1]
            gradient[number, 3] = below_scaled.sum() - scaled @ high
            outer = np.where(known, outer * left * scale, outer)
        away = free - middle
        total = -float(np.log(low).sum()) + PRIOR_NATS * float(away @ away)
        return total, (gradient * slopes).ravel() + 2 * PRIOR_NATS * away

    return _from_free(minimum(loss, middle).reshape(-1, 4))[0]


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
