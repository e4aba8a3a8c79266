"""A budget of seconds that one network does not use up: several, distilled into one.

The mean of several networks' distributions is better than each of them, but also takes several
times as long to generate from. So one network learns from it, on names that are sampled from it
(``distillation``), and keeps most of the gain.

The first network is trained as without a budget. If that took a small part of it, further ones
are trained with other seeds, and the first is trained further on what all of them predict. It is
evaluated after each pass, as after an epoch, and replaces the first one when it is better.

What is interrupted leaves the best model so far. A training that is resumed begins the network it
was at again, from the same weights and with the same batches; distilling continues where it was.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..config import TrainConfig
from ..data.batches.names import NameBatches
from ..data.encoded.ragged import Ragged
from ..data.random import Stream, generator
from ..models.rnn.numpy import NumpyRNN
from .base_model import LATIN, NO_BASE
from .data import Weights
from .distillation import SoftBatches, soft_names
from .events import Event, NextNetwork, Reason, Step, Warned
from .schedule import Schedule, learning_rate

if TYPE_CHECKING:
    from .engines.jax import JaxEngine
    from .trainer import Trainer

MOST_NETWORKS = 4
"""Networks that are distilled into one, at most."""

LEAST_TIMES = 4.0
"""So many times as long as the first network took must be left to train more of them."""

SHARE = 0.5
"""Share of the time left that training more networks takes; distilling takes the rest."""

PASSES = 4
"""Passes over the names that are distilled from."""

MOST_CELLS = 50_000_000
"""Probabilities that are kept in memory, about and at most."""

MOST_SAMPLED = 10_000
"""Names that are sampled, at most: more gain nothing."""

BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY = 32, 5e-3, 0.01
"""Settings of distilling, which uses no dropout: what is learned from has no noise to fit."""


class Ensemble:
    """The other networks of a training whose first one is trained."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, self._at, self._checkpoints = trainer, trainer.at, trainer.checkpoints
        self._config, self._seed = trainer.training, trainer.training.seed

    # Plan

    def planned(self, seconds: float) -> Generator[Event, None, bool]:
        """Plan the networks, if the budget allows more than the first, which took ``seconds``."""
        if not self._has_time(LEAST_TIMES * seconds) or not self._is_usual():
            return False
        if self._checkpoints.backend != "jax":
            yield Warned(
                message="the rest of the budget is not used: more than one network is only "
                "trained on JAX."
            )
            return False
        at, trainer, ids = self._at, self._trainer, self._ids
        left, characters = trainer.schedule.seconds_left, float(ids.lengths.mean()) + 1
        at.networks = 1 + min(MOST_NETWORKS - 1, int(SHARE * left / seconds))
        names_per_second = len(ids) * at.epoch / seconds
        names = (left - (at.networks - 1) * seconds) * names_per_second / PASSES
        most = min(max(MOST_SAMPLED, len(ids)), MOST_CELLS / (self._vocabulary * characters))
        at.pool = int(min(max(names - len(ids), len(ids)), most))
        best = self._checkpoints.best_weights
        self._checkpoints.networks = [{name: best[name] for name in trainer.engine.weights()}]
        yield from self._checkpoints.save(trainer.engine, at)
        return True

    def _has_time(self, seconds: float) -> bool:
        return self._trainer.schedule.seconds_left >= seconds

    def _is_usual(self) -> bool:
        """Say whether it is a plain list of names in memory, trained in the usual way."""
        trainer, batches = self._trainer, self._trainer.batches
        return (
            isinstance(batches, NameBatches)
            and isinstance(batches.ids, Ragged)
            and batches.labels is None
            and batches.weights is None
            and trainer.model.begin
            and trainer.loop == "fit"
            and trainer.initial is None
            and self._config.base in (LATIN, NO_BASE)
            and not self._config.refit
        )

    @property
    def _ids(self) -> Ragged:
        ids = self._trainer.data.batches().ids  # type: ignore[attr-defined]
        assert isinstance(ids, Ragged)
        return ids

    @property
    def _vocabulary(self) -> int:
        return self._trainer.data.vocabulary.size

    # The other networks

    def trained(self) -> Generator[Event, None, Reason]:
        """Train the other networks that are planned, and distil all of them into one."""
        at, networks = self._at, self._checkpoints.networks
        if not at.last_step and (yield from self._others()):
            return "interrupted"
        yield NextNetwork(number=len(networks) + 1, networks=at.networks)
        self._begin_distilling()
        return (yield from self._trainer.steps())

    def _others(self) -> Generator[Event, None, bool]:
        """Train the other networks; return whether that was interrupted."""
        at, networks, engine = self._at, self._checkpoints.networks, self._trainer.engine
        self._trainer.resumes = False  # what follows starts from first weights
        engine.prepare(self._trainer.batches.times)
        while len(networks) < at.networks:
            begun, step = time.monotonic(), at.step
            yield NextNetwork(number=len(networks) + 1, networks=at.networks)
            if (yield from self._other(len(networks))):
                at.step = step
                return True
            networks.append(engine.weights())
            if not self._has_time((LEAST_TIMES - 1) * (time.monotonic() - begun)):  # for another
                at.networks = len(networks)
            yield from self._checkpoints.save(engine, at)
        return False

    def _other(self, number: int) -> Generator[Event, None, bool]:
        """Train network ``number``, from 1; return whether that was interrupted."""
        at, trainer, whole = self._at, self._trainer, self._config.epochs
        epochs = at.epoch  # as long as the first
        if trainer.data.held_out_decides:  # about as long as was best for it
            epochs = whole = max(at.best_epoch, whole // 2)
        training = self._config.replace(seed=(self._seed + number) % 2**63)
        batches: Any = replace(trainer.batches, seed=training.seed)  # type: ignore[type-var]
        first = trainer.first_weights(training.seed)
        self._restart(first, training, trainer.model.dropout, batches)
        steps, begun, names, characters = batches.steps_per_epoch, time.monotonic(), 0, 0.0
        total, running = epochs * steps, math.nan
        for step in range(total):
            batch = batches.batch(*divmod(step, steps))
            progress = (step + 1) / total
            rate = learning_rate(training, (step + 1) / (whole * steps))
            trained = batch.characters
            mean = float(trainer.engine.step(batch, rate)) / max(trained, 1.0)
            running = 0.95 * running + 0.05 * mean if step else mean
            at.step += 1
            names, characters = names + batch.names, characters + trained
            seconds = time.monotonic() - begun
            yield Step(
                epoch=step // steps + 1,
                step=at.step,
                progress=progress,
                nats_per_char=running,
                batch_nats_per_char=mean,
                learning_rate=rate,
                names_per_second=names / seconds,
                characters_per_second=characters / seconds,
                seconds_left=seconds * (1 / progress - 1),
            )
            if trainer.stop():
                return True
        return False

    # Distilling

    def _begin_distilling(self) -> None:
        """Take the first network, and all networks' predictions as batches."""
        at, trainer, ids = self._at, self._trainer, self._ids
        state = trainer.engine.state() if at.last_step else None  # where a resumed one was
        config = trainer.model.network_part()
        networks = [NumpyRNN(config, weights) for weights in self._checkpoints.networks]
        rng = generator(Stream.DISTILLING, self._seed)
        soft = soft_names(networks, ids, at.pool, int(ids.lengths.max()) + 2, rng)
        size = max(BATCH_SIZE, self._config.batch_size)
        batches = SoftBatches.of(soft, size, self._seed, len(trainer.batches.times))
        trainer.batches = batches
        training = trainer.training = self._config.replace(
            batch_size=size, learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        self._restart(self._checkpoints.networks[0], training, 0.0, batches)
        if state is None:
            at.first_step, at.first_epoch = at.step, at.epoch
            at.last_step = at.step + PASSES * batches.steps_per_epoch
        else:
            trainer.engine.restore(state)
        reserve, started = trainer.schedule.reserve, self._checkpoints.started
        trainer.schedule = Schedule(training, at.last_step, started, reserve, at.first_step)
        trainer.schedule.begin()

    def _restart(
        self, weights: Weights, training: TrainConfig, dropout: float, batches: NameBatches
    ) -> None:
        engine: JaxEngine = self._trainer.engine  # type: ignore[assignment]
        engine.restart(weights, training, dropout=dropout, denominator=batches.characters_per_batch)
