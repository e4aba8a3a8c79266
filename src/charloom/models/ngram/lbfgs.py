"""Minimising a smooth function of a few numbers: L-BFGS, without the time that SciPy takes to load.

Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 and 7.5, with a line search that
halves the step until the function falls (algorithm 3.1).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MEMORY, ITERATIONS = 10, 60
"""Steps to remember, and to take at most."""

LEAST_FALL, LEAST_SLOPE = 2e-9, 1e-5
"""Relative fall of the function, and largest slope, below which the minimum is reached."""

ENOUGH = 1e-4
"""The part of the fall that the slope promises, with which a step is accepted."""


def minimum(function: Callable[[Numbers], tuple[float, Numbers]], start: Numbers) -> Numbers:
    """Return where a function has its minimum, (N,).

    Args:
        function: takes (N,); returns the value, and the gradient (N,).
        start: (N,), where to begin.

    Example:
        >>> minimum(lambda x: (float(x @ x), 2 * x), np.array([3.0, -4.0])).round(6) + 0
        array([0., 0.])
    """
    here = np.asarray(start, np.float64)
    value, gradient = function(here)
    past: list[tuple[Numbers, Numbers, float]] = []
    for _ in range(ITERATIONS):
        if np.abs(gradient).max() < LEAST_SLOPE:
            break
        direction = _direction(gradient, past)
        slope = float(direction @ gradient)
        size = 1.0 if past else min(1.0, 1 / float(np.linalg.norm(gradient)))
        while True:
            there = here + size * direction
            found, slopes = function(there)
            if found <= value + ENOUGH * size * slope:
                break
            size /= 2
            if size < 1e-10:  # as low as rounding allows
                return here
        step, change = there - here, slopes - gradient
        if (curvature := float(step @ change)) > 0:
            past = [*past[1 - MEMORY :], (step, change, curvature)]
        fell = value - found
        here, value, gradient = there, found, slopes
        if fell <= LEAST_FALL * max(abs(value), 1.0):
            break
    return here


def _direction(gradient: Numbers, past: list[tuple[Numbers, Numbers, float]]) -> Numbers:
    """Return where to go: minus the gradient times an estimate of the inverse Hessian."""
    direction = -gradient
    shares = []
    for step, change, curvature in reversed(past):
        shares.append(float(step @ direction) / curvature)
        direction = direction - shares[-1] * change
    if past:
        _, change, curvature = past[-1]
        direction = direction * (curvature / float(change @ change))
    for (step, change, curvature), share in zip(past, reversed(shares), strict=True):
        direction = direction + (share - float(change @ direction) / curvature) * step
    return direction
