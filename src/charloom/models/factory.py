"""From a configuration and weights to a model of the right kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig
from ..errors import ConfigError
from .mixture import Mixture
from .ngram.arrays import MIXTURE_WEIGHT, PREFIX, TYPES, check_arrays
from .ngram.model import NGram
from .rnn.numpy import NumpyRNN
from .rnn.shapes import check_shapes, parameter_count, weight_shapes

Weights = Mapping[str, NDArray[Any]]


def recurrence(config: ModelConfig, weights: Weights) -> NumpyRNN | NGram | Mixture:
    """Return the model that ``config`` describes.

    Args:
        config: the kind of model and its sizes.
        weights: a network has those of ``rnn.shapes``, an n-gram those of ``ngram.arrays``, a
            mixture both and its weight, ``mixture.share``, (1,) float32.

    Raises:
        ConfigError: a weight is missing, unknown, of the wrong shape or out of range.
    """
    if config.kind != "mixture":
        return NumpyRNN(config, weights) if config.has_network else NGram(config, weights)
    network, ngram, weight = _parts(weights)
    return Mixture(
        NumpyRNN(config.replace(kind="network", order=0), network),
        NGram(config.replace(kind="ngram"), ngram),
        weight,
    )


def check_weights(config: ModelConfig, vocabulary_size: int, weights: Weights) -> None:
    """Raise ConfigError unless ``weights`` are those of such a model and vocabulary."""
    network = ngram = weights
    if config.kind == "mixture":
        network, ngram, _ = _parts(weights)
    if config.has_network:
        check_shapes(network, config, vocabulary_size)
    if config.has_ngram:
        check_arrays(ngram, vocabulary_size)


def _parts(weights: Weights) -> tuple[Weights, Weights, float]:
    """Return a mixture's network, n-gram and mixture weight."""
    weight = weights.get(MIXTURE_WEIGHT)
    single = weight is not None and weight.shape == (1,) and weight.dtype == np.float32
    if weight is None or not single or not 0 <= weight[0] <= 1:
        raise ConfigError(
            f"a mixture must have {MIXTURE_WEIGHT} in [0, 1], of shape (1,) in float32. "
            f"Received: {weight!r:.60}"
        )
    ngram = {name: array for name, array in weights.items() if name.startswith(PREFIX)}
    network = {n: array for n, array in weights.items() if n not in (*ngram, MIXTURE_WEIGHT)}
    return network, ngram, float(weight[0])


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
