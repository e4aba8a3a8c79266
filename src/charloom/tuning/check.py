"""The best and the default trained again on splits the search never saw: is the gain real?"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial

from .compared import Compared, Scored, compare
from .events import Remeasured, TrainingProgress
from .folds import Split
from .training import Configs, scored, train


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
    """Train both on one fresh split after the other, and measure them on its test part.

    Args:
        best, default: their configurations.
        splits: as many as there is time for.
        tested, before: see ``compare``.
        deadline: ``time.monotonic()`` at which the check ends; a split that would take longer
            than the others did is not begun.
        stop: asked after every step.

    Returns:
        The comparison; ``None`` if there was no time for one split.
    """

    def late() -> bool:
        return stop() or time.monotonic() >= deadline

    sides: tuple[list[Scored], list[Scored]] = ([], [])
    longest = 0.0
    place = partial(TrainingProgress, stage="check", folds=2, best=None)
    for number, split in enumerate(splits, 1):
        begun, pair = time.monotonic(), list[Scored]()
        if stop() or begun + longest > deadline:
            break
        for side, configs in enumerate((best, default), 1):
            report = partial(place, number=number, fold=side)
            trained = yield from train(split, configs, late, report)
            if trained is None:
                break
            pair.append(scored(split, trained))
        if len(pair) < 2:
            break
        for scores, one in zip(sides, pair, strict=True):
            scores.append(one)
        longest = max(longest, time.monotonic() - begun)
        yield Remeasured(number=number, best=pair[0].nats_per_char, default=pair[1].nats_per_char)
    return compare(*sides, tested, before) if sides[0] else None
