"""The model as a ``keras.Model``, on every backend of Keras."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

from ...config import MOST_BATCH, ModelConfig
from ...config.arguments import whole
from ...errors import ConfigError
from .shapes import weight_shapes


class _KeepsState:
    """Fixes ``stateful=True`` on JAX and PyTorch.

    On JAX a training step is a pure function of the model's variables. Keras does not list a
    layer's state among them, so it is never kept; here it is listed, though not among the weights,
    so that it is neither counted nor saved. PyTorch cannot differentiate through a variable that
    is overwritten; here the layer starts from a copy.
    """

    @property
    def variables(self) -> list[Any]:
        """The weights and the state, which is no weight, like the state of a seed generator."""
        found: list[Any] = list(cast(Any, super()).variables)
        known = {id(variable) for variable in found}
        state = getattr(self, "states", None) or []
        return found + [variable for variable in state if id(variable) not in known]

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """Run over a batch, like ``keras.layers.RNN``."""
        layer, parent = cast(Any, self), cast(Any, super())
        if initial_state is None and layer.stateful:
            initial_state = [keras.ops.copy(state) for state in layer.states]
        return parent.call(sequences, initial_state=initial_state, mask=mask, training=training)

    def load_own_variables(self, store: Any) -> None:
        """Read nothing: the cell loads the weights. Files of charloom 0.1.0 hold a state here."""


@keras.saving.register_keras_serializable(package="charloom")
class FastGRU(_KeepsState, keras.layers.GRU):  # type: ignore[misc]
    """``keras.layers.GRU`` with the faster recurrence of ``rnn.jax_recurrence`` on JAX.

    A drop-in replacement: the same arguments, weights and states, and the same results up to
    rounding. Keras' own recurrence is used where the faster one does not apply: on other backends,
    and with ``reset_after=False``, masks, dropout inside the layer, other activations, or
    ``go_backwards``.
    """

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Return (last output, outputs (B, T, H), [state]), like ``keras.layers.GRU``."""
        fits = (
            keras.backend.backend() == "jax"
            and mask is None
            and self.reset_after
            and self.use_bias
            and not (self.dropout or self.recurrent_dropout or self.go_backwards)
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
        )
        if not fits:
            return super().inner_loop(  # type: ignore[no-any-return]
                sequences, initial_state, mask, training=training
            )
        from .jax_recurrence import input_sums, recurrence, recurrent_bias

        kernel, U, bias = (
            variable.value
            for variable in (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        )
        (state,) = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
        sums = input_sums("gru", keras.ops.transpose(sequences, (2, 1, 0)), kernel, bias)
        state = keras.ops.convert_to_tensor(state).T
        hidden, (last,) = recurrence("gru", sums, U, recurrent_bias("gru", bias), (state,))
        return last.T, keras.ops.transpose(hidden[:, 1:], (2, 1, 0)), [last.T]


@keras.saving.register_keras_serializable(package="charloom")
class LSTM(_KeepsState, keras.layers.LSTM):  # type: ignore[misc]
    """``keras.layers.LSTM``, stateful on every backend."""


@keras.saving.register_keras_serializable(package="charloom")
class SimpleRNN(_KeepsState, keras.layers.SimpleRNN):  # type: ignore[misc]
    """``keras.layers.SimpleRNN``, stateful on every backend."""


@keras.saving.register_keras_serializable(package="charloom")
class AddLabel(keras.layers.Layer):  # type: ignore[misc]
    """Adds a label's vector to each step of a sequence: (B, T, E) and (B,) int32 to (B, T, E).

    Label k of K is passed as k + 1; 0 means no label and adds nothing.
    """

    def __init__(self, count: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.count = count

    def build(self, shapes: Any) -> None:
        """Create the labels' vectors, (K, E)."""
        self.rows = self.add_weight(
            shape=(self.count, shapes[0][-1]), initializer="zeros", name="rows"
        )

    def call(self, inputs: Any) -> Any:
        """Return the sum; see the class."""
        x, labels = inputs
        rows = keras.ops.pad(self.rows, ((1, 0), (0, 0)))
        return x + keras.ops.take(rows, labels, axis=0)[:, None]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, for serialisation by Keras."""
        return {**super().get_config(), "count": self.count}


LAYERS: dict[str, Any] = {"gru": FastGRU, "lstm": LSTM, "rnn": SimpleRNN}


def build_model(
    config: ModelConfig,
    vocabulary_size: int,
    weights: Mapping[str, NDArray[np.float32]] | None = None,
    *,
    batch_size: int | None = None,
    stateful: bool = False,
) -> Any:
    """Build the architecture as a ``keras.Model``.

    Args:
        config: the architecture. Of a mixture only the network is built, with a warning.
        vocabulary_size: V, including the boundary symbol.
        weights: initial weights, by the names of ``rnn.shapes``; ``None``: Keras initialises them.
        batch_size: B, required for ``stateful``.
        stateful: whether layers keep their state from batch to batch, until ``reset_state`` of
            each. The state is not among the weights, so these load at any batch size.

    Returns:
        A model from ids (B, T) int32, each row beginning with the boundary (id 0), to logits
        (B, T, V) float32. With labels its input is the pair of ids and labels (B,) int32, each
        k + 1 or 0 for none. Its trainable variables are in the order of ``weight_shapes``.

    Raises:
        ConfigError: the configuration is of an n-gram alone, or ``stateful`` lacks a batch size.

    Example:
        >>> from charloom import ModelConfig, build_model
        >>> config = ModelConfig(units=1024, embedding=256)
        >>> build_model(config, 53, batch_size=64, stateful=True).count_params()
        4006197
    """
    if not config.has_network:
        raise ConfigError("only a network can be a Keras model. Received: an n-gram")
    if config.has_ngram:
        warnings.warn(
            "The Keras model is only the network of this mixture, without its n-gram, so its "
            "probabilities differ. `load` gives the whole model.",
            stacklevel=2,
        )
    if batch_size is not None:
        batch_size = whole("batch_size", batch_size, 1, MOST_BATCH)
    if stateful and batch_size is None:
        raise ConfigError("a stateful model needs a fixed batch size. Pass batch_size, such as 1.")
    ids = keras.Input((None,), batch_size, dtype="int32", name="ids")
    inputs: Any = ids
    x = keras.layers.Embedding(vocabulary_size, config.embedding, name="embedding")(ids)
    if config.labels:
        labels = keras.Input((), batch_size, dtype="int32", name="labels")
        inputs, x = [ids, labels], AddLabel(config.labels, name="add_label")([x, labels])
    for layer in range(config.layers):
        cell = LAYERS[config.cell]
        name = f"{config.cell}_{layer}"
        x = cell(config.units, return_sequences=True, stateful=stateful, name=name)(x)
        if config.dropout:
            # One mask for each sequence, shared over time (Gal and Ghahramani 2016, section 4).
            drop = keras.layers.Dropout(config.dropout, (None, 1, None), name=f"dropout_{layer}")
            x = drop(x)
    logits = keras.layers.Dense(vocabulary_size, name="logits")(x)
    model = keras.Model(inputs, logits, name="charloom")
    if weights is not None:
        names = weight_shapes(config, vocabulary_size)
        for variable, name in zip(model.trainable_variables, names, strict=True):
            variable.assign(weights[name])
    return model


def model_weights(
    model: Any, config: ModelConfig, vocabulary_size: int
) -> dict[str, NDArray[np.float32]]:
    """Return a copy of a Keras model's weights, by the names of ``rnn.shapes``."""
    values = [keras.ops.convert_to_numpy(variable.value) for variable in model.trainable_variables]
    names = weight_shapes(config, vocabulary_size)
    return {name: np.array(value) for name, value in zip(names, values, strict=True)}
