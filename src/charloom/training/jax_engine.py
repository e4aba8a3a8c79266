"""Training on JAX: one compiled function a bucket, around the model's own backward pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ..batches import Batch
from ..config import ModelConfig, TrainConfig
from ..models.jax_model import logits, nats
from .engine import BETA_1, BETA_2, EPSILON

Weights = dict[str, Array]


def use_compilation_cache() -> None:
    """Keep compiled steps on disk, so that the next training starts at once.

    Under ``$XDG_CACHE_HOME/charloom``, at most 256 MB; ``JAX_COMPILATION_CACHE_DIR`` goes
    before, and where the folder cannot be made there is no cache.
    """
    config: Any = jax.config  # its attributes and methods have no types
    if config.jax_compilation_cache_dir:
        return
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "charloom" / "jax"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            return
    except OSError:
        return
    config.update("jax_compilation_cache_dir", str(folder))
    config.update("jax_compilation_cache_max_size", 256_000_000)
    config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    config.update("jax_persistent_cache_min_entry_size_bytes", -1)


class JaxEngine:
    """See ``engine.Engine``."""

    def __init__(
        self,
        model: ModelConfig,
        training: TrainConfig,
        weights: Mapping[str, NDArray[np.float32]],
        denominator: float,
    ) -> None:
        use_compilation_cache()
        self._model, self._training = model, training
        self._denominator = denominator
        self._weights: Weights = {name: jnp.array(value) for name, value in weights.items()}
        self._means = {name: jnp.zeros_like(value) for name, value in self._weights.items()}
        self._squares = {name: jnp.zeros_like(value) for name, value in self._weights.items()}
        self._count = 0
        self._key = jax.random.key(training.seed % 2**32)
        self._jitted = jax.jit(self._update, donate_argnums=(0, 1, 2))
        self._compiled: dict[int, Any] = {}

    def _loss(self, weights: Weights, batch: tuple[Array, ...], key: Array) -> tuple[Array, Array]:
        ids, targets, mask = batch
        total = nats(logits(self._model, weights, ids.T, key), targets.T, mask.T)
        return total / self._denominator, total

    def _update(
        self,
        weights: Weights,
        means: Weights,
        squares: Weights,
        batch: tuple[Array, ...],
        key: Array,
        rate: Array,
        count: Array,
    ) -> tuple[Weights, Weights, Weights, Array]:
        """One step of AdamW (Loshchilov and Hutter 2017), with Keras' order of operations."""
        training = self._training
        key = jax.random.fold_in(key, count)
        grad = jax.grad(self._loss, has_aux=True)
        grads, total = grad(weights, batch, key)
        norm = jnp.sqrt(sum(jnp.square(g).sum() for g in grads.values()))
        scale = jnp.minimum(1.0, training.clip_norm / jnp.maximum(norm, 1e-12))
        correction = jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
        for name, gradient in grads.items():
            g, w = gradient * scale, weights[name]
            means[name] = BETA_1 * means[name] + (1 - BETA_1) * g
            squares[name] = BETA_2 * squares[name] + (1 - BETA_2) * g * g
            if not name.endswith("bias"):
                w = w * (1 - training.weight_decay * rate)
            change = means[name] / (jnp.sqrt(squares[name]) + EPSILON)
            weights[name] = w - rate * correction * change
        return weights, means, squares, total

    def _arguments(self, batch: tuple[Any, ...], rate: float) -> tuple[Any, ...]:
        moments = (self._weights, self._means, self._squares)
        return (*moments, batch, self._key, np.float32(rate), np.float32(self._count))

    def prepare(self, times: Iterable[int]) -> None:
        """Compile for each T, the buckets side by side: XLA compiles on one core each."""
        rows = self._training.batch_size
        shapes = {
            time: tuple(
                jax.ShapeDtypeStruct((rows, time), dtype)  # type: ignore[no-untyped-call]
                for dtype in (jnp.int32, jnp.int32, jnp.float32)
            )
            for time in times
        }
        lowered = {t: self._jitted.lower(*self._arguments(s, 0.0)) for t, s in shapes.items()}
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            compiled = pool.map(lambda low: low.compile(), lowered.values())
            self._compiled.update(zip(lowered, compiled, strict=True))

    def step(self, batch: Batch, learning_rate: float) -> Array:
        """Update the weights; see ``engine.Engine``."""
        self._count += 1
        update = self._compiled.get(batch.inputs.shape[1], self._jitted)
        arrays = (batch.inputs, batch.targets, batch.mask)
        self._weights, self._means, self._squares, total = update(
            *self._arguments(arrays, learning_rate)
        )
        return total  # type: ignore[no-any-return]

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of the weights."""
        return {name: np.array(value) for name, value in self._weights.items()}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return weights, both moments and the count of steps, from which dropout's keys follow."""
        groups = {"weights": self._weights, "means": self._means, "squares": self._squares}
        state = {f"{g}/{n}": np.array(v) for g, group in groups.items() for n, v in group.items()}
        return {**state, "count": np.array([self._count], np.int64)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""

        def group(prefix: str) -> Weights:
            return {name: jnp.array(state[f"{prefix}/{name}"]) for name in self._weights}

        self._weights, self._means, self._squares = map(group, ("weights", "means", "squares"))
        self._count = int(state["count"][0])
