"""How well a model predicts unseen names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...data.given import Names, names_of
from ...data.vocabulary import Vocabulary
from ...errors import ConfigError, CorpusError
from ...generation import NameModel
from ...models.interface import Recurrence
from ...models.rnn.numpy import NumpyRNN
from ...models.scoring.names import target_nats
from ..statistics import Estimate, Measure, Plain, ratio_estimate
from .catalogue import described

MOST_NATS = 700.0
"""exp overflows beyond."""

Rows = Sequence[NDArray[np.float64]]
Weights = Mapping[str, float]
"""How often each name counts, by name."""


@dataclass(frozen=True, kw_only=True)
class Likelihood(Plain):
    """The likelihood of names under a model.

    Attributes:
        names: number of names that were scored.
        characters: number of predictions: characters (or graphemes), without the first of each
            name if the model has no begin symbol, and an end symbol for each name.
        nats_per_char, bits_per_char: -log p per character, end symbols counted.
        nats_per_char_without_first: the same without each name's first character, for comparison
            with models that cannot predict it.
        perplexity_per_char, perplexity_per_name: exp of the mean nats.
        unknown_characters: characters that the model never saw.
        skipped_names: names with such characters; they have no finite likelihood and are not
            scored, unless the model has an unknown symbol to stand for these characters.
    """

    names: int
    characters: int
    nats_per_char: float
    bits_per_char: float
    nats_per_char_without_first: float
    perplexity_per_char: float
    perplexity_per_name: float
    unknown_characters: int
    skipped_names: int


def likelihood(
    model: NameModel,
    names: Names,
    *,
    rows: Rows | None = None,
    weights: Weights | None = None,
) -> Likelihood:
    """Score ``names`` under ``model``.

    Args:
        model: of names.
        names: N names.
        rows: as ``nats_of_names`` returns them, if they are at hand.
        weights: of the names; ``None``: 1. ``names`` and ``characters`` are counted without.

    Raises:
        CorpusError: there is no name, or each has a character that the model never saw.
    """
    names = names_of("names", names)
    rows = nats_of_names(model, names) if rows is None else rows
    if not rows:
        raise CorpusError(
            f"none of the {len(names):,} names can be scored: each holds a character that the "
            "model never saw. Is it a model of this kind of names?"
            if names
            else "there are no names to score. Give a file with one name a line."
        )
    often = [1.0] * len(rows) if weights is None else counts_of(model, names, weights)
    nats = sum(float(row.sum()) * w for row, w in zip(rows, often, strict=True))
    characters = sum(len(row) * w for row, w in zip(rows, often, strict=True))
    first, rest = 0.0, characters
    if model.rnn.config.begin:
        first = sum(float(row[0]) * w for row, w in zip(rows, often, strict=True))
        rest = sum((len(row) - 1) * w for row, w in zip(rows, often, strict=True))
    per_char = nats / characters
    return Likelihood(
        names=len(rows),
        characters=sum(map(len, rows)),
        nats_per_char=per_char,
        bits_per_char=per_char / math.log(2),
        nats_per_char_without_first=(nats - first) / (rest or 1),
        perplexity_per_char=perplexity(per_char),
        perplexity_per_name=perplexity(nats / sum(often)),
        unknown_characters=sum(len(model.vocabulary.unknown(name)) for name in names),
        skipped_names=len(names) - len(rows),
    )


def nats_of_names(
    model: NameModel,
    names: Sequence[str],
    threads: int | None = None,
    *,
    rnn: Recurrence | None = None,
) -> Rows:
    """Return -log p of each character of each name that ``model``, or its ``rnn``, can read."""
    ids = [model.vocabulary.encode(name) for name in readable(model.vocabulary, names)]
    return target_nats(rnn or model.rnn, ids, threads)


def readable(vocabulary: Vocabulary, names: Sequence[str]) -> list[str]:
    """Return the names that have an id for each character, that of the unknown symbol included."""
    return [name for name in names if vocabulary.has_unknown or not vocabulary.unknown(name)]


def counts_of(model: NameModel, names: Sequence[str], weights: Weights) -> list[float]:
    """Return the weight of each name that ``model`` can read."""
    return [weights[name] for name in readable(model.vocabulary, names)]


def likelihood_measures(
    rows: Rows, *, begin: bool, seed: int = 0, often: Sequence[float] | None = None
) -> list[Measure]:
    """Return the figures of ``likelihood`` with intervals from a bootstrap over names.

    ``rows`` are those of at least one name, each of which counts as ``often`` says; ``begin`` says
    whether the model predicts first characters too.
    """
    found = per_character(_per_char(rows, seed, often))
    if not begin or all(len(row) == 1 for row in rows):
        return found
    rest = per_character(_per_char([row[1:] for row in rows], seed, often))
    without_first = [
        replace(
            one,
            name=f"{one.name}_without_first",
            title=f"{one.title}, without first",
            explanation="The same without first characters, for comparison with models that "
            "cannot predict them.",
        )
        for one in rest
    ]
    return [one for pair in zip(found, without_first, strict=True) for one in pair]


def labelled_measure(
    model: NameModel,
    names: Sequence[str],
    labels: Sequence[str],
    *,
    seed: int = 0,
    threads: int | None = None,
    weights: Sequence[float] | None = None,
) -> list[Measure]:
    """Return the nats per character if the model is given each name's label.

    Names that the model cannot read, or whose label it does not know, are left out; if none
    remains, there is no measure.

    Raises:
        ConfigError: the model has no labels, or there are not as many as names.
    """
    if not model.labels or not isinstance(model.rnn, NumpyRNN):
        raise ConfigError("this model was trained without labels. Measure it without.")
    if len(labels) != len(names):
        raise ConfigError(f"labels must be as many as names, {len(names)}. Received: {len(labels)}")
    rows: list[NDArray[np.float64]] = []
    often: list[float] = []
    for place, label in enumerate(model.labels):
        here = [i for i, its in enumerate(labels) if its == label]
        rows += nats_of_names(
            model, [names[i] for i in here], threads, rnn=model.rnn.labelled(place)
        )
        if weights is not None:
            known = set(readable(model.vocabulary, [names[i] for i in here]))
            often += [weights[i] for i in here if names[i] in known]
    found = _per_char(rows, seed, often or None) if rows else None
    return [] if found is None else [described("nats_per_char_with_labels", found)]


def _per_char(rows: Rows, seed: int, often: Sequence[float] | None = None) -> Estimate:
    nats, lengths = np.array([row.sum() for row in rows]), np.array([len(row) for row in rows])
    counts = 1 if often is None else np.array(often)
    return ratio_estimate(nats * counts, lengths * counts, seed=seed)


def per_character(nats: Estimate) -> list[Measure]:
    """Return an estimate of nats per character in the three usual units."""

    def converted(convert: Callable[[float], float]) -> Estimate:
        return Estimate(value=convert(nats.value), low=convert(nats.low), high=convert(nats.high))

    return [
        described("nats_per_char", nats),
        described("bits_per_char", converted(lambda value: value / math.log(2))),
        described("perplexity_per_char", converted(perplexity)),
    ]


def perplexity(nats: float) -> float:
    """Return exp of nats, finite however large they are."""
    return math.exp(min(nats, MOST_NATS))
