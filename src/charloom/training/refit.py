"""Training the network again on all names, once held-out names have chosen how long."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ..models.log_linear import EXPONENTS
from ..models.ngram.arrays import MIXTURE_WEIGHT, PREFIX
from ..run import SavedModel
from .events import Event, Finished, Refitting, Step
from .name_data import NameData

if TYPE_CHECKING:
    from .trainer import Trainer


def refit(trainer: Trainer, best: Mapping[str, Any]) -> Generator[Event, None, SavedModel | None]:
    """Train the network of a finished training again on all names; return the model, saved.

    It begins with the same weights and follows the same schedule, as far as the epoch ``best``
    got. Nothing is chosen, and nothing measured. The folder's model, which was measured, is first
    copied to ``MEASURED`` and then replaced. A model that was refitted before is left as it is.

    Returns:
        ``None`` if the training was stopped meanwhile: it resumes from the beginning of this.
    """
    checkpoints, at = trainer.checkpoints, trainer.at
    before = checkpoints.refitted(best)
    if trainer.together.agreed(before is not None):
        return before
    assert isinstance(trainer.data, NameData)  # the settings refuse it for text
    per_epoch = trainer.batches.steps_per_epoch
    epochs = at.step / trainer.schedule.progress(at.step) / per_epoch  # of the whole schedule
    epochs = trainer.together.agreed(epochs)
    training = trainer.training.replace(
        epochs=max(1, round(epochs)), held_out=0.0, canaries=0, refit=False, seconds=None,
        patience=0, keep_epochs=0,
    )  # fmt: skip
    data = trainer.data.on_all(training)
    model = trainer.model.network_part()
    alone = replace(checkpoints, folder=None, model=model, training=training, data=data)
    again = trainer.like(alone)
    wanted = again.batches.steps_per_epoch * best["step"] / per_epoch
    steps = max(1, min(round(wanted), again.schedule.total_steps))
    second = cast("Generator[Event, None, None]", again.events(force=False, resume=False))
    with closing(second) as events:
        for event in events:
            if isinstance(event, Step):
                left = event.seconds_left * (steps - event.step)
                left /= max(1, again.schedule.total_steps - event.step)
                yield Refitting(
                    names=data.train_size, step=event.step, steps=steps, seconds_left=left
                )
                if event.step == steps:
                    break
            elif isinstance(event, Finished):
                return None
    if trainer.together.rank:
        return None
    mixed = {
        name: array
        for name, array in checkpoints.best_weights.items()
        if name.startswith(PREFIX) or name in (EXPONENTS, MIXTURE_WEIGHT)
    }
    how = {"names": data.train_size, "steps": steps}
    return checkpoints.save_refitted({**again.engine.weights(), **mixed}, best, at, how)
