"""A configuration and weights as the recurrence that they are, whatever kind that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from ..config import ModelConfig
from ..errors import ConfigError
from .mixture import Mixture
from .ngram.arrays import PREFIX, SHARE, TYPES
from .ngram.model import NGram
from .rnn.numpy import NumpyRNN
from .rnn.shapes import parameter_count, weight_shapes

Weights = Mapping[str, NDArray[Any]]


def recurrence(config: ModelConfig, weights: Weights) -> NumpyRNN | NGram | Mixture:
    """Return the model of any kind.

    Args:
        config: what it is.
        weights: a network's are those of ``models.shapes``, an n-gram's those of
            ``models.ngram_arrays``; a mixture has both, and ``mixture.share``.

    Raises:
        ConfigError: a weight is missing, too many, misshapen or not what it must be.
    """
    if not config.has_ngram:
        return NumpyRNN(config, weights)
    if not config.has_network:
        return NGram(config, weights)
    share = weights.get(SHARE)
    if share is None or share.shape != (1,):
        raise ConfigError(f"a mixture must have {SHARE}, of shape (1,). Received: {share!r:.60}")
    return Mixture(
        NumpyRNN(config.replace(kind="network", order=0), network_part(weights)),
        NGram(config.replace(kind="ngram"), ngram_part(weights)),
        float(share[0]),
    )


def network_part(weights: Weights) -> dict[str, NDArray[Any]]:
    """Return the weights of the network, by the names of ``models.shapes``."""
    return {n: w for n, w in weights.items() if not n.startswith(PREFIX) and n != SHARE}


def ngram_part(weights: Weights) -> dict[str, NDArray[Any]]:
    """Return the arrays of the n-gram, by the names of ``models.ngram_arrays``."""
    return {n: w for n, w in weights.items() if n.startswith(PREFIX)}


def parameters_of(config: ModelConfig, weights: Weights) -> int:
    """Return the numbers that were learned: the network's weights, and the n-gram's shares."""
    count = 0
    if config.has_network:
        count += parameter_count(config, len(weights["embedding"]))
    if config.has_ngram:
        count += weights["ngram.own"].size + weights["ngram.left"].size
    return count


def weight_names(config: ModelConfig, vocabulary_size: int) -> list[str]:
    """Return the names of a model's weights, in order."""
    names = list(weight_shapes(config, vocabulary_size)) if config.has_network else []
    names += list(TYPES) if config.has_ngram else []
    return names + [SHARE] * (config.kind == "mixture")
