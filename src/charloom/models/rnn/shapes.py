"""A network's weights: their names, shapes and validation, and the form that NumPy steps need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...errors import ConfigError
from ..interface import Floats

GATES = {"gru": 3, "lstm": 4, "rnn": 1}
"""The number of gates: blocks of H columns in the kernels. Order: GRU z r h, LSTM i f c o."""

# sigmoid(x) = (tanh(x/2) + 1) / 2, and NumPy's float32 tanh is vectorised. The factor 1/2 is folded
# into the columns of these gates, which is exact for a power of two.
_GATE_SCALE = {"gru": (0.5, 0.5, 1.0), "lstm": (0.5, 0.5, 1.0, 0.5), "rnn": (1.0,)}

STATES = {"gru": 1, "lstm": 2, "rnn": 1}
"""The number of states (B, H) that a layer carries from step to step: GRU h, LSTM h and c."""


MOST_WEIGHT = 1e6
"""The largest absolute value of a weight. Trained ones stay far below; the products of larger ones
would overflow."""


def weight_shapes(config: ModelConfig, vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every weight by name, in the order of ``keras.Model.weights``.

    With V the vocabulary's size (including the boundary symbol, id 0), E the embedding size, H the
    hidden size, G the number of gates and K the number of labels: ``embedding`` (V, E);
    ``labels`` (K, E) if K > 0; for each layer l ``rnn.l.kernel`` (E or H, G·H),
    ``rnn.l.recurrent_kernel`` (H, G·H) and ``rnn.l.bias``, (2, 3H) for the GRU (input row,
    then recurrent row) and (G·H,) else; ``logits.kernel`` (H, V) and ``logits.bias`` (V,). All
    float32.
    """
    columns = GATES[config.cell] * config.units
    shapes: dict[str, tuple[int, ...]] = {"embedding": (vocabulary_size, config.embedding)}
    if config.labels:
        shapes["labels"] = (config.labels, config.embedding)
    for layer in range(config.layers):
        inputs = config.embedding if layer == 0 else config.units
        shapes[f"rnn.{layer}.kernel"] = (inputs, columns)
        shapes[f"rnn.{layer}.recurrent_kernel"] = (config.units, columns)
        shapes[f"rnn.{layer}.bias"] = (2, columns) if config.cell == "gru" else (columns,)
    shapes["logits.kernel"] = (config.units, vocabulary_size)
    shapes["logits.bias"] = (vocabulary_size,)
    return shapes


def parameter_count(config: ModelConfig, vocabulary_size: int) -> int:
    """Return the number of trainable parameters, as ``keras.Model.summary()`` prints it."""
    return sum(math.prod(shape) for shape in weight_shapes(config, vocabulary_size).values())


def check_shapes(weights: Mapping[str, NDArray[Any]], config: ModelConfig, size: int) -> None:
    """Raise ConfigError unless ``weights`` are those of a network with V = ``size``, all within
    ``MOST_WEIGHT``."""
    shapes = weight_shapes(config, size)
    if different := sorted(weights.keys() ^ shapes.keys()):
        raise ConfigError(
            "a network must have the weights of its configuration. "
            f"Missing or unknown: {different[:8]}"
        )
    for name, shape in shapes.items():
        array = weights[name]
        if array.shape != shape or array.dtype != np.float32:
            raise ConfigError(
                f"weight {name} must have the shape {shape}, in float32. "
                f"Received: {array.shape}, {array.dtype}"
            )
        if not np.isfinite(array).all():
            raise ConfigError(
                f"weight {name} must hold finite numbers only. Received: NaN or infinity; "
                "the training diverged, so train again with a lower learning rate."
            )
        if (most := float(np.abs(array).max(initial=0))) > MOST_WEIGHT:
            raise ConfigError(
                f"weight {name} must lie within ±{MOST_WEIGHT:g}. Received: {most:g}; the training "
                "diverged, so train again with a lower learning rate."
            )


class LayerWeights(NamedTuple):
    """A layer's weights, one block for each gate, so that each gate's rows are contiguous.

    Attributes:
        kernel: (G, H, H), from the layer below; ``None`` in the first layer.
        inputs: the input sums, with all biases except ``late_bias``: by id, (G, V, H), in the
            first layer; otherwise the biases alone, (G, 1, H).
        recurrent: (G, H, H).
        late_bias: (H,), the GRU's candidate bias inside the reset gate; halved.
    """

    kernel: Floats | None
    inputs: Floats
    recurrent: Floats
    late_bias: Floats


def layer_weights(config: ModelConfig, weights: Mapping[str, Floats], number: int) -> LayerWeights:
    """Return the weights of layer ``number`` in the form that a step needs."""
    kernel, recurrent, bias = (
        weights[f"rnn.{number}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")
    )
    units, is_gru = config.units, config.cell == "gru"
    early: Floats = bias.reshape(-1, kernel.shape[1])[0].copy()
    late: Floats = np.zeros(units, dtype=np.float32)
    blocks = by_gate(config, recurrent)
    if is_gru:  # the second row of the bias belongs to the recurrent product
        early[: 2 * units] += bias[1, : 2 * units]
        late = bias[1, 2 * units :] * np.float32(0.5)
        blocks[2] /= 2
    first = number == 0
    return LayerWeights(
        kernel=None if first else by_gate(config, kernel),
        inputs=by_gate(config, weights["embedding"] @ kernel + early if first else early[None]),
        recurrent=blocks,
        late_bias=late,
    )


def by_gate(config: ModelConfig, matrix: Floats) -> Floats:
    """(rows, G*H) -> (G, rows, H), scaled by the gate."""
    scale = np.array(_GATE_SCALE[config.cell], dtype=np.float32)[:, None, None]
    blocks = matrix.reshape(len(matrix), len(scale), config.units).transpose(1, 0, 2)
    return np.ascontiguousarray(blocks * scale, dtype=np.float32)
