"""Training on JAX: gradients compiled for each bucket, with the model's own backward pass."""

from __future__ import annotations

import ctypes
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ...config import ModelConfig, TrainConfig
from ...data.batches.names import Batch
from ...data.random import Stream, generator
from ...models.rnn.jax_model import logits, nats
from ...models.rnn.shapes import STATES
from ..warm_start import frozen
from .base import BETA_1, BETA_2, EPSILON
from .precision import settled

Weights = dict[str, Array]
Carry = list[tuple[Array, ...]]

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8  # the parameters' numbers in malloc.h


def keep_freed_memory() -> None:
    """Make glibc's malloc keep freed memory in the process; elsewhere do nothing.

    XLA allocates a step's temporary arrays again each time. Large ones come straight from the
    system, page by page: 19,000 page faults a step of a GRU of 1024 units, a tenth of its time.
    The price is that the process keeps the memory of its largest step until it ends.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_ARENA_MAX, 1)  # XLA's threads have arenas of their own, too small for its arrays
    libc.mallopt(_MMAP_MAX, 0)
    libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def use_compilation_cache() -> None:
    """Keep compiled steps on disk, so that the next training starts at once.

    Under ``$XDG_CACHE_HOME/charloom``, at most 256 MB, unless ``JAX_COMPILATION_CACHE_DIR`` is
    set. If the folder cannot be made, there is no cache.
    """
    config: Any = jax.config  # its attributes and methods have no types
    if config.jax_compilation_cache_dir:
        return
    try:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(root) / "charloom" / "jax"
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            return
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return
    config.update("jax_compilation_cache_dir", str(folder))
    config.update("jax_compilation_cache_max_size", 256_000_000)
    config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def device_bytes() -> int | None:
    """Return the memory of the accelerator that trains, in bytes; ``None`` on a CPU."""
    device = jax.local_devices()[0]
    if device.platform == "cpu":
        return None
    limit = (device.memory_stats() or {}).get("bytes_limit")
    return None if limit is None else int(limit)


class JaxEngine:
    """See ``base.Engine``."""

    def __init__(
        self,
        model: ModelConfig,
        training: TrainConfig,
        weights: Mapping[str, NDArray[np.float32]],
        denominator: float,
    ) -> None:
        use_compilation_cache()
        keep_freed_memory()
        self._model, self._training = model, training
        self._dropout_rate = model.dropout
        self._precision = settled(training.precision, model)
        # What changes from run to run is an argument, not a compiled constant, so that the next
        # training with these shapes finds its steps in the cache.
        self._denominator = np.float32(denominator)
        self._weights: Weights = self._put(weights)
        self._means, self._squares = self._zeros(), self._zeros()
        self._frozen = frozen(weights, training.freeze)
        self._count = 0
        self._carry = self._fresh_carry() if training.preparation != "names" else None
        self._jitted_gradients = jax.jit(self._compiled_gradients())
        # Separate from the gradients, so that it is compiled once and not for every bucket.
        self._jitted_update = jax.jit(self._update, donate_argnums=(0, 1, 2))
        self._compiled: dict[int, Any] = {}

    def _compiled_gradients(self) -> Callable[..., Any]:
        """Return what is compiled for each T."""
        return self._gradients

    def _put(self, weights: Mapping[str, NDArray[Any]]) -> Weights:
        """Return arrays by name on the device."""
        return {name: jnp.array(value) for name, value in weights.items()}

    def _zeros(self) -> Weights:
        return self._put({name: np.zeros(v.shape, v.dtype) for name, v in self._weights.items()})

    def _put_rows(self, array: NDArray[Any], axis: int) -> Any:
        """Return an array whose ``axis`` are rows of the batch, as a step takes it."""
        return array

    def _fresh_carry(self) -> Carry:
        shape = self._model.units, self._training.batch_size
        return self._carry_of([(np.zeros(shape, np.float32),) * STATES[self._model.cell]]
                              * self._model.layers)  # fmt: skip

    def _carry_of(self, states: Sequence[Sequence[NDArray[Any]]]) -> Carry:
        """Return the states of each layer, (H, B) each, as a step takes them."""
        return [tuple(jnp.array(one) for one in layer) for layer in states]

    def _all_rows(self) -> list[tuple[NDArray[Any], ...]]:
        """Return the states of each layer, (H, B) each."""
        return [tuple(np.array(one) for one in layer) for layer in self._carry or []]

    def _gradients(
        self,
        weights: Weights,
        batch: tuple[Array, ...],
        dropout: Array | None,
        carry: Carry | None,
        denominator: Array,
    ) -> tuple[Weights, tuple[Array, Carry | None]]:
        """Return the gradients of the loss, the batch's summed nats and the carry after it.

        Frozen weights have no gradient: they do not count in the norm, and do not change.
        """
        trained = {name: value for name, value in weights.items() if name not in self._frozen}

        def loss(trained: Weights) -> tuple[Array, tuple[Array, Carry | None]]:
            weights_now = {**weights, **trained}
            ids, targets, mask, *labels = batch
            label = labels[0] if labels else None
            scores, after = logits(
                self._model, weights_now, ids.T, dropout, label, carry, self._precision
            )
            total = nats(scores, targets.T, mask.T)
            return total / denominator, (total, None if carry is None else after)

        return jax.grad(loss, has_aux=True)(trained)  # type: ignore[no-any-return]

    def _update(
        self,
        weights: Weights,
        means: Weights,
        squares: Weights,
        grads: Weights,
        rate: Array,
        count: Array,
        decay: Array,
        clip: Array,
    ) -> tuple[Weights, Weights, Weights]:
        """One step of AdamW (Loshchilov and Hutter 2017), with Keras' order of operations.

        With ``TrainConfig.nesterov``, the step follows the means as the next gradient would move
        them if it were like this one (Dozat 2016).
        """
        ahead = self._training.nesterov
        norm = jnp.sqrt(sum(jnp.square(g).sum() for g in grads.values()))
        scale = jnp.minimum(1.0, clip / jnp.maximum(norm, 1e-12))
        correction = jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1 ** (count + ahead))
        for name, gradient in grads.items():
            g, w = gradient * scale, weights[name]
            means[name] = BETA_1 * means[name] + (1 - BETA_1) * g
            squares[name] = BETA_2 * squares[name] + (1 - BETA_2) * g * g
            if not name.endswith("bias"):
                w = w * (1 - decay * rate)
            mean = BETA_1 * means[name] + (1 - BETA_1) * g if ahead else means[name]
            change = mean / (jnp.sqrt(squares[name]) + EPSILON)
            weights[name] = w - rate * correction * change
        return weights, means, squares

    def _dropout(self) -> Any:
        """Draw the step's factors, (L, B, H): a function of the seed and the count of steps.

        By NumPy: XLA's generator would be compiled again for each bucket.
        """
        rate = self._dropout_rate
        if not rate:
            return None
        kept = (self._uniform() >= rate).astype(np.float32)
        return self._put_rows(kept / np.float32(1 - rate), 1)

    def _uniform(self) -> NDArray[np.float32]:
        """Draw the numbers that decide the step's dropout, (L, B, H)."""
        shape = (self._model.layers, self._training.batch_size, self._model.units)
        return self._generator().random(shape, dtype=np.float32)

    def _generator(self) -> np.random.Generator:
        return generator(Stream.DROPOUT, self._training.seed, self._count)

    @property
    def _rows_at_once(self) -> int:
        """Rows of a batch that one call computes the gradients of."""
        return self._training.batch_size

    def prepare(self, times: Iterable[int]) -> None:
        """Compile for each T, so that no step has to wait."""
        rows, dropout = self._rows_at_once, self._dropout()
        dropout = None if dropout is None else dropout[:, :rows]
        for length in times:
            types = (jnp.int32, jnp.int32, jnp.float32)
            shapes: list[tuple[tuple[int, ...], Any]] = [((rows, length), t) for t in types]
            if self._model.labels:
                shapes.append(((rows,), jnp.int32))
            batch = tuple(
                jax.ShapeDtypeStruct(*shape)  # type: ignore[no-untyped-call]
                for shape in shapes
            )
            lowered = self._jitted_gradients.lower(
                self._weights, batch, dropout, self._carry, self._denominator
            )
            self._compiled[length] = lowered.compile()

    def seconds_of(self, batch: Batch) -> float:
        """Return the seconds that the gradients of a batch take, nearly all of a step."""
        taken = []
        for _ in range(3):
            begun = time.monotonic()
            jax.block_until_ready(self._gradients_of(batch))  # type: ignore[no-untyped-call]
            taken.append(time.monotonic() - begun)
        return min(taken)

    def _gradients_for(self, batch: Batch) -> Callable[..., Any]:
        """Return the gradients' function for such a batch, compiled beforehand if it was."""
        if batch.targets.ndim != 2:
            return self._jitted_gradients
        found: Callable[..., Any]
        found = self._compiled.get(batch.inputs.shape[1], self._jitted_gradients)
        return found

    def _gradients_of(self, batch: Batch) -> tuple[Weights, tuple[Array, Carry | None]]:
        return self._gradients_for(batch)(  # type: ignore[no-any-return]
            self._weights, self._arrays(batch), self._dropout(), self._carry, self._denominator
        )

    def step(self, batch: Batch, learning_rate: float) -> Array:
        """Update the weights; see ``base.Engine``."""
        self._count += 1
        if self._carry is not None and not batch.continues:
            self._carry = self._fresh_carry()
        grads, (total, self._carry) = self._gradients_of(batch)
        self._weights, self._means, self._squares = self._jitted_update(
            self._weights,
            self._means,
            self._squares,
            grads,
            np.float32(learning_rate),
            np.float32(self._count),
            np.float32(self._training.weight_decay),
            np.float32(self._training.clip_norm),
        )
        return total

    def _arrays(self, batch: Batch) -> tuple[Any, ...]:
        arrays: tuple[NDArray[Any], ...] = (batch.inputs, batch.targets, batch.mask)
        if batch.labels is not None:
            arrays = (*arrays, batch.labels)
        return tuple(self._put_rows(array, 0) for array in arrays)

    def restart(
        self,
        weights: Mapping[str, NDArray[np.float32]],
        training: TrainConfig,
        *,
        dropout: float,
        denominator: float,
    ) -> None:
        """Train other weights, from the first step; what is compiled is kept.

        Not for a training that keeps its carry.
        """
        self._training, self._dropout_rate, self._count = training, dropout, 0
        self._denominator = np.float32(denominator)
        self._weights = self._put({name: weights[name] for name in self._weights})
        self._means, self._squares = self._zeros(), self._zeros()

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of the weights."""
        return {name: np.array(value) for name, value in self._weights.items()}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return weights, both moments, the count of steps, which decides dropout, and the carry,
        if it is kept, (B, H) each."""
        groups = {"weights": self._weights, "means": self._means, "squares": self._squares}
        state = {f"{g}/{n}": np.array(v) for g, group in groups.items() for n, v in group.items()}
        for layer, states in enumerate(self._all_rows()):
            state |= {f"carry/{layer}/{i}": np.array(value.T) for i, value in enumerate(states)}
        return {**state, "count": np.array([self._count], np.int64)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""

        def group(prefix: str) -> Weights:
            return self._put({name: state[f"{prefix}/{name}"] for name in self._weights})

        self._weights, self._means, self._squares = map(group, ("weights", "means", "squares"))
        self._count = int(state["count"][0])
        if self._carry is not None:
            self._carry = self._carry_of(
                [
                    [state[f"carry/{layer}/{i}"].T for i in range(len(states))]
                    for layer, states in enumerate(self._carry)
                ]
            )
