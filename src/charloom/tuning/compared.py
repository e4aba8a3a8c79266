"""Two recipes compared on the same parts of a corpus: mean difference and confidence interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 3
"""With fewer parts their spread says nothing, and the interval is taken over their items."""


@dataclass(frozen=True)
class Scored:
    """A model's loss on one part of a corpus: of each item (a name or a block of text), (N,),
    its nats, and its number of characters, end symbols included."""

    nats: NDArray[np.float64]
    characters: NDArray[np.float64]

    @classmethod
    def of(cls, nats_per_char: float) -> Scored:
        """Return a part of which only the loss is known."""
        return cls(np.array([nats_per_char]), np.ones(1))

    @property
    def nats_per_char(self) -> float:
        """The loss."""
        return float(self.nats.sum() / self.characters.sum())


@dataclass(frozen=True)
class Compared:
    """One loss minus another, in nats per character; below 0 the best is really better.

    Attributes:
        best, default: mean losses.
        difference: ``best - default``.
        low, high: its 95 % interval; ``None`` if there is too little data.
        parts: number of parts of the corpus.
        over: what the interval is taken over: the ``parts``, the folds of the ``search`` before,
            or the ``items`` in the parts.
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
        return asdict(self)


def compare(
    best: Sequence[Scored],
    default: Sequence[Scored],
    tested: float,
    before: Sequence[float] = (),
) -> Compared:
    """Compare losses on the same parts with a corrected, paired t-test.

    The trainings share most of their names, so the parts' spread is less than between trainings
    on separate names. Nadeau and Bengio (2003), "Inference for the generalization error", use
    s² (1 / n + tested) instead of s² / n. If there are too few parts, the interval is taken over
    their items; it ignores how a training varies with its seed.

    Args:
        best, default: the scores on n parts, in the same order.
        tested: names in a part divided by the names trained on.
        before: differences on other such parts; their spread is used if they are more.
    """
    losses = np.array([[part.nats_per_char for part in side] for side in (best, default)])
    differences = losses[0] - losses[1]
    n, mean, half = len(differences), float(differences.mean()), None
    over, sample = "parts", differences
    if len(before) > n:
        over, sample = "search", np.array(before)
    items = np.concatenate([a.nats - b.nats for a, b in zip(best, default, strict=True)])
    if len(sample) >= FEW:
        from scipy.special import stdtrit  # late: train and generate do not need it

        spread = float(sample.std(ddof=1)) * math.sqrt(1 / n + tested)
        half = spread * float(stdtrit(len(sample) - 1, 0.975))
    elif (count := len(items)) >= 2 * FEW:
        characters = np.concatenate([part.characters for part in best])
        over, mean = "items", float(items.sum() / characters.sum())
        residuals = items - mean * characters  # the ratio, linearised
        variance = float(np.square(residuals).sum()) * count / (count - 1)
        half = 1.96 * math.sqrt(variance) / float(characters.sum())
    low, high = (None, None) if half is None else (mean - half, mean + half)
    return Compared(float(losses[0].mean()), float(losses[1].mean()), mean, low, high, n, over)
