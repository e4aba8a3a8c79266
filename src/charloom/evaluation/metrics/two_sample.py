"""A classifier two-sample test: can generated strings be distinguished from real ones?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ..statistics import Estimate, Z
from .distributions import Units, ngrams

CHANCE = Estimate(value=0.5, low=0.5, high=0.5)

ORDERS = (1, 2, 3, 4)
"""Orders of the n-grams that are features."""

DECAY = 0.02
"""λ of the penalty, λ/2 |w|²."""

FEW = 20
"""Real strings below which there is no test."""

MOST_TAUGHT, MOST_TESTED = 3000, 1000
"""Strings of either kind to train on and to test on, at most."""

REPEATS, FOLDS = 4, 5

FOLDED = 1.4
"""Factor for the intervals of cross-validation, whose folds share training data: measured with
real names against real names."""

Labels = NDArray[np.bool_]
Floats = NDArray[np.float64]
Encoded = Sequence[tuple[int, list[int]]]
"""Each string's length and the ids of its n-grams."""


def two_sample_accuracy(
    held_out: Sequence[Units],
    generated: Sequence[Units],
    train: Sequence[Units] = (),
    *,
    seed: int = 0,
) -> Estimate | None:
    """Measure how often a classifier distinguishes held-out strings from generated ones.

    A classifier two-sample test (Lopez-Paz & Oquab 2017): a logistic regression on length and
    character n-grams, n = 1 to 4, edges included. It is trained on as many generated as real
    strings and tested on others; the figure is its balanced accuracy, averaged over several sets
    of generated strings. The real strings to train on are ``train``; without any, held-out strings
    in 5-fold cross-validation.

    The ``generated`` strings must be distinct and none of ``train``; the more there are, the more
    sets. The interval is over the strings that were tested; ``None`` if there are too few.
    """
    rng, ids = generator(Stream.RESAMPLING, seed), dict[Hashable, int]()

    def encoded(strings: Sequence[Units]) -> Encoded:
        return [
            (
                len(units),
                [ids.setdefault(gram, len(ids)) for n in ORDERS for gram in ngrams(units, n)],
            )
            for units in strings
        ]

    chosen = rng.permutation(len(held_out))[:MOST_TESTED]
    order = rng.permutation(len(generated))
    asked = len(chosen)
    taught = min(len(train), MOST_TAUGHT, len(order) - asked) if len(train) > asked else 0
    if asked < FEW or len(order) < asked or (taught and taught < FEW):
        return None
    size = asked + taught
    repeats = min(REPEATS, max(1, len(order) // size))
    real = encoded([held_out[i] for i in chosen])
    ours = encoded([generated[i] for i in order[: repeats * size]])
    known = encoded(train if taught else ())
    right_real, right_ours = np.zeros(asked), []
    for start in range(0, repeats * size, size):
        lesson = [known[i] for i in rng.permutation(len(known))[:taught]]
        right = _round(
            [*real, *ours[start : start + asked]],
            [*lesson, *ours[start + asked : start + size]],
            rng,
        )
        right_real += right[:asked] / repeats
        right_ours.append(right[asked:])
    others = np.concatenate(right_ours)
    value = (float(right_real.mean()) + float(others.mean())) / 2
    error = sqrt(_variance(right_real) + _variance(others)) / 2 * (1 if taught else FOLDED)
    return Estimate(value=value, low=max(0.0, value - Z * error), high=min(1.0, value + Z * error))


def _variance(right: Floats) -> float:
    """Return the variance of the mean, with two hits and two misses added, so that it is not 0
    where all are equal (Agresti & Coull 1998)."""
    padded = np.append(right, (0.0, 0.0, 1.0, 1.0))
    return float(padded.var()) / len(padded)


def _round(tested: Encoded, taught: Encoded, rng: np.random.Generator) -> Floats:
    """Return for each of ``tested``, real ones first, 1 if it is classified correctly, else 0.

    The classifier is trained on ``taught``, real ones first; if there are none, by
    cross-validation on ``tested``.
    """
    half = len(tested) // 2
    labels = np.arange(len(tested)) < half
    if taught:
        features = _features(taught, tested)
        known = np.arange(len(taught)) < len(taught) // 2
        return _judged(features[: len(taught)], known, features[len(taught) :], labels)
    fold = np.concatenate([rng.permutation(half) % FOLDS, rng.permutation(half) % FOLDS])
    right = np.zeros(len(tested))
    features = _features(tested, [])
    for k in range(FOLDS):
        inside, outside = fold != k, fold == k
        right[outside] = _judged(
            features[inside], labels[inside], features[outside], labels[outside]
        )
    return right


def _features(taught: Encoded, tested: Encoded) -> Any:
    """Return a sparse row for each string: its n-grams' counts, and which lengths it reaches.

    n-grams that occur in only one training string are left out.
    """
    from scipy import sparse

    strings = [*taught, *tested]
    rows = np.repeat(np.arange(len(strings)), [len(grams) for _, grams in strings])
    columns = np.array([gram for _, grams in strings for gram in grams])
    shape = (len(strings), int(columns.max()) + 1)
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    counts.sum_duplicates()
    seen = np.bincount(counts[: len(taught)].indices, minlength=shape[1])
    lengths = np.array([[length] for length, _ in strings])
    longest = int(np.quantile(lengths, 0.999)) + 1
    reaches = (lengths >= np.arange(1, min(longest, 100) + 1)) * 0.5
    return sparse.hstack([counts[:, np.flatnonzero(seen > 1)], reaches]).tocsr()


def _judged(known: Any, labels: Labels, features: Any, answers: Labels) -> Floats:
    """Train on ``known``; return 1 for each of ``features`` classified correctly, ½ for a tie."""
    weights = _regression(known, labels)
    scores = features @ weights[:-1] + weights[-1]
    return np.where(scores == 0, 0.5, (scores > 0) == answers)


def _regression(features: Any, labels: Labels) -> Floats:
    """Fit a logistic regression with an L2 penalty; return its weights, the intercept last."""
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    signs = np.where(labels, 1.0, -1.0)
    transposed = features.T.tocsr()

    def loss(weights: Floats) -> tuple[float, Floats]:
        margins = signs * (features @ weights[:-1] + weights[-1])
        value = np.logaddexp(0, -margins).mean() + DECAY / 2 * (weights[:-1] @ weights[:-1])
        pull = -signs * np.exp(-np.logaddexp(0, margins)) / len(signs)
        return value, np.append(transposed @ pull + DECAY * weights[:-1], pull.sum())

    with threadpool_limits(limits=1, user_api="blas"):  # SciPy has a BLAS of its own
        found = minimize(
            loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B",
            options={"maxiter": 200, "gtol": 1e-4},
        )  # fmt: skip
    weights: Floats = found.x
    return weights
