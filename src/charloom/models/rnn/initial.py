"""Initial weights, the same on every backend."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...data.random import Stream, generator
from .shapes import weight_shapes


def _glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Glorot and Bengio 2010, equation 16."""
    limit = math.sqrt(6 / sum(shape))
    return rng.uniform(-limit, limit, shape)


def _orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Saxe, McClelland and Ganguli 2013; the signs make it uniform over orthogonal matrices."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q *= np.sign(np.diag(r))
    return q if rows > columns else q.T


NAMES, TEXT, TUTORIAL = 2.0, 1.0, 0.05
"""Limits of the uniform distribution of embeddings, each chosen by the held-out loss."""


def initial_weights(
    config: ModelConfig,
    vocabulary_size: int,
    seed: int,
    *,
    as_tutorial: bool = False,
    alike: Sequence[int] | NDArray[np.integer] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Return the initial weights of a network, with the names and shapes of ``rnn.shapes``.

    As by default in Keras, kernels are Glorot-uniform, recurrent kernels orthogonal, and biases 0,
    except 1 for the LSTM's forget gate (Jozefowicz, Zaremba and Sutskever 2015). The embedding is
    uniform in ±2, or ±1 for text, instead of Keras' ±0.05: with such small values the rows hardly
    differ, and the first epochs only grow them. Labels start at 0, which has no effect, so that a
    label without training names stays neutral.

    Args:
        config, vocabulary_size: the architecture.
        seed: the random seed.
        as_tutorial: use ±0.05 and Glorot-uniform recurrent kernels, as the tutorial does.
        alike: (V,), for each id the id whose row it starts with. With ``Vocabulary.alike`` a
            letter starts like its capital, so that both share what is learned at first.
    """
    rng = generator(Stream.WEIGHTS, seed)
    weights = {}
    for name, shape in weight_shapes(config, vocabulary_size).items():
        if name == "embedding":
            limit = TUTORIAL if as_tutorial else TEXT if config.text else NAMES
            value = rng.uniform(-limit, limit, shape)
            if alike is not None:
                value = value[np.asarray(alike)]
        elif name.endswith("recurrent_kernel") and not as_tutorial:
            value = _orthogonal(shape, rng)
        elif name.endswith("kernel"):
            value = _glorot_uniform(shape, rng)
        else:
            value = np.zeros(shape)
            if config.cell == "lstm" and name.startswith("rnn."):
                value[config.units : 2 * config.units] = 1
        weights[name] = value.astype(np.float32)
    return weights
