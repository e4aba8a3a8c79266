"""How long a training will take, estimated before its first step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .events import Ready

if TYPE_CHECKING:
    from .trainer import Trainer

MANY_STEPS = 500
"""Steps from which on it is estimated how long they will take."""

WHOLE = 1.3
"""Seconds of a training for each second of gradients: updates, batches and held-out losses take the
rest (1.25 and 1.27 on 20,000 and 100,000 English words)."""


def ready(trainer: Trainer) -> Iterator[Ready]:
    """Say how long the steps will take, if there are many and the engine can tell.

    One batch's gradients are timed, and a step's time is proportional to the cells of its batch.
    """
    at, batches = trainer.at, trainer.batches
    if (steps := trainer.last_step - at.step) < MANY_STEPS:
        return
    batch = batches.batch(at.epoch, at.step_in_epoch % batches.steps_per_epoch)
    if (seconds := trainer.engine.seconds_of(batch)) is not None:
        cells = batches.characters_per_batch / (1 - batches.padded_share)
        whole = trainer.training.batch_size * batch.mask.shape[1]  # cells of all rows
        expected = WHOLE * steps * seconds * cells / whole
        yield Ready(seconds=min(expected, trainer.schedule.seconds_left))
