"""Distances between generated and real strings: of lengths and of n-grams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ..statistics import Estimate, changed, reach

NGRAMS = ("Letters", "Letter pairs", "Three letters", "Four letters")
"""Titles of n-grams, n = 1 to 4."""

EDGE = "\0"
"""Stands before and after a string; no name contains it."""

RESAMPLES = 100

PARTS = 5
"""Parts of the generated strings, as large as the real sample, to average over at most."""

Units = Sequence[str]
Floats = NDArray[np.float64]
Events = Sequence[Sequence[int]]
Distance = Callable[[Floats, Floats], float]


def distance_between(
    ours: Events,
    others: Events,
    distance: Distance,
    *,
    size: int | None = None,
    seed: int = 0,
) -> Estimate | None:
    """Measure how far a sample of strings is from another, by the shares of events in them.

    ``ours`` and ``others`` hold the ids of the events in each string, such as its n-grams. Two
    samples from one source are not at distance 0, and the smaller they are, the further apart: so
    ``ours`` is cut into parts of ``size``, whose distances are averaged. Compare figures of the
    same ``size`` and the same ``others``. The interval is the value ± 1.96 standard errors from a
    bootstrap over the strings of both, or more if they are few (see ``reach``); there is no
    estimate if one of the samples is empty.
    """
    size = min(size or len(ours), len(ours))
    if not size or not others:
        return None
    width = 1 + max((max(row) for sample in (ours, others) for row in sample if row), default=0)
    real, rng = _Sample(others, width), generator(Stream.RESAMPLING, seed)
    found, error = [], 0.0
    for start in range(0, len(ours) - size + 1, size)[:PARTS]:
        part = _Sample(ours[start : start + size], width)
        found.append(distance(part.shares(), real.shares()))
        if start == 0:
            resampled = [distance(part.shares(rng), real.shares(rng)) for _ in range(RESAMPLES)]
            error = float(np.std(resampled))
    value = float(np.mean(found))
    half = reach(min(size, len(others))) * error
    return Estimate(value=value, low=max(0.0, value - half), high=value + half)


class _Sample:
    """How often events occur in some strings, which can be resampled."""

    def __init__(self, strings: Events, width: int) -> None:
        self._events = np.array([event for row in strings for event in row], np.intp)
        self._strings = np.repeat(np.arange(len(strings)), [len(row) for row in strings])
        self._count, self._width = len(strings), width

    def shares(self, rng: np.random.Generator | None = None) -> Floats:
        """Return each event's share; with ``rng``, in a bootstrap resample of the strings."""
        weights = None
        if rng is not None:
            picks = rng.integers(self._count, size=self._count)
            weights = np.bincount(picks, minlength=self._count)[self._strings]
        found = np.bincount(self._events, weights, self._width).astype(np.float64)
        shares: Floats = found / max(float(found.sum()), 1.0)
        return shares


def jensen_shannon(p: Floats, q: Floats) -> float:
    """Return the Jensen-Shannon divergence in bits: 0 for the same shares, 1 for disjoint ones.

    JS = H((p + q) / 2) - (H(p) + H(q)) / 2, H in bits (Lin 1991).
    """

    def entropy(shares: Floats) -> float:
        positive = shares[shares > 0]
        return float(-(positive * np.log2(positive)).sum())

    return max(entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2, 0.0)


def wasserstein(p: Floats, q: Floats) -> float:
    """Return the Wasserstein-1 distance of two distributions on 0, 1, 2, …: Σ |F - G|."""
    return float(np.abs(np.cumsum(p - q)).sum())


def length_distance(
    ours: Sequence[Units], others: Sequence[Units], *, size: int | None = None, seed: int = 0
) -> Estimate | None:
    """Measure the Wasserstein distance between lengths; see ``distance_between``."""
    mine, real = ([[len(units)] for units in sample] for sample in (ours, others))
    return distance_between(mine, real, wasserstein, size=size, seed=seed)


def ngram_divergence(
    ours: Sequence[Units],
    others: Sequence[Units],
    n: int,
    *,
    size: int | None = None,
    edges: bool = True,
    seed: int = 0,
) -> Estimate | None:
    """Measure the Jensen-Shannon divergence between n-grams; see ``distance_between``."""
    number: dict[Hashable, int] = {}
    mine, real = (
        [
            [number.setdefault(gram, len(number)) for gram in ngrams(units, n, edges)]
            for units in sample
        ]
        for sample in (ours[: PARTS * size] if size else ours, others)
    )
    found = distance_between(mine, real, jensen_shannon, size=size, seed=seed)
    return found and changed(found, found.value, 0.0, 1.0)


def ngrams(units: Units, n: int, edges: bool = True) -> list[Hashable]:
    """Return the n-grams of a string; for n > 1 its two ``edges`` count as characters."""
    if n == 1:
        return list(units)
    padded = (EDGE, *units, EDGE) if edges else tuple(units)
    return [padded[i : i + n] for i in range(len(padded) - n + 1)]


def shares_of_lengths(texts: Sequence[Units]) -> dict[int, float]:
    """Return the share of strings of each length, by length."""
    counts = Counter(map(len, texts))
    return {length: counts[length] / len(texts) for length in sorted(counts)}


def pair_shares(texts: Sequence[Units], characters: Sequence[str]) -> Floats:
    """Return how often each character follows another, as shares of all pairs: (K, K), row first.

    ``EDGE`` among the K characters stands before and after each string.
    """
    number = {character: i for i, character in enumerate(characters)}
    counts = Counter(pair for units in texts for pair in pairwise((EDGE, *units, EDGE)))
    result = np.zeros((len(characters), len(characters)))
    for (first, second), count in counts.items():
        if first in number and second in number:
            result[number[first], number[second]] = count
    shares: Floats = result / max(counts.total(), 1)
    return shares
