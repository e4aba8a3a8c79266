"""How well a model predicts names that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ...errors import ConfigError, CorpusError
from ...generation import NameModel
from ...models.rnn.numpy import NumpyRNN
from ...models.scoring.names import log_softmax, target_nats
from ..statistics import Estimate, Measure, ratio_estimate


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """The likelihood of names under a model.

    Attributes:
        names: names that were scored.
        characters: what was predicted: their characters (or graphemes), without the first if
            the model has no begin symbol, and an end symbol a name.
        nats_per_char, bits_per_char: -log p a character, end symbols counted.
        nats_per_char_without_first: the same with each name's first character left out of both
            sums, for comparison with models that cannot predict it.
        perplexity_per_char, perplexity_per_name: exp of the mean nats.
        unknown_characters: characters that the model never saw.
        skipped_names: names that hold some; they have no finite likelihood and are not scored,
            unless the model has an unknown symbol, as which these characters count.
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

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return asdict(self)


def likelihood(model: NameModel, names: Sequence[str]) -> Likelihood:
    """Score ``names`` under ``model``.

    Raises:
        ConfigError: the model is one of running text.
        CorpusError: there is no name, or each holds a character that the model never saw.
    """
    unknown = [len(model.vocabulary.unknown(name)) for name in names]
    reads_all = model.vocabulary.has_unknown
    scored = [n for n, count in zip(names, unknown, strict=True) if reads_all or not count]
    if not scored:
        raise CorpusError(
            f"none of the {len(names):,} names can be scored: each holds a character that the "
            "model never saw. Is it a model of this kind of names?"
            if names
            else "there are no names to score. Give a file with one name a line."
        )
    ids = [model.vocabulary.encode(name) for name in scored]
    nats = float(model.nll(scored).sum())
    begin = model.rnn.config.begin
    characters = sum(map(len, ids)) + (len(ids) if begin else 0)
    logits, _ = model.rnn.step(np.array([BOUNDARY]), model.rnn.initial_carry(1))
    starts = [int(name[0]) if len(name) else BOUNDARY for name in ids]
    first = -float(log_softmax(logits)[0, starts].sum()) if begin else 0.0
    per_char = nats / characters
    return Likelihood(
        names=len(scored),
        characters=characters,
        nats_per_char=per_char,
        bits_per_char=per_char / math.log(2),
        nats_per_char_without_first=(nats - first) / max(sum(map(len, ids)), 1),
        perplexity_per_char=math.exp(min(per_char, 700.0)),
        perplexity_per_name=float(np.exp(min(nats / len(ids), 700.0))),
        unknown_characters=sum(unknown),
        skipped_names=len(names) - len(scored),
    )


def likelihood_measures(
    model: NameModel, names: Sequence[str], *, seed: int = 0, threads: int | None = None
) -> list[Measure]:
    """Return the figures of ``likelihood`` with their intervals: the bootstrap over names.

    Those that the model cannot read are left out; there must be one that it can.
    """
    reads_all = model.vocabulary.has_unknown
    readable = [name for name in names if reads_all or not model.vocabulary.unknown(name)]
    ids = [model.vocabulary.encode(name) for name in readable]
    nats = target_nats(model.rnn, ids, threads)
    begin = model.rnn.config.begin
    each = ratio_estimate([n.sum() for n in nats], [len(n) for n in nats], seed=seed)
    found = per_character(each)
    if begin and any(len(n) > 1 for n in nats):
        rest = ratio_estimate([n[1:].sum() for n in nats], [len(n) - 1 for n in nats], seed=seed)
        both = zip(found, map(_without_first, per_character(rest)), strict=True)
        return [one for pair in both for one in pair]
    return found


def labelled_measure(
    model: NameModel,
    names: Sequence[str],
    labels: Sequence[str],
    *,
    seed: int = 0,
    threads: int | None = None,
) -> list[Measure]:
    """Return the nats a character of names whose label is given to the model.

    Those whose label it does not know, or that it cannot read, do not count; there is no measure
    if none does.

    Args:
        model: with labels.
        names, labels: (N,), of each name its label.

    Raises:
        ConfigError: the model has no labels, or there are not as many as names.
    """
    if not model.labels or not isinstance(model.rnn, NumpyRNN):
        raise ConfigError("this model was trained without labels. Measure it without.")
    if len(labels) != len(names):
        raise ConfigError(f"labels must be as many as names, {len(names)}. Received: {len(labels)}")
    reads_all = model.vocabulary.has_unknown
    nats: list[NDArray[np.float64]] = []
    for place, label in enumerate(model.labels):
        own = [name for name, its in zip(names, labels, strict=True) if its == label]
        readable = [name for name in own if reads_all or not model.vocabulary.unknown(name)]
        ids = [model.vocabulary.encode(name) for name in readable]
        nats += target_nats(model.rnn.labelled(place), ids, threads)
    if not nats:
        return []
    return [
        Measure(
            name="nats_per_char_with_labels",
            title="Nats per character, label given",
            estimate=ratio_estimate([n.sum() for n in nats], [len(n) for n in nats], seed=seed),
            unit="nats",
            better="lower",
            explanation="Nats per character where the model is told each name's label.",
        )
    ]


def _without_first(measure: Measure) -> Measure:
    """Return a measure of names whose first characters are left out, as such."""
    return replace(
        measure,
        name=f"{measure.name}_without_first",
        title=f"{measure.title}, without first",
        explanation="The same without first characters, for comparison with models that cannot "
        "predict them.",
    )


def per_character(nats: Estimate) -> list[Measure]:
    """Return an estimate of nats a character in the three usual units."""

    def turned(turn: Callable[[float], float]) -> Estimate:
        return Estimate(value=turn(nats.value), low=turn(nats.low), high=turn(nats.high))

    return [
        Measure(
            name="nats_per_char",
            title="Nats per character",
            estimate=nats,
            unit="nats",
            better="lower",
            explanation="How surprised the model is, on average, by each next character of what "
            "it has not seen.",
        ),
        Measure(
            name="bits_per_char",
            title="Bits per character",
            estimate=turned(lambda value: value / math.log(2)),
            unit="bits",
            better="lower",
            explanation="Nats per character in bits: what storing a character would cost.",
        ),
        Measure(
            name="perplexity_per_char",
            title="Perplexity",
            estimate=turned(lambda value: math.exp(min(value, 700.0))),
            unit="",
            better="lower",
            explanation="Nats per character as a number of equally likely next characters.",
        ),
    ]
