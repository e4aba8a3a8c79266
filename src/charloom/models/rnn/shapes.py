"""The names and shapes of a model's weights: the contract between Keras, NumPy and the file."""

from __future__ import annotations

import math

from ...config import ModelConfig

GATES = {"gru": 3, "lstm": 4, "rnn": 1}
"""Blocks of H columns in a cell's kernels, in Keras' order: GRU z r h, LSTM i f c o."""

STATES = {"gru": 1, "lstm": 2, "rnn": 1}
"""Arrays of shape (B, H) that a layer carries from step to step: GRU h, LSTM h and c."""


def weight_shapes(config: ModelConfig, vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every weight by name, in the order of ``keras.Model.weights``.

    With V the vocabulary's size (the boundary symbol, id 0, included), E the embedding
    size, H the hidden size, G the gates of the cell and K the labels: ``embedding`` (V, E);
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
    """Return the number of trainable numbers, as ``model.summary()`` prints it."""
    return sum(math.prod(shape) for shape in weight_shapes(config, vocabulary_size).values())


def step_operations(config: ModelConfig, vocabulary_size: int) -> int:
    """Return the operations of a training step a character that no way of computing it saves.

    Two a weight forward and four backward, for the products that depend on the carry: the
    recurrent kernels, the kernels above the first layer, and the logits. The embedding and the
    first kernel are a table of V rows.
    """
    columns = GATES[config.cell] * config.units
    products = (2 * config.layers - 1) * config.units * columns + config.units * vocabulary_size
    return 6 * products
