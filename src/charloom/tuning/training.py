"""One training of a trial, followed epoch by epoch, and the loss of its model on unseen data."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..config import ModelConfig, TrainConfig
from ..errors import TrainingError
from ..models.factory import recurrence
from ..models.rnn.numpy import NumpyRNN
from ..models.scoring.names import score, score_labelled
from ..models.scoring.text import stream_nats
from ..training.events import Evaluated, Event, Finished, Started, Step
from ..training.trainer import fit
from .compared import Scored
from .folds import SHARE, Split

Ask = Callable[[], bool]


@dataclass(frozen=True)
class Seen:
    """Where a training is.

    Attributes:
        progress: in (0, 1].
        loss: held-out, nats a character, where an epoch is over.
    """

    progress: float
    loss: float | None = None


@dataclass(frozen=True)
class Trained:
    """A training that came to its end.

    Attributes:
        loss: of its best epoch on what it held out, nats a character.
        events: the first and the last.
    """

    loss: float
    started: Started
    finished: Finished


def train(
    split: Split, model: ModelConfig, training: TrainConfig, stop: Ask
) -> Generator[Seen, bool, Trained | None]:
    """Train on ``split``; yield where it is, and stop where that is answered with true.

    Returns:
        What came of it; ``None`` if it was stopped, or ``stop`` asked for it.

    Raises:
        TrainingError: its loss became NaN.
    """
    training = training.replace(seed=split.seed, held_out=training.held_out or SHARE)
    events = fit(split.corpus, model=model, training=training, stop=stop)
    started, progress = None, 0.0
    with closing(cast("Generator[Event, None, None]", events)):
        for event in events:
            if isinstance(event, Started):
                started = event
            elif isinstance(event, Step):
                progress = event.progress
                if (yield Seen(progress)):
                    return None
            elif isinstance(event, Evaluated):
                if (yield Seen(progress, event.held_out_nats_per_char)):
                    return None
            elif isinstance(event, Finished):
                return _end(started, event)
    raise AssertionError("a training that does not raise ends with Finished")


def _end(started: Started | None, finished: Finished) -> Trained | None:
    if finished.reason == "interrupted":
        return None
    loss = finished.held_out_nats_per_char
    if finished.reason == "diverged" or loss is None or not np.isfinite(loss):
        raise TrainingError("the loss became NaN.")
    assert started is not None  # the first event of every training
    return Trained(loss, started, finished)


def scored(split: Split, trained: Trained) -> Scored:
    """Return a model's loss on the split's test part, or on what its training held out."""
    if split.test is None:
        return Scored(np.array([trained.loss]), np.ones(1))
    rnn = recurrence(trained.started.model, trained.finished.weights)
    if trained.started.model.text:
        nats = np.array([stream_nats(rnn, block) for block in split.test])
        return Scored(nats, np.array([len(block) - 1 for block in split.test], np.float64))
    characters = np.array([len(ids) + bool(rnn.config.begin) for ids in split.test], np.float64)
    if split.labels is None:
        return Scored(score(rnn, split.test), characters)
    assert isinstance(rnn, NumpyRNN)  # no other kind has labels
    labels = np.array(split.labels, np.int32)
    return Scored(score_labelled(rnn, split.test, labels), characters)
