"""Step after step and epoch after epoch, until one of the reasons to end holds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import SupportsFloat

from ..config import ModelConfig, TrainConfig
from ..data.random import Stream, generator
from ..models.rnn.numpy import NumpyRNN
from .callbacks import Callbacks
from .curriculum import mixed, true_share
from .data import Batches, Material
from .engines.base import Engine
from .events import Evaluated, Event, Reason, Step
from .progress import Progress
from .saver import Saver
from .schedule import Schedule, learning_rate


@dataclass(kw_only=True)
class Epochs:
    """Training from where ``at`` says it is.

    Attributes:
        model, training: the settings.
        material, batches: what is learnt, and as what.
        engine: takes the steps.
        schedule, saver, callbacks: set the rate; save; listen.
        at: how far it is, kept up to date.
        started: ``time.monotonic()`` when training began.
        seconds_before: of training in earlier sessions.
        stop: asked after every step; true ends the training.
        at_once: read each loss at once, not one step late.
    """

    model: ModelConfig
    training: TrainConfig
    material: Material
    batches: Batches
    engine: Engine
    schedule: Schedule
    saver: Saver
    callbacks: Callbacks
    at: Progress
    started: float
    seconds_before: float
    stop: Callable[[], bool]
    at_once: bool
    _batch_nats_per_char: float = math.nan

    def over(self) -> Reason | None:
        """Say why there is nothing left to train, if so."""
        if self.at.step >= self.schedule.total_steps:
            return "epochs"
        return None if self.at.step_in_epoch or self._patient() else "early stopping"

    def _patient(self) -> bool:
        patience = self.training.patience
        return not patience or self.at.epoch - self.at.best_epoch < patience

    def run(self) -> Generator[Event, None, Reason]:
        """Take steps until one of the reasons to end holds."""
        at, total = self.at, self.schedule.total_steps
        begun, before, names, characters = time.monotonic(), at.step / total, 0, 0.0
        pending: tuple[SupportsFloat, float] | None = None
        running: float | None = None
        while at.step < total:
            batch = self.batches.batch(at.epoch, at.step_in_epoch)
            progress = self.schedule.progress(at.step + 1)
            if at.step_in_epoch == 0:
                self.callbacks.epoch_begin(at.epoch + 1)
            rate = learning_rate(self.training, progress)
            rate = self.callbacks.rate(rate, at.step_in_epoch)
            share = true_share(self.training, progress)
            if share < 1:
                rng = generator(Stream.SCHEDULED_SAMPLING, self.training.seed, at.step)
                batch = mixed(NumpyRNN(self.model, self.engine.weights()), batch, share, rng)
            loss = self.engine.step(batch, rate)
            at.step, at.step_in_epoch = at.step + 1, at.step_in_epoch + 1
            names += batch.names
            trained = float(batch.mask.sum())
            characters += trained
            # A loss is read one step late: the next batch is made while this one computes.
            if pending is not None:
                running = self._add(*pending, running)
            pending = loss, trained
            epoch_over = at.step_in_epoch == self.batches.steps_per_epoch
            out_of_time = progress >= 1 and at.step < total
            stopped = self.stop() or self.callbacks.stopped
            due = self.saver.due(at)
            at_once = epoch_over or out_of_time or stopped or due or self.at_once
            if running is None or at_once:
                running, pending = self._add(*pending, running), None
            if not math.isfinite(at.epoch_nats):
                return "diverged"
            seconds = time.monotonic() - begun
            step = Step(
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
            self.callbacks.step_end(step)
            yield step
            if stopped and not epoch_over:
                return "callback" if self.callbacks.stopped else "interrupted"
            if epoch_over or out_of_time:
                evaluated = self._evaluate(rate)
                if self.saver.keeper is not None:
                    self.saver.keeper.add_to_history(at)
                self.callbacks.epoch_end(evaluated)
                yield evaluated
                patient = self._patient()
                stopped = stopped or self.callbacks.stopped
                ends = out_of_time or stopped or at.step == total or not patient
                self.saver.epoch_over(evaluated.weights, at, last=ends)
                if out_of_time:
                    return "seconds"
                if stopped:
                    return "callback" if self.callbacks.stopped else "interrupted"
                if not patient:
                    return "early stopping"
                yield from self.saver.save_seldom(self.engine, at, self.material.buckets)
            elif due:
                yield from self.saver.save(self.engine, at, self.material.buckets)
        return "epochs"

    def _add(self, nats: SupportsFloat, characters: float, running: float | None) -> float:
        """Count a batch's loss in; return the running mean over about 20 steps."""
        self.at.epoch_nats += float(nats)
        self.at.epoch_characters += characters
        mean = self._batch_nats_per_char = float(nats) / max(characters, 1.0)
        return mean if running is None else 0.95 * running + 0.05 * mean

    def _evaluate(self, rate: float) -> Evaluated:
        """Close the epoch, whose last step was at ``rate``."""
        at, begun = self.at, time.monotonic()
        weights, losses = self.material.measured(self.engine.weights())
        held_out = losses.get("held_out_nats_per_char")
        train = at.epoch_nats / at.epoch_characters
        at.epoch, at.step_in_epoch = at.epoch + 1, 0
        at.epoch_nats = at.epoch_characters = 0.0
        before = at.best
        at.history.append(
            {
                "epoch": at.epoch,
                "step": at.step,
                "train_nats_per_char": train,
                "held_out_nats_per_char": held_out,
                **losses,
                "seconds": round(self.seconds_before + time.monotonic() - self.started, 3),
                "learning_rate": rate,
            }
        )
        best = (
            before is None
            or held_out is None
            or not self.material.held_out_decides
            or held_out < before["held_out_nats_per_char"]
        )
        if best:
            at.best_epoch, self.saver.best_weights = at.epoch, weights
        self.schedule.reserve = 0.5 + 1.5 * (time.monotonic() - begun)
        return Evaluated(
            epoch=at.epoch,
            step=at.step,
            train_nats_per_char=train,
            held_out_nats_per_char=held_out,
            held_out_window_nats_per_char=losses.get("held_out_window_nats_per_char"),
            best=best,
            seconds=time.monotonic() - self.started,
            weights=weights,
        )
