"""The search for the settings that suit a corpus best."""

from __future__ import annotations

from .events import Began as Began
from .events import Remeasured as Remeasured
from .events import Training as Training
from .events import Tried as Tried
from .events import Tuned as Tuned
from .events import TuneEvent as TuneEvent
from .search import tune as tune
