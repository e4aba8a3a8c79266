"""One trial: settings, trained and measured on every split unless they fall behind."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ..errors import TrainingError
from .events import Outcome, TrainingProgress
from .folds import Split
from .training import Configs, train

if TYPE_CHECKING:
    from optuna import Trial


@dataclass(kw_only=True)
class TrialRun:
    """The trainings of a trial, each measured halfway through its schedule (a single split's at
    each quarter) and at its end.

    Optuna's pruner gets the loss minus the default recipe's at the same point of the same split,
    because splits differ by far more than settings do. Points are shares of the schedule and not
    epochs: a loss falls with its learning rate, which follows the trial's own schedule.

    Attributes:
        trial: Optuna's.
        splits, configs: what to train.
        default_points: the default recipe's ``points``; ``None`` in its own trial.
        best: lowest loss of a complete trial so far.
        losses: of the finished splits, in nats per character.
        points: the mean loss so far, by the number of the point.
        seconds: duration of the finished splits.
    """

    trial: Trial
    splits: list[Split]
    configs: Configs
    default_points: Mapping[str, float] | None
    best: float | None
    losses: list[float] = field(default_factory=list)
    points: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def run(self, stop: Callable[[], bool]) -> Generator[TrainingProgress, None, Outcome]:
        """Train on one split after the other."""
        begun, folds = time.monotonic(), len(self.splits)
        marks = (0.5,) if folds > 1 else (0.25, 0.5, 0.75)
        place = partial(TrainingProgress, stage="trial", folds=folds, best=self.best)
        for fold, split in enumerate(self.splits):
            judge = _Judge(self, marks, fold * (len(marks) + 1))
            report = partial(place, number=self.trial.number + 1, fold=fold + 1)
            try:
                trained = yield from train(split, self.configs, stop, report, judge)
            except TrainingError:
                return "diverged"
            if trained is None:
                return "pruned" if judge.behind else "out of time"
            behind = self.is_behind(judge.first + len(marks), trained.loss)
            self.losses.append(trained.loss)
            self.seconds = time.monotonic() - begun
            if behind and fold + 1 < folds:
                return "pruned"
        return "complete"

    def is_behind(self, point: int, loss: float) -> bool:
        """Report the mean loss at a point; say whether the pruner would stop here."""
        key, mean = str(point), statistics.fmean([*self.losses, loss])
        if key in self.points:
            return False
        self.points[key] = mean
        default = self.points if self.default_points is None else self.default_points
        if key not in default:
            return False
        self.trial.report(mean - default[key], point)
        return self.default_points is not None and self.trial.should_prune()


@dataclass
class _Judge:
    """Says after each epoch whether a training should be pruned; ``first`` is its first point."""

    run: TrialRun
    marks: tuple[float, ...]
    first: int
    behind: bool = False

    def __call__(self, progress: float, loss: float) -> bool:
        if passed := sum(progress >= mark for mark in self.marks):
            self.behind = self.run.is_behind(self.first + passed - 1, loss)
        return self.behind
