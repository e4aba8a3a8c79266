"""A training's events in words, and samples of what the model generates so far."""

from __future__ import annotations

import math

from ..data.names import NameCorpus
from ..data.summary import counted
from ..data.text import TextCorpus
from ..generation import NameModel, TextModel
from ..models.factory import recurrence
from ..training.data import ENOUGH_HELD_OUT
from ..training.events import (
    Choosing,
    Chosen,
    Evaluated,
    Finished,
    NextNetwork,
    Ready,
    Refitting,
    Started,
)
from . import describe

CLOSE = 0.01
"""Nats per character above the loss of a uniform model that are no failure yet."""

SHORT = 30.0
"""Seconds that nobody needs to be told of."""


def beginning(event: Started) -> str:
    """Say what is trained, on how much."""
    steps, config = event.steps_per_epoch, event.model
    what = "characters " if event.counted == "characters" else ""
    sizes = f"{event.train_size:,} {what}to train on, {event.held_out_size:,} held out; "
    products = "" if event.precision == "float32" else f" with products in {event.precision}"
    if not config.has_network:
        return f"{sizes}{describe.kind(config, {})}; {event.parameters:,} parameters"
    return (
        f"{sizes}{'mixed with an n-gram: ' if config.has_ngram else ''}"
        f"{describe.network(config)}, {event.parameters:,} parameters, "
        f"{f'adapted from {base}, ' if (base := describe.base(event.base, event.kinds)) else ''}"
        f"on {event.backend}{products}; "
        f"up to {counted(event.epochs, 'epoch')} of {counted(steps, 'step')}"
    )


def duration(event: Ready) -> str | None:
    """Say how long training will take, unless it is short."""
    if event.seconds < SHORT:
        return None
    minutes = math.ceil(event.seconds / 60)
    if minutes < 100:
        return f"this takes up to {counted(minutes, 'minute')}"
    return f"this takes up to {counted(math.ceil(minutes / 60), 'hour')}"


def next_network(event: NextNetwork) -> str:
    """Say which network is trained next."""
    if event.number > event.networks:
        return f"distilling {event.networks} networks into one"
    return f"there is time for {event.networks} networks; training network {event.number}"


def choosing(event: Choosing) -> str:
    """Say that cross-validation begins."""
    return (
        "no names are held out: choosing epochs and exponents by "
        f"cross-validation with {event.folds} folds"
    )


def choice(event: Chosen) -> str:
    """Say what cross-validation chose."""
    network, ngram = event.exponents
    return (
        f"chosen: {event.epochs} epochs, exponents {network:.2f} (network) and "
        f"{ngram:.2f} (n-gram); cross-validated loss {event.nats_per_char:.3f} nats/char"
    )


def refitting(event: Refitting) -> str:
    """Say that the network is trained again, on all names."""
    return f"training the network again, on all {event.names:,} names: {event.steps:,} steps"


def sampled(
    began: Started,
    event: Evaluated,
    corpus: NameCorpus | TextCorpus,
    *,
    names: int,
    characters: int,
) -> list[str] | str:
    """Return what the model generates after an epoch: ``names``, or a text of ``characters``."""
    rnn, seed = recurrence(began.model, event.weights), event.epoch
    if not isinstance(corpus, NameCorpus):
        return TextModel(rnn, began.vocabulary).text(characters, seed=seed)
    report = corpus.report
    model = NameModel(
        rnn, began.vocabulary, longest=report.longest, keep_invisible=report.keep_invisible
    )
    start = "" if began.model.begin else corpus.names[0][:1]
    return model.names(names, seed=seed, allow_known=True, start=start)


def failure(finished: Finished, rate: float) -> str | None:
    """Say that a training failed, and what to change, if its model is worse than chance.

    That is judged by the held-out loss, or by the training loss where too little is held out.

    Args:
        finished: the end of the training.
        rate: its learning rate.
    """
    uniform = math.log(finished.saved.vocabulary.size)
    held_out, loss = finished.held_out_nats_per_char, finished.train_nats_per_char
    facts = finished.saved.facts
    few = facts.get("held_out_names", ENOUGH_HELD_OUT) < ENOUGH_HELD_OUT
    judged = loss if held_out is None or few else held_out
    stopped = finished.reason == "interrupted"
    if stopped or finished.saved.config.kind == "uniform" or judged <= uniform + CLOSE:
        return None
    rule = (
        f"training failed: the {'training' if judged == loss else 'held-out'} loss, {judged:.3f} "
        f"nats/char, is above {uniform:.3f}, that of a model to which all characters are equally "
        "likely"
    )
    if loss <= uniform:  # of what it was trained on, it knows something
        return f"{rule}. Nothing was learned that holds for unseen data: train on more of it."
    if not finished.saved.config.has_network:
        return f"{rule}. Train on more data, or with a lower --order."
    return f"{rule}. Lower --learning-rate (it was {rate:g}), or train for more --epochs."
