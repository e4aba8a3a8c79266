"""How far draws are from the training list, and how far unseen real names are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..draws import Names
from .edit_distance import nearest

PAIRS = 400_000_000
"""Pairs of names whose distance may be asked for: of a long list, only some draws are looked at."""

LEAST = 100
"""Draws that are looked at all the same."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearness:
    """Edits to the nearest training name.

    Attributes:
        generated: of draws, copies too, (N,).
        real: of held-out names, (M,); those that are on the list itself are left out.
    """

    generated: Ints
    real: Ints

    def shares(self) -> dict[str, Sequence[float]]:
        """Return the share at each distance from 0 on, generated and, if there are any, real."""
        found = {"generated": self.generated, "real": self.real}
        return {
            which: (np.bincount(edits) / len(edits)).tolist()
            for which, edits in found.items()
            if len(edits)
        }


def nearest_known(names: Names) -> Nearness | None:
    """Return how far draws and held-out names are from the training list; ``None`` without one."""
    if not names.near_to:
        return None
    most = max(LEAST, PAIRS // len(names.near_to))
    unseen = [text for text in names.held_out if text not in (names.known or ())]
    edits, _ = nearest(
        [*names.texts[:most], *unseen[:most]],
        names.near_to,
        names.threads,
        unit=names.model.vocabulary.unit,
    )
    drawn = len(names.texts[:most])
    return Nearness(generated=edits[:drawn], real=edits[drawn:])
