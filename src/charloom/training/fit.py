"""Training from a corpus to a run folder: a generator of events that saves as it goes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ..batches import NameBatches, bucket_count
from ..config import ModelConfig, TrainConfig
from ..corpus import Corpus
from ..errors import RunError, TrainingError
from ..events import Evaluated, Event, Finished, Reason, Saved, Started, Step, Warned
from ..models.initial import initial_weights
from ..models.numpy_rnn import NumpyRNN
from ..models.score import score, score_labelled
from ..models.shapes import parameter_count
from ..padded_rows import PaddedBatches, padded_rows
from ..recipes import recipe
from ..vocabulary import Vocabulary
from .curriculum import mixed, true_share
from .engine import Loop, backend_name, make_engine
from .keeper import Keeper
from .labels import check_labels
from .progress import Progress, Resumed
from .schedule import Schedule, learning_rate

SAVE_EVERY = 5.0
"""Seconds between two saves, at least; the end is always saved."""

ENOUGH_HELD_OUT = 5
"""Below this many held-out names their loss is chance: it is reported, but decides nothing."""


def fit(
    corpus: Corpus,
    *,
    model: ModelConfig | None = None,
    training: TrainConfig | None = None,
    out: str | Path | None = None,
    force: bool = False,
    resume: bool = False,
    loop: Loop = "fit",
    started: float | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train a model on ``corpus``, reporting as it goes.

    Args:
        corpus: the names.
        model, training: the settings; ``None`` means those of ``recipe`` for the corpus's size.
            ``model.labels`` is the number of the corpus's labels.
        out: the run folder that the best model and the training's state are saved to, at most
            every few seconds and at the end; ``None`` saves nothing.
        force: take over an ``out`` that is in use; its model is replaced by the first save.
        resume: go on from the state in ``out``; begin if it holds none yet.
        loop: ``fit``; or ``custom`` for the unpacked step of the backend; or a function that makes
            a step of your own: see ``training.loops``.
        started: ``time.monotonic()`` at which the budget ``training.seconds`` begins; now.
        stop: asked after every step; true ends the training, saved, as "interrupted".

    Yields:
        ``Started``, then ``Step``, ``Evaluated`` and ``Saved``, then ``Finished``.

    Raises:
        ConfigError, TrainingError: the settings or the backend do not allow it, or the loss
            became NaN before there was a model to keep.
        RunError: ``out`` is in use, by another process too, cannot be written, or holds another
            training.
    """
    default_model, default_training = recipe(
        corpus.report.names, corpus.report.characters, labels=len(corpus.label_names)
    )
    started = time.monotonic() if started is None else started
    run = _Run(corpus, model or default_model, training or default_training, loop, started, stop)
    return run.events(None if out is None else Path(out), force=force, resume=resume)


class _Run:
    def __init__(
        self,
        corpus: Corpus,
        model: ModelConfig,
        training: TrainConfig,
        loop: Loop,
        started: float,
        stop: Callable[[], bool],
    ) -> None:
        self.corpus, self.model, self.training = corpus, model, training
        self.loop, self.started, self.stop = loop, started, stop
        check_labels(corpus, model, training, loop)
        places = corpus.split_places(training.held_out, training.seed)
        self.train, self.held_out = (tuple(corpus.names[i] for i in part) for part in places)
        ids = np.array(corpus.label_ids or (), np.int32)
        self.train_labels, self.held_out_labels = (
            ids[list(part)] if model.labels else None for part in places
        )
        self.vocabulary = Vocabulary.of(corpus.names, corpus.unit)
        self.parameters = parameter_count(model, self.vocabulary.size)
        self.buckets: int | None = None
        self.batches = self._batches(training.epochs)
        self.held_out_ids = [self.vocabulary.encode(name) for name in self.held_out]
        self.held_out_decides = len(self.held_out) >= ENOUGH_HELD_OUT
        self.schedule = self._schedule()
        self.at = Progress()
        self.best_weights: Mapping[str, NDArray[np.float32]] = {}
        self.keeper: Keeper | None = None
        self.batch_nats_per_char = math.nan
        self.saved_at, self.saved_epoch = -math.inf, 0
        self.seconds_before = 0.0

    def _batches(self, epochs: int) -> NameBatches | PaddedBatches:
        training = self.training
        if training.preparation == "tutorial":
            rows = padded_rows(self.train, self.vocabulary)
            return PaddedBatches(rows, training.batch_size, training.seed)
        ids, lengths = self.vocabulary.encode_all(self.train)
        if self.buckets is None:
            self.buckets = bucket_count(lengths, self.parameters, epochs)
        return NameBatches(
            ids,
            lengths,
            training.batch_size,
            training.seed,
            self.buckets,
            labels=self.train_labels,
            label_dropout=training.label_dropout,
        )

    def _schedule(self) -> Schedule:
        steps = self.batches.steps_per_epoch * self.training.epochs
        return Schedule(self.training, steps, self.started)

    def events(self, out: Path | None, *, force: bool, resume: bool) -> Iterator[Event]:
        """Do everything that ``fit`` promises."""
        backend = backend_name()
        if out is None:
            yield from self._events(backend, resumes=False)
            return
        self.keeper = Keeper(
            folder=out,
            corpus=self.corpus,
            model=self.model,
            training=self.training,
            backend=backend,
            vocabulary=self.vocabulary,
            train=self.train,
            held_out=self.held_out,
        )
        with self.keeper.claimed(force=force, resume=resume) as resumes:
            yield from self._events(backend, resumes=resumes)

    def _events(self, backend: str, *, resumes: bool) -> Iterator[Event]:
        weights = initial_weights(
            self.model,
            self.vocabulary.size,
            self.training.seed,
            as_tutorial=self.training.preparation == "tutorial",
        )
        mean_batch = self.batches.characters_per_name * self.training.batch_size
        self.engine = make_engine(
            backend, self.model, self.training, weights, mean_batch, self.loop
        )
        resumed = self._go_on(self.keeper) if self.keeper is not None and resumes else None
        if self.keeper is not None:
            self.keeper.begin(self.at, resumes=resumes)
        yield Started(
            backend=backend,
            parameters=self.parameters,
            train_names=len(self.train),
            held_out_names=len(self.held_out),
            steps_per_epoch=self.batches.steps_per_epoch,
            epochs=self.training.epochs,
            padded_share=self.batches.padded_share,
            first_epoch=self.at.epoch + 1,
        )
        if resumed is not None:
            over = self._over()
            for message in resumed.changes(backend, self.training.epochs, over):
                yield Warned(message=message)
            if over is not None and self.at.best is not None:
                yield self._finished(over, self.at.best)
                return
        if self.held_out and not self.held_out_decides:
            yield Warned(
                message=f"too few names are held out ({len(self.held_out)}) to choose the best "
                "epoch by: the last one is kept."
            )
        self.engine.prepare([edge + 1 for edge in self.batches.edges])
        self.schedule.begin()
        reason = yield from self._loop()
        yield from self._finish(reason)

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
        self.at, self.best_weights = resumed.progress, resumed.best_weights
        self.saved_epoch = self.at.best_epoch
        self.seconds_before = self.at.history[-1].get("seconds", 0.0) if self.at.history else 0.0
        if resumed.buckets != self.buckets:  # other epochs would else mean other batches
            self.buckets = resumed.buckets
            self.batches = self._batches(resumed.epochs)
            self.schedule = self._schedule()
        return resumed

    def _over(self) -> Reason | None:
        """Say why there is nothing left to train, if so."""
        if self.at.step >= self.schedule.total_steps:
            return "epochs"
        return None if self.at.step_in_epoch or self._patient() else "early stopping"

    def _patient(self) -> bool:
        patience = self.training.patience
        return not patience or self.at.epoch - self.at.best_epoch < patience

    def _loop(self) -> Generator[Event, None, Reason]:
        """Take steps until one of the reasons to end holds."""
        at, total = self.at, self.schedule.total_steps
        begun, before, names = time.monotonic(), at.step / total, 0
        pending: tuple[SupportsFloat, float] | None = None
        running: float | None = None
        while at.step < total:
            batch = self.batches.batch(at.epoch, at.step_in_epoch)
            progress = self.schedule.progress(at.step + 1)
            rate = learning_rate(self.training, progress)
            share = true_share(self.training, progress)
            if share < 1:
                rng = np.random.default_rng([self.training.seed, 4, at.step])
                batch = mixed(NumpyRNN(self.model, self.engine.weights()), batch, share, rng)
            loss = self.engine.step(batch, rate)
            at.step, at.step_in_epoch = at.step + 1, at.step_in_epoch + 1
            names += batch.names
            # A loss is read one step late: the next batch is made while this one computes.
            if pending is not None:
                running = self._add(*pending, running)
            pending = loss, float(batch.mask.sum())
            epoch_over = at.step_in_epoch == self.batches.steps_per_epoch
            out_of_time = progress >= 1 and at.step < total
            stopped = self.stop()
            at_once = epoch_over or out_of_time or stopped or self.loop != "fit"
            if running is None or at_once:
                running, pending = self._add(*pending, running), None
            if not math.isfinite(at.epoch_nats):
                return "diverged"
            seconds = time.monotonic() - begun
            yield Step(
                epoch=at.epoch + 1,
                step=at.step,
                progress=progress,
                nats_per_char=running,
                batch_nats_per_char=self.batch_nats_per_char,
                learning_rate=rate,
                names_per_second=names / seconds,
                seconds_left=seconds * (1 - progress) / max(progress - before, 1e-9),
            )
            if stopped and not epoch_over:
                return "interrupted"
            if epoch_over or out_of_time:
                evaluated = self._evaluate(rate)
                if self.keeper is not None:
                    self.keeper.add_to_history(at)
                yield evaluated
                patient = self._patient()
                ends = out_of_time or stopped or at.step == total or not patient
                every = self.training.keep_epochs
                if self.keeper is not None and every and (ends or at.epoch % every == 0):
                    seconds = time.monotonic() - self.started
                    self.keeper.save_epoch(evaluated.weights, at, seconds)
                if out_of_time:
                    return "seconds"
                if stopped:
                    return "interrupted"
                if not patient:
                    return "early stopping"
                if time.monotonic() - self.saved_at >= SAVE_EVERY:
                    yield from self._save()
        return "epochs"

    def _add(self, nats: SupportsFloat, characters: float, running: float | None) -> float:
        """Count a batch's loss in; return the running mean over about 20 steps."""
        self.at.epoch_nats += float(nats)
        self.at.epoch_characters += characters
        mean = self.batch_nats_per_char = float(nats) / characters
        return mean if running is None else 0.95 * running + 0.05 * mean

    def _held_out_loss(self, weights: Mapping[str, NDArray[np.float32]]) -> float | None:
        if not self.held_out:
            return None
        characters = sum(map(len, self.held_out_ids))
        characters += len(self.held_out) if self.model.begin else 0
        rnn = NumpyRNN(self.model, weights)
        if self.held_out_labels is None:
            return float(score(rnn, self.held_out_ids).sum()) / characters
        nats = score_labelled(rnn, self.held_out_ids, self.held_out_labels)
        return float(nats.sum()) / characters

    def _evaluate(self, rate: float) -> Evaluated:
        """Close the epoch, whose last step was at ``rate``."""
        at, begun = self.at, time.monotonic()
        weights = self.engine.weights()
        held_out, train = self._held_out_loss(weights), at.epoch_nats / at.epoch_characters
        at.epoch, at.step_in_epoch = at.epoch + 1, 0
        at.epoch_nats = at.epoch_characters = 0.0
        before = at.best
        at.history.append(
            {
                "epoch": at.epoch,
                "step": at.step,
                "train_nats_per_char": train,
                "held_out_nats_per_char": held_out,
                "seconds": round(self.seconds_before + time.monotonic() - self.started, 3),
                "learning_rate": rate,
            }
        )
        best = (
            before is None
            or held_out is None
            or not self.held_out_decides
            or held_out < before["held_out_nats_per_char"]
        )
        if best:
            at.best_epoch, self.best_weights = at.epoch, weights
        self.schedule.reserve = 0.5 + 2 * (time.monotonic() - begun)
        return Evaluated(
            epoch=at.epoch,
            step=at.step,
            train_nats_per_char=train,
            held_out_nats_per_char=held_out,
            best=best,
            seconds=time.monotonic() - self.started,
            weights=weights,
        )

    def _save(self) -> Iterator[Event]:
        """Save the best model, if it is a new one, and the state."""
        if self.keeper is None:
            return
        best = self.at.best
        if best is not None and self.saved_epoch != self.at.best_epoch:
            seconds = time.monotonic() - self.started
            self.keeper.save_model(self.best_weights, best, self.at, seconds)
            self.saved_epoch = self.at.best_epoch
        self.keeper.save_state(self.engine.state(), self.at, self.buckets)
        self.saved_at = time.monotonic()
        yield Saved(folder=self.keeper.folder, epoch=self.at.best_epoch)

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
            self.best_weights = self.engine.weights()
            losses = {
                "epoch": 0,
                "step": at.step,
                "train_nats_per_char": at.epoch_nats / at.epoch_characters,
                "held_out_nats_per_char": self._held_out_loss(self.best_weights),
            }
            if self.keeper is not None:
                seconds = time.monotonic() - self.started
                self.keeper.save_model(self.best_weights, losses, at, seconds)
        if reason == "diverged":
            if self.keeper is not None and self.saved_epoch != at.best_epoch:
                seconds = time.monotonic() - self.started
                self.keeper.save_model(self.best_weights, losses, at, seconds)
                yield Saved(folder=self.keeper.folder, epoch=at.best_epoch)
        else:
            yield from self._save()
        yield self._finished(reason, losses)

    def _finished(self, reason: Reason, losses: Mapping[str, Any]) -> Finished:
        at = self.at
        return Finished(
            reason=reason,
            epoch=at.epoch,
            step=at.step,
            best_epoch=at.best_epoch,
            train_nats_per_char=losses["train_nats_per_char"],
            held_out_nats_per_char=losses["held_out_nats_per_char"],
            seconds=time.monotonic() - self.started,
            weights=self.best_weights,
        )
