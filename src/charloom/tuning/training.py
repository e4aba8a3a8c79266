"""One training of a search, and the loss of its model on unseen data."""

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
from .events import TrainingProgress
from .folds import SHARE, Split

Configs = tuple[ModelConfig, TrainConfig]
Report = Callable[..., TrainingProgress]
Prune = Callable[[float, float], bool]


@dataclass(frozen=True)
class Trained:
    """A finished training: the held-out loss of its best epoch, and its first and last event."""

    loss: float
    started: Started
    finished: Finished


def train(
    split: Split,
    configs: Configs,
    stop: Callable[[], bool],
    report: Report,
    prune: Prune = lambda progress, loss: False,
) -> Generator[TrainingProgress, None, Trained | None]:
    """Train on ``split``, reporting the progress of each step.

    Args:
        split: what to train on.
        configs: of the model and the training.
        stop: asked after every step.
        report: makes an event; called with ``progress``, in (0, 1].
        prune: asked with the progress and the held-out loss after every epoch.

    Returns:
        The finished training; ``None`` if it was stopped or pruned.

    Raises:
        TrainingError: its loss became NaN.
    """
    model, training = configs
    training = training.replace(seed=split.seed, held_out=training.held_out or SHARE)
    events = fit(split.corpus, model=model, training=training, stop=stop)
    progress, started = 0.0, None
    with closing(cast("Generator[Event, None, None]", events)):
        for event in events:
            if isinstance(event, Started):
                started = event
            elif isinstance(event, Step):
                progress = event.progress
                yield report(progress=progress)
            elif isinstance(event, Evaluated):
                loss = event.held_out_nats_per_char
                if loss is not None and prune(progress, loss):
                    return None
            elif isinstance(event, Finished):
                loss = event.held_out_nats_per_char
                if event.reason == "interrupted":
                    return None
                if event.reason == "diverged" or loss is None or not np.isfinite(loss):
                    raise TrainingError("the loss became NaN.")
                assert started is not None  # the first event of every training
                return Trained(loss, started, event)
    raise AssertionError("a training that does not raise ends with Finished")


def scored(split: Split, trained: Trained) -> Scored:
    """Return a model's loss on the split's test part, or on what its training held out."""
    if split.test is None:
        return Scored.of(trained.loss)
    model = trained.started.model
    rnn = recurrence(model, trained.finished.weights)
    if model.text:
        nats = np.array([stream_nats(rnn, block) for block in split.test])
        return Scored(nats, np.array([len(block) - 1 for block in split.test], np.float64))
    characters = np.array([len(ids) + bool(rnn.config.begin) for ids in split.test], np.float64)
    if split.labels is None:
        return Scored(score(rnn, split.test), characters)
    assert isinstance(rnn, NumpyRNN)  # no other kind has labels
    labels = np.array(split.labels, np.int32)
    return Scored(score_labelled(rnn, split.test, labels), characters)
