"""How many strings arrive before a horizon, estimated from those before an earlier one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GROUPS = 2000
"""Groups of strings of about the same probability that are computed as one."""

Numbers = NDArray[np.float64]


def coming(log_p: Numbers, log_horizon: float, factors: Numbers) -> tuple[Numbers, Numbers]:
    """Return how many strings arrive before multiples of a horizon, and the estimates' variances.

    A string of probability p that arrived before the horizon t stands for 1 / (1 - exp(-p t))
    similar ones (Horvitz and Thompson 1952, with the variance of Poisson sampling).

    Args:
        log_p: (N,), log probabilities of all strings that arrive before the horizon.
        log_horizon: log of the horizon, in draws.
        factors: (F,), multiples of the horizon.
    """
    # The most probable first, in groups.
    rates = np.exp(np.minimum(np.sort(log_p)[::-1] + log_horizon, 600.0))
    parts = np.array_split(rates, min(len(rates), GROUPS)) if len(rates) else []
    means = np.array([part.mean() for part in parts])
    sizes = np.array([len(part) for part in parts])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        stand = 1 / -np.expm1(-means)
        arriving = -np.expm1(-factors[:, None] * means)
        return arriving @ (sizes * stand), arriving**2 @ (sizes * stand * (stand - 1))
