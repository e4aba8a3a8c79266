"""The search for the settings that suit a corpus best."""

from __future__ import annotations

from typing import Any

from .events import Remeasured as Remeasured
from .events import SearchEvent as SearchEvent
from .events import SearchFinished as SearchFinished
from .events import SearchStarted as SearchStarted
from .events import TrainingProgress as TrainingProgress
from .events import TrialFinished as TrialFinished
from .search import tune as tune

_OLD_NAMES = {"Began": SearchStarted, "Training": TrainingProgress, "Tried": TrialFinished,
              "Tuned": SearchFinished}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _OLD_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ..generation.deprecated import deprecated

    deprecated(f"charloom.tuning.{name}", f"charloom.tuning.{_OLD_NAMES[name].__name__}")
    return _OLD_NAMES[name]
