"""One trial: settings, trained and measured on every split, unless it falls behind."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..config import ModelConfig, TrainConfig
from ..errors import TrainingError
from .events import Outcome, Training
from .folds import Split
from .training import train

if TYPE_CHECKING:
    from optuna import Study

ENOUGH = 4
"""Trials that have come as far, below which none is pruned."""

HALFWAY = (0.5,)
QUARTERS = (0.25, 0.5, 0.75)
"""Where a training is judged, beside its end: one of several folds, and the only one."""


@dataclass(kw_only=True)
class Attempt:
    """A trial on its way.

    Attributes:
        study, trial: Optuna's.
        splits: what it is measured on.
        configs: what it tries.
        late: says that the time is up.
        best: the lowest loss of a whole trial so far.
        losses: of the splits that are done, nats a character.
        seconds: that those took.
    """

    study: Study
    trial: Any
    splits: list[Split]
    configs: tuple[ModelConfig, TrainConfig]
    late: Callable[[], bool]
    best: float | None
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def run(self) -> Generator[Training, None, Outcome]:
        """Train on split after split, until the end or until there is no more sense in it."""
        begun = time.monotonic()
        for fold in range(len(self.splits)):
            self.seconds = time.monotonic() - begun
            outcome = yield from self._fold(fold)
            if outcome != "complete":
                return outcome
        return "complete"

    def _fold(self, fold: int) -> Generator[Training, None, Outcome]:
        marks = HALFWAY if len(self.splits) > 1 else QUARTERS
        first, passed, pruned = (len(marks) + 1) * fold, 0, False
        training = train(self.splits[fold], *self.configs, self.late)
        try:
            seen = next(training)
            while True:
                if seen.loss is None:
                    yield self._progress(fold, seen.progress)
                elif due := sum(seen.progress >= mark for mark in marks[passed:]):
                    passed += due
                    value = statistics.fmean([*self.losses, seen.loss])
                    pruned = self._behind(first + passed - 1, value)
                seen = training.send(pruned)
        except StopIteration as end:
            trained = end.value
        except TrainingError:
            return "diverged"
        if trained is None:
            return "pruned" if pruned else "out of time"
        self.losses.append(trained.loss)
        behind = self._behind(first + len(marks), statistics.fmean(self.losses))
        return "pruned" if behind and fold + 1 < len(self.splits) else "complete"

    def _progress(self, fold: int, progress: float) -> Training:
        return Training(
            what="trial",
            number=self.trial.number + 1,
            fold=fold + 1,
            folds=len(self.splits),
            progress=progress,
            best=self.best,
        )

    def _behind(self, step: int, value: float) -> bool:
        """Note the loss at a step; say whether it is above the median of the trials before."""
        self.trial.report(value, step)
        if self.trial.user_attrs["default"]:
            return False
        before = [
            trial.intermediate_values[step]
            for trial in self.study.get_trials(deepcopy=False)
            if trial.number < self.trial.number and step in trial.intermediate_values
        ]
        return len(before) >= ENOUGH and value > statistics.median(before)


def settings_of(trial: Any) -> Mapping[str, Any]:
    """Return what a trial tried, by the fields of the configurations."""
    settings: Mapping[str, Any] = trial.user_attrs["settings"]
    return settings
