"""Training on JAX with each batch in two halves, computed at once by two threads.

The steps of a small network are short products, one after the other. XLA divides each among the
cores, and they wait for each other at its end: two cores take 0.75 to 0.85 of the time that one
takes. With half of the rows for each thread, they wait only once a step.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any

import jax
from jax import Array

from ...config import ModelConfig, TrainConfig
from ...data.batches.names import Batch
from .jax import Carry, JaxEngine, Weights
from .precision import settled

CELLS = ("gru", "lstm")
LEAST_UNITS, MOST_UNITS = 224, 352
"""Hidden sizes for which it pays. Steps of smaller networks are too short for two threads; larger
ones have products that XLA divides well."""

LEAST_ROWS = 32
"""Rows of a batch from which on it pays."""

Part = tuple[Weights, tuple[Array, Carry | None]]


def suits(model: ModelConfig, training: TrainConfig) -> bool:
    """Say whether a network is trained faster in halves.

    It does not depend on the number of cores, so that the same training gives the same weights.
    """
    return (
        jax.default_backend() == "cpu"
        and model.cell in CELLS
        and LEAST_UNITS <= model.units <= MOST_UNITS
        and training.preparation == "names"
        and training.batch_size >= LEAST_ROWS
        and training.batch_size % 2 == 0
        and settled(training.precision, model) == "float32"
    )


class HalvesEngine(JaxEngine):
    """See ``base.Engine``; for batches of names with an even number of rows."""

    @cached_property
    def _other(self) -> ThreadPoolExecutor:
        """The thread of the second half."""
        return ThreadPoolExecutor(1, "charloom-half")

    @property
    def _rows_at_once(self) -> int:
        return self._training.batch_size // 2

    def _gradients_of(self, batch: Batch) -> Any:
        """Return the gradients of both halves, which ``_update`` adds, and the sum of the nats."""
        gradients = self._gradients_for(batch)
        dropout, half = self._dropout(), self._rows_at_once
        arrays = self._arrays(batch)

        def of(rows: slice) -> Part:
            part = tuple(array[rows] for array in arrays)
            kept = None if dropout is None else dropout[:, rows]
            found: Part = gradients(self._weights, part, kept, None, self._denominator)
            return found

        second: Future[Part] = self._other.submit(of, slice(half, None))
        mine, (total, _) = of(slice(half))
        others, (rest, _) = second.result()
        return (mine, others), (total + rest, None)

    def _update(
        self, weights: Weights, means: Weights, squares: Weights, grads: Any, *settings: Array
    ) -> tuple[Weights, Weights, Weights]:
        mine, others = grads
        added = {name: gradient + others[name] for name, gradient in mine.items()}
        return super()._update(weights, means, squares, added, *settings)
