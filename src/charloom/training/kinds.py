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
from ..models.threads import run
from ..run import SavedModel
from .data import TrainingData
from .name_data import NameData
from .strangeness import nats_per_char, readable

STAGES = (8, 48), (20, 16)
"""So many names are read as each kind that is left, and so many kinds are left after that."""

MANY = 100
"""Names that are read as each of the kinds left in the end."""

LEAST = 0.01
"""Share of a kind that is worth telling of, if it is larger."""

TOGETHER = 16
"""Kinds of which names are read in the same steps."""

NATS = 0.05
"""Nats per character by which a kind must be worse than another to count e times less."""


def suited(base: SavedModel, data: TrainingData) -> tuple[SavedModel, dict[str, float]]:
    """Return ``base`` as it predicts names like those of ``data``, and the kinds that it takes.

    A base that shares labels with the list keeps them: they say better what its names are like.
    """
    if not isinstance(data, NameData) or {*base.labels} & {*data.label_names}:
        return base, {}
    return conditioned(base, data.train_names)


def conditioned(base: SavedModel, names: Sequence[str]) -> tuple[SavedModel, dict[str, float]]:
    """Return ``base`` without labels, as it predicts names of the kinds that ``names`` resemble.

    What a label adds to each character's embedding is added for good, in the shares of
    ``resemblance``. A model without labels is returned as it is.

    Args:
        base: a model with a network.
        names: those to train on.

    Returns:
        the model, and the shares of the kinds of more than a hundredth, the largest first.
    """
    if not base.labels:
        return base, {}
    weights = {name: array for name, array in base.weights.items() if name != "labels"}
    shares = resemblance(base, names).astype(np.float32)
    weights["embedding"] = weights["embedding"] + shares[1:] @ base.weights["labels"]
    model = replace(base, config=base.config.replace(labels=0), labels=(), weights=weights)
    of_kinds = shares[1:].argsort(kind="stable")[::-1]
    found = {base.labels[k]: round(float(shares[1 + k]), 3) for k in of_kinds}
    return model, {kind: share for kind, share in found.items() if share > LEAST}


def resemblance(base: SavedModel, names: Sequence[str]) -> NDArray[np.float64]:
    """Return how far names resemble each kind: shares that sum to 1, (1 + K,).

    The first is that of no kind in particular; it is 1 if the base knows no name's characters. The
    others are in the order of ``base.labels``. A kind's share falls exponentially with the nats per
    character that the names cost as names of it, beside those of the best.
    """
    known, shares = readable(base, names), np.zeros(1 + len(base.labels))
    if not known:
        shares[0] = 1
        return shares
    network = NumpyRNN(base.config, base.weights)

    def nats(kinds: NDArray[np.intp], most: int) -> NDArray[np.float64]:
        some = known[:: -(-len(known) // most)]
        groups = [kinds[low : low + TOGETHER] for low in range(0, len(kinds), TOGETHER)]
        return np.concatenate(run(lambda group: nats_per_char(network, group, some), groups))

    kinds = np.arange(len(shares))
    for count, most in STAGES:
        kinds = kinds[nats(kinds, count).argsort(kind="stable")[:most]]
    cost = nats(kinds, MANY)
    shares[kinds] = np.exp((cost.min() - cost) / NATS)
    shares /= shares.sum()
    return shares
