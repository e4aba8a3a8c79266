"""Two recipes compared on the same parts of a corpus: the mean difference and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 3
"""Parts below which their spread says nothing; then that over their names has to do."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """What a model's loss on one part of a corpus is made of.

    Attributes:
        nats: -log p of each name, or block of text, (N,).
        characters: of each, the end symbol counted, (N,).
    """

    nats: Floats
    characters: Floats

    @property
    def nats_per_char(self) -> float:
        """Their loss."""
        return float(self.nats.sum() / self.characters.sum())


@dataclass(frozen=True)
class Compared:
    """A loss less another one, in nats a character: below 0, the best is the better indeed.

    Attributes:
        best, default: the mean losses.
        difference: ``best - default``.
        low, high: its 95 % interval; ``None`` where there is too little to tell.
        parts: how many it is the mean over.
        over: what the interval's spread was taken over: ``parts``; the parts of the ``search``
            before; or the ``items`` in the parts.
    """

    best: float
    default: float
    difference: float
    low: float | None
    high: float | None
    parts: int
    over: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return dict(vars(self))


def compared(
    best: Sequence[float],
    default: Sequence[float],
    tested: float,
    before: Sequence[float] = (),
) -> Compared:
    """Compare losses on the same parts by a paired t-test over them, corrected.

    The trainings behind the parts share most of their names, so that the parts' spread is less
    than that between trainings on separate names. Nadeau and Bengio (2003), "Inference for the
    generalization error": s² (1 / n + tested) in place of s² / n.

    Args:
        best, default: the losses on n parts, in their order.
        tested: names in a part over names that were trained on.
        before: differences on other such parts; the spread is theirs where they are more. (That
            the best was chosen by their mean says nothing of their spread.)
    """
    a, b = np.asarray(best, np.float64), np.asarray(default, np.float64)
    n, differences = len(a), a - b
    mean, half = float(differences.mean()), None
    told = np.asarray(before, np.float64) if len(before) > n else differences
    if len(told) >= FEW:
        from scipy.special import stdtrit  # late: a train or generate needs none of it

        spread = float(told.std(ddof=1)) * math.sqrt(1 / n + tested)
        half = spread * float(stdtrit(len(told) - 1, 0.975))
    return Compared(
        float(a.mean()),
        float(b.mean()),
        mean,
        None if half is None else mean - half,
        None if half is None else mean + half,
        n,
        "parts" if told is differences else "search",
    )


def compared_items(
    best: Sequence[Scored],
    default: Sequence[Scored],
    tested: float,
    before: Sequence[float] = (),
) -> Compared:
    """Compare scores as ``compared`` does, or over the parts' items if there are too few parts.

    The interval over items knows nothing of how a training varies with its seed.
    """
    losses = [[scored.nats_per_char for scored in side] for side in (best, default)]
    result = compared(losses[0], losses[1], tested, before)
    differences = np.concatenate([a.nats - b.nats for a, b in zip(best, default, strict=True)])
    characters = np.concatenate([scored.characters for scored in best])
    n = len(differences)
    if result.low is not None or n < 2 * FEW:
        return result
    mean = float(differences.sum() / characters.sum())
    rest = differences - mean * characters  # of a ratio's linearisation
    spread = math.sqrt(float(np.square(rest).sum()) * n / (n - 1)) / float(characters.sum())
    half = 1.96 * spread
    return Compared(
        result.best, result.default, mean, mean - half, mean + half, result.parts, "items"
    )
