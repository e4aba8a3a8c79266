"""The Keras model is an ordinary one, and the fast layer a drop-in for Keras' own."""

from __future__ import annotations

import os
from importlib import import_module

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.keras import FastGRU, build_model, model_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import parameter_count, weight_shapes

keras = import_module("keras")  # after charloom, which chooses the backend

pytestmark = pytest.mark.heavy

B, T, V = 3, 6, 7


def layers(**settings):
    """The fast layer and Keras' own with the same weights, and inputs for both."""
    rng = np.random.default_rng(0)
    pair = [cls(5, **settings) for cls in (FastGRU, keras.layers.GRU)]
    inputs = rng.normal(size=(B, T, 4)).astype("float32")
    for layer in pair:
        layer.build(inputs.shape)
    weights = [rng.normal(0, 0.5, w.shape) for w in pair[0].get_weights()]
    for layer in pair:
        layer.set_weights(weights)
    return *pair, inputs


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"return_sequences": True},
        {"return_sequences": True, "return_state": True},
        {"return_state": True},
        {"go_backwards": True, "return_sequences": True},
        {"reset_after": False, "return_sequences": True},
        {"activation": "relu"},
        {"use_bias": False, "return_sequences": True},
        {"unroll": True, "return_sequences": True},
    ],
    ids=str,
)
def test_the_fast_layer_returns_what_the_stock_layer_returns(settings):
    fast, stock, inputs = layers(**settings)
    ours, theirs = fast(inputs), stock(inputs)
    ours, theirs = (r if isinstance(r, list | tuple) else [r] for r in (ours, theirs))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b), atol=1e-6
        )


def test_the_fast_layer_takes_an_initial_state():
    fast, stock, inputs = layers(return_sequences=True)
    state = np.random.default_rng(1).normal(size=(B, 5)).astype("float32")
    ours, theirs = fast(inputs, initial_state=state), stock(inputs, initial_state=state)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs), atol=1e-6
    )


def test_the_fast_layer_keeps_its_state_when_it_is_stateful():
    results = []
    for cls in (FastGRU, keras.layers.GRU):
        keras.utils.set_random_seed(3)
        inputs = keras.Input(batch_shape=(B, T, 4))
        layer = cls(5, stateful=True, return_sequences=True)
        model = keras.Model(inputs, layer(inputs))
        x = np.random.default_rng(0).normal(size=(B, T, 4)).astype("float32")
        first, second = (keras.ops.convert_to_numpy(model(x)) for _ in range(2))
        layer.reset_states()
        again = keras.ops.convert_to_numpy(model(x))
        assert np.abs(first - second).max() > 1e-3
        np.testing.assert_allclose(first, again, atol=1e-6)
        results.append(second)
    np.testing.assert_allclose(*results, atol=1e-6)


def test_the_fast_layer_honours_a_mask():
    fast, stock, inputs = layers(return_sequences=True)
    mask = np.arange(T) < np.array([[2], [6], [4]])
    ours, theirs = fast(inputs, mask=mask), stock(inputs, mask=mask)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs), atol=1e-6
    )


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND", "jax") != "jax", reason="uses jax.grad")
def test_the_fast_layer_has_the_gradients_of_the_stock_layer():
    import jax

    fast, stock, inputs = layers(return_sequences=True)
    weigh = np.random.default_rng(2).normal(size=(B, T, 5)).astype("float32")
    grads = []
    for layer in (fast, stock):
        values = [v.value for v in layer.trainable_variables]

        def loss(values, x, layer=layer):
            outputs, _ = layer.stateless_call(
                values, [v.value for v in layer.non_trainable_variables], x
            )
            return (outputs * weigh).sum()

        grads.append(jax.tree.leaves(jax.grad(loss, argnums=(0, 1))(values, inputs)))
    for ours, theirs in zip(*grads, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_the_model_gives_the_logits_of_the_numpy_step(cell):
    config = ModelConfig(cell=cell, units=6, layers=2, embedding=4, dropout=0.3)
    weights = initial_weights(config, V, seed=0)
    model = build_model(config, V, weights)
    ids = np.random.default_rng(0).integers(0, V, (B, T)).astype("int32")
    logits = keras.ops.convert_to_numpy(model(ids))
    rnn = NumpyRNN(config, weights)
    carry = rnn.initial_carry(B)
    for time in range(T):
        expected, carry = rnn.step(ids[:, time], carry)
        np.testing.assert_allclose(logits[:, time], expected, atol=1e-5)


def test_the_weights_come_back_by_name():
    config = ModelConfig(units=6, layers=2, embedding=4)
    weights = initial_weights(config, V, seed=0)
    back = model_weights(build_model(config, V, weights), config, V)
    assert list(back) == list(weight_shapes(config, V))
    assert all((back[name] == weights[name]).all() for name in weights)


def test_the_summary_counts_the_parameters():
    config = ModelConfig(units=1024, embedding=256, dropout=0.0)
    model = build_model(config, 53)
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert model.count_params() == parameter_count(config, 53)
    assert "4,006,197" in "".join(lines)  # 13,568 + 3,938,304 + 54,325


def test_ordinary_keras_code_can_train_and_save_the_model(tmp_path):
    config = ModelConfig(units=8, embedding=4, dropout=0.2)
    model = build_model(config, V)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    ids = np.random.default_rng(0).integers(0, V, (32, T)).astype("int32")
    losses = model.fit(ids, ids, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again.predict(ids, verbose=0), model.predict(ids, verbose=0), atol=1e-6
    )
