"""Training with Keras' own layers and optimiser, for the TensorFlow and PyTorch backends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ..batches import Batch
from ..config import ModelConfig, TrainConfig
from ..models.keras_model import build_model, model_weights
from .engine import BETA_1, BETA_2, EPSILON


class KerasEngine:
    """See ``engine.Engine``. It runs on every backend; JAX has a faster one of its own."""

    def __init__(
        self,
        model: ModelConfig,
        training: TrainConfig,
        weights: Mapping[str, NDArray[np.float32]],
        denominator: float,
    ) -> None:
        keras.utils.set_random_seed(training.seed % 2**32)
        self._config, self._denominator = model, denominator
        self._vocabulary_size = len(weights["logits.bias"])
        self._model = build_model(model, self._vocabulary_size, weights)
        self._optimizer = keras.optimizers.AdamW(
            training.learning_rate,
            weight_decay=training.weight_decay,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON,
            global_clipnorm=training.clip_norm,
        )
        self._optimizer.exclude_from_weight_decay(var_names=["bias"])
        self._optimizer.build(self._model.trainable_variables)
        self._model.compile(
            optimizer=self._optimizer,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"),
        )

    def prepare(self, times: Iterable[int]) -> None:
        """Do nothing: Keras compiles at a shape's first step."""

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Update the weights; see ``engine.Engine``."""
        self._optimizer.learning_rate = learning_rate
        weighted = batch.mask / self._denominator
        loss = self._model.train_on_batch(batch.inputs, batch.targets, sample_weight=weighted)
        return float(loss) * self._denominator

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of the weights."""
        return model_weights(self._model, self._config, self._vocabulary_size)

    def _variables(self) -> dict[str, Any]:
        groups = {
            "optimizer": self._optimizer.variables,
            "model": self._model.variables,
        }
        return {f"{g}/{i:03d}": v for g, group in groups.items() for i, v in enumerate(group)}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return weights, the optimiser's variables and the state of dropout's generators."""
        return {
            name: np.array(keras.ops.convert_to_numpy(variable.value))
            for name, variable in self._variables().items()
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned."""
        for name, variable in self._variables().items():
            variable.assign(state[name])
