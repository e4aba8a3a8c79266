"""Interpolated modified Kneser-Ney smoothing.

Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling", section
3 of the journal version. With c(hw) the count of w after the context h, and h' the context h
without its first symbol,

    p(w | h) = max(c(hw) - D(c(hw)), 0) / Σ c(hv)  +  γ(h) p(w | h'),
    γ(h) = Σ D(c(hv)) / Σ c(hv)  over all v,

where D is D1, D2 or D3+, for a count c of 1, 2 or more. The longest contexts use raw counts. The
others use continuation counts: the number of different contexts vh in which w occurred after h.
A context at the beginning of a string has nothing before it, and uses raw counts. Below the empty
context all symbols are equally likely.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import LEAST_LEFT

FALLBACK = (0.5, 1.0, 1.5)
"""D1, D2 and D3+ if there are too few n-grams to estimate them."""

Counts = NDArray[np.integer]
Numbers = NDArray[np.float64]


def discounts(counts: Counts) -> tuple[float, float, float]:
    """Return the discounts D1, D2 and D3+ for n-grams of one length with ``counts`` (E,).

    With n_k the number of n-grams of count k and Y = n_1 / (n_1 + 2 n_2), D_k is
    k - (k + 1) Y n_(k+1) / n_k (Chen and Goodman, equations 17; Ney, Essen and Kneser 1994). A
    discount that cannot be estimated, or lies outside (0, k), is taken from ``FALLBACK``.
    """
    n = [int((counts == k).sum()) for k in range(5)]
    if not n[1] or not n[2]:
        return FALLBACK
    y = n[1] / (n[1] + 2 * n[2])
    found = []
    for k, fallback in enumerate(FALLBACK, start=1):
        value = k - (k + 1) * y * n[k + 1] / n[k] if n[k] and n[k + 1] else 0.0
        found.append(value if 0 < value < k else fallback)
    return found[0], found[1], found[2]


def discounted(
    counts: Counts, context: NDArray[np.integer], contexts: int
) -> tuple[Numbers, Numbers]:
    """Return each n-gram's discounted probability, (E,), and each context's γ, (C,).

    γ is ``LEAST_LEFT`` or more: of a context that occurs millions of times, hardly any is left.

    Args:
        counts: (E,), the counts of n-grams of one length, 0 or above.
        context: (E,), the number of each n-gram's context.
        contexts: C, the number of contexts; each has a count above 0.
    """
    by_count = np.array([0.0, *discounts(counts)])
    taken = by_count[np.minimum(counts, 3)]
    total = np.bincount(context, counts, contexts)
    own = (counts - taken) / total[context]
    return own, np.maximum(np.bincount(context, taken, contexts) / total, LEAST_LEFT)
