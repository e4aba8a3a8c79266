"""Which engine trains: chosen by KERAS_BACKEND and by the loop."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig, TrainConfig
from ...errors import ConfigError, TrainingError
from .base import Engine, Loop
from .steps import step_for

BACKENDS = ("jax", "tensorflow", "torch")


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
        if name == "jax":
            raise TrainingError(
                "JAX is not installed, and a network is trained on it. Run: pip install jax. On an "
                "Intel Mac, it has packages for Python 3.11 to 3.13. An n-gram needs no JAX: "
                "--model ngram."
            )
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
    *,
    distributed: bool = False,
) -> Engine:
    """Build the engine of a backend, starting from ``weights``.

    ``loop`` is ``fit`` for the fastest there is, ``custom`` for the unpacked step of
    ``engines.steps``, or a function that makes another such step. ``distributed``: several devices
    share each batch.
    """
    make_step = None if loop == "fit" else step_for(backend) if loop == "custom" else loop
    if distributed:
        from .jax_rows import RowsEngine

        return RowsEngine(model, training, weights, denominator)
    if backend == "jax" and make_step is None:
        from . import jax, jax_halves

        in_halves = jax_halves.suits(model, training)
        engine = jax_halves.HalvesEngine if in_halves else jax.JaxEngine
        return engine(model, training, weights, denominator)
    from .keras import KerasEngine

    return KerasEngine(model, training, weights, denominator, make_step)


def check_distributed(model: ModelConfig, loop: Loop) -> None:
    """Raise ConfigError if ``model`` cannot be trained by several processes with ``loop``."""
    if not model.has_network:
        raise ConfigError(
            f"several processes train a network, and a model of the kind {model.kind} only counts. "
            "Leave out --distributed."
        )
    if loop != "fit" or backend_name() != "jax":
        what = f"KERAS_BACKEND {backend_name()}" if loop == "fit" else "an unpacked loop"
        raise ConfigError(
            f"several processes train on JAX, in its own loop. Received: {what}; leave it out, or "
            "leave out --distributed."
        )


def check_loop(model: ModelConfig, loop: Loop, initial: object) -> None:
    """Raise ConfigError if ``model`` cannot be trained with ``loop`` or from ``initial``."""
    if model.labels and loop != "fit":
        raise ConfigError(
            "labels cannot be trained with an unpacked loop. Leave the loop out, or read no labels."
        )
    if not model.has_network and (loop != "fit" or initial is not None):
        what = "an unpacked loop" if loop != "fit" else "a model to start from"
        raise ConfigError(
            f"a model of the kind {model.kind} is fitted in one pass, not trained step by "
            f"step. Received: {what}; leave it out."
        )
