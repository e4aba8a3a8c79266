"""Training on JAX by several devices, each with some rows of every batch.

The devices are those of one process, or of several that have joined (``jax_processes``). Each has
all weights, computes the gradients of its rows, and adds them to those of the others: one sum a
step, of all gradients and the loss as one flat array. From then on all do the same.

The sum is explicit (``shard_map``): the partitioner of ``jit`` does not see through the
hand-written backward pass, and gains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.sharding import Mesh, NamedSharding
from numpy.typing import NDArray

from ...config import ModelConfig, TrainConfig
from ...data.batches.names import Batch, rows_of
from .jax import Carry, JaxEngine, Weights

PartitionSpec: Callable[..., Any] = jax.sharding.PartitionSpec
psum: Callable[[Array, str], Array] = jax.lax.psum
array_of_parts: Callable[..., Array] = jax.make_array_from_process_local_data

ROWS = "rows"
"""Name of the mesh's only axis."""

WORDS = 1 << 20
"""Words of 32 bits that are sent at once when all take over the state of the first process."""


def own_rows(batch_size: int) -> range:
    """Return the rows of a batch of which this process's devices compute the gradients.

    Every device has equally many, so that the last rows may lie beyond the batch, as padding.
    """
    each = -(-batch_size // jax.device_count())
    first = min(_devices().index(device) for device in jax.local_devices())
    return range(first * each, (first + jax.local_device_count()) * each)


def _devices() -> list[Any]:
    return sorted(jax.devices(), key=lambda device: (device.process_index, device.id))


class RowsEngine(JaxEngine):
    """See ``base.Engine``; batches hold the rows that ``own_rows`` says."""

    def __init__(
        self,
        model: ModelConfig,
        training: TrainConfig,
        weights: Mapping[str, NDArray[np.float32]],
        denominator: float,
    ) -> None:
        self._mesh = Mesh(np.array(_devices()), (ROWS,))
        self._rows = own_rows(training.batch_size)
        self._each = len(self._rows) // jax.local_device_count()
        super().__init__(model, training, weights, denominator)

    def _sharding(self, *axes: str | None) -> NamedSharding:
        return NamedSharding(self._mesh, PartitionSpec(*axes))

    def _compiled_gradients(self) -> Callable[..., Any]:
        whole, rows, columns = (PartitionSpec(*axes) for axes in ((), (ROWS,), (None, ROWS)))
        return jax.shard_map(
            self._summed_gradients,
            mesh=self._mesh,
            in_specs=(whole, rows, columns, columns, whole),
            out_specs=(whole, (whole, columns)),
            check_vma=False,
        )

    def _summed_gradients(
        self,
        weights: Weights,
        batch: tuple[Array, ...],
        dropout: Array | None,
        carry: Carry | None,
        denominator: Array,
    ) -> tuple[Weights, tuple[Array, Carry | None]]:
        """Return what ``_gradients`` does for a device's rows, summed over all devices."""
        grads, (total, after) = self._gradients(weights, batch, dropout, carry, denominator)
        flat, unravel = ravel_pytree((grads, total))
        grads, total = unravel(psum(flat, ROWS))
        return grads, (total, after)

    def _put(self, weights: Mapping[str, NDArray[Any]]) -> Weights:
        put = partial(array_of_parts, self._sharding())
        return {name: put(np.asarray(value)) for name, value in weights.items()}

    def _put_rows(self, array: NDArray[Any], axis: int) -> Array:
        sharding = self._sharding(*[None] * axis, ROWS)
        shape = list(array.shape)
        shape[axis] = self._each * len(self._mesh.devices)
        return array_of_parts(sharding, array, tuple(shape))

    def _carry_of(self, states: Sequence[Sequence[NDArray[Any]]]) -> Carry:
        def own(state: NDArray[Any]) -> Array:  # (H, B)
            return self._put_rows(np.ascontiguousarray(rows_of(state.T, self._rows).T), 1)

        return [tuple(own(state) for state in layer) for layer in states]

    def _all_rows(self) -> list[tuple[NDArray[Any], ...]]:
        size = self._training.batch_size
        whole = [] if self._carry is None else self._gather(self._carry)
        return [tuple(np.array(one)[:, :size] for one in layer) for layer in whole]

    @cached_property
    def _gather(self) -> Callable[[Carry], Carry]:
        return jax.jit(lambda carry: carry, out_shardings=self._sharding())

    def _uniform(self) -> NDArray[np.float32]:
        """Draw only the own rows' numbers, which are those that one process would draw."""
        model, rows = self._model, self._rows
        shape = (len(rows), model.units)
        layers = []
        for layer in range(model.layers):
            skipped = (layer * self._training.batch_size + rows.start) * model.units
            rng = self._generator()
            rng.bit_generator.advance(skipped // 2)  # type: ignore[attr-defined]
            rng.random(skipped % 2, dtype=np.float32)  # two are made of each number of 64 bits
            layers.append(rng.random(shape, dtype=np.float32))
        return np.stack(layers)

    def prepare(self, times: Iterable[int]) -> None:
        """Compile for each T, so that no step has to wait."""
        rows, dropout = len(self._rows), self._dropout()
        labels = np.zeros(rows, np.int32) if self._model.labels else None
        for time in times:
            ids = np.zeros((rows, time), np.int32)
            batch = self._arrays(Batch(ids, ids, ids.astype(np.float32), rows, labels=labels))
            lowered = self._jitted_gradients.lower(
                self._weights, batch, dropout, self._carry, self._denominator
            )
            self._compiled[time] = lowered.compile()

    def shared(self, state: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the first process's ``state``, bit for bit; all call it with such arrays."""
        words = np.concatenate([np.ravel(array).view(np.uint32) for array in state.values()])
        parts = [self._first(words[low : low + WORDS]) for low in range(0, len(words), WORDS)]
        words, found = np.concatenate(parts), {}
        for name, array in state.items():
            size = array.nbytes // 4
            found[name] = words[:size].view(array.dtype).reshape(array.shape)
            words = words[size:]
        return found

    def _first(self, words: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the words of the first device: it adds them to zeros of the others."""
        padded = np.zeros((jax.local_device_count(), WORDS), np.uint32)
        if self._rows.start == 0:
            padded[0, : len(words)] = words
        sharding = self._sharding(ROWS)
        shape = len(self._mesh.devices), WORDS
        both = array_of_parts(sharding, padded, shape)
        return np.array(self._sum(both))[: len(words)]

    @cached_property
    def _sum(self) -> Callable[[Array], Array]:
        rows, whole = PartitionSpec(ROWS), PartitionSpec()
        return jax.jit(
            jax.shard_map(
                lambda words: psum(words[0], ROWS),
                mesh=self._mesh,
                in_specs=rows,
                out_specs=whole,
                check_vma=False,
            )
        )
