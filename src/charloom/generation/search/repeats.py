"""Sampling with replacement: a string that has arrived once can arrive again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...data.random import uniforms
from .arrivals import Arrivals

CELLS = 1 << 21
"""Waiting times that are computed at once."""


def with_repeats(
    found: Arrivals, log_horizon: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return every arrival before the horizon: the string's row, (N,), and the log of its time.

    Draws at the ticks of a Poisson clock of rate 1 bring a string of probability p in a Poisson
    process of rate p: after the first arrival, the times between them are exponential with rate
    p too. They follow from the string's key.
    """
    horizon = np.exp(log_horizon)
    early = np.flatnonzero(found.log_arrival <= log_horizon)
    keys, times, rates = found.keys[early], np.exp(found.log_arrival[early]), found.log_p[early]
    rates = np.exp(rates)
    strings, all_times = [early], [times]
    expected = rates * (horizon - times)
    # Strings that will come about as often are taken together, in doubling numbers.
    groups = np.frexp(expected)[1]
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        mean = 2.0 ** max(int(group), -4)
        count = int(mean + 8 * np.sqrt(mean) + 8)  # too few once in 10^14 times
        for start in range(0, len(members), max(1, CELLS // count)):
            rows = members[start : start + max(1, CELLS // count)]
            waits = -np.log1p(-uniforms(keys[rows], count)) / rates[rows, None]
            later = times[rows, None] + np.cumsum(waits, axis=1)
            row, column = (later <= horizon).nonzero()
            strings.append(early[rows[row]])
            all_times.append(later[row, column])
    return np.concatenate(strings), np.log(np.concatenate(all_times))
