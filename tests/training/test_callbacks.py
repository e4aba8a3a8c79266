"""Keras' own callbacks, driven by a training of ours as by ``keras.Model.fit``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charloom.config import ModelConfig, TrainConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError
from charloom.models.rnn.keras import build_model, keras
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.training.callbacks import Callbacks
from charloom.training.events import Evaluated, Finished, Started, Step

CONFIG = ModelConfig(cell="rnn", units=3, embedding=2, dropout=0.0)
VOCABULARY = Vocabulary(("a", "b"))
STEPS = 3


def weights(seed):
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(CONFIG, VOCABULARY.size)
    return {name: rng.standard_normal(shape).astype("f4") for name, shape in shapes.items()}


def drive(*callbacks, losses=(3.0, 2.0, 1.0), rate=lambda step: 0.5 / step, windows=None):
    """Train for an epoch a loss, as ``fit`` does; return the rates of the steps."""
    driven = Callbacks(callbacks, CONFIG, TrainConfig(learning_rate=0.5), VOCABULARY.size)
    driven.begin(
        Started(
            model=CONFIG, vocabulary=VOCABULARY, labels=(), backend="jax", counted="names",
            parameters=1, train_size=9, held_out_size=1, steps_per_epoch=STEPS,
            epochs=len(losses), padded_share=0.0,
        ),
        lambda: weights(0),
    )  # fmt: skip
    rates, step = [], 0
    for epoch, loss in enumerate(losses, start=1):
        driven.epoch_begin(epoch)
        for batch in range(STEPS):
            step += 1
            rates.append(driven.rate(rate(step), batch))
            driven.step_end(
                Step(
                    epoch=epoch, step=step, progress=step / 9, nats_per_char=4.0 - step / 8,
                    batch_nats_per_char=1.0, learning_rate=rates[-1], names_per_second=1.0,
                    characters_per_second=1.0, seconds_left=1.0,
                )
            )  # fmt: skip
        driven.epoch_end(
            Evaluated(
                epoch=epoch, step=step, train_nats_per_char=loss + 0.5,
                held_out_nats_per_char=loss, held_out_window_nats_per_char=windows, best=True,
                seconds=1.0, weights=weights(epoch),
            )
        )  # fmt: skip
        if driven.stopped:
            break
    driven.end(
        Finished(
            reason="epochs", epoch=epoch, step=step, best_epoch=epoch, train_nats_per_char=1.0,
            held_out_nats_per_char=1.0, seconds=1.0, weights=weights(epoch),
        )
    )  # fmt: skip
    return rates


class Told(keras.callbacks.Callback):
    """Notes what it is told."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append(("begin", self.params["epochs"], self.params["steps"]))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("epoch", epoch))

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("batch", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("batch end", batch, logs["loss"]))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(("epoch end", epoch, dict(logs)))

    def on_train_end(self, logs=None):
        self.calls.append(("end",))


def test_each_hook_is_called_as_keras_calls_it():
    told = Told()
    drive(told, losses=(2.0,))
    batches = [[("batch", b), ("batch end", b, 4 - (b + 1) / 8)] for b in range(STEPS)]
    assert told.calls == [
        ("begin", 1, STEPS),
        ("epoch", 0),
        *(call for pair in batches for call in pair),
        ("epoch end", 0, {"loss": 2.5, "val_loss": 2.0, "learning_rate": 0.5 / 3}),
        ("end",),
    ]


def test_text_has_its_loss_in_windows_too():
    told = Told()
    drive(told, losses=(2.0,), windows=2.25)
    assert told.calls[-2][2]["val_window_loss"] == 2.25


def test_early_stopping_stops():
    losses = (3.0, 2.0, 2.5, 2.5, 2.5, 2.5)
    stopping = keras.callbacks.EarlyStopping(patience=2)
    assert len(drive(stopping, losses=losses)) == 4 * STEPS
    assert stopping.stopped_epoch == 3


def test_early_stopping_restores_the_weights_of_its_own_model_only():
    stopping = keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True)
    drive(stopping, losses=(3.0, 2.0, 2.5, 2.5))
    best = weights(2)
    for variable, name in zip(stopping.model.trainable_variables, best, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), best[name])


def test_the_schedule_holds_until_a_callback_sets_a_rate():
    assert drive(Told()) == [0.5 / step for step in range(1, 10)]
    seen = []
    scheduler = keras.callbacks.LearningRateScheduler(
        lambda e, lr: seen.append(lr) or 0.1 * (e + 1)
    )
    rates = drive(scheduler)
    assert rates == pytest.approx([0.1] * 3 + [0.2] * 3 + [0.3] * 3)
    assert seen == pytest.approx([0.5, 0.1, 0.2])


def test_a_plateau_reduces_the_rate_of_the_time():
    plateau = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.1)
    rates = drive(plateau, losses=(3.0, 3.0, 1.0), rate=lambda step: 1 / step)
    assert rates[:6] == [1 / step for step in range(1, 7)]
    assert rates[6:] == pytest.approx([1 / 12] * 3)


def test_a_rate_may_change_within_an_epoch():
    class Halve(keras.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            self.model.optimizer.learning_rate = rate / 2

    assert drive(Halve(), losses=(1.0,), rate=lambda _: 1.0) == [1.0, 0.5, 0.25]


def test_a_checkpoint_is_a_model_that_keras_loads(tmp_path):
    path = tmp_path / "best.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(str(path), save_best_only=True)
    drive(checkpoint, losses=(3.0, 1.0, 2.0))
    model = keras.models.load_model(path)
    expected, _ = NumpyRNN(CONFIG, weights(2)).step(np.array([0]), np.zeros((1, 1, 3), "f4"))
    got = keras.ops.convert_to_numpy(model(np.zeros((1, 1), "i4")))[:, -1]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_the_model_is_keras_and_has_the_weights_of_the_epochs_end():
    seen = []

    class Look(keras.callbacks.Callback):
        def look(self):
            assert isinstance(self.model, keras.Model)
            seen.append(np.array(self.model.get_weights()[0]))
            got = keras.ops.convert_to_numpy(self.model(np.zeros((1, 1), "i4")))
            assert got.shape == (1, 1, VOCABULARY.size)

        def on_train_begin(self, logs=None):
            self.look()

        def on_epoch_end(self, epoch, logs=None):
            self.look()

    drive(Look(), losses=(3.0, 2.0))
    for number, table in enumerate(seen):
        np.testing.assert_array_equal(table, weights(number)["embedding"])
    assert len(seen) == 3


def test_the_model_is_made_only_for_those_who_ask_for_it(monkeypatch):
    made = []
    real = build_model
    monkeypatch.setattr(
        "charloom.models.rnn.keras.build_model", lambda *a: made.append(1) or real(*a)
    )
    drive(keras.callbacks.EarlyStopping(), keras.callbacks.ReduceLROnPlateau(), Told())
    assert not made
    drive(keras.callbacks.EarlyStopping(restore_best_weights=True))
    assert len(made) == 1


def test_callbacks_share_the_logs_as_in_keras(tmp_path):
    log, history = keras.callbacks.CSVLogger(str(tmp_path / "log.csv")), keras.callbacks.History()
    odd = keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: logs.update(odd=e % 2))
    drive(odd, log, history)
    assert history.history["val_loss"] == [3.0, 2.0, 1.0]
    assert history.history["odd"] == [0, 1, 0]
    head, *lines = (tmp_path / "log.csv").read_text().splitlines()
    assert set(head.split(",")) == {"epoch", "loss", "val_loss", "learning_rate", "odd"}
    assert len(lines) == 3


def test_an_error_in_a_callback_comes_through():
    def fail(epoch, logs):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        drive(keras.callbacks.LambdaCallback(on_epoch_end=fail))


@pytest.mark.parametrize("thing", [keras.callbacks.EarlyStopping, print, "EarlyStopping"])
def test_what_is_no_callback_is_refused(thing):
    with pytest.raises(ConfigError, match="instances of"):
        Callbacks([thing], CONFIG, TrainConfig(), VOCABULARY.size)


def test_no_callbacks_change_nothing_and_import_nothing():
    rates = drive()
    assert rates == [0.5 / step for step in range(1, 10)]
    assert not Callbacks((), CONFIG, TrainConfig(), 3).stopped
    code = "import sys, charloom.training.callbacks; print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_every_backend_of_keras_will_do(backend, tmp_path):
    pytest.importorskip(backend)
    test = Path(__file__)
    names = "test_a_plateau or test_a_checkpoint or test_early_stopping_restores"
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-k", names, str(test), "-p", "no:cacheprovider"],
        capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
