"""The engine: weights, optimiser and training step on one backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ...data.batches.names import Batch
from .steps import MakeStep

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's constants (Kingma and Ba 2014), with Keras' epsilon."""


Loop = Literal["fit", "custom"] | MakeStep


class Engine(Protocol):
    """Weights, optimiser and one step of AdamW.

    A step minimises the batch's summed nats divided by ``denominator``, the targets of a mean
    batch, so that each name weighs the same in every bucket. The global norm of the gradient is
    clipped; kernels and the embedding decay, biases do not.
    """

    def prepare(self, times: Iterable[int]) -> None:
        """Compile for batches of each T, where the backend compiles beforehand."""

    def seconds_of(self, batch: Batch) -> float | None:
        """Return the seconds that a step takes, without taking it; ``None`` if that cannot be."""

    def step(self, batch: Batch, learning_rate: float) -> SupportsFloat:
        """Update the weights; return the batch's summed nats, which may still be computing."""

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of the weights by the names of ``rnn.shapes``."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what ``restore`` needs to continue bit for bit."""

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
