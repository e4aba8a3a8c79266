"""The search for the settings that suit a corpus best."""

from __future__ import annotations

from .events import Remeasured as Remeasured
from .events import SearchEvent as SearchEvent
from .events import SearchFinished as SearchFinished
from .events import SearchStarted as SearchStarted
from .events import TrainingProgress as TrainingProgress
from .events import TrialFinished as TrialFinished
from .search import tune as tune

Began = SearchStarted  # these four are deprecated: the names of 0.1.0
Training = TrainingProgress
Tried = TrialFinished
Tuned = SearchFinished
