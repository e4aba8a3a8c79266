"""Keras' callbacks, driven by a training of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..errors import ConfigError
from ..models.rnn.shapes import weight_shapes
from .events import Evaluated, Finished, Started, Step

Weights = Mapping[str, NDArray[np.float32]]

_HOOKS = (
    "on_train_begin",
    "on_epoch_begin",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_epoch_end",
    "on_train_end",
)


class Callbacks:
    """Calls Keras' callbacks as ``keras.Model.fit`` would.

    Each sees, as its ``model``, a Keras model of the same architecture that has the weights of the
    latest epoch's end, whichever engine trains. It is made when more of it is asked for than its
    optimizer, since that takes a second or two.

    Of what a callback does to that model, two things reach the training: ``stop_training``, and
    ``optimizer.learning_rate``. Once that was set it stands in place of the schedule, as it was
    set, until it is set again. Weights are not taken over: so ``EarlyStopping`` stops, and what
    it restores is its own model; the training keeps its best epoch anyway.

    ``logs`` hold ``loss`` and ``learning_rate``, at an epoch's end also ``val_loss`` where
    something is held out, and of text ``val_window_loss``. With no callbacks nothing is imported,
    and nothing done.
    """

    def __init__(
        self,
        callbacks: Sequence[Any],
        model: ModelConfig,
        training: TrainConfig,
        vocabulary_size: int,
    ) -> None:
        """Take the callbacks, which are called in order.

        Raises:
            ConfigError: one of them is none.
        """
        for callback in callbacks:
            if isinstance(callback, type) or not all(hasattr(callback, h) for h in _HOOKS):
                raise ConfigError(
                    "callbacks must be instances of keras.callbacks.Callback. "
                    f"Received: {callback!r:.60}"
                )
        self._callbacks = tuple(callbacks)
        self._config, self._vocabulary_size = model, vocabulary_size
        self._scheduled = training.learning_rate
        self._steps = 1
        self._own_rate: float | None = None
        self._by_batch = False
        self._model: Any = None
        self._numpy: Any = None

    @property
    def stopped(self) -> bool:
        """Whether a callback has asked for the end of the training."""
        return self._model is not None and bool(self._model.stop_training)

    def begin(self, started: Started, weights: Callable[[], Weights] | None = None) -> None:
        """Training begins, with what ``weights`` returns."""
        if not self._callbacks:
            return
        from ..models.rnn.keras import build_model  # chooses a backend, if none is chosen

        def make() -> Any:
            return build_model(self._config, self._vocabulary_size)

        import keras

        self._numpy = keras.ops.convert_to_numpy
        names = list(weight_shapes(self._config, self._vocabulary_size))
        self._model = _Model(make, names, keras.optimizers.AdamW(self._scheduled))
        if weights is not None:
            self._model.show(weights())
        self._steps = started.steps_per_epoch
        base = keras.callbacks.Callback
        for callback in self._callbacks:
            callback.set_params({"epochs": started.epochs, "steps": self._steps, "verbose": 0})
            callback.set_model(self._model)
            for hook in ("on_train_batch_begin", "on_train_batch_end"):
                # The two do nothing but call these, unless they are another's.
                for name in (hook, hook.replace("train_", "")):
                    method = getattr(callback, name)
                    default = getattr(method, "__func__", method) is getattr(base, name)
                    self._by_batch |= not default
        self._call("on_train_begin")

    def epoch_begin(self, epoch: int) -> None:
        """Epoch ``epoch``, counted from 1, begins; Keras counts from 0."""
        self._call("on_epoch_begin", epoch - 1)

    def rate(self, rate: float, batch: int = 0) -> float:
        """Step ``batch`` (from 0) of the epoch begins; return its learning rate.

        ``rate`` is the schedule's.
        """
        self._scheduled = rate
        if self._by_batch:
            self._call("on_train_batch_begin", batch)
        return self._rate

    def step_end(self, step: Step) -> None:
        """A step is done."""
        if self._by_batch:
            logs = {"loss": step.nats_per_char, "learning_rate": step.learning_rate}
            self._call("on_train_batch_end", (step.step - 1) % self._steps, logs)

    def epoch_end(self, evaluated: Evaluated) -> None:
        """An epoch is over, and its weights are those of the callbacks' model."""
        if not self._callbacks:
            return
        self._model.show(evaluated.weights)
        logs = {
            "loss": evaluated.train_nats_per_char,
            "val_loss": evaluated.held_out_nats_per_char,
            "val_window_loss": evaluated.held_out_window_nats_per_char,
            "learning_rate": self._rate,
        }
        logs = {name: float(value) for name, value in logs.items() if value is not None}
        self._call("on_epoch_end", evaluated.epoch - 1, logs)

    def end(self, finished: Finished) -> None:
        """Training is over, and the callbacks' model has the weights that it was left with."""
        self._call("on_train_end")

    @property
    def _rate(self) -> float:
        return self._scheduled if self._own_rate is None else self._own_rate

    def _call(self, hook: str, *arguments: Any) -> None:
        """Call a hook of each, the learning rate of the time in the model's optimizer."""
        if not self._callbacks:
            return
        optimizer, shown = self._model.optimizer, np.float32(self._rate)
        optimizer.learning_rate = float(shown)
        for callback in self._callbacks:
            getattr(callback, hook)(*arguments)
        found = float(self._numpy(optimizer.learning_rate))
        if found != shown:
            self._own_rate = found


class _Model:
    """A Keras model that is made when it is needed, with the weights of the time."""

    metrics: tuple[Any, ...] = ()  # EarlyStopping and others look for some; there is the loss

    def __init__(self, make: Callable[[], Any], names: Sequence[str], optimizer: Any) -> None:
        import keras

        self.stop_training, self.optimizer = False, optimizer
        self._make, self._names, self._class = make, names, keras.Model
        self._made: Any = None
        self._weights: Weights | None = None

    def show(self, weights: Weights) -> None:
        """Have these weights from now on."""
        self._weights = weights

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What ``isinstance`` is told."""
        return self._class

    def __getattr__(self, name: str) -> Any:
        # Keras looks for the former before it hands a model to a callback.
        if name == "jax_state_sync" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._whole(), name)

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        return self._whole()(*arguments, **settings)

    def _whole(self) -> Any:
        if self._made is None:
            import keras

            self._made = self._make()
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            self._made.compile(optimizer=self.optimizer, loss=loss)
        if self._weights is not None:
            for variable, name in zip(self._made.trainable_variables, self._names, strict=True):
                variable.assign(self._weights[name])
            self._weights = None
        return self._made
