"""Fitting a model without a network: n-grams, single characters, or nothing at all. One pass."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..config import ModelConfig
from ..errors import ConfigError
from ..models.factory import parameters_of
from ..run import SavedModel, holds_model, load_model
from .checkpointer import Checkpointer
from .engines.base import Loop
from .events import Event, Saved, Started, Warned
from .progress import Progress


def check(model: ModelConfig, loop: Loop, initial: SavedModel | None) -> None:
    """Raise ConfigError if more is asked for than such a model can do."""
    for what, there in {
        "an unpacked loop": loop != "fit",
        "a model to start from": initial is not None,
    }.items():
        if there:
            raise ConfigError(
                f"a model of the kind {model.kind} is fitted in one pass, not trained step by "
                f"step. Received: {what}; leave it out."
            )


def fit_ngram(checkpoints: Checkpointer, *, force: bool, resume: bool) -> Iterator[Event]:
    """Fit the model, and report it as ``fit`` reports a training, of one epoch and no steps.

    There is no state to resume from: with ``resume``, a folder that holds this model already is
    left as it is.
    """
    model, data, started = checkpoints.model, checkpoints.data, checkpoints.started
    with checkpoints.claimed(force=force, resume=resume):
        folder = checkpoints.folder
        there = folder is not None and resume and not force and holds_model(folder)
        before = load_model(folder) if there and folder is not None else None
        if before is not None:
            weights, best = dict(before.weights), dict(before.facts.get("best", {}))
        else:
            weights, _ = data.ngrams.alone()
            best = {
                "epoch": 1,
                "step": 0,
                "train_nats_per_char": data.ngrams.train_nats(weights),
                "held_out_nats_per_char": None,
                **data.measured(weights)[1],
                "seconds": round(time.monotonic() - started, 3),
                "learning_rate": 0.0,
            }
        at = Progress(epoch=1, best_epoch=1, history=[best])
        yield Started(
            model=model,
            vocabulary=data.vocabulary,
            labels=data.label_names,
            backend=checkpoints.backend,
            counted="names" if data.held_out_names is not None else "characters",
            parameters=parameters_of(model, weights),
            train_size=data.train_size,
            held_out_size=data.held_out_size,
            steps_per_epoch=0,
            epochs=1,
            padded_share=0.0,
        )
        if before is not None:
            yield Warned(message="this model is fitted already: nothing is left to do.")
        else:
            for message in data.ngrams.warnings:
                yield Warned(message=message)
            checkpoints.begin(at, resumes=False)
            yield at.evaluated(weights, time.monotonic() - started)
            if folder is not None:
                checkpoints.save_model(weights, best, at)
                checkpoints.epoch_over(weights, at, last=True)
                yield Saved(folder=folder, epoch=1)
        saved = before or checkpoints.saved(weights, best, at)
        yield at.finished("epochs", saved, best, time.monotonic() - started)
