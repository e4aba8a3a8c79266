"""The training loop: plan, engine, steps, checkpoints, events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..errors import TrainingError
from ..models.rnn.initial import initial_weights
from ..models.rnn.shapes import parameter_count
from ..run import SavedModel
from .base_model import NO_BASE, given_base
from .checkpointer import Checkpointer
from .cross_validation import has_choice, settle_choice
from .data import TrainingData, Weights
from .duration import ready
from .engines.base import Loop
from .engines.factory import backend_name, check_distributed, check_loop, make_engine
from .engines.memory import check_memory, telling_of_memory
from .engines.precision import settled
from .ensemble import Ensemble, checked_workers
from .events import Event, Reason, Saved, Step, Warned
from .kinds import suited
from .name_data import NameData
from .ngram_trainer import fit_ngram
from .preparation import prepare
from .progress import Progress
from .recipes import settings_for
from .refit import refit
from .schedule import Schedule, learning_rate, reserve_for
from .shared_state import facts_of, resumed, share_state
from .text_data import TextData
from .together import ALONE, Pace, Together, check_same, telling_of_others
from .warm_start import warm_started


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
    started: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    together: Together = ALONE,
    workers: int = 1,
) -> Iterator[Event]:
    """Train a model on ``corpus``, reporting as it goes.

    Args:
        corpus: the names, or the text.
        model, training: the settings; ``None`` means those of ``recipes.settings_for``.
            ``model.labels`` is the number of the corpus's labels.
        out: the run folder that the best model and the training's state are saved to, at most
            every few seconds and at the end; ``None`` saves nothing.
        force: overwrite what ``out`` holds; its model is replaced by the first save.
        resume: resume from the state in ``out``; start if it holds none yet.
        loop: ``fit``; or ``custom`` for the unpacked step of the backend; or a function that makes
            a step of your own: see ``engines.steps``.
        initial: a model whose weights training starts from; its characters and labels are kept,
            and new ones are added.
        started: ``time.monotonic()`` at which the budget ``training.seconds`` begins; now.
        stop: called after every step; true ends the training, saved, as "interrupted".
        together: the processes that train it together, as ``engines.jax_processes.joined`` gives
            them; each calls this with the same arguments.
        workers: networks of a time budget, or folds of cross-validation, that are trained at once,
            in processes of their own. Several need ``if __name__ == "__main__":`` in a program.

    Yields:
        ``Started``, then ``Step``, ``Evaluated`` and ``Saved``, then ``Finished``; of several
        processes only the first yields the last two.

    Raises:
        ConfigError, TrainingError: the settings or the backend do not allow it, or the loss
            became NaN before there was a model to keep.
        RunError: ``out`` is in use, by another process too, cannot be written, or holds another
            training.
        LostError, EndedError: another process of the training has died, or has failed.
    """
    if model is None or training is None:
        defaults = settings_for(corpus, initial=initial)
        model, training = model or defaults[0], training or defaults[1]
    check_loop(model, loop, initial)
    if together.distributed:
        check_distributed(model, loop)
    backend = backend_name() if model.has_network else "numpy"
    data: TrainingData
    if isinstance(corpus, TextCorpus):
        data = TextData(corpus, model, training, initial)
    else:
        data = NameData(corpus, model, training, initial)
    checkpoints = Checkpointer(
        folder=None if out is None or together.rank else Path(out),
        model=model,
        training=training,
        data=data,
        backend=backend,
        precision=settled(training.precision, model, on_jax=(backend, loop) == ("jax", "fit")),
        loop=loop if isinstance(loop, str) else None,
        fine_tuned=initial is not None and training.base == NO_BASE,
        started=time.monotonic() if started is None else started,
        together=together,
    )
    if together.distributed:
        check_same(together, facts_of(checkpoints))
    if not model.has_network and checked_workers(workers):
        return fit_ngram(checkpoints, force=force, resume=resume)
    trainer = Trainer(checkpoints, loop, initial, stop, workers)
    events = telling_of_memory(trainer.events(force=force, resume=resume), model)
    return telling_of_others(events) if together.distributed else events


class Trainer:
    """One training: what it is given, and how far it is."""

    def __init__(
        self,
        checkpoints: Checkpointer,
        loop: Loop,
        initial: SavedModel | None,
        stop: Callable[[], bool],
        workers: int = 1,
    ) -> None:
        self.checkpoints, self.loop, self.initial, self.stop = checkpoints, loop, initial, stop
        self.model, self.training = checkpoints.model, checkpoints.training
        self.data, self.together = checkpoints.data, checkpoints.together
        self.at, self.resumes = Progress(), False
        self.arrays: dict[str, NDArray[Any]] | None = None
        self.plan_batches()
        self.seconds_before = 0.0  # of training in earlier sessions
        self._batch_nats_per_char = math.nan
        if has_choice(self):
            self.at.chosen = None
        self.workers = checked_workers(workers, self)

    def events(self, *, force: bool, resume: bool) -> Iterator[Event]:
        """Train, and yield the events that ``fit`` promises."""
        with self.checkpoints.claimed(force=force, resume=resume) as resumes:
            self.resumes = self.together.agreed(resumes)
            size, longest = self.data.vocabulary.size, max(self.batches.times)
            rows = self.together.rows(self.training.batch_size)
            part = self.training.replace(batch_size=len(rows)) if rows else self.training
            check_memory(self.model, part, size, longest, self.checkpoints.backend)
            weights = self.first_weights(self.training.seed)
            if not resumes:  # before the engine, which takes seconds in which this may be killed
                self.checkpoints.begin(self.at, resumes=False)
            self.engine = make_engine(
                self.checkpoints.backend,
                self.model,
                self.training,
                weights,
                self.batches.characters_per_batch,
                self.loop,
                distributed=self.together.distributed,
            )
            warnings = resumed(self) if resumes else []
            if self.together.distributed:
                share_state(self)
            if resumes:
                self.checkpoints.begin(self.at, resumes=True)
            yield self.data.started(
                backend=self.checkpoints.backend,
                parameters=parameter_count(self.model, self.data.vocabulary.size),
                steps_per_epoch=self.batches.steps_per_epoch,
                epochs=self.training.epochs,
                padded_share=self.batches.padded_share,
                precision=self.checkpoints.precision,
                first_epoch=self.at.epoch + 1,
                base=self.training.base,
                kinds=self.at.kinds,
            )
            yield from (Warned(message=message) for message in warnings)
            if self.resumes and self.at.best is not None and (over := self.over()):
                self.checkpoints.save_best(self.at.best, self.at)
                yield from self._finished(over, self.at.best)
                return
            yield from settle_choice(self)
            prepare(self)
            if not self.together.rank:
                yield from (Warned(message=message) for message in self.data.warnings())
            yield from self._finish((yield from self._train()))

    def plan_batches(self) -> None:
        """Take the batches as the data's plan has them, and fit the schedule to them."""
        self.batches = self.data.batches(self.together.rows(self.training.batch_size))
        steps = self.batches.steps_per_epoch * self.training.epochs
        held_out = self.data.held_out_size if self.data.held_out_text is not None else 0
        training = self.training
        if training.refit and training.seconds is not None:  # which takes about the rest
            share = (1 - training.held_out) / (2 - training.held_out)
            training = training.replace(seconds=training.seconds * share)
        self.schedule = Schedule(training, steps, self.checkpoints.started, reserve_for(held_out))

    def first_weights(self, seed: int) -> dict[str, NDArray[np.float32]]:
        """Return the weights before the first step."""
        data, initial = self.data, self.initial
        if self.training.base != NO_BASE and not self.resumes:
            initial, self.at.kinds = self._base
        if initial is not None:
            return warm_started(initial, self.model, data.vocabulary, data.label_names, seed)
        way, vocabulary = self.training.preparation, data.vocabulary
        return initial_weights(
            self.model,
            vocabulary.size,
            seed,
            as_tutorial=way == "tutorial",
            alike=vocabulary.alike if way == "names" else None,
        )

    @cached_property
    def _base(self) -> tuple[SavedModel, dict[str, float]]:
        return suited(self.initial or given_base(self.training.base), self.data)

    @property
    def last_step(self) -> int:
        """The step after which training is over, unless it ends sooner."""
        if self.at.last_step:
            return self.at.last_step
        chosen, epochs = self.at.chosen or {}, self.training.epochs
        if chosen.get("of_epochs") == epochs:  # it was chosen for this schedule
            epochs = int(chosen["epochs"])
        return epochs * self.batches.steps_per_epoch

    def _train(self) -> Generator[Event, None, Reason]:
        """Train the network; and more of them, if the budget allows."""
        if not self.at.networks:
            yield from ready(self)
            self.schedule.begin()
            begun, before = time.monotonic(), self.at.step
            reason = yield from self.steps()
            over = reason in ("epochs", "early stopping")
            if self.training.seconds is None or not over or self.together.distributed:
                return reason
            seconds = (time.monotonic() - begun) * self.at.step / max(1, self.at.step - before)
            if not (yield from Ensemble(self).planned(seconds)):
                return reason
        return (yield from Ensemble(self).trained())

    def over(self) -> Reason | None:
        """Say why there is nothing left to train, if so."""
        if self.at.networks and not self.at.last_step:  # the other networks are to be trained
            return None
        if self.at.step >= self.last_step:
            return "epochs"
        return None if self.at.step_in_epoch or self._patient() else "early stopping"

    def _patient(self) -> bool:
        patience = self.training.patience
        since = max(self.at.best_epoch, self.at.first_epoch)
        return not patience or self.at.epoch - since < patience

    def steps(self) -> Generator[Event, None, Reason]:
        """Take steps until one of the reasons to end holds."""
        at, total, checkpoints = self.at, self.last_step, self.checkpoints
        begun, names, characters = time.monotonic(), 0, 0.0
        pace = Pace(self.together, at.step)
        if self.together.count > 1:
            self.schedule.told = self.together.agreed(self.schedule.by_clock())
        before = self.schedule.progress(at.step)
        pending: tuple[SupportsFloat, float] | None = None
        running: float | None = None
        while at.step < total:
            batch = self.batches.batch(at.epoch, at.step_in_epoch)  # (B, T)
            progress = self.schedule.progress(at.step + 1)
            rate = learning_rate(self.training, progress)
            loss = self.engine.step(batch, rate)
            at.step, at.step_in_epoch = at.step + 1, at.step_in_epoch + 1
            names += batch.names
            trained = batch.characters
            characters += trained
            # A loss is read one step late, so that the next batch is made while this one computes.
            if pending is not None:
                running = self._add(*pending, running)
            pending = loss, trained
            epoch_over = at.step_in_epoch == self.batches.steps_per_epoch
            out_of_time = progress >= 1 and at.step < total
            stopped, due = self._decided(pace)
            now = epoch_over or out_of_time or stopped or due or self.loop != "fit"
            if running is None or now:
                running, pending = self._add(*pending, running), None
            if not math.isfinite(at.epoch_nats):
                return "diverged"
            seconds = time.monotonic() - begun
            yield Step(
                epoch=at.epoch + 1,
                step=at.step,
                progress=progress,
                nats_per_char=running,
                batch_nats_per_char=self._batch_nats_per_char,
                learning_rate=rate,
                names_per_second=names / seconds,
                characters_per_second=characters / seconds,
                seconds_left=seconds * (1 - progress) / max(progress - before, 1e-9),
            )
            if stopped and not epoch_over:
                return "interrupted"
            if epoch_over or out_of_time:
                weights = self._evaluate(rate)
                checkpoints.record_epoch(at)
                yield at.evaluated(weights, checkpoints.seconds)
                patient = self._patient()
                last = out_of_time or stopped or at.step == total or not patient
                checkpoints.keep_epoch(weights, at, last=last)
                if out_of_time:
                    return "seconds"
                if stopped:
                    return "interrupted"
                if not patient:
                    return "early stopping"
                yield from checkpoints.save_after_epoch(self.engine, at)
            elif due:
                yield from checkpoints.save(self.engine, at)
        return "epochs"

    def _decided(self, pace: Pace) -> tuple[bool, bool]:
        """Say whether to stop and whether to save after this step."""
        at, checkpoints, every = self.at, self.checkpoints, self.training.save_steps
        if self.together.count == 1:
            return self.stop(), checkpoints.due(at)

        def decide() -> tuple[float, bool, bool]:
            asked = self.together.any_asked(self.stop())
            return self.schedule.by_clock(), asked, checkpoints.due(at)

        found = pace.decided(at.step, decide, now=every > 0 and at.step % every == 0)
        self.schedule.told, stopped, due = found or (self.schedule.told, False, False)
        return stopped, due

    def _add(self, nats: SupportsFloat, characters: float, running: float | None) -> float:
        """Add a batch's loss; return the running mean over about 20 steps."""
        self.at.epoch_nats += float(nats)
        self.at.epoch_characters += characters
        mean = self._batch_nats_per_char = float(nats) / max(characters, 1.0)
        return mean if running is None else 0.95 * running + 0.05 * mean

    def _evaluate(self, rate: float) -> dict[str, NDArray[np.float32]]:
        """End the epoch, whose last step was at ``rate``; return the model's weights."""
        at, begun = self.at, time.monotonic()
        weights, losses = self._measured()
        seconds = self.seconds_before + self.checkpoints.seconds
        if at.end_epoch(losses, seconds, rate, decides=self.data.held_out_decides):
            self.checkpoints.best_weights = weights
        self.schedule.reserve = 0.5 + 1.5 * (time.monotonic() - begun)
        return dict(weights)

    def _measured(self) -> tuple[Weights, dict[str, float]]:
        """Return the model's weights and held-out losses, which the first process measures."""
        weights: Weights = self.engine.weights()
        losses: dict[str, float] = {}
        if not self.together.rank:
            weights, losses = self.data.measured(weights)
        return weights, self.together.agreed(losses)

    def _finish(self, reason: Reason) -> Iterator[Event]:
        """Save the end and report it."""
        at, checkpoints = self.at, self.checkpoints
        losses = at.best
        if losses is None:
            if reason == "diverged":
                raise TrainingError(
                    f"the loss became {at.epoch_nats} at step {at.step}, before there was a model "
                    f"to keep. Lower --learning-rate (it was {self.training.learning_rate:g})."
                )
            # Interrupted in the first epoch: the weights are kept, but not as an epoch's end.
            checkpoints.best_weights, measured = self._measured()
            losses = {"epoch": 0, **at.losses(measured)}
            checkpoints.save_best(losses, at)
        if reason != "diverged":
            yield from checkpoints.save(self.engine, at)
        elif checkpoints.save_best(losses, at) and checkpoints.folder is not None:
            yield Saved(folder=checkpoints.folder, epoch=at.best_epoch)
        yield from self._finished(reason, losses)

    def _finished(self, reason: Reason, losses: Mapping[str, Any]) -> Iterator[Event]:
        """Refit, if that is asked for, and yield the last event."""
        saved = None
        if self.training.refit and reason not in ("interrupted", "diverged"):
            saved = yield from refit(self, losses)
            reason = "interrupted" if saved is None else reason
        if self.together.rank:
            return
        yield self.checkpoints.finished(reason, losses, self.at, saved)

    def like(self, checkpoints: Checkpointer) -> Trainer:
        """Return a training of its own that is set up as this one."""
        return Trainer(checkpoints, self.loop, self.initial, self.stop)
