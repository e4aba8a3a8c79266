"""One of several networks that are distilled into one: how it is trained, in whichever process."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from ..config import ModelConfig, TrainConfig
from ..data.batches.names import NameBatches
from .data import Weights
from .engines.base import Engine
from .events import Step
from .schedule import learning_rate


@dataclass(frozen=True, kw_only=True)
class Member:
    """A network to train; a ``Piece`` of ``at_once``.

    Attributes:
        model, training: the settings.
        weights: before the first step.
        batches: of the names.
        epochs: how long to train, of the ``whole`` that the learning rate follows.
    """

    model: ModelConfig
    training: TrainConfig
    weights: Weights
    batches: NameBatches
    epochs: int
    whole: int

    @property
    def total(self) -> int:
        """The number of its steps."""
        return self.epochs * self.batches.steps_per_epoch

    def work(self) -> Generator[Step, None, Weights]:
        """Train the network on JAX, with an engine of its own; return its weights."""
        from .engines.jax import JaxEngine  # late: it loads JAX

        per_batch = self.batches.characters_per_batch
        engine = JaxEngine(self.model, self.training, self.weights, per_batch)
        engine.prepare(self.batches.times)
        yield from self.steps(engine)
        return engine.weights()

    def steps(self, engine: Engine) -> Iterator[Step]:
        """Train by ``engine``, which holds the weights; yield each step, from 1."""
        steps, begun, names, characters = self.batches.steps_per_epoch, time.monotonic(), 0, 0.0
        total, running = self.total, math.nan
        for step in range(total):
            batch = self.batches.batch(*divmod(step, steps))
            progress = (step + 1) / total
            rate = learning_rate(self.training, (step + 1) / (self.whole * steps))
            trained = batch.characters
            mean = float(engine.step(batch, rate)) / max(trained, 1.0)
            running = 0.95 * running + 0.05 * mean if step else mean
            names, characters = names + batch.names, characters + trained
            seconds = time.monotonic() - begun
            yield Step(
                epoch=step // steps + 1,
                step=step + 1,
                progress=progress,
                nats_per_char=running,
                batch_nats_per_char=mean,
                learning_rate=rate,
                names_per_second=names / seconds,
                characters_per_second=characters / seconds,
                seconds_left=seconds * (1 / progress - 1),
            )
