"""Choosing the number of epochs and a mixture's exponents by cross-validation inside a list.

Where no names are held out, nothing says when the network is at its best, or how far to trust it
beside the n-gram. So a network is trained on all but one of a few folds of the list, for each of
them, and its part of the list that it did not see decides. Then one is trained on all names.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..data.folds import fold_of, fold_places
from ..models.gates import mean, shaped
from .at_once import Advanced, Done, Lost, at_once
from .base_model import NO_BASE
from .context_ngram import ContextFit
from .events import Choosing, Chosen, Evaluated, Event, Step, Warned
from .mixing import Predicted
from .name_data import NameData
from .together import ALONE

if TYPE_CHECKING:
    from .trainer import Trainer

FOLDS = 4

LEAST_NAMES, LEAST_ADAPTED = 200, 20
"""Fewest names for which the choice is better than fixed values; from a base, which varies more in
how it suits a list."""

MOST_CHARACTERS = 50_000
"""Characters of the longest list to choose for: for longer ones the fixed values are as good."""

CANDIDATES = 30
"""Epochs to choose from, at most."""

BUDGET_SHARE = 0.5
"""Share of a time budget that choosing may take; otherwise the fixed values are used."""


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        epochs: after how many epochs of the schedule to stop.
        exponents: of the network and the n-gram; those of ``models.gates``, row by row.
        nats_per_char: the loss of the folds with these, on the names that they did not see.
    """

    epochs: int
    exponents: tuple[float, ...]
    nats_per_char: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and the number of folds, as plain data that JSON can hold."""
        return {
            "folds": FOLDS,
            "epochs": self.epochs,
            "exponents": list(self.exponents),
            "nats_per_char": self.nats_per_char,
        }


def has_choice(trainer: Trainer) -> bool:
    """Say whether epochs and exponents are to be chosen for a training."""
    data, model, training = trainer.data, trainer.model, trainer.training
    if not isinstance(data, NameData) or data.held_out_size or training.preparation != "names":
        return False
    if (model.kind, model.smoothing) != ("mixture", "fitted"):
        return False
    corpus = data.corpus
    least = LEAST_NAMES if training.base == NO_BASE else LEAST_ADAPTED
    characters = corpus.report.characters + corpus.report.names
    distinct = not corpus.is_large and len(set(corpus.names)) == len(corpus.names)
    return distinct and len(corpus.names) >= least and characters <= MOST_CHARACTERS


def settle_choice(trainer: Trainer) -> Iterator[Event]:
    """Choose epochs and exponents, unless that is done; the first of several processes does."""
    at, together = trainer.at, trainer.together
    if at.chosen is None and not together.rank:
        choice = yield from choose(trainer)
        if choice is not None:
            at.chosen = {**choice.to_dict(), "of_epochs": trainer.training.epochs}
            yield Chosen(**{**asdict(choice), "exponents": mean(shaped(choice.exponents))})
        elif not trainer.stop():
            at.chosen = {}
            yield Warned(
                message="there is too little time to choose epochs and exponents by "
                "cross-validation: fixed values are used."
            )
    at.chosen = chosen = together.agreed(at.chosen)
    if chosen and not together.rank and isinstance(trainer.data.ngrams, ContextFit):
        trainer.data.ngrams.exponents = shaped(chosen["exponents"])


def choose(trainer: Trainer) -> Generator[Event, None, Choice | None]:
    """Train on the folds, and return the choice; ``None`` if there is too little time for it."""
    data, checkpoints, training = (
        cast("NameData", trainer.data),
        trainer.checkpoints,
        trainer.training,
    )
    until = np.inf
    if training.seconds is not None:
        until = checkpoints.started + BUDGET_SHARE * training.seconds
    settings = training.replace(
        held_out=0.5,
        seconds=None,
        patience=0,
        canaries=0,
        keep_epochs=0,  # the folds hold out
    )
    every = -(-training.epochs // CANDIDATES)

    def folds() -> Iterator[_Fold]:
        for places in fold_places(data.corpus, FOLDS, training.seed):
            corpus, network = fold_of(data.corpus, *places), trainer.model.network_part()
            fitted = NameData(corpus, trainer.model, settings, trainer.initial).ngrams
            once = replace(
                checkpoints,
                folder=None,
                model=network,
                training=settings,
                data=NameData(corpus, network, settings, trainer.initial),
                together=ALONE,
            )
            alone = trainer.like(once)
            alone.stop = _never
            yield _Fold(alone, cast("ContextFit", fitted), every)

    found: dict[int, _Told] = {}
    progress = dict[int, float]()
    with closing(at_once(folds(), trainer.workers, trainer.stop)) as all_news:
        for news in all_news:
            match news:
                case Advanced():
                    progress[news.number] = news.progress
                    done = sum(progress.values())
                    fold = math.ceil(done)
                    yield Choosing(fold=fold, folds=FOLDS, progress=done - fold + 1)
                    if time.monotonic() > until:
                        return None
                case Lost():
                    yield Warned(
                        message=f"the process that trained fold {news.number + 1} died. It is "
                        "begun again; nothing but time is lost."
                    )
                    progress.pop(news.number, None)
                case Done():
                    found[news.number], progress[news.number] = news.result, 1.0
    if len(found) < FOLDS:
        return None
    parts = [found[number] for number in sorted(found)]
    choices = []
    for epoch in parts[0].predicted:
        joined = Predicted.joined([part.predicted[epoch] for part in parts])
        exponents = joined.exponents(parts[-1].usual, parts[-1].slopes)
        choices.append(Choice(epoch, tuple(exponents.ravel().tolist()), joined.nats(exponents)))
    return min(choices, key=lambda choice: choice.nats_per_char)


def _never() -> bool:
    return False


@dataclass(frozen=True)
class _Told:
    """What a fold tells of the names that its network did not see, after some of its epochs."""

    predicted: dict[int, Predicted]
    usual: NDArray[np.float64]
    slopes: NDArray[np.float64]


@dataclass(frozen=True)
class _Fold:
    """A network to train on all but one of the folds; a ``Piece`` of ``at_once``."""

    trainer: Trainer
    fitted: ContextFit
    every: int

    def work(self) -> Generator[float, None, _Told]:
        """Train it, yielding the progress in (0, 1]."""
        predicted = {}
        events = self.trainer.events(force=False, resume=False)
        with closing(cast("Generator[Event, None, None]", events)) as events:
            for event in events:
                if isinstance(event, Step):
                    yield event.progress
                elif isinstance(event, Evaluated) and event.epoch % self.every == 0:
                    predicted[event.epoch] = self.fitted.predicted(event.weights)
        return _Told(predicted, self.fitted.usual, self.fitted.slopes)
