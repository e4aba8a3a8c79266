"""What does the arithmetic of training: one engine a backend, all with the same contract."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig, TrainConfig
from ...data.batches.names import Batch
from ...errors import ConfigError, TrainingError
from .steps import MakeStep, step_for

BACKENDS = ("jax", "tensorflow", "torch")
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
        """Return a copy of the weights by the names of ``models.shapes``."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that a later ``restore`` needs to go on as if nothing had happened."""

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""


def backend_name() -> str:
    """Return the backend that KERAS_BACKEND names, JAX by default.

    Raises:
        ConfigError: it is none of jax, tensorflow and torch.
        TrainingError: it is not installed.
    """
    name = os.environ.setdefault("KERAS_BACKEND", "jax")
    if name not in BACKENDS:
        raise ConfigError(f"KERAS_BACKEND must be one of {BACKENDS}. Received: {name}")
    if importlib.util.find_spec(name) is None:
        raise TrainingError(
            f"KERAS_BACKEND is {name}, which is not installed. "
            f"Run: pip install 'charloom[{name}]', or unset KERAS_BACKEND to train on JAX."
        )
    return name


def make_engine(
    backend: str,
    model: ModelConfig,
    training: TrainConfig,
    weights: Mapping[str, NDArray[np.float32]],
    denominator: float,
    loop: Loop = "fit",
) -> Engine:
    """Build the engine of a backend, starting from ``weights``.

    ``loop`` is ``fit`` for the fastest there is, ``custom`` for the unpacked step of
    ``training.loops``, or a function that makes another such step.
    """
    make_step = None if loop == "fit" else step_for(backend) if loop == "custom" else loop
    if backend == "jax" and make_step is None:
        from .jax import JaxEngine

        return JaxEngine(model, training, weights, denominator)
    from .keras import KerasEngine

    return KerasEngine(model, training, weights, denominator, make_step)
