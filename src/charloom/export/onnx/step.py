"""The graph of a step, from the parts of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, TensorProto

from ...config import ModelConfig
from ...models.gates import by_context, features
from ...models.log_linear import EXPONENTS
from ...models.mixture import TINY
from ...models.ngram.arrays import MIXTURE_WEIGHT
from ...models.ngram.model import LEAST
from ...models.rnn.shapes import STATES
from .contexts import COLUMNS, add_contexts
from .graph import Graph
from .network import add_network
from .ngram import Nodes
from .recent import add_recent


def add_step(config: ModelConfig, size: int, weights: Mapping[str, NDArray[Any]]) -> GraphProto:
    """Return the graph of a step of a model of V = ``size`` ids; see ``onnx_model``."""
    graph = Graph()
    ids = graph.op("Cast", graph.input("ids", np.int64), to=TensorProto.INT32)
    fitted = config.smoothing == "fitted"
    logits = by_ngram = after = ""
    if config.has_network:
        labels = graph.input("labels", np.int64) if config.labels else None
        width = config.layers * STATES[config.cell] * config.units
        hidden = graph.input("hidden", np.float32, width)
        logits, after = add_network(graph, config, weights, ids, labels, hidden)
        graph.output("hidden_after", after, np.float32, width)
    if config.has_ngram:
        columns = COLUMNS if fitted else 1
        state = graph.input("state", np.int32, columns)
        id_column = graph.column(ids)
        if fitted:
            by_ngram, after = add_contexts(graph, config, weights, id_column, state)
        else:
            nodes = Nodes(graph, config, weights)
            after = nodes.after(state, id_column)
            by_ngram = nodes.probabilities(after)
        graph.output("state_after", after, np.int32, columns)
    if config.kind == "mixture" and fitted:
        node = graph.op("Gather", after, np.zeros(1, np.int64), axis=1)
        exponents = by_context(weights[EXPONENTS], features(weights))
        of_both = [graph.op("Gather", np.ascontiguousarray(one), node) for one in exponents.T]
        by_network = graph.op("Mul", logits, of_both[0])
        by_ngram = graph.op("Mul", by_ngram, of_both[1])
        logits = graph.op("Add", by_network, by_ngram)
    elif config.kind == "mixture":
        share = np.float32(weights[MIXTURE_WEIGHT][0])
        network = graph.op("Softmax", logits, axis=1)
        network = graph.op("Mul", network, np.float32(1) - share)
        mixed = graph.op("Add", network, graph.op("Mul", by_ngram, share))
        logits = graph.op("Log", graph.op("Max", mixed, TINY))
    elif config.has_ngram:
        logits = by_ngram if fitted else graph.op("Log", graph.op("Max", by_ngram, LEAST))
    if config.recent:
        logits = add_recent(graph, weights, config.recent, ids, logits)
    graph.output("logits", logits, np.float32, size)
    return graph.finished("charloom")
