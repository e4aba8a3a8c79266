"""When a training is saved: the best model, the state it goes on from, single epochs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from ..config import TrainConfig
from .checkpointer import Keeper
from .engines.base import Engine
from .events import Event, Saved
from .progress import Progress

AT_MOST_EVERY = 5.0
"""Seconds between two saves at epochs' ends, at least; the end of all is always saved."""

MOST_SHARE = 0.01
"""Of the time, that such saves may take."""

Weights = Mapping[str, NDArray[Any]]


class Saver:
    """Keeps the best weights, and saves them and the state when it is time.

    Attributes:
        keeper: writes to the run folder; ``None`` saves nothing.
        best_weights: those of ``Progress.best_epoch``.
        saved_epoch: the epoch whose weights the folder holds; 0 for none.
    """

    def __init__(self, keeper: Keeper | None, training: TrainConfig, started: float) -> None:
        self.keeper, self._training, self._started = keeper, training, started
        self.best_weights: Weights = {}
        self.saved_epoch = 0
        self._saved_at = time.monotonic()
        self._saved_epoch_end = -math.inf
        self._cost = 0.0

    def due(self, at: Progress) -> bool:
        """Say whether the state is to be saved after this step."""
        every, seconds = self._training.save_steps, self._training.save_seconds
        if self.keeper is None:
            return False
        by_steps = every > 0 and at.step % every == 0
        return by_steps or 0 < seconds <= time.monotonic() - self._saved_at

    def epoch_over(self, weights: Weights, at: Progress, *, last: bool) -> None:
        """Record an epoch, and keep its weights under its number if that is asked for."""
        every = self._training.keep_epochs
        if self.keeper is not None and every and (last or at.epoch % every == 0):
            self.keeper.save_epoch(weights, at, self._seconds())

    def save_seldom(self, engine: Engine, at: Progress, buckets: int | None) -> Iterator[Event]:
        """Save at an epoch's end, unless that was done a moment ago, or would cost too much."""
        if self.due(at):
            yield from self.save(engine, at, buckets)
            return
        begun = time.monotonic()
        if begun - self._saved_epoch_end >= max(AT_MOST_EVERY, self._cost / MOST_SHARE):
            yield from self.save(engine, at, buckets)
            self._saved_epoch_end = time.monotonic()
            self._cost = self._saved_epoch_end - begun

    def save(self, engine: Engine, at: Progress, buckets: int | None) -> Iterator[Event]:
        """Save the best model, if it is a new one, and the state."""
        if self.keeper is None:
            return
        if at.best is not None:
            self.save_best(at.best, at)
        self.keeper.save_state(engine.state(), at, buckets, self.best_weights)
        self._saved_at = time.monotonic()
        yield Saved(folder=self.keeper.folder, epoch=at.best_epoch)

    def save_best(self, losses: Mapping[str, Any], at: Progress) -> bool:
        """Save ``best_weights``, which reached ``losses``, unless they are saved already."""
        if self.keeper is None or 0 < self.saved_epoch == at.best_epoch:
            return False
        self.keeper.save_model(self.best_weights, losses, at, self._seconds())
        self.saved_epoch = at.best_epoch
        return True

    def _seconds(self) -> float:
        return time.monotonic() - self._started
