"""What a training does between its settings and its first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models.threads import beside
from .together import wait_for_all

if TYPE_CHECKING:
    from .trainer import Trainer


def prepare(trainer: Trainer) -> None:
    """Compile the steps, and fit the n-grams meanwhile, if the model has any.

    Nothing of a training that resumes with further networks, which compiles for each of them.
    """
    if trainer.at.networks:
        return
    mixes = trainer.model.kind == "mixture" and not trainer.together.rank
    fitted = beside(lambda: trainer.data.ngrams) if mixes else None
    trainer.engine.prepare(trainer.batches.times)
    if fitted is not None:
        fitted()
    wait_for_all(trainer.together)
