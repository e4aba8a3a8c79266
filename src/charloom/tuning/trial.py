"""One trial: settings, trained and measured on every split unless they fall behind."""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..errors import TrainingError
from ..models.factory import recurrence
from ..models.rnn.numpy import NumpyRNN
from ..models.scoring.names import score, score_labelled
from ..models.scoring.text import stream_nats
from ..training.events import Evaluated, Event, Finished, Step
from ..training.trainer import fit
from .events import Outcome, TrainingProgress
from .folds import SHARE, Split

if TYPE_CHECKING:
    from optuna import Trial

SENSIBLE_TRIALS = 10
"""What a search should have time for."""

Configs = tuple[ModelConfig, TrainConfig]


def run_trial(
    trial: Trial,
    splits: Sequence[Split],
    configs: Configs,
    *,
    default: Mapping[str, float] | None,
    best: float | None,
    until: float,
    stop: Callable[[], bool],
) -> Generator[TrainingProgress, None, Outcome]:
    """Train on each split; measure halfway (a single split's at each quarter) and at the end.

    Optuna's pruner gets the loss minus the default recipe's at the same point of the same split,
    because splits differ by far more than settings do. Points are shares of the schedule and not
    epochs: a loss falls with its learning rate, which follows the trial's own schedule.

    Args:
        trial: gets the user attributes ``losses``, of each finished split, and ``points``, the mean
            loss so far by the number of the point.
        splits, configs: what to train.
        default: the ``points`` of the default recipe; ``None`` in its own trial, which raises a
            ``TrainingError`` unless it is complete.
        best: lowest loss of a complete trial so far, for the events.
        until: ``time.monotonic()`` at which the trial ends.
        stop: asked after every step.
    """
    begun, folds, takes = time.monotonic(), len(splits), 0.0
    marks = (0.5,) if folds > 1 else (0.25, 0.5, 0.75)
    losses, points = list[float](), dict[str, float]()
    outcome: Outcome = "complete"
    behind = False

    def late() -> bool:
        hopeless = default is None and begun + 0.8 * takes > until
        return stop() or hopeless or time.monotonic() >= until

    def falls_behind(point: int, loss: float) -> bool:
        nonlocal behind
        if (key := str(point)) not in points:
            points[key] = statistics.fmean([*losses, loss])
            if default is None:
                trial.report(0.0, point)
            elif key in default:
                trial.report(points[key] - default[key], point)
                behind = trial.should_prune()
        return behind

    for fold, split in enumerate(splits):
        first = fold * (len(marks) + 1)

        def prune(progress: float, loss: float, first: int = first) -> bool:
            passed = sum(progress >= mark for mark in marks)
            return passed > 0 and falls_behind(first + passed - 1, loss)

        place = TrainingProgress(
            stage="trial", number=trial.number + 1, fold=fold + 1, folds=folds, best=best
        )
        try:
            finished = yield from train(split, configs, place, late, prune)
        except TrainingError:
            outcome = "diverged"
            break
        if finished is None:
            outcome = "pruned" if behind else "out of time"
            break
        loss = cast("float", finished.held_out_nats_per_char)
        falls_behind(first + len(marks), loss)
        losses.append(loss)
        takes = (time.monotonic() - begun) / len(losses) * folds
        if behind and fold + 1 < folds:
            outcome = "pruned"
            break
    if default is None and outcome == "diverged":
        raise TrainingError("the default recipe's loss became NaN. Fix a lower learning_rate.")
    if default is None and outcome != "complete":
        about = f", which takes about {takes:.0f} s" if takes else ""
        minutes = f" {math.ceil(SENSIBLE_TRIALS * takes / 60)}" if takes else ""
        raise TrainingError(
            f"there is no time to train the default recipe on every fold{about}, and so nothing "
            f"to report. Give it more time (--minutes{minutes}), or fewer --folds."
        )
    trial.set_user_attr("losses", losses)
    trial.set_user_attr("points", points)
    return outcome


def train(
    split: Split,
    configs: Configs,
    place: TrainingProgress,
    stop: Callable[[], bool],
    prune: Callable[[float, float], bool] = lambda progress, loss: False,
) -> Generator[TrainingProgress, None, Finished | None]:
    """Train on ``split``; after each step yield ``place`` with the progress of the training.

    ``prune`` is asked with the progress and the held-out loss after every epoch. Returns the end of
    the training, or ``None`` if it was stopped or pruned.

    Raises:
        TrainingError: its loss became NaN.
    """
    model, training = configs
    training = training.replace(seed=split.seed, held_out=training.held_out or SHARE, refit=False)
    events = fit(split.corpus, model=model, training=training, stop=stop)
    with closing(cast("Generator[Event, None, None]", events)):
        for event in events:
            if isinstance(event, Step):
                place = dataclasses.replace(place, progress=event.progress)
                yield place
            elif isinstance(event, Evaluated):
                loss = event.held_out_nats_per_char
                if loss is not None and prune(place.progress, loss):
                    return None
            elif isinstance(event, Finished):
                loss = event.held_out_nats_per_char
                if event.reason == "interrupted":
                    return None
                if event.reason == "diverged" or loss is None or not math.isfinite(loss):
                    raise TrainingError("the loss became NaN.")
                return event
    raise AssertionError("a training that does not raise ends with Finished")


def item_losses(split: Split, finished: Finished) -> NDArray[np.float64]:
    """Return the nats and the characters of each name or block of the test part, (2, N).

    Both are multiplied by the weights of names, if they have any. Without a test part, what the
    training held out is one item.
    """
    if split.test is None:
        return np.array([[finished.held_out_nats_per_char], [1.0]], np.float64)
    config = finished.saved.config
    rnn = recurrence(config, finished.weights)
    if config.text:
        nats = np.array([stream_nats(rnn, block) for block in split.test])
        return np.stack([nats, [len(block) - 1 for block in split.test]])
    if split.labels is None:
        nats = score(rnn, split.test)
    else:
        assert isinstance(rnn, NumpyRNN)  # no other kind has labels
        nats = score_labelled(rnn, split.test, np.array(split.labels, np.int32))
    found = np.stack([nats, [len(ids) + config.begin for ids in split.test]])
    return found if split.weights is None else found * np.array(split.weights)
