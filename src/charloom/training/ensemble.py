"""A budget of seconds that one network does not use up: several, distilled into one.

The mean of several networks' distributions is better than each of them, but also takes several
times as long to generate from. So one network learns from it, on names that are sampled from it
(``distillation``), and keeps most of the gain.

The first network is trained as without a budget. If that took a small part of it, further ones
are trained with other seeds, and the first is trained further on what all of them predict. It is
evaluated after each pass, as after an epoch, and replaces the first one when it is better.

Several workers train the further networks at once, each in a process of its own. What comes out
depends on how many networks and sampled names there is time for, not on who trains them, up to
rounding: with fewer threads XLA sums in another order.

What is interrupted leaves the best model so far. A training that is resumed begins the network it
was at again, from the same weights and with the same batches; distilling continues where it was.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..config import TrainConfig
from ..config.arguments import MOST_WORKERS, whole
from ..data.batches.names import NameBatches
from ..data.encoded.ragged import Ragged
from ..data.random import Stream, generator
from ..errors import ConfigError
from ..models.rnn.numpy import NumpyRNN
from .at_once import Advanced, Begun, Done, Lost, at_once
from .base_model import LATIN, NO_BASE
from .cross_validation import has_choice
from .data import Weights
from .distillation import SoftBatches, soft_names
from .events import Event, NextNetwork, Reason, Step, Warned
from .member import Member
from .schedule import Schedule

if TYPE_CHECKING:
    from .engines.jax import JaxEngine
    from .trainer import Trainer

MOST_NETWORKS = 4
"""Networks that are distilled into one, at most."""

LEAST_TIMES = 4.0
"""So many times as long as the first network took must be left to train more of them."""

SHARE = 0.5
"""Share of the time left that training more networks takes; distilling takes the rest."""

SLOWER = 1.5
"""So many times as long a network takes, about, in a process with a share of the cores: an LSTM of
256 units takes 1.4 times as long on one core as on two."""

PASSES = 4
"""Passes over the names that are distilled from."""

MOST_CELLS = 50_000_000
"""Probabilities that are kept in memory, about and at most."""

MOST_SAMPLED = 10_000
"""Names that are sampled, at most: more gain nothing."""

BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY = 32, 5e-3, 0.01
"""Settings of distilling, which uses no dropout: what is learned from has no noise to fit."""


def is_usual(trainer: Trainer) -> bool:
    """Say whether a plain list of names in memory is trained, in the usual way."""
    batches = trainer.batches
    return (
        isinstance(batches, NameBatches)
        and isinstance(batches.ids, Ragged)
        and batches.labels is None
        and batches.weights is None
        and trainer.model.begin
        and trainer.loop == "fit"
        and trainer.initial is None
        and trainer.training.base in (LATIN, NO_BASE)
        and not trainer.training.refit
    )


def checked_workers(workers: int, trainer: Trainer | None = None) -> int:
    """Return ``workers``; raise ConfigError if there are several, with nothing to share.

    Args:
        workers: how many networks are to be trained at once.
        trainer: the training; ``None`` for a model without a network.
    """
    if whole("workers", workers, 1, MOST_WORKERS) == 1:
        return 1
    if trainer is not None and trainer.together.distributed:
        raise ConfigError(
            "workers train networks of their own, and distributed processes share one. Received: "
            "both; leave one of them out."
        )
    if trainer is None or not (
        (trainer.training.seconds is not None and is_usual(trainer)) or has_choice(trainer)
    ):
        raise ConfigError(
            "workers are for several networks: those of a time budget (--seconds) on a plain list "
            "of names, or the folds of cross-validation (--held-out 0). Received: "
            f"{workers} workers and neither; leave them out."
        )
    return workers


class Ensemble:
    """The other networks of a training whose first one is trained."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, self._at, self._checkpoints = trainer, trainer.at, trainer.checkpoints
        self._config, self._seed = trainer.training, trainer.training.seed

    # Plan

    def planned(self, seconds: float) -> Generator[Event, None, bool]:
        """Plan the networks, if the budget allows more than the first, which took ``seconds``."""
        if not self._has_time(LEAST_TIMES * seconds) or not is_usual(self._trainer):
            return False
        if self._checkpoints.backend != "jax":
            yield Warned(
                message="the rest of the budget is not used: more than one network is only "
                "trained on JAX."
            )
            return False
        at, trainer, ids = self._at, self._trainer, self._ids
        left, characters = trainer.schedule.seconds_left, float(ids.lengths.mean()) + 1
        workers, names_per_second = trainer.workers, len(ids) * at.epoch / seconds
        each = seconds * (SLOWER if workers > 1 else 1)
        at.networks = 1 + min(MOST_NETWORKS - 1, int(SHARE * left / each) * workers)
        rounds = -(-(at.networks - 1) // workers)
        names = (left - rounds * each) * names_per_second / PASSES
        most = min(max(MOST_SAMPLED, len(ids)), MOST_CELLS / (self._vocabulary * characters))
        at.pool = int(min(max(names - len(ids), len(ids)), most))
        best = self._checkpoints.best_weights
        self._checkpoints.networks = [{name: best[name] for name in trainer.engine.weights()}]
        yield from self._checkpoints.save(trainer.engine, at)
        return True

    def _has_time(self, seconds: float) -> bool:
        return self._trainer.schedule.seconds_left >= seconds

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
        if not at.last_step:
            others = self._one_by_one() if self._trainer.workers == 1 else self._at_once()
            if (yield from others):
                return "interrupted"
        yield NextNetwork(number=len(networks) + 1, networks=at.networks)
        self._begin_distilling()
        return (yield from self._trainer.steps())

    def _one_by_one(self) -> Generator[Event, None, bool]:
        """Train the other networks; return whether that was interrupted."""
        at, networks, engine = self._at, self._checkpoints.networks, self._trainer.engine
        engine.prepare(self._trainer.batches.times)
        while len(networks) < at.networks:
            begun, step = time.monotonic(), at.step
            yield NextNetwork(number=len(networks) + 1, networks=at.networks)
            member = self._member(len(networks))
            self._restart(member.weights, member.training, member.model.dropout, member.batches)
            for event in member.steps(engine):
                at.step += 1
                yield replace(event, step=at.step)
                if self._trainer.stop():
                    at.step = step
                    return True
            networks.append(engine.weights())
            if not self._has_time((LEAST_TIMES - 1) * (time.monotonic() - begun)):  # for another
                at.networks = len(networks)
            yield from self._checkpoints.save(engine, at)
        return False

    def _at_once(self) -> Generator[Event, None, bool]:
        """Train them in processes of their own; return whether that was interrupted."""
        at, networks, trainer = self._at, self._checkpoints.networks, self._trainer
        first, before, begun = len(networks), at.step, time.monotonic()
        total = self._member(first).total
        shown, lasted = before, 0.0
        steps, running = dict[int, int](), dict[int, Step]()
        started, found = dict[int, float](), dict[int, Weights]()

        def members() -> Iterator[Member]:
            number = first
            while number < at.networks:
                if lasted and not self._has_time((LEAST_TIMES - 1) * lasted):  # for another
                    at.networks = number
                    return
                yield self._member(number)
                number += 1

        with closing(at_once(members(), trainer.workers, trainer.stop)) as all_news:
            for news in all_news:
                number = first + news.number
                match news:
                    case Begun():
                        started[number] = time.monotonic()
                        yield NextNetwork(number=number + 1, networks=at.networks)
                    case Lost():
                        steps.pop(number, None)
                        running.pop(number, None)
                        yield Warned(
                            message=f"the process that trained network {number + 1} died. It is "
                            "begun again; nothing but time is lost."
                        )
                    case Advanced():
                        running[number] = news.progress
                        steps[number] = news.progress.step
                        done, seconds = sum(steps.values()), time.monotonic() - begun
                        progress = done / (total * (at.networks - first))
                        shown = max(shown + 1, before + done)
                        yield replace(
                            news.progress,
                            step=shown,
                            progress=progress,
                            names_per_second=sum(one.names_per_second for one in running.values()),
                            characters_per_second=sum(
                                one.characters_per_second for one in running.values()
                            ),
                            seconds_left=seconds * (1 / progress - 1),
                        )
                    case Done():
                        running.pop(number, None)
                        steps[number], found[number] = total, news.result
                        lasted = time.monotonic() - started[number]
                        while len(networks) in found:
                            networks.append(found.pop(len(networks)))
                            at.step += total
                        yield from self._checkpoints.save(trainer.engine, at)
        return len(networks) < at.networks

    def _member(self, number: int) -> Member:
        """Return network ``number``, from 1, as it is to be trained."""
        at, trainer, whole = self._at, self._trainer, self._config.epochs
        epochs = at.epoch  # as long as the first
        if trainer.data.held_out_decides:  # about as long as was best for it
            epochs = whole = max(at.best_epoch, whole // 2)
        self._trainer.resumes = False  # what follows starts from first weights
        training = self._config.replace(seed=(self._seed + number) % 2**63)
        batches: Any = replace(trainer.batches, seed=training.seed)  # type: ignore[type-var]
        return Member(
            model=trainer.model,
            training=training,
            weights=trainer.first_weights(training.seed),
            batches=batches,
            epochs=epochs,
            whole=whole,
        )

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
