"""Starting from the kinds of names that a base model knows and a list resembles.

A base model with labels knows what kind each of its names was: a place in Austria, a Slovak
surname, a scientific term. A short list seldom is any of them, but it resembles some. Training
starts from the base model as it predicts these, so that thirty German places do not first become
half Chinese.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..models.rnn.numpy import NumpyRNN
from ..models.scoring.names import score
from ..models.threads import run
from ..run import SavedModel
from .data import TrainingData
from .name_data import NameData

FEW, MANY = 20, 100
"""Names that are read as each kind, and then as each of the kinds that suited these best."""

MOST = 1_000
"""Names among which those are looked for that the base knows the characters of."""

LIKELIEST = 16
"""How many kinds those are."""

NATS = 0.05
"""Nats per character by which a kind must be worse than another to count e times less."""


def suited(base: SavedModel, data: TrainingData) -> SavedModel:
    """Return ``base`` as it predicts names like those of ``data``.

    A base that shares labels with the list keeps them: they say better what its names are like.
    """
    if not isinstance(data, NameData) or {*base.labels} & {*data.label_names}:
        return base
    return conditioned(base, data.train_names)


def conditioned(base: SavedModel, names: Sequence[str]) -> SavedModel:
    """Return ``base`` without labels, as it predicts names of the kinds that ``names`` resemble.

    What a label adds to each character's embedding is added for good, in the shares of
    ``resemblance``. A model without labels is returned as it is.

    Args:
        base: a model with a network.
        names: those to train on.
    """
    if not base.labels:
        return base
    weights = {name: array for name, array in base.weights.items() if name != "labels"}
    shares = resemblance(base, names).astype(np.float32)
    weights["embedding"] = weights["embedding"] + shares[1:] @ base.weights["labels"]
    config = base.config.replace(labels=0)
    return replace(base, config=config, labels=(), weights=weights)


def resemblance(base: SavedModel, names: Sequence[str]) -> NDArray[np.float64]:
    """Return how far names resemble each kind: shares that sum to 1, (1 + K,).

    The first is that of no kind in particular; it is 1 if the base knows no name's characters. The
    others are in the order of ``base.labels``. A kind's share falls exponentially with the nats per
    character that the names cost as names of it, beside those of the best.
    """
    vocabulary = base.vocabulary
    some = [names[i] for i in range(0, len(names), -(-len(names) // MOST) or 1)]
    known = [vocabulary.encode(name) for name in some if not vocabulary.unknown(name)]
    shares = np.zeros(1 + len(base.labels))
    if not known:
        shares[0] = 1
        return shares
    network = NumpyRNN(base.config, base.weights)

    def nats(kinds: NDArray[np.intp], most: int) -> NDArray[np.float64]:
        some = known[:: -(-len(known) // most)]
        characters = sum(len(ids) + 1 for ids in some)
        models = [network.labelled(int(kind) - 1 if kind else None) for kind in kinds]
        found = run(lambda model: float(score(model, some, 1).sum()), models)
        return np.array(found) / characters

    kinds = np.arange(len(shares))
    kinds = kinds[nats(kinds, FEW).argsort(kind="stable")[:LIKELIEST]]
    cost = nats(kinds, MANY)
    shares[kinds] = np.exp((cost.min() - cost) / NATS)
    shares /= shares.sum()
    return shares
