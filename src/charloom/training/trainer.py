"""Training from a corpus to a run folder: a generator of events that saves as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..errors import RunError, TrainingError
from ..models.rnn.initial import initial_weights
from ..models.rnn.shapes import parameter_count
from ..run import SavedModel
from .callbacks import Callbacks
from .checkpointer import Keeper
from .data import material_of
from .defaults import settings_for
from .engines.base import Loop, backend_name, make_engine
from .epochs import Epochs
from .events import Event, Finished, Reason, Saved, Started, Warned
from .ngram import SHARE_UNTOLD
from .progress import Progress, Resumed
from .saver import Saver
from .schedule import Schedule
from .warm_start import grown

HELD_OUT_PER_SECOND = 3e4
"""Characters of held-out text that are measured in a second, at least: until an epoch has told
how long that takes, so much of a budget is kept for it."""


def fit(
    corpus: NameCorpus | TextCorpus,
    *,
    model: ModelConfig | None = None,
    training: TrainConfig | None = None,
    out: str | Path | None = None,
    force: bool = False,
    resume: bool = False,
    loop: Loop = "fit",
    initial: SavedModel | None = None,
    callbacks: Sequence[Any] = (),
    started: float | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train a model on ``corpus``, reporting as it goes.

    Args:
        corpus: the names, or the text.
        model, training: the settings; ``None`` means those of ``defaults.settings_for``.
            ``model.labels`` is the number of the corpus's labels.
        out: the run folder that the best model and the training's state are saved to, at most
            every few seconds and at the end; ``None`` saves nothing.
        force: take over an ``out`` that is in use; its model is replaced by the first save.
        resume: go on from the state in ``out``; begin if it holds none yet.
        loop: ``fit``; or ``custom`` for the unpacked step of the backend; or a function that makes
            a step of your own: see ``training.loops``.
        started: ``time.monotonic()`` at which the budget ``training.seconds`` begins; now.
        initial: a model whose weights are begun with; its characters and labels are kept, and
            those that are new to it are added.
        callbacks: Keras' callbacks; see ``callbacks.Callbacks`` for what they can do.
        stop: asked after every step; true ends the training, saved, as "interrupted".

    Yields:
        ``Started``, then ``Step``, ``Evaluated`` and ``Saved``, then ``Finished``.

    Raises:
        ConfigError, TrainingError: the settings or the backend do not allow it, or the loss
            became NaN before there was a model to keep.
        RunError: ``out`` is in use, by another process too, cannot be written, or holds another
            training.
    """
    default_model, default_training = settings_for(corpus, initial=initial)
    started = time.monotonic() if started is None else started
    model, training = model or default_model, training or default_training
    folder = None if out is None else Path(out)
    if not model.has_network:
        from .counting import check, counted  # late: few are such

        check(model, loop, initial, callbacks)
        return counted(corpus, model, training, folder, force, resume, started)
    run = _Run(
        corpus,
        model,
        training,
        loop,
        initial,
        callbacks,
        started,
        stop,
    )
    return run.events(folder, force=force, resume=resume)


class _Run:
    def __init__(
        self,
        corpus: NameCorpus | TextCorpus,
        model: ModelConfig,
        training: TrainConfig,
        loop: Loop,
        initial: SavedModel | None,
        callbacks: Sequence[Any],
        started: float,
        stop: Callable[[], bool],
    ) -> None:
        self.corpus, self.model, self.training = corpus, model, training
        self.loop, self.started, self.stop = loop, started, stop
        self.initial = initial
        self.material = material_of(corpus, model, training, loop, initial)
        self.callbacks = Callbacks(callbacks, model, training, self.material.vocabulary.size)
        self.batches = self.material.batches(training.epochs)
        self.schedule = self._schedule()
        self.at = Progress()
        self.saver = Saver(None, training, started)
        self.seconds_before = 0.0

    def _schedule(self) -> Schedule:
        steps = self.batches.steps_per_epoch * self.training.epochs
        held_out = self.material.held_out_size if self.model.text else 0
        reserve = 0.5 + held_out / HELD_OUT_PER_SECOND
        return Schedule(self.training, steps, self.started, reserve)

    def events(self, out: Path | None, *, force: bool, resume: bool) -> Iterator[Event]:
        """Do everything that ``fit`` promises."""
        backend = backend_name()
        if out is None:
            yield from self._events(backend, resumes=False)
            return
        keeper = Keeper.of(out, self.model, self.training, self.material, backend)
        self.saver.keeper = keeper
        with keeper.claimed(force=force, resume=resume) as resumes:
            yield from self._events(backend, resumes=resumes)

    def _events(self, backend: str, *, resumes: bool) -> Iterator[Event]:
        weights = self._beginning()
        self.engine = make_engine(
            backend,
            self.model,
            self.training,
            weights,
            self.batches.characters_per_batch,
            self.loop,
        )
        keeper, material = self.saver.keeper, self.material
        resumed = self._go_on(keeper) if keeper is not None and resumes else None
        if keeper is not None:
            keeper.begin(self.at, resumes=resumes)
        started = Started(
            model=self.model,
            vocabulary=material.vocabulary,
            labels=material.label_names,
            backend=backend,
            counted="characters" if self.model.text else "names",
            parameters=parameter_count(self.model, material.vocabulary.size),
            train_size=material.train_size,
            held_out_size=material.held_out_size,
            steps_per_epoch=self.batches.steps_per_epoch,
            epochs=self.training.epochs,
            padded_share=self.batches.padded_share,
            first_epoch=self.at.epoch + 1,
        )
        yield started
        epochs = Epochs(
            model=self.model,
            training=self.training,
            material=material,
            batches=self.batches,
            engine=self.engine,
            schedule=self.schedule,
            saver=self.saver,
            callbacks=self.callbacks,
            at=self.at,
            started=self.started,
            seconds_before=self.seconds_before,
            stop=self.stop,
            at_once=self.loop != "fit",
        )
        if resumed is not None:
            over = epochs.over()
            for message in resumed.changes(backend, self.training.epochs, over):
                yield Warned(message=message)
            if over is not None and self.at.best is not None:
                self.saver.save_best(self.at.best, self.at)
                yield self._finished(over, self.at.best)
                return
        if material.held_out_size and not material.held_out_decides:
            yield Warned(
                message=f"too few names are held out ({material.held_out_size}) to choose the "
                "best epoch by: the last one is kept."
            )
        if self.model.kind == "mixture":
            for message in material.counted.warnings:
                yield Warned(message=message)
            if not material.held_out_decides:
                yield Warned(
                    message="too little is held out to choose the n-gram's share by: it is "
                    f"{SHARE_UNTOLD:g}."
                )
        self.engine.prepare(self.batches.times)
        self.callbacks.begin(started, self.engine.weights)
        self.schedule.begin()
        reason = yield from epochs.run()
        yield from self._finish(reason)

    def _beginning(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights before the first step."""
        material, seed = self.material, self.training.seed
        if self.initial is not None:
            labels = material.label_names
            return grown(self.initial, self.model, material.vocabulary, labels, seed)
        way, vocabulary = self.training.preparation, material.vocabulary
        return initial_weights(
            self.model,
            vocabulary.size,
            seed,
            as_tutorial=way == "tutorial",
            alike=vocabulary.alike if way == "names" else None,
        )

    def _go_on(self, keeper: Keeper) -> Resumed:
        """Take over where the folder's training is."""
        resumed = keeper.load()
        try:
            self.engine.restore(resumed.arrays)
        except (KeyError, ValueError) as error:
            raise RunError(
                f"{keeper.folder} holds a state that this version cannot go on from "
                f"({error}). Train anew with --force, or with another --out."
            ) from error
        self.at, self.saver.best_weights = resumed.progress, resumed.best_weights
        self.saver.saved_epoch = resumed.saved_epoch
        self.seconds_before = self.at.history[-1].get("seconds", 0.0) if self.at.history else 0.0
        if resumed.buckets != self.material.buckets:  # other epochs would else mean other batches
            self.material.buckets = resumed.buckets
            self.batches = self.material.batches(resumed.epochs)
            self.schedule = self._schedule()
        return resumed

    def _finish(self, reason: Reason) -> Iterator[Event]:
        """Save the end and report it."""
        at = self.at
        losses = at.best
        if losses is None:
            if reason == "diverged":
                raise TrainingError(
                    f"the loss became {at.epoch_nats} at step {at.step}, before there was a model "
                    f"to keep. Lower --learning-rate (it was {self.training.learning_rate:g})."
                )
            # Interrupted in the first epoch: what there is, is kept, but not as an epoch's end.
            self.saver.best_weights, measured = self.material.measured(self.engine.weights())
            losses = {
                "epoch": 0,
                "step": at.step,
                "train_nats_per_char": at.epoch_nats / at.epoch_characters,
                "held_out_nats_per_char": None,
                **measured,
            }
            self.saver.save_best(losses, at)
        if reason != "diverged":
            yield from self.saver.save(self.engine, at, self.material.buckets)
        elif self.saver.save_best(losses, at) and self.saver.keeper is not None:
            yield Saved(folder=self.saver.keeper.folder, epoch=at.best_epoch)
        finished = self._finished(reason, losses)
        self.callbacks.end(finished)
        yield finished

    def _finished(self, reason: Reason, losses: Mapping[str, Any]) -> Finished:
        at = self.at
        return Finished(
            reason=reason,
            epoch=at.epoch,
            step=at.step,
            best_epoch=at.best_epoch,
            train_nats_per_char=losses["train_nats_per_char"],
            held_out_nats_per_char=losses["held_out_nats_per_char"],
            held_out_window_nats_per_char=losses.get("held_out_window_nats_per_char"),
            seconds=time.monotonic() - self.started,
            weights=self.saver.best_weights,
        )
