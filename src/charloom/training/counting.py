"""Training of what only counts: n-grams, single characters, nothing at all. One pass, no engine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..config import ModelConfig, TrainConfig
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..errors import ConfigError
from ..models.factory import parameters_of
from ..run import SavedModel, holds_model, load_model
from .checkpointer import Keeper
from .data import Material, material_of
from .engines.base import Loop
from .events import Evaluated, Event, Finished, Saved, Started, Warned
from .progress import Progress

BACKEND = "numpy"


def check(
    model: ModelConfig, loop: Loop, initial: SavedModel | None, callbacks: Sequence[Any]
) -> None:
    """Raise ConfigError if more is asked for than counting can do."""
    for what, there in {
        "an unpacked loop": loop != "fit",
        "callbacks": bool(callbacks),
        "a model to begin with": initial is not None,
    }.items():
        if there:
            raise ConfigError(
                f"a model of the kind {model.kind} is counted, not trained step by step. "
                f"Received: {what}; leave it out."
            )


def counted(
    corpus: NameCorpus | TextCorpus,
    model: ModelConfig,
    training: TrainConfig,
    out: Path | None,
    force: bool,
    resume: bool,
    started: float,
) -> Iterator[Event]:
    """Count, and report it as ``fit`` reports a training, of one epoch and no steps.

    Arguments and errors are those of ``fit``. There is no state to go on from: with ``resume``, a
    folder that holds this model already is left as it is.
    """
    material = material_of(corpus, model, training, "fit")
    if out is None:
        yield from _events(material, model, training, None, None, started)
        return
    keeper = Keeper.of(out, model, training, material, BACKEND)
    with keeper.claimed(force=force, resume=resume):
        there = resume and not force and holds_model(out)
        before = load_model(out) if there else None
        yield from _events(material, model, training, keeper, before, started)


def _events(
    material: Material,
    model: ModelConfig,
    training: TrainConfig,
    keeper: Keeper | None,
    before: SavedModel | None,
    started: float,
) -> Iterator[Event]:
    found = material.counted if before is None else None
    if before is not None:
        weights, best = dict(before.weights), dict(before.facts.get("best", {}))
    else:
        assert found is not None
        weights, _ = found.alone()
        best = {
            "epoch": 1,
            "step": 0,
            "train_nats_per_char": found.train_nats(weights),
            "held_out_nats_per_char": None,
            **material.measured(weights)[1],
            "seconds": round(time.monotonic() - started, 3),
            "learning_rate": 0.0,
        }
    at = Progress(epoch=1, best_epoch=1, history=[best])
    yield Started(
        model=model,
        vocabulary=material.vocabulary,
        labels=material.label_names,
        backend=BACKEND,
        counted="characters" if model.text else "names",
        parameters=parameters_of(model, weights),
        train_size=material.train_size,
        held_out_size=material.held_out_size,
        steps_per_epoch=0,
        epochs=1,
        padded_share=0.0,
    )
    if found is None:
        yield Warned(message="this model is counted already: nothing is left to do.")
    else:
        for message in found.warnings:
            yield Warned(message=message)
        if keeper is not None:
            keeper.begin(at, resumes=False)
        yield Evaluated(
            epoch=1,
            step=0,
            train_nats_per_char=best["train_nats_per_char"],
            held_out_nats_per_char=best["held_out_nats_per_char"],
            held_out_window_nats_per_char=best.get("held_out_window_nats_per_char"),
            best=True,
            seconds=time.monotonic() - started,
            weights=weights,
        )
        if keeper is not None:
            keeper.save_model(weights, best, at, time.monotonic() - started)
            if training.keep_epochs:
                keeper.save_epoch(weights, at, time.monotonic() - started)
            yield Saved(folder=keeper.folder, epoch=1)
    yield Finished(
        reason="epochs",
        epoch=1,
        step=0,
        best_epoch=1,
        train_nats_per_char=best["train_nats_per_char"],
        held_out_nats_per_char=best["held_out_nats_per_char"],
        held_out_window_nats_per_char=best.get("held_out_window_nats_per_char"),
        seconds=time.monotonic() - started,
        weights=weights,
    )
