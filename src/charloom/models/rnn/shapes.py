"""Names and shapes of a network's weights, shared by Keras, JAX, NumPy and the run folder."""

from __future__ import annotations

import math

from ...config import ModelConfig

GATES = {"gru": 3, "lstm": 4, "rnn": 1}
"""The number of gates: blocks of H columns in the kernels. Order: GRU z r h, LSTM i f c o."""

STATES = {"gru": 1, "lstm": 2, "rnn": 1}
"""The number of states (B, H) that a layer carries from step to step: GRU h, LSTM h and c."""


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


def step_operations(config: ModelConfig, vocabulary_size: int) -> int:
    """Return the floating-point operations that a training step needs for each character.

    Two for each weight in the forward pass and four in the backward pass, for the products that
    depend on the carry: the recurrent kernels, the kernels above the first layer, and the logits.
    The embedding times the first kernel is a table of V rows, and is not counted.
    """
    columns = GATES[config.cell] * config.units
    products = (2 * config.layers - 1) * config.units * columns + config.units * vocabulary_size
    return 6 * products
