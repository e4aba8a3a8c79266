"""What a search reports; the caller decides how to show it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

Outcome = Literal["complete", "pruned", "out of time", "diverged"]
StopReason = Literal["seconds", "trials", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class SearchStarted:
    """The search is about to run its first trial.

    Attributes:
        folds: number of cross-validation folds; 1 is a single split.
        parameters: name and range of every search parameter.
        default: settings of the default recipe, fixed ones included.
        finished_trials: trials already in the journal.
    """

    folds: int
    parameters: Mapping[str, str]
    default: Mapping[str, Any]
    finished_trials: int


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """A training step is done.

    Attributes:
        stage: ``trial``; or ``check``, when the best and the default are trained again.
        number: of the trial, or of the fresh split, from 1.
        fold, folds: which training of the trial this is; in a check, 1 is the best's and 2 the
            default's.
        best: lowest loss of a complete trial so far, in nats per character.
        progress: of this training, in (0, 1].
    """

    stage: Literal["trial", "check"]
    number: int
    fold: int
    folds: int
    best: float | None = None
    progress: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrialFinished:
    """A trial is over.

    Attributes:
        trial: Optuna's trial, numbered from 0. Its user attributes are the ``settings`` that were
            trained, and ``losses``, the held-out nats per character of each trained fold.
        outcome: how it ended.
        best: lowest loss of a complete trial so far.
    """

    trial: FrozenTrial
    outcome: Outcome
    best: float | None


@dataclass(frozen=True, kw_only=True)
class Remeasured:
    """The best and the default were trained on a fresh split and measured on its test part.

    Attributes:
        number: of the split, from 1.
        default, best: their losses, in nats per character.
    """

    number: int
    default: float
    best: float


@dataclass(frozen=True)
class Compared:
    """The best's loss minus the default's, in nats per character; below 0, the best is better.

    Attributes:
        best, default: mean losses.
        difference: ``best - default``.
        low, high: its 95 % interval; ``None`` if there is too little data.
        parts: number of parts of the corpus.
        over: what the interval's spread is from: the ``parts``, the folds of the ``search``, or
            the ``items`` in the parts.
    """

    best: float
    default: float
    difference: float
    low: float | None
    high: float | None
    parts: int
    over: str


@dataclass(frozen=True, kw_only=True)
class SearchFinished:
    """The search is over.

    Attributes:
        settings: the recommended ones; the default recipe's if nothing better was found.
        best, default: lowest loss in the search and the default recipe's, in nats per character.
        search: the best compared with the default over the folds; optimistic, because it is the
            best of many.
        check: the same on fresh splits, which is unbiased; ``None`` if there was no time for it,
            or if the default is the best.
        trials, complete, pruned: number of trials in the journal, and of each kind.
        importance: share of the variation in loss that each search parameter explains; see
            ``importance_of``.
        reason: why the search ended.
        seconds: its duration.
        trial_seconds: median duration of a complete trial.
    """

    settings: Mapping[str, Any]
    best: float
    default: float
    search: Compared
    check: Compared | None
    trials: int
    complete: int
    pruned: int
    importance: Mapping[str, float]
    reason: StopReason
    seconds: float
    trial_seconds: float

    @property
    def real(self) -> bool | None:
        """Whether the gain on fresh splits is significant; ``None`` if it was not measured."""
        return None if self.check is None or self.check.high is None else self.check.high < 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {**dataclasses.asdict(self), "real": self.real}


SearchEvent = SearchStarted | TrainingProgress | TrialFinished | Remeasured | SearchFinished
