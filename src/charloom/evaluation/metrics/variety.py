"""How varied plain draws are, and how many of them are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ..statistics import Estimate, Z, reach


def unique_share(texts: Sequence[str], n: int) -> Estimate:
    """Estimate how many of ``n`` plain draws are different, as a share.

    From N draws that are at hand, the expected number in n of them, over all choices of these
    (Hurlbert 1971). Its variance is that of the number of classes in a multinomial sample; the
    interval is the score interval of a Poisson number of repeats, which holds for none too.

    Args:
        texts: N draws, repeats and all.
        n: from 1 to N.
    """
    counts = np.array(list(Counter(texts).values()))
    total = len(texts)
    distinct = _expected_distinct(counts, total, n)
    f = np.bincount(counts)
    if 2 * n <= total:
        double = _expected_distinct(counts, total, 2 * n)
    else:  # Good & Toulmin (1956), from the counts of all that there are
        step = (2 * n - total) / total
        double = len(counts) - float((f * (-step) ** np.arange(len(f)))[1:].sum())
    once = n * (distinct - _expected_distinct(counts, total, n - 1)) if n > 1 else float(n)
    variance = max(double - distinct - once**2 / n, 0.0) * n / total
    weight = (n / total) ** 2  # a repeat among N counts as so many among n, if repeats are rare
    middle = n - distinct + Z**2 / 2 * weight
    half = Z * sqrt(variance + Z**2 / 4 * weight**2)
    value = distinct / n
    return Estimate(
        value=value,
        low=min(value, max(1 / n, 1 - (middle + half) / n)),
        high=max(value, 1 - max(middle - half, 0.0) / n),
    )


def _expected_distinct(counts: NDArray[np.integer], total: int, n: int) -> float:
    """Return the expected number of classes among ``n`` of ``total`` items."""
    if n >= total:
        return float(len(counts))
    # C(total - c, n) / C(total, n), the share of choices that miss a class of c, as a product.
    logs = np.zeros(int(counts.max()) + 1)
    taken = np.arange(len(logs) - 1)
    with np.errstate(divide="ignore"):
        logs[1:] = np.cumsum(np.log(np.maximum(total - n - taken, 0) / (total - taken)))
    return float((1 - np.exp(logs[counts])).sum())


def diversity(
    texts: Sequence[Sequence[str]], *, seed: int = 0, pairs: int = 5000
) -> Estimate | None:
    """Estimate the mean edit distance of two strings, over the length of the longer.

    0 if all are the same, near 1 if they have nothing in common (Levenshtein).

    Args:
        texts: at least two, as units.
        seed: decides the pairs, of which each string is in one.
        pairs: at most so many.
    """
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    order = generator(Stream.RESAMPLING, seed).permutation(len(texts))[: 2 * pairs]
    half = len(order) // 2
    if half < 2:
        return None
    found = cpdist(
        [texts[i] for i in order[:half]],
        [texts[i] for i in order[half : 2 * half]],
        scorer=Levenshtein.normalized_distance,
        dtype=np.float64,
    )
    value, far = float(found.mean()), reach(half) * float(found.std()) / sqrt(half)
    return Estimate(value=value, low=max(0.0, value - far), high=min(1.0, value + far))
