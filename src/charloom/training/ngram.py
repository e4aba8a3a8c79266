"""Fitting an n-gram to the training data: which order, and which mixture weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import MOST_ORDER, ModelConfig
from ..data.vocabulary import BOUNDARY
from ..models.gates import mean
from ..models.log_linear import EXPONENTS
from ..models.mixture import best_weight
from ..models.ngram.arrays import MIXTURE_WEIGHT, level_ends, uniform_arrays
from ..models.ngram.counts import MOST_NODES, Counts, count

DEFAULT_ORDER, DEFAULT_WEIGHT = 5, 0.5
"""Order and mixture weight if too little is held out to choose them: on lists of 20 to 600 names,
no others gain 0.005 nats."""

FOLDS = 5
"""Folds of cross-validation if nothing else is held out."""

FEW, MANY = 10, 1_000_000
"""Least strings for folds; characters above which one fold is enough."""

CLOSE = 1e-3
"""Nats per character that a higher order must gain: its arrays are several times as large."""

NETWORK_ALONE = "network_held_out_nats_per_char"
"""Name in the history of the held-out loss of a mixture's network alone."""

FIXED = {"unigram": 1, "uniform": 0}
"""Orders that follow from the kind."""

Stream = NDArray[np.int32]
Numbers = NDArray[np.float64]


class NgramFit:
    """The n-grams of the training strings, and their probabilities of the held-out ones.

    Attributes:
        counts: their counts; ``None`` for a uniform model.
        held_out: probabilities of the held-out characters, (orders, N).
        warnings: what the user should know.
    """

    def __init__(
        self,
        model: ModelConfig,
        train: Callable[[], tuple[Stream, bool]],
        held_out: Stream | None,
        size: int,
        most_nodes: int = MOST_NODES,
    ) -> None:
        """Count the n-grams.

        Args:
            model: one that has an n-gram.
            train: returns the training stream (see ``models.ngram.counts``), and whether it is all.
            held_out: the held-out stream; ``None`` if it is too short to choose by.
            size: V.
            most_nodes: contexts, at most.
        """
        self._size, self._fixed = size, FIXED.get(model.kind, model.order)
        self.counts: Counts | None = None
        self.held_out: Numbers | None = None
        self.warnings: list[str] = []
        self._stream = np.zeros(0, np.int32)
        self.build = lru_cache(maxsize=1)(self._build)
        if model.kind == "uniform":
            if held_out is not None:
                self.held_out = np.full((1, len(held_out) - 1), 1 / size)
            return
        self._stream, whole = train()
        most = self._fixed or MOST_ORDER
        self.counts = counts = count(self._stream, size, most, most_nodes)
        if held_out is not None:
            self.held_out = counts.probabilities(held_out)
        if counts.cut:
            self.warnings.append(
                f"there are more than {most_nodes:,} contexts of more than {counts.most_order - 1} "
                f"characters: the n-gram's order is {counts.most_order} at most."
            )
        if not whole:
            fitted = f"{len(self._stream) - 1:,} characters"
            self.warnings.append(f"the n-gram is fitted to {fitted}, not to the whole corpus.")

    def _build(self, order: int) -> dict[str, NDArray[Any]]:
        return uniform_arrays(self._size) if self.counts is None else self.counts.arrays(order)

    def _orders(self) -> list[int]:
        """Return the orders to choose from."""
        if self.counts is None:
            return [0]
        most = self.counts.most_order
        return [min(self._fixed, most)] if self._fixed else list(range(1, most + 1))

    def alone(self) -> tuple[dict[str, NDArray[Any]], float | None]:
        """Return the n-gram's arrays, and its held-out nats per character, if any are held out.

        The order is the lowest that is about as good as the best: on the held-out strings, or by
        cross-validation on the training strings.
        """
        orders = self._orders()
        if self.held_out is None:
            return self.build(self._order_by_folds(orders)), None
        rows = [max(order - 1, 0) for order in orders]
        nats = [float(-np.log(self.held_out[row]).mean()) for row in rows]
        best = _least(nats)
        return self.build(orders[best]), nats[best]

    def mixture(
        self, network_nats: Numbers | None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
        """Return a mixture's arrays besides its network's, and its held-out losses by name.

        Args:
            network_nats: the network's loss at each held-out character, (N,); ``None`` if too
                little is held out to choose by: then there are no losses.
        """
        orders = self._orders()
        if self.held_out is None or network_nats is None:
            default = np.array([DEFAULT_WEIGHT], np.float32)
            return {**self.build(self._order_by_folds(orders)), MIXTURE_WEIGHT: default}, {}
        network = np.exp(-network_nats)
        found = [best_weight(network, self.held_out[order - 1]) for order in orders]
        best = _least([nats for _, nats in found])
        weight, nats = found[best]
        losses = {"held_out_nats_per_char": nats, NETWORK_ALONE: float(network_nats.mean())}
        return {**self.build(orders[best]), MIXTURE_WEIGHT: np.array([weight], np.float32)}, losses

    def _order_by_folds(self, orders: list[int]) -> int:
        """Choose an order by cross-validation on the training strings."""
        if len(orders) == 1:
            return orders[0]
        most = orders[-1]
        nats = np.zeros(most)
        for train, held_out in _folds(self._stream):
            found = count(train, self._size, most).probabilities(held_out)
            # where there are no longer contexts, higher orders have the same probabilities
            nats -= np.log(found[np.minimum(np.arange(most), len(found) - 1)]).sum(axis=1)
        return 1 + _least(nats / len(self._stream)) if nats.any() else min(DEFAULT_ORDER, most)

    def train_nats(self, arrays: Mapping[str, NDArray[Any]]) -> float:
        """Return the training nats per character of the n-gram ``arrays``, on at most MANY.

        It is low for a high order, which has seen every context.
        """
        if self.counts is None:
            return float(np.log(self._size))
        order = len(level_ends(arrays["ngram.backoff"]))
        return float(-np.log(self.counts.probabilities(self._stream[: MANY + 1])[order - 1]).mean())


def ngram_facts(weights: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what a model's facts say of its n-gram; nothing if it has none."""
    if "ngram.backoff" not in weights:
        return {}
    backoff, own = weights["ngram.backoff"], weights["ngram.own"]
    facts: dict[str, Any] = {
        "order": len(level_ends(backoff)) if own.any() else 0,
        "contexts": len(backoff),
        "ngrams": len(own),
    }
    if EXPONENTS in weights:
        facts["exponents"] = [round(value, 6) for value in mean(weights[EXPONENTS])]
    if MIXTURE_WEIGHT in weights:
        facts["share"] = round(float(weights[MIXTURE_WEIGHT][0]), 6)
    return {"ngram": facts}


def _least(nats: list[float] | Numbers) -> int:
    """Return the first that is about as good as the best."""
    values = np.asarray(nats)
    return int(np.flatnonzero(values <= values.min() + CLOSE)[0])


def _folds(stream: Stream) -> list[tuple[Stream, Stream]]:
    """Split a stream into training and held-out parts, for each fold."""
    if stream[-1] != BOUNDARY:  # a text, which has no end
        stream = np.append(stream, BOUNDARY)
    starts = np.flatnonzero(stream[:-1] == BOUNDARY)
    if len(starts) < FEW:
        end = len(stream) - len(stream) // 10
        held_out = np.concatenate([stream[:1], stream[end:]])
        return [(stream[:end], held_out)] if len(held_out) > FEW else []
    edges = [*starts[np.linspace(0, len(starts), FOLDS + 1).astype(int)[:-1]], len(stream) - 1]
    ways = [
        (np.concatenate([stream[:low], stream[high:]]), stream[low : high + 1])
        for low, high in pairwise(edges)
    ]
    return ways[:1] if len(stream) > MANY else ways
