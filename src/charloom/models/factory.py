"""From a configuration and weights to a model of the right kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from ..config import ModelConfig
from ..errors import ConfigError
from .mixture import Mixture
from .ngram.arrays import MIXTURE_WEIGHT, PREFIX, TYPES
from .ngram.model import NGram
from .rnn.numpy import NumpyRNN
from .rnn.shapes import parameter_count, weight_shapes

Weights = Mapping[str, NDArray[Any]]


def recurrence(config: ModelConfig, weights: Weights) -> NumpyRNN | NGram | Mixture:
    """Return the model that ``config`` describes.

    Args:
        config: the kind of model and its sizes.
        weights: a network has those of ``rnn.shapes``, an n-gram those of ``ngram.arrays``, a
            mixture both and ``mixture.share``, (1,) float32.

    Raises:
        ConfigError: a weight is missing, unknown, of the wrong shape or out of range.
    """
    if not config.has_ngram:
        return NumpyRNN(config, weights)
    if not config.has_network:
        return NGram(config, weights)
    weight = weights.get(MIXTURE_WEIGHT)
    if weight is None or weight.shape != (1,):
        raise ConfigError(
            f"a mixture must have {MIXTURE_WEIGHT}, of shape (1,). Received: {weight!r:.60}"
        )
    ngram = {name: array for name, array in weights.items() if name.startswith(PREFIX)}
    network = {n: array for n, array in weights.items() if n not in (*ngram, MIXTURE_WEIGHT)}
    return Mixture(
        NumpyRNN(config.replace(kind="network", order=0), network),
        NGram(config.replace(kind="ngram"), ngram),
        float(weight[0]),
    )


def parameters_of(config: ModelConfig, weights: Weights) -> int:
    """Return how many numbers were trained or fitted: weights, and an n-gram's probabilities."""
    count = 0
    if config.has_network:
        count += parameter_count(config, len(weights["embedding"]))
    if config.has_ngram:
        count += weights["ngram.own"].size + weights["ngram.left"].size
    return count


def weight_names(config: ModelConfig, vocabulary_size: int) -> list[str]:
    """Return the names of a model's weights, in the order of the file."""
    names = list(weight_shapes(config, vocabulary_size)) if config.has_network else []
    names += list(TYPES) if config.has_ngram else []
    return names + [MIXTURE_WEIGHT] * (config.kind == "mixture")
