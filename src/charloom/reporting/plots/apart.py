"""Label repulsion: marks that would overlap are moved apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUNDS = 300
"""Steps, at most; a crowded map needs a few hundred."""


def apart(
    points: NDArray[np.floating], box: tuple[float, float], least: float
) -> NDArray[np.float64]:
    """Move points, as little as possible, until all are about ``least`` apart.

    A point that is far enough from all others does not move.

    Args:
        points: (N, 2), in units of the axes.
        box: width and height of the drawn extent, in inches.
        least: smallest distance, in inches.

    Returns:
        (N, 2).
    """
    points = np.asarray(points, np.float64)
    extent = np.ptp(points, axis=0)
    scale = np.asarray(box) / np.where(extent > 0, extent, 1.0)
    places = points * scale
    turns = 2.4 * np.arange(len(points))  # so that points at one place part
    turns = 1e-6 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    for _ in range(ROUNDS):
        shifts = (places + turns)[:, None] - (places + turns)[None]  # (N, N, 2)
        distances = np.hypot(*np.moveaxis(shifts, -1, 0))
        np.fill_diagonal(distances, np.inf)
        short = np.maximum(least - distances, 0.0)
        if short.max(initial=0.0) < 1e-3 * least:
            break
        places += 0.5 * (shifts * (short / distances)[..., None]).sum(axis=1)
    moved = places / scale
    return np.where(np.isclose(places, points * scale, rtol=0, atol=1e-9), points, moved)
