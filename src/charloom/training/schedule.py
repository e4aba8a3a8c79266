"""Progress by steps or by the clock, and the learning rate at that progress."""

from __future__ import annotations

import math
import time

from ..config import TrainConfig


def learning_rate(config: TrainConfig, progress: float) -> float:
    """Return the rate at ``progress`` in [0, 1]: a linear rise, then half a cosine down.

    Loshchilov and Hutter 2016, without restarts; the end is ``config.final`` of the peak.
    """
    if progress < config.warmup:
        return config.learning_rate * progress / config.warmup
    turn = math.pi * (progress - config.warmup) / (1 - config.warmup)
    share = config.final + (1 - config.final) * (1 + math.cos(turn)) / 2
    return config.learning_rate * share


HELD_OUT_PER_SECOND = 3e4
"""Characters of held-out text that are measured in a second, at least."""


def reserve_for(held_out: int) -> float:
    """Return the seconds of a budget to keep for the end until an epoch has shown what it takes.

    Args:
        held_out: characters of held-out text.
    """
    return 0.5 + held_out / HELD_OUT_PER_SECOND


class Schedule:
    """Progress through training, whichever of steps and seconds is further on.

    The clock's share starts with ``begin``, which is called when everything is compiled;
    otherwise a budget of a few seconds would skip the highest learning rates.

    Attributes:
        total_steps: the step, counted over the whole training, at which it is over.
        reserve: seconds of the budget that are kept for evaluating and saving at the end.
        told: the clock's share, if another process's clock decides; ``None``: by our own.
    """

    def __init__(
        self,
        config: TrainConfig,
        total_steps: int,
        started: float,
        reserve: float = 0.5,
        first_step: int = 0,
    ) -> None:
        self.total_steps, self._first_step = total_steps, first_step
        self.reserve = reserve
        self._deadline = math.inf if config.seconds is None else started + config.seconds
        self.told: float | None = None
        self._begin = time.monotonic()

    def begin(self) -> None:
        """Start the clock's share of the schedule now."""
        self._begin = time.monotonic()

    @property
    def seconds_left(self) -> float:
        """Seconds of the budget that are left for steps; infinite without one."""
        return self._deadline - self.reserve - time.monotonic()

    def progress(self, step: int) -> float:
        """Return the progress in [0, 1] after ``step`` updates; 1 means that training is over."""
        by_steps = (step - self._first_step) / (self.total_steps - self._first_step)
        return min(1.0, max(by_steps, self.by_clock() if self.told is None else self.told))

    def by_clock(self) -> float:
        """Return the share of the budget that is used by now; 0 without one."""
        span = self._deadline - self.reserve - self._begin
        elapsed = time.monotonic() - self._begin
        return 0.0 if span == math.inf else elapsed / span if span > 0 else 1.0
