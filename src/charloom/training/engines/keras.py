"""Training with Keras' own layers and optimiser, for the TensorFlow and PyTorch backends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig, TrainConfig
from ...data.batches.names import Batch
from ...models.rnn.keras import build_model
from ...models.rnn.shapes import weight_shapes
from ..warm_start import frozen
from .base import BETA_1, BETA_2, EPSILON
from .steps import MakeStep, StepFunction


class Nadam(keras.optimizers.AdamW):  # type: ignore[misc]  # Keras has no types
    """AdamW with Nesterov's momentum, the same as in the engine of JAX (Dozat 2016).

    Keras' own Nadam changes the momentum from step to step.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a variable and its moments."""
        ops, dtype = keras.ops, variable.dtype
        rate, g = ops.cast(learning_rate, dtype), ops.cast(gradient, dtype)
        count = ops.cast(self.iterations + 1, dtype)
        index = self._get_variable_index(variable)
        mean, square = self._momentums[index], self._velocities[index]
        self.assign(mean, BETA_1 * mean + (1 - BETA_1) * g)
        self.assign(square, BETA_2 * square + (1 - BETA_2) * ops.square(g))
        ahead = (BETA_1 * mean + (1 - BETA_1) * g) / (1 - ops.power(BETA_1, count + 1))
        spread = ops.sqrt(square) + EPSILON
        rate = rate * ops.sqrt(1 - ops.power(BETA_2, count))
        self.assign_sub(variable, rate * ahead / spread)


class KerasEngine:
    """See ``engine.Engine``. It runs on every backend; JAX has a faster one of its own."""

    def __init__(
        self,
        model: ModelConfig,
        training: TrainConfig,
        weights: Mapping[str, NDArray[np.float32]],
        denominator: float,
        make_step: MakeStep | None = None,
    ) -> None:
        """Take Keras' own step, or the one that ``make_step`` unpacks."""
        keras.utils.set_random_seed(training.seed % 2**32)
        self._denominator = denominator
        vocabulary_size = len(weights["logits.bias"])
        self._stateful = training.preparation != "names"
        self._model = build_model(
            model.network_part(),
            vocabulary_size,
            weights,
            batch_size=training.batch_size if self._stateful else None,
            stateful=self._stateful,
        )
        names = list(weight_shapes(model, vocabulary_size))
        self._weights = dict(zip(names, self._model.trainable_variables, strict=True))
        self._freeze(training)
        self._recurrent = [
            layer for layer in self._model.layers if isinstance(layer, keras.layers.RNN)
        ]
        optimizer = Nadam if training.nesterov else keras.optimizers.AdamW
        self._optimizer = optimizer(
            training.learning_rate,
            weight_decay=training.weight_decay,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON,
            global_clipnorm=training.clip_norm,
        )
        self._optimizer.exclude_from_weight_decay(var_names=["bias"])
        self._optimizer.build(self._model.trainable_variables)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
        if make_step is None:
            self._model.compile(optimizer=self._optimizer, loss=loss)
            self._step: StepFunction = self._model.train_on_batch
        else:
            self._step = make_step(self._model, self._optimizer, loss)

    def _freeze(self, training: TrainConfig) -> None:
        """Take frozen layers from what the optimiser sees: it neither moves nor clips by them."""
        still = {id(self._weights[name]) for name in frozen(self._weights, training.freeze)}
        for layer in self._model.layers:
            if any(id(variable) in still for variable in layer.trainable_variables):
                layer.trainable = False

    def prepare(self, times: Iterable[int]) -> None:
        """Do nothing: Keras compiles at a shape's first step."""

    def seconds_of(self, batch: Batch) -> None:
        """Return nothing: Keras computes no gradients without a step."""

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Update the weights; see ``engine.Engine``."""
        if self._stateful and not batch.continues:
            for layer in self._recurrent:
                layer.reset_states()
        self._optimizer.learning_rate = learning_rate
        weights = batch.mask / np.float32(self._denominator)
        inputs = batch.inputs if batch.labels is None else [batch.inputs, batch.labels]
        loss = self._step(inputs, batch.targets, weights)
        return float(loss) * self._denominator

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of the weights."""
        return {name: _copy(variable) for name, variable in self._weights.items()}

    def _variables(self) -> dict[str, Any]:
        """Return every variable by the name that all engines use for it."""
        names = {id(variable): name for name, variable in self._weights.items()}
        trained = [names[id(variable)] for variable in self._model.trainable_variables]
        optimizer = self._optimizer
        groups = {"means": optimizer._momentums, "squares": optimizer._velocities}
        found = {f"weights/{name}": variable for name, variable in self._weights.items()}
        for group, variables in groups.items():
            found |= {f"{group}/{n}": v for n, v in zip(trained, variables, strict=True)}
        for number, layer in enumerate(self._recurrent if self._stateful else []):
            found |= {f"carry/{number}/{i}": value for i, value in enumerate(layer.states)}
        generators = [v for v in self._model.non_trainable_variables if "seed" in v.path]
        return found | {f"keras/{i}": value for i, value in enumerate(generators)}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return weights, both moments, the count of steps and dropout's generators.

        What is frozen has moments too, of 0, as on other backends.
        """
        found = {name: _copy(variable) for name, variable in self._variables().items()}
        for name, variable in self._weights.items():
            for group in ("means", "squares"):
                found.setdefault(f"{group}/{name}", np.zeros(variable.shape, np.float32))
        count = int(keras.ops.convert_to_numpy(self._optimizer.iterations.value))
        return {**found, "count": np.array([count], np.int64)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned; another backend's has no generators of ours."""
        for name, variable in self._variables().items():
            if name in state or not name.startswith("keras/"):
                variable.assign(state[name])
        self._optimizer.iterations.assign(int(state["count"][0]))


def _copy(variable: Any) -> NDArray[Any]:
    return np.array(keras.ops.convert_to_numpy(variable.value))
