"""A network's step as ONNX's own GRU, LSTM and RNN operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...models.rnn.shapes import GATES, STATES
from .graph import Graph, ints

OPERATORS = {"gru": "GRU", "lstm": "LSTM", "rnn": "RNN"}

ORDER = {"gru": (0, 1, 2), "lstm": (0, 3, 1, 2), "rnn": (0,)}
"""Our gates (GRU z r h, LSTM i f c o) in ONNX's order (GRU z r h, LSTM i o f c)."""


def add_network(
    graph: Graph,
    config: ModelConfig,
    weights: Mapping[str, NDArray[Any]],
    ids: str,
    labels: str | None,
    hidden: str,
) -> tuple[str, str]:
    """Add a step; return the logits (B, V) and the new ``hidden``, (B, L*S*H).

    Args:
        graph, config, weights: see ``models.rnn.shapes``.
        ids: (B,).
        labels: (B,), each k + 1 for label k, or 0 for none; ``None`` for a model without labels.
        hidden: (B, L*S*H), layer by layer, for the LSTM h before c.
    """
    states = STATES[config.cell]
    count = config.layers * states
    parts = graph.ops("Split", count, hidden, ints(*[config.units] * count), axis=1)
    x = graph.op("Gather", weights["embedding"], ids)  # (B, E)
    if labels is not None:
        rows = np.concatenate([np.zeros((1, config.embedding), np.float32), weights["labels"]])
        x = graph.op("Add", x, graph.op("Gather", rows, labels))
    after: list[str] = []
    x = graph.op("Unsqueeze", x, ints(0))  # (1, B, E): one step
    for layer in range(config.layers):
        before = [
            graph.op("Unsqueeze", part, ints(0))
            for part in parts[layer * states : (layer + 1) * states]
        ]
        kernel, recurrent, bias = (
            weights[f"rnn.{layer}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")
        )
        both = bias if config.cell == "gru" else np.stack([bias, np.zeros_like(bias)])
        extra = {"linear_before_reset": 1} if config.cell == "gru" else {}
        made = graph.ops(
            OPERATORS[config.cell],
            1 + states,
            x,
            _rows(config, kernel)[None],
            _rows(config, recurrent)[None],
            np.concatenate([_rows(config, row[None]).ravel() for row in both])[None],
            "",  # the lengths: all of them 1
            *before,
            hidden_size=config.units,
            **extra,
        )
        x = made[1]  # (1, B, H)
        after += [graph.op("Squeeze", state, ints(0)) for state in made[1:]]
    top = after[-states]
    logits = graph.op("Gemm", top, weights["logits.kernel"], weights["logits.bias"])
    return logits, graph.op("Concat", *after, axis=1)


def _rows(config: ModelConfig, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, G*H) to (G*H, rows), with the gates in ONNX's order."""
    blocks = matrix.reshape(len(matrix), GATES[config.cell], config.units).transpose(1, 2, 0)
    return np.ascontiguousarray(blocks[list(ORDER[config.cell])]).reshape(-1, len(matrix))
