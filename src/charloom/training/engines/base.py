"""What does the arithmetic of training: one engine a backend, all with the same contract."""

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

    The loss that a step descends is the batch's summed nats over ``denominator``, the targets of
    a mean batch: so each name of the corpus weighs the same, whatever bucket it is in. Its
    gradient's global norm is clipped, kernels and the embedding decay, biases do not.
    """

    def prepare(self, times: Iterable[int]) -> None:
        """Compile for batches of each T, where the backend compiles beforehand."""

    def step(self, batch: Batch, learning_rate: float) -> SupportsFloat:
        """Update the weights; return the batch's summed nats, which may still be computing."""

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of the weights by the names of ``rnn.shapes``."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that a later ``restore`` needs to continue as if nothing had happened."""

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
