"""A budget of seconds that one network does not use up: several, distilled into one.

The mean of several networks' distributions is better than each of them, but also takes several
times as long to generate from. So one network learns from it, on names that are sampled from it
(``distillation``), and keeps most of the gain.

The first network is trained as without a budget. If that took a small part of it, further ones
are trained with other seeds, and the first is trained further on what all of them predict. It is
evaluated after each pass, as after an epoch, and replaces the first one when it is better.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..config import TrainConfig
from ..data.batches.names import NameBatches
from ..data.encoded.ragged import Ragged
from ..data.random import Stream, generator
from ..models.rnn.numpy import NumpyRNN
from .base_model import LATIN, NO_BASE
from .distillation import SoftBatches, soft_names
from .events import Event, NextNetwork, Reason, Step, Warned
from .schedule import Schedule, learning_rate
from .trainer import Trainer

if TYPE_CHECKING:
    from .engines.jax import JaxEngine

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


class EnsembleTrainer(Trainer):
    """A training with a budget of seconds. What is interrupted leaves the best model so far.

    A training that is resumed begins the network it was at again, from the same weights and with
    the same batches; distilling continues where it was.
    """

    engine: JaxEngine

    def _train(self) -> Generator[Event, None, Reason]:
        at = self.at
        if not at.networks:
            self.engine.prepare(self.batches.times)
            self.schedule.begin()
            begun, before = time.monotonic(), at.step
            reason = yield from self._steps()
            seconds = (time.monotonic() - begun) / (at.step - before) * at.step
            several = reason in ("epochs", "early stopping") and self._has_time(seconds)
            if not several or not self._is_usual():
                return reason
            if self.checkpoints.backend != "jax":
                yield Warned(
                    message="the rest of the budget is not used: more than one network is only "
                    "trained on JAX."
                )
                return reason
            self._plan_networks(seconds)
            yield from self.checkpoints.save(self.engine, at)
        elif not at.last_step:
            self.engine.prepare(self.batches.times)
        if not at.last_step and (yield from self._members()):
            return "interrupted"
        yield NextNetwork(number=len(self.checkpoints.networks) + 1, networks=at.networks)
        self._begin_distilling()
        return (yield from self._steps())

    # Plan

    def _has_time(self, seconds: float) -> bool:
        return self.schedule.seconds_left >= LEAST_TIMES * seconds

    def _is_usual(self) -> bool:
        """Say whether it is a plain list of names in memory, trained in the usual way."""
        training, batches = self.training, self.batches
        return (
            isinstance(batches, NameBatches)
            and isinstance(batches.ids, Ragged)
            and batches.labels is None
            and self.model.begin
            and self.loop == "fit"
            and self.initial is None
            and training.base in (LATIN, NO_BASE)
        )

    def _plan_networks(self, seconds: float) -> None:
        """Fit the number of networks and of sampled names to the budget; one took ``seconds``."""
        at, ids = self.at, self._ids
        left, characters = self.schedule.seconds_left, float(ids.lengths.mean()) + 1
        networks = 1 + min(MOST_NETWORKS - 1, int(SHARE * left / seconds))
        names_per_second = len(ids) * at.epoch / seconds
        names = (left - (networks - 1) * seconds) * names_per_second / PASSES
        most = min(MOST_SAMPLED, MOST_CELLS / (self.data.vocabulary.size * characters))
        at.networks, at.pool = networks, int(min(max(names - len(ids), len(ids)), most))
        first = self.engine.weights()
        self.checkpoints.networks = [{name: self.checkpoints.best_weights[name] for name in first}]

    @property
    def _ids(self) -> Ragged:
        ids = self.data.batches().ids  # type: ignore[attr-defined]
        assert isinstance(ids, Ragged)
        return ids

    def _resume(self) -> list[str]:
        warnings = super()._resume()
        if self.at.last_step:
            self.schedule.total_steps = self.at.last_step
        return warnings

    def _over(self) -> Reason | None:
        between = self.at.networks and not self.at.last_step
        return None if between else super()._over()

    # The other networks

    def _members(self) -> Generator[Event, None, bool]:
        """Train the other networks; return whether that was interrupted."""
        at, networks = self.at, self.checkpoints.networks
        self.resumes = False  # what follows starts from first weights
        while len(networks) < at.networks:
            begun, step = time.monotonic(), at.step
            yield NextNetwork(number=len(networks) + 1, networks=at.networks)
            interrupted = yield from self._member(len(networks))
            at.epoch_nats = at.epoch_characters = 0.0
            if interrupted:
                at.step = step
                return True
            networks.append(self.engine.weights())
            if not self._has_time(time.monotonic() - begun):  # slower than expected
                at.networks = len(networks)
            yield from self.checkpoints.save(self.engine, at)
        return False

    def _member(self, number: int) -> Generator[Event, None, bool]:
        """Train network ``number``, from 1; return whether that was interrupted."""
        at, epochs = self.at, self.training.epochs
        if self.data.held_out_decides:  # as long as was best for the first, about
            epochs = max(at.best_epoch, epochs // 2)
        training = self.training.replace(seed=(self.training.seed + number) % 2**63)
        first = self._first_weights(training.seed)
        batches: Any = replace(self.batches, seed=training.seed)  # type: ignore[type-var]
        self._restart(first, training, self.model.dropout, batches)
        steps = batches.steps_per_epoch
        total, running, begun, names, characters = epochs * steps, None, time.monotonic(), 0, 0.0
        for step in range(total):
            batch = batches.batch(*divmod(step, steps))
            progress = (step + 1) / total
            rate = learning_rate(training, progress)
            trained = float(batch.mask.sum())
            running = self._add(self.engine.step(batch, rate), trained, running)
            at.step += 1
            names, characters = names + batch.names, characters + trained
            seconds = time.monotonic() - begun
            yield Step(
                epoch=step // steps + 1,
                step=at.step,
                progress=progress,
                nats_per_char=running,
                batch_nats_per_char=self._batch_nats_per_char,
                learning_rate=rate,
                names_per_second=names / seconds,
                characters_per_second=characters / seconds,
                seconds_left=seconds * (1 / progress - 1),
            )
            if self.stop():
                return True
        return False

    # Distilling

    def _begin_distilling(self) -> None:
        """Take the first network, and all networks' predictions as batches."""
        at, ids, seed = self.at, self._ids, self.training.seed
        state = self.engine.state() if at.last_step else None  # where a resumed one was
        config = self.model.network_part()
        networks = [NumpyRNN(config, weights) for weights in self.checkpoints.networks]
        rng = generator(Stream.DISTILLING, seed)
        soft = soft_names(networks, ids, at.pool, int(ids.lengths.max()) + 2, rng)
        size = max(BATCH_SIZE, self.training.batch_size)
        batches = SoftBatches.of(soft, size, seed, len(self.batches.times))
        self.batches = batches
        self.training = self.training.replace(
            batch_size=size, learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        self._restart(self.checkpoints.networks[0], self.training, 0.0, batches)
        if state is None:
            at.first_step, at.first_epoch = at.step, at.epoch
            at.last_step = at.step + PASSES * batches.steps_per_epoch
        else:
            self.engine.restore(state)
        reserve, started = self.schedule.reserve, self.checkpoints.started
        self.schedule = Schedule(self.training, at.last_step, started, reserve, at.first_step)
        self.schedule.begin()

    def _evaluate(self, rate: float) -> dict[str, NDArray[np.float32]]:
        weights = super()._evaluate(rate)
        if self.at.last_step:
            self.at.history[-1]["networks"] = self.at.networks
        return weights

    def _restart(
        self, weights: Any, training: TrainConfig, dropout: float, batches: NameBatches
    ) -> None:
        self.engine.restart(
            weights, training, dropout=dropout, denominator=batches.characters_per_batch
        )
