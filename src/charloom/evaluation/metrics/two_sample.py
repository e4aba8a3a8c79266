"""Whether a classifier can tell generated strings from real ones: 0.5 if it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ..statistics import Estimate, Z
from .distributions import Units, ngrams

ORDERS = (1, 2, 3, 4)
"""n-grams that the classifier sees."""

DECAY = 0.02
"""λ of its penalty, λ/2 |w|²."""

FEW = 20
"""Real strings from which on it can learn and judge anything."""

MOST_TAUGHT, MOST_TESTED = 3000, 1000
"""Strings of a kind that it learns from, and is asked about, at most."""

REPEATS, FOLDS = 4, 5

FOLDED = 1.4
"""How much wider intervals must be where folds share what is trained on: measured, real names
against real names."""

Labels = NDArray[np.bool_]
Floats = NDArray[np.float64]


def two_sample_accuracy(
    held_out: Sequence[Units],
    generated: Sequence[Units],
    train: Sequence[Units] = (),
    *,
    seed: int = 0,
) -> Estimate | None:
    """Measure how often a classifier tells held-out strings from generated ones.

    A classifier two-sample test (Lopez-Paz & Oquab 2017): a logistic regression on character
    n-grams, n = 1 to 4, edges included, and on length. It is taught with as many generated as
    real strings and asked about others; the accuracy is the mean of those on either kind, and on
    several sets of generated strings. If there are training strings, it is taught with these,
    which are real too; else with held-out strings, in 5 folds.

    Args:
        held_out: real strings.
        generated: different ones, none of ``train``; the more of them, the more sets.
        train: further real strings.
        seed: decides the sets and folds.

    Returns:
        The interval is that of the strings that it was asked about; ``None`` if there are too few.
    """
    rng = generator(Stream.RESAMPLING, seed)
    real = [held_out[i] for i in rng.permutation(len(held_out))[:MOST_TESTED]]
    ours = [generated[i] for i in rng.permutation(len(generated))]
    asked = len(real)
    taught = min(len(train), MOST_TAUGHT, len(ours) - asked) if len(train) > asked else 0
    if asked < FEW or len(ours) < asked or (taught and taught < FEW):
        return None
    repeats = min(REPEATS, max(1, len(ours) // (asked + taught)))
    right_real, right_ours = np.zeros(asked), []
    for repeat in range(repeats):
        start = repeat * (asked + taught)
        tested, rest = ours[start : start + asked], ours[start + asked : start + asked + taught]
        lesson = [train[i] for i in rng.permutation(len(train))[:taught]] if taught else []
        right = _round(real + tested, lesson + rest, rng)
        right_real += right[:asked] / repeats
        right_ours.append(right[asked:])
    others = np.concatenate(right_ours)
    value = (float(right_real.mean()) + float(others.mean())) / 2
    error = sqrt(_variance(right_real) + _variance(others)) / 2
    if not taught:
        error *= FOLDED
    return Estimate(value=value, low=max(0.0, value - Z * error), high=min(1.0, value + Z * error))


def _variance(right: Floats) -> float:
    """Return the variance of the mean, with two more that are right and two that are wrong, so that
    it is not 0 where all are alike (Agresti & Coull 1998)."""
    padded = np.append(right, (0.0, 0.0, 1.0, 1.0))
    return float(padded.var()) / len(padded)


def _round(tested: list[Units], taught: list[Units], rng: np.random.Generator) -> Floats:
    """Return for each of ``tested``, real ones first, 1 if it was told rightly, else 0.

    It learns from ``taught``, real ones first; or, if there are none, from four folds of
    ``tested`` at a time.
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


def _features(taught: Sequence[Units], tested: Sequence[Units]) -> Any:
    """Return a sparse row for each string: its n-grams' counts, and which lengths it reaches.

    n-grams that only one of those it learns from has say nothing of the others: left out.
    """
    from scipy import sparse

    number: dict[Any, int] = {}
    strings = [*taught, *tested]
    rows, columns = [], []
    for row, units in enumerate(strings):
        grams = [gram for n in ORDERS for gram in ngrams(units, n)]
        rows += [row] * len(grams)
        columns += [number.setdefault(gram, len(number)) for gram in grams]
    shape = (len(strings), len(number))
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    counts.sum_duplicates()
    seen = np.bincount(counts[: len(taught)].indices, minlength=len(number))
    lengths = np.array([[len(units)] for units in strings])
    longest = int(np.quantile(lengths, 0.999)) + 1
    reaches = (lengths >= np.arange(1, min(longest, 100) + 1)) * 0.5
    return sparse.hstack([counts[:, np.flatnonzero(seen > 1)], reaches]).tocsr()


def _judged(known: Any, labels: Labels, features: Any, answers: Labels) -> Floats:
    """Learn from ``known``; return 1 for each of ``features`` that is told rightly, ½ in doubt."""
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
