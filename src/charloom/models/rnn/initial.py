"""The weights that training starts from, the same on every backend."""

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
    """Saxe, McClelland, Ganguli 2013; the signs make the draw uniform over the rotations."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q *= np.sign(np.diag(r))
    return q if rows > columns else q.T


NAMES, TEXT, TUTORIAL = 2.0, 1.0, 0.05
"""Limits of the embedding's uniform draw. Each was chosen by the held-out loss."""


def initial_weights(
    config: ModelConfig,
    vocabulary_size: int,
    seed: int,
    *,
    as_tutorial: bool = False,
    alike: Sequence[int] | NDArray[np.integer] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Draw the weights of a new model, by the names and shapes of ``models.shapes``.

    Kernels Glorot-uniform, recurrent kernels orthogonal, biases 0 but for the LSTM's forget gate,
    1 (Jozefowicz, Zaremba, Sutskever 2015): Keras' defaults. The embedding is uniform in ±2, or ±1
    for text, not in Keras' ±0.05: so small, its rows hardly differ, and the first epochs only
    make them. Labels begin at 0, where they say nothing, so that one without a name in training
    stays there. ``as_tutorial`` takes ±0.05, and Glorot-uniform recurrent kernels, as the tutorial
    does.

    Args:
        config, vocabulary_size: the model's.
        seed: decides every draw.
        as_tutorial: see above.
        alike: (V,), for each id one whose row it begins with: ``Vocabulary.alike`` lets a letter
            begin as its capital, so that what is learned of one holds for the other at first.
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
