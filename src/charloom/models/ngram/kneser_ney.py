"""Interpolated modified Kneser-Ney smoothing: what of a context's probability is its own.

Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling", section
3 of the journal's version. With c(hw) how often w came after the context h, and h' what is left of
h without its first symbol,

    p(w | h) = max(c(hw) - D(c(hw)), 0) / Σ c(hv)  +  γ(h) p(w | h'),
    γ(h) = Σ D(c(hv)) / Σ c(hv)  over all v,

where D is one of D1, D2, D3+, by whether c is 1, 2 or more. The longest contexts have raw counts.
The others have continuation counts: in how many different contexts vh, not how often, w came
after h; but a context that begins where a string does has nothing before it, and keeps its raw
ones. Below the empty context all symbols are equally likely.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FALLBACK = (0.5, 1.0, 1.5)
"""D1, D2 and D3+ where there is too little to estimate them from."""

Counts = NDArray[np.integer]
Numbers = NDArray[np.float64]


def discounts(counts: Counts) -> tuple[float, float, float]:
    """Return D1, D2 and D3+ for n-grams of one length with ``counts`` (E,).

    With n_k the number of n-grams of count k and Y = n_1 / (n_1 + 2 n_2), D_k is
    k - (k + 1) Y n_(k+1) / n_k (Chen and Goodman, equations 17; Ney, Essen and Kneser 1994). What
    cannot be estimated, or lies outside (0, k), is ``FALLBACK``'s.
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


def own_shares(
    counts: Counts, context: NDArray[np.integer], contexts: int
) -> tuple[Numbers, Numbers]:
    """Return each n-gram's own part of its probability, (E,), and each context's γ, (C,).

    Args:
        counts: (E,), of n-grams of one length, 0 or above.
        context: (E,), the number of each one's context.
        contexts: C; each has a count above 0.
    """
    by_count = np.array([0.0, *discounts(counts)])
    taken = by_count[np.minimum(counts, 3)]
    total = np.bincount(context, counts, contexts)
    own = (counts - taken) / total[context]
    return own, np.bincount(context, taken, contexts) / total
