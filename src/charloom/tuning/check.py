"""Two recipes once more, on splits that the search never saw: is the gain real?"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from ..config import ModelConfig, TrainConfig
from .compared import Compared, Scored, compared_items
from .events import Remeasured, Training
from .folds import Split, tested_share
from .training import Trained, scored, train

Configs = tuple[ModelConfig, TrainConfig]


def check(
    best: Configs,
    default: Configs,
    splits: Generator[Split, None, None],
    *,
    folds: int,
    before: Sequence[float],
    pairs: int,
    deadline: float,
    stop: Callable[[], bool],
) -> Generator[Training | Remeasured, None, Compared | None]:
    """Train both on one split after the other, and measure each on the split's test part.

    Args:
        best, default: the two.
        splits: ever new ones.
        folds: of the search, which say how large a test part is.
        before: the differences that the search found, fold by fold.
        pairs: splits at most.
        deadline: ``time.monotonic()`` at which it ends; a pair that would not is not begun.
        stop: asked after every step.

    Returns:
        The comparison; ``None`` if there was no time for one pair.
    """

    def late() -> bool:
        return stop() or time.monotonic() >= deadline

    sides: tuple[list[Scored], list[Scored]] = ([], [])
    longest = 0.0
    with closing(splits):
        for number in range(1, pairs + 1):
            begun = time.monotonic()
            if stop() or begun + longest > deadline:
                break
            split = next(splits)
            one = yield from _train(split, best, late, number, 1)
            two = None if one is None else (yield from _train(split, default, late, number, 2))
            if one is None or two is None:
                break
            sides[0].append(scored(split, one))
            sides[1].append(scored(split, two))
            longest = max(longest, time.monotonic() - begun)
            losses = [side[-1].nats_per_char for side in sides]
            yield Remeasured(number=number, default=losses[1], best=losses[0])
    return compared_items(*sides, tested_share(folds), before) if sides[0] else None


def _train(
    split: Split, configs: Configs, late: Callable[[], bool], number: int, side: int
) -> Generator[Training, None, Trained | None]:
    training = train(split, *configs, late)
    while True:
        try:
            seen = next(training)
        except StopIteration as end:
            trained: Trained | None = end.value
            return trained
        if seen.loss is None:
            yield Training(
                what="check", number=number, fold=side, folds=2, progress=seen.progress, best=None
            )
