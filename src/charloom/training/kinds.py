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

from ..data.vocabulary import BOUNDARY
from ..models.rnn.numpy import NumpyRNN
from ..models.scoring.names import log_softmax
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
        groups = [kinds[low : low + TOGETHER] for low in range(0, len(kinds), TOGETHER)]
        return np.concatenate(run(lambda group: nats_per_char(network, group, some), groups))

    kinds = np.arange(len(shares))
    kinds = kinds[nats(kinds, FEW).argsort(kind="stable")[:LIKELIEST]]
    cost = nats(kinds, MANY)
    shares[kinds] = np.exp((cost.min() - cost) / NATS)
    shares /= shares.sum()
    return shares


def nats_per_char(
    network: NumpyRNN, kinds: NDArray[np.intp], names: Sequence[NDArray[np.int32]]
) -> NDArray[np.float64]:
    """Return what names cost as names of each of K kinds, ends included: nats per character, (K,).

    Args:
        network: a model with labels.
        kinds: labels plus 1, (K,); 0 for none.
        names: their ids.
    """
    model, first = network.by_label((kinds - 1).tolist()), np.arange(len(kinds))[:, None]
    longest_first = sorted(names, key=len, reverse=True)
    lengths = np.array([len(ids) for ids in longest_first])
    total, ids = np.zeros(len(kinds)), np.full(len(names), BOUNDARY)
    carry = model.initial_carry(len(kinds) * len(names))
    for step in range(lengths[0] + 1):
        count = int((lengths >= step).sum())  # names that are not over
        own = carry.reshape(len(carry), len(kinds), -1, carry.shape[-1])[:, :, :count]
        read = (first * network.vocabulary_size + ids[:count]).ravel()
        logits, carry = model.step(read, own.reshape(len(carry), len(read), -1))
        ids = np.array([BOUNDARY if len(n) == step else n[step] for n in longest_first[:count]])
        likelihoods = log_softmax(logits).reshape(len(kinds), count, -1)
        total -= likelihoods[:, np.arange(count), ids].sum(axis=1, dtype=np.float64)
    return total / float(lengths.sum() + len(lengths))
