"""Choosing the number of epochs and a mixture's exponents by cross-validation inside a list.

Where no names are held out, nothing says when the network is at its best, or how far to trust it
beside the n-gram. So a network is trained on all but one of a few folds of the list, for each of
them, and its part of the list that it did not see decides. Then one is trained on all names.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..data.folds import fold_of, fold_places
from ..models.ngram.context_fit import maximum
from .base_model import NO_BASE
from .context_ngram import PRIOR_NATS, ContextFit, mixed_nats
from .events import Choosing, Chosen, Evaluated, Event, Finished, Step, Warned
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
        exponents: of the network and the n-gram.
        nats_per_char: the loss of the folds with these, on the names that they did not see.
    """

    epochs: int
    exponents: tuple[float, float]
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
            yield Chosen(**asdict(choice))
        elif not trainer.stop():
            at.chosen = {}
            yield Warned(
                message="there is too little time to choose epochs and exponents by "
                "cross-validation: fixed values are used."
            )
    at.chosen = chosen = together.agreed(at.chosen)
    if chosen and not together.rank and isinstance(trainer.data.ngrams, ContextFit):
        trainer.data.ngrams.exponents = chosen["exponents"]


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
    tables: dict[int, list[NDArray[np.float32]]] = {}
    targets: list[NDArray[np.int32]] = []
    prior = np.zeros(2)
    for number, places in enumerate(fold_places(data.corpus, FOLDS, training.seed), start=1):
        fold = NameData(fold_of(data.corpus, *places), trainer.model, settings, trainer.initial)
        network = trainer.model.network_part()
        alone = NameData(fold_of(data.corpus, *places), network, settings, trainer.initial)
        once = replace(
            checkpoints,
            folder=None,
            model=network,
            training=settings,
            data=alone,
            together=ALONE,
        )
        again = trainer.like(once)
        fit = cast("ContextFit", fold.ngrams)
        events = cast("Generator[Event, None, None]", again.events(force=False, resume=False))
        with closing(events):
            for event in events:
                if isinstance(event, Step):
                    yield Choosing(fold=number, folds=FOLDS, progress=event.progress)
                    if time.monotonic() > until:
                        return None
                elif isinstance(event, Evaluated) and event.epoch % every == 0:
                    table, found = fit.table(event.weights)
                    tables.setdefault(event.epoch, []).append(table)
                elif isinstance(event, Finished) and event.reason == "interrupted":
                    return None
        targets.append(found)
        prior = fit.prior
    every_target, choices = np.concatenate(targets), []
    for epoch, parts in tables.items():
        joined = np.concatenate(parts)
        exponents = maximum(joined, every_target, prior, PRIOR_NATS)
        nats = mixed_nats(joined, every_target, exponents)
        choices.append(Choice(epoch, (float(exponents[0]), float(exponents[1])), nats))
    return min(choices, key=lambda choice: choice.nats_per_char)
