"""What names cost a base model to read: per character, and as names of each kind that it knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..data.vocabulary import BOUNDARY
from ..models.rnn.numpy import NumpyRNN
from ..models.scoring.names import log_softmax
from ..run import SavedModel

MOST = 1_000
"""Names among which those are looked for that the base knows the characters of."""

ENOUGH = 100
"""Of which so many are read to tell how strange a list is."""


def strangeness(base: SavedModel, names: Sequence[str]) -> float:
    """Return what ``names`` cost the base, told no kind: nats per character, ends included.

    It is infinite if there is no name of which the base knows all characters.
    """
    known = readable(base, names)
    if not known:
        return float("inf")
    network = NumpyRNN(base.config, base.weights)
    return float(nats_per_char(network, np.array([0]), known[:: -(-len(known) // ENOUGH)])[0])


def readable(base: SavedModel, names: Sequence[str]) -> list[NDArray[np.int32]]:
    """Return the ids of names whose characters the base knows, of at most ``MOST``."""
    vocabulary = base.vocabulary
    some = [names[i] for i in range(0, len(names), -(-len(names) // MOST) or 1)]
    return [vocabulary.encode(name) for name in some if not vocabulary.unknown(name)]


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
