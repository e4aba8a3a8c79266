"""Is the gain real? The best and the default are trained again on fresh splits and compared."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .events import Compared, Remeasured, TrainingProgress
from .folds import Split
from .trial import Configs, item_losses, train

FEW = 3
"""With fewer parts their spread says nothing, and the interval is taken over their items."""

Items = NDArray[np.float64]
"""Nats and characters of each item (a name, a block of text) in a part of a corpus, (2, N)."""


def check(
    best: Configs,
    default: Configs,
    splits: Iterable[Split],
    *,
    tested: float,
    before: Sequence[float],
    deadline: float,
    stop: Callable[[], bool],
) -> Generator[TrainingProgress | Remeasured, None, Compared | None]:
    """Train both on each fresh split, and compare their losses on its test part.

    A split that would end after ``deadline``, if it took as long as the slowest so far, is not
    started. Returns ``None`` if there was no time for one split.
    """

    def late() -> bool:
        return stop() or time.monotonic() >= deadline

    sides: tuple[list[Items], list[Items]] = ([], [])
    longest = 0.0
    for number, split in enumerate(splits, 1):
        begun, pair = time.monotonic(), list[Items]()
        if stop() or begun + longest > deadline:
            break
        for side, configs in enumerate((best, default), 1):
            place = TrainingProgress(stage="check", number=number, fold=side, folds=2)
            finished = yield from train(split, configs, place, late)
            if finished is None:
                break
            pair.append(item_losses(split, finished))
        if len(pair) < 2:
            break
        for parts, items in zip(sides, pair, strict=True):
            parts.append(items)
        longest = max(longest, time.monotonic() - begun)
        yield Remeasured(number=number, best=_loss(pair[0]), default=_loss(pair[1]))
    return compare(*sides, tested, before) if sides[0] else None


def compare(
    best: Sequence[Items], default: Sequence[Items], tested: float, before: Sequence[float] = ()
) -> Compared:
    """Compare losses on the same parts with a corrected, paired t-test.

    The trainings share most of their names, so the parts' spread is less than between trainings
    on separate names. Nadeau and Bengio (2003), "Inference for the generalization error", use
    s² (1 / n + tested) instead of s² / n. If there are too few parts, the interval is taken over
    their items; it ignores how a training varies with its seed.

    Args:
        best, default: the losses on n parts, in the same order.
        tested: names in a part divided by the names trained on.
        before: differences on other such parts; their spread is used if they are more.
    """
    losses = np.array([[_loss(part) for part in side] for side in (best, default)])  # (2, n)
    differences = losses[0] - losses[1]
    n, mean, half = len(differences), float(differences.mean()), None
    over, sample = ("search", np.array(before)) if len(before) > n else ("parts", differences)
    nats = np.concatenate([ours[0] - usual[0] for ours, usual in zip(best, default, strict=True)])
    if len(sample) >= FEW:
        from scipy.special import stdtrit  # late: train and generate do not need it

        spread = float(sample.std(ddof=1)) * math.sqrt(1 / n + tested)
        half = spread * float(stdtrit(len(sample) - 1, 0.975))
    elif (count := len(nats)) >= 2 * FEW:
        characters = np.concatenate([part[1] for part in best])
        over, mean = "items", float(nats.sum() / characters.sum())
        residuals = nats - mean * characters  # the ratio, linearised
        variance = float(np.square(residuals).sum()) * count / (count - 1)
        half = 1.96 * math.sqrt(variance) / float(characters.sum())
    low, high = (None, None) if half is None else (mean - half, mean + half)
    return Compared(float(losses[0].mean()), float(losses[1].mean()), mean, low, high, n, over)


def _loss(items: Items) -> float:
    return float(items[0].sum() / items[1].sum())
