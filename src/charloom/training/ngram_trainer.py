"""Fitting a model without a network: n-grams, single characters, or nothing at all. One pass."""

from __future__ import annotations

from collections.abc import Iterator

from ..models.factory import parameters_of
from ..run import holds_model, load_model
from ..run.facts import known_facts
from .checkpointer import Checkpointer
from .events import Event, Saved, Warned
from .progress import Progress


def fit_ngram(checkpoints: Checkpointer, *, force: bool, resume: bool) -> Iterator[Event]:
    """Fit the model, and report it as ``fit`` reports a training, of one epoch and no steps.

    There is no state to resume from: with ``resume``, a folder that holds this model already is
    left as it is.
    """
    model, data, folder = checkpoints.model, checkpoints.data, checkpoints.folder
    with checkpoints.claimed(force=force, resume=resume):
        before, best = None, {}
        if folder is not None and resume and not force and holds_model(folder):
            before = load_model(folder)
            weights, best = dict(before.weights), dict(known_facts(before.facts).get("best", {}))
        if before is None or best.get("train_nats_per_char") is None:
            before = None
            checkpoints.begin(Progress(), resumes=False)  # before the fit, which may be killed
            weights, _ = data.ngrams.alone()
            best = {
                "epoch": 1,
                "step": 0,
                "train_nats_per_char": data.ngrams.train_nats(weights),
                "held_out_nats_per_char": None,
                **data.measured(weights)[1],
                "seconds": round(checkpoints.seconds, 3),
                "learning_rate": 0.0,
            }
        at = Progress(epoch=1, best_epoch=1, history=[best])
        parameters = parameters_of(model, weights)
        yield data.started(
            backend=checkpoints.backend, parameters=parameters, steps_per_epoch=0, epochs=1,
            padded_share=0.0,
        )  # fmt: skip
        if before is not None:
            yield Warned(message="this model is fitted already: nothing is left to do.")
        else:
            for message in data.ngrams.warnings:
                yield Warned(message=message)
            checkpoints.record_epoch(at)
            yield at.evaluated(weights, checkpoints.seconds)
            if folder is not None:
                checkpoints.save_model(weights, best, at)
                checkpoints.keep_epoch(weights, at, last=True)
                yield Saved(folder=folder, epoch=1)
        checkpoints.best_weights = weights
        yield checkpoints.finished("epochs", best, at, before)
