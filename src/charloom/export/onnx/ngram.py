"""An n-gram's step as tables and Gather.

The first nodes, with the shortest contexts, have all V probabilities and next nodes in a table. The
others have a few n-grams each, which are gathered, and back off to one another until a node is in
the table, as in ``models.ngram.model``. Nodes are (B, 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...models.ngram.arrays import TYPES, Arrays
from ...models.ngram.model import NGram
from .graph import Graph, ints, padded

TABLE_BYTES = 1 << 19
"""The largest size of the table."""


class Nodes:
    """The nodes of an n-gram in a graph."""

    def __init__(
        self, graph: Graph, config: ModelConfig, arrays: Arrays, base: float = 1.0
    ) -> None:
        """Prepare the tables; see ``NGram`` for ``base``."""
        ngram = NGram(config, {name: arrays[name] for name in TYPES}, base=base)
        self._graph, self._size = graph, ngram.vocabulary_size
        starts, targets, own, following, backoff, left = (arrays[name] for name in TYPES)
        listed = min(max(1, TABLE_BYTES // (8 * self._size)), len(backoff))
        whole = np.arange(listed, dtype=np.int32)
        self._table = ngram.probabilities(whole).copy()
        ids = np.tile(np.arange(self._size), listed)
        self._following = ngram.after(np.repeat(whole, self._size), ids)
        first, counts = starts[:-1] - starts[listed], np.diff(starts)
        self._most = int(counts[listed:].max(initial=0))
        self._first = np.maximum(first, 0).astype(np.int32)
        self._counts, self._left, self._backoff = (
            counts.astype(np.int32),
            left.copy(),
            backoff.copy(),
        )
        self._counts[:listed], self._left[:listed], self._backoff[:listed] = 0, 1, whole
        self._targets, self._own, self._next = (
            padded(array[starts[listed] :], self._most) for array in (targets, own, following)
        )
        self._depth = _depth(self._backoff, listed)

    def _chain(self, nodes: str) -> list[str]:
        """Return the nodes, what they back off to, and so on; the last are in the table."""
        chain = [nodes]
        for _ in range(self._depth):
            chain.append(self._graph.op("Gather", self._backoff, chain[-1]))
        return chain

    def _entries(self, chain: list[str]) -> tuple[str, str]:
        """Return the places of the n-grams of D nodes, (B, D, most), and which of them exist."""
        graph = self._graph
        links = graph.op("Concat", *chain[:-1], axis=1)
        first = graph.op("Gather", self._first, links)
        return graph.entries(first, graph.op("Gather", self._counts, links), self._most)

    def after(self, nodes: str, ids: str) -> str:
        """Return the nodes after reading ``ids``, (B, 1)."""
        graph, chain = self._graph, self._chain(nodes)
        row = graph.op("Mul", chain[-1], np.array(self._size, np.int32))
        found = graph.op("Gather", self._following, graph.op("Add", row, ids))
        if not self._depth:
            return found
        places, exist = self._entries(chain)
        same = graph.op("Equal", graph.op("Gather", self._targets, places), graph.column(ids))
        there = graph.op("And", same, exist)
        nexts = graph.op(
            "Where", there, graph.op("Gather", self._next, places), np.array(-1, np.int32)
        )
        nexts = graph.op("ReduceMax", nexts, ints(2), keepdims=0)  # (B, D)
        by_link = graph.ops("Split", self._depth, nexts, ints(*[1] * self._depth), axis=1)
        for longer in reversed(by_link):
            known = graph.op("GreaterOrEqual", longer, np.array(0, np.int32))
            found = graph.op("Where", known, longer, found)
        return found

    def probabilities(self, nodes: str) -> str:
        """Return the probabilities of the next id, (B, V)."""
        graph, chain = self._graph, self._chain(nodes)
        table = graph.op("Gather", self._table, graph.op("Squeeze", chain[-1], ints(1)))
        if not self._depth:
            return table
        share, shares = "", []  # of each node: the product of the backoff weights before it
        for link in chain[:-1]:
            left = graph.op("Gather", self._left, link)
            shares.append(share)
            share = graph.op("Mul", share, left) if share else left
        shares[0] = graph.op("Mul", share, np.array(0, np.float32))
        shares[0] = graph.op("Add", shares[0], np.array(1, np.float32))
        places, exist = self._entries(chain)
        own = graph.op("Gather", self._own, places)
        own = graph.op("Mul", own, graph.column(graph.op("Concat", *shares, axis=1)))
        own = graph.op("Where", exist, own, np.array(0, np.float32))
        columns = graph.op("Gather", self._targets, places)
        columns = graph.op("Where", exist, columns, np.array(0, np.int32))
        flat = ints(0, -1)
        return graph.op(
            "ScatterElements",
            graph.op("Mul", table, share),
            graph.op("Reshape", columns, flat),
            graph.op("Reshape", own, flat),
            axis=1,
            reduction="add",
        )


def _depth(backoff: NDArray[np.int32], listed: int) -> int:
    """Return after how many steps every node has backed off to one of the first ``listed``."""
    nodes, depth = np.arange(listed, len(backoff)), 0
    while len(nodes):
        nodes = np.unique(backoff[nodes])
        nodes, depth = nodes[nodes >= listed], depth + 1
    return depth
