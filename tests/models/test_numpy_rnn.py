"""The NumPy step against the cells' textbook equations, and against Keras."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.errors import ConfigError
from charloom.models.rnn.numpy import BLOCK, NumpyRNN
from charloom.models.rnn.shapes import STATES, weight_shapes

CELLS = ("gru", "lstm", "rnn")
V = 7


def random_weights(config: ModelConfig, seed: int = 0, scale: float = 0.5) -> dict:
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(0, scale, shape).astype(np.float32)
        for name, shape in weight_shapes(config, V).items()
    }


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference_step(config: ModelConfig, weights: dict, ids, carry):
    """The equations as textbooks write them, in float64, one row at a time."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    H = config.units
    all_logits, after = [], np.zeros(carry.shape)
    for b, i in enumerate(ids):
        x = w["embedding"][i]
        for layer in range(config.layers):
            kernel, recurrent, bias = (
                w[f"rnn.{layer}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")
            )
            if config.cell == "gru":
                h = carry[layer, b].astype(np.float64)
                from_x, from_h = x @ kernel + bias[0], h @ recurrent + bias[1]
                z = sigmoid(from_x[:H] + from_h[:H])
                r = sigmoid(from_x[H : 2 * H] + from_h[H : 2 * H])
                x = z * h + (1 - z) * np.tanh(from_x[2 * H :] + r * from_h[2 * H :])
                after[layer, b] = x
            elif config.cell == "lstm":
                h, c = carry[2 * layer : 2 * layer + 2, b].astype(np.float64)
                i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                x = sigmoid(o) * np.tanh(c)
                after[2 * layer, b], after[2 * layer + 1, b] = x, c
            else:
                x = np.tanh(x @ kernel + carry[layer, b] @ recurrent + bias)
                after[layer, b] = x
        all_logits.append(x @ w["logits.kernel"] + w["logits.bias"])
    return np.array(all_logits), after


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_step_agrees_with_the_equations(cell: str, layers: int) -> None:
    config = ModelConfig(cell=cell, units=9, layers=layers, embedding=4)
    weights = random_weights(config)
    rnn = NumpyRNN(config, weights)
    rng = np.random.default_rng(1)
    carry = rnn.initial_carry(5)
    assert carry.shape == (layers * STATES[cell], 5, 9)
    expected_carry = carry
    for _ in range(6):
        ids = rng.integers(0, V, 5)
        logits, carry = rnn.step(ids, carry)
        expected, expected_carry = reference_step(config, weights, ids, expected_carry)
        assert logits.shape == (5, V)
        assert logits.dtype == carry.dtype == np.float32
        np.testing.assert_allclose(logits, expected, atol=1e-5)
        np.testing.assert_allclose(carry, expected_carry, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_step_leaves_its_arguments_as_they_are(cell: str) -> None:
    config = ModelConfig(cell=cell, units=8, layers=2, embedding=3)
    rnn = NumpyRNN(config, random_weights(config))
    ids = np.array([1, 2, 3])
    _, carry = rnn.step(ids, rnn.initial_carry(3))
    before = carry.copy()
    first = rnn.step(ids, carry)
    second = rnn.step(ids, carry)
    np.testing.assert_array_equal(carry, before)
    np.testing.assert_array_equal(ids, [1, 2, 3])
    np.testing.assert_array_equal(first[0], second[0])


@pytest.mark.parametrize("cell", CELLS)
def test_buffers_change_nothing_but_the_memory(cell: str) -> None:
    config = ModelConfig(cell=cell, units=8, layers=2, embedding=3)
    rnn = NumpyRNN(config, random_weights(config))
    buffers = rnn.buffers(10)
    for rows in (10, 4, 1):  # a smaller step must not see what a larger one left
        ids = np.arange(rows) % V
        carry = np.random.default_rng(rows).normal(size=rnn.initial_carry(rows).shape)
        plain = rnn.step(ids, carry.astype(np.float32))
        buffered = rnn.step(ids, carry.astype(np.float32), buffers)
        np.testing.assert_array_equal(plain[0], buffered[0])
        np.testing.assert_array_equal(plain[1], buffered[1])
        assert np.shares_memory(buffered[0], buffers.logits)


@pytest.mark.parametrize("cell", CELLS)
def test_rows_do_not_depend_on_one_another(cell: str) -> None:
    config = ModelConfig(cell=cell, units=8, layers=2, embedding=3)
    rnn = NumpyRNN(config, random_weights(config))
    ids = np.array([4, 0, 6])
    carry = np.random.default_rng(0).normal(size=rnn.initial_carry(3).shape).astype(np.float32)
    logits, after = rnn.step(ids, carry)
    for row in range(3):
        alone, after_alone = rnn.step(ids[[row]], carry[:, [row]])
        np.testing.assert_allclose(logits[[row]], alone, atol=1e-6)
        np.testing.assert_allclose(after[:, [row]], after_alone, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_of_several_blocks_is_that_of_each(cell: str) -> None:
    config = ModelConfig(cell=cell, units=8, layers=2, embedding=3)
    rnn = NumpyRNN(config, random_weights(config))
    rows = 2 * BLOCK + 3
    ids = np.arange(rows) % V
    carry = np.random.default_rng(0).normal(size=rnn.initial_carry(rows).shape).astype(np.float32)
    logits, after = rnn.step(ids, carry)
    for start in range(0, rows, BLOCK):
        block = slice(start, start + BLOCK)
        alone, after_alone = rnn.step(ids[block], carry[:, block])
        np.testing.assert_allclose(logits[block], alone, atol=1e-6)
        np.testing.assert_allclose(after[:, block], after_alone, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_large_weights_saturate_without_overflow(cell: str) -> None:
    config = ModelConfig(cell=cell, units=8, layers=1, embedding=3)
    rnn = NumpyRNN(config, random_weights(config, scale=1e4))
    logits, carry = rnn.step(np.array([1, 2]), rnn.initial_carry(2))
    logits, carry = rnn.step(np.array([1, 2]), carry)
    assert np.isfinite(logits).all()
    assert np.isfinite(carry).all()


def test_the_vocabulary_is_as_large_as_the_embedding() -> None:
    config = ModelConfig(units=4, embedding=2)
    assert NumpyRNN(config, random_weights(config)).vocabulary_size == V


def test_a_misshapen_weight_is_named() -> None:
    config = ModelConfig(units=4, embedding=2)
    weights = random_weights(config)
    weights["rnn.0.bias"] = weights["rnn.0.bias"][0]
    with pytest.raises(ConfigError, match=r"rnn\.0\.bias must have the shape \(2, 12\).*\(12,\)"):
        NumpyRNN(config, weights)


@pytest.mark.parametrize("name", ["embedding", "logits.bias"])
def test_a_missing_weight_is_named(name: str) -> None:
    config = ModelConfig(units=4, embedding=2)
    weights = random_weights(config)
    del weights[name]
    with pytest.raises(ConfigError, match=rf"Missing or unknown: \['{name}'\]"):
        NumpyRNN(config, weights)


def test_weights_of_more_layers_are_refused() -> None:
    weights = random_weights(ModelConfig(units=4, embedding=2, layers=2))
    with pytest.raises(ConfigError, match=r"Missing or unknown: .*rnn\.1\.kernel"):
        NumpyRNN(ModelConfig(units=4, embedding=2, layers=1), weights)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_diverged_are_refused(bad: float) -> None:
    config = ModelConfig(units=4, embedding=2)
    weights = random_weights(config)
    weights["logits.kernel"][1, 2] = bad
    with pytest.raises(ConfigError, match=r"logits\.kernel must hold finite numbers"):
        NumpyRNN(config, weights)


@pytest.mark.heavy
def test_step_agrees_with_keras() -> None:
    """In a process of its own, so that Keras' backend is ours to choose."""
    script = """
        import sys
        import keras, numpy as np
        from charloom.config import ModelConfig
        from charloom.models.rnn.numpy import BLOCK, NumpyRNN
        from charloom.models.rnn.shapes import weight_shapes

        rng = np.random.default_rng(0)
        layer_of = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM,
                    "rnn": keras.layers.SimpleRNN}
        for cell, layer in layer_of.items():
            config = ModelConfig(cell=cell, units=32, layers=2, embedding=8)
            weights = {n: rng.normal(0, 0.3, s).astype("float32")
                       for n, s in weight_shapes(config, 11).items()}
            model = keras.Sequential([
                keras.layers.Embedding(11, 8), layer(32, return_sequences=True),
                layer(32, return_sequences=True), keras.layers.Dense(11)])
            model.build((4, 9))
            model.set_weights(list(weights.values()))
            ids = rng.integers(0, 11, (4, 9))
            expected = np.asarray(model(ids))
            rnn = NumpyRNN(config, weights)
            carry = rnn.initial_carry(4)
            for t in range(9):
                logits, carry = rnn.step(ids[:, t], carry)
                np.testing.assert_allclose(logits, expected[:, t], atol=1e-5, rtol=1e-5)
            print(cell)
    """
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["gru", "lstm", "rnn"]


def test_neither_this_nor_generation_imports_a_deep_learning_framework() -> None:
    script = """
        import sys, charloom.generation, charloom.models.rnn.numpy
        print(*{"keras", "jax", "tensorflow", "torch"} & set(sys.modules))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
