"""What a search reports, as plain data; who listens decides how to show it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .compared import Compared

Outcome = Literal["complete", "pruned", "out of time", "diverged"]
End = Literal["seconds", "trials", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Began:
    """The search is about to try its first settings.

    Attributes:
        folds: parts of the corpus that are held out one after the other in each trial; 1 is a
            single split.
        knobs: the settings that are searched, in words: name and range.
        default: the default recipe's settings, with what is fixed.
        tried: trials that the journal holds already.
    """

    folds: int
    knobs: Mapping[str, str]
    default: Mapping[str, Any]
    tried: int


@dataclass(frozen=True, kw_only=True)
class Training:
    """A step of some training is done.

    Attributes:
        what: ``trial``; or ``check``, when two recipes are measured again at the end.
        number: of the trial, or of the pair, from 1.
        fold, folds: where in it the training is, from 1.
        progress: of this training, in (0, 1].
        best: the lowest loss of a whole trial so far, nats a character.
    """

    what: Literal["trial", "check"]
    number: int
    fold: int
    folds: int
    progress: float
    best: float | None


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A trial is over.

    Attributes:
        number: from 1.
        settings: what it tried, by the fields of the configurations.
        default: whether these are the default recipe's.
        outcome: how it ended.
        loss: mean held-out loss over the folds, nats a character, if it is complete; over what
            was done of them if it was pruned.
        best: the lowest loss of a whole trial so far.
        seconds: that it took.
    """

    number: int
    settings: Mapping[str, Any]
    default: bool
    outcome: Outcome
    loss: float | None
    best: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Remeasured:
    """Both finalists were trained once more, on a fresh split, and measured on its unseen part.

    Attributes:
        number: from 1.
        default, best: the losses, nats a character.
    """

    number: int
    default: float
    best: float


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """The search is over.

    Attributes:
        settings: those recommended; of the default recipe, where nothing better was found.
        best, default: the lowest loss in the search, and the default recipe's, nats a character.
        search: the best's losses less the default recipe's, fold by fold; optimistic, since it is
            the best of many.
        check: the same on fresh splits, which is not; ``None`` where no time was left, or the
            default recipe is the best.
        trials, complete, pruned: trials in the journal, and how many of each kind.
        importance: what share of the differences in loss each knob explains, of those that stand
            out from chance; see ``importance_of``.
        reason: why it ended.
        seconds: that it took.
        trial_seconds: that a whole trial took, in the median.
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
    reason: End
    seconds: float
    trial_seconds: float

    @property
    def real(self) -> bool | None:
        """Whether the gain on fresh splits is more than chance; ``None`` if not measured."""
        if self.check is None or self.check.high is None:
            return None
        return self.check.high < 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {**dataclasses.asdict(self), "real": self.real}


TuneEvent = Began | Training | Tried | Remeasured | Tuned
