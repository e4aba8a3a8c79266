"""The hand-written way back gives what automatic differentiation and Keras give."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.models.rnn import jax_model
from charloom.models.rnn.jax_recurrence import (
    first_step,
    input_sums,
    recurrence,
    recurrent_bias,
)
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import GATES, STATES, weight_shapes

pytestmark = pytest.mark.slow

B, T, V, E, H = 3, 5, 7, 4, 6
CELLS = ("gru", "lstm", "rnn")


def random_weights(config: ModelConfig, seed: int = 0) -> dict[str, jax.Array]:
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config, V)
    return {k: jnp.array(rng.normal(0, 0.4, s), jnp.float32) for k, s in shapes.items()}


def plain_step(cell, x, states, kernel, U, bias):
    """One step of a cell as the papers write it, one gate after the other."""
    h = states[0]
    if cell == "gru":
        xz, xr, xc = jnp.split(x @ kernel + bias[0], 3, -1)
        gz, gr, gc = jnp.split(h @ U + bias[1], 3, -1)
        z, r = jax.nn.sigmoid(xz + gz), jax.nn.sigmoid(xr + gr)
        return (z * h + (1 - z) * jnp.tanh(xc + r * gc),)
    sums = x @ kernel + h @ U + bias
    if cell == "rnn":
        return (jnp.tanh(sums),)
    i, f, a, o = jnp.split(sums, 4, -1)
    c = jax.nn.sigmoid(f) * states[1] + jax.nn.sigmoid(i) * jnp.tanh(a)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def plain_logits(config, weights, ids):
    x = weights["embedding"][ids]
    for layer in range(config.layers):
        names = ("kernel", "recurrent_kernel", "bias")
        parts = [weights[f"rnn.{layer}.{name}"] for name in names]
        states = tuple(jnp.zeros((ids.shape[1], H)) for _ in range(STATES[config.cell]))
        outputs = []
        for time in range(len(ids)):
            states = plain_step(config.cell, x[time], states, *parts)
            outputs.append(states[0])
        x = jnp.stack(outputs)
    return jnp.moveaxis(x @ weights["logits.kernel"] + weights["logits.bias"], -1, 0), None


@pytest.mark.heavy
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("length", [2, T])
def test_the_model_has_the_value_and_gradient_of_the_plain_equations(cell, layers, length):
    config = ModelConfig(cell=cell, layers=layers, embedding=E, units=H, dropout=0.0)
    weights = random_weights(config)
    rng = np.random.default_rng(1)
    ids, targets = rng.integers(0, V, (2, length, B))
    mask = (rng.random((length, B)) < 0.7).astype(np.float32)

    def loss(logits, weights):
        return jax_model.nats(logits(config, weights, jnp.array(ids))[0], targets, mask)

    ours, grads = jax.jit(jax.value_and_grad(lambda w: loss(jax_model.logits, w)))(weights)
    plain, expected = jax.jit(jax.value_and_grad(lambda w: loss(plain_logits, w)))(weights)
    np.testing.assert_allclose(ours, plain, rtol=1e-5)
    for name in weights:
        np.testing.assert_allclose(grads[name], expected[name], rtol=2e-4, atol=2e-5, err_msg=name)


@pytest.mark.heavy
@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_of_every_argument_matches_finite_differences(cell):
    from jax.test_util import check_grads

    rng = np.random.default_rng(0)

    def array(*shape):
        return jnp.array(rng.normal(0, 0.5, shape), jnp.float32)

    x = array(GATES[cell] * H, T, B)
    states = tuple(array(H, B) for _ in range(STATES[cell]))
    bias = array(H, 1) if cell == "gru" else jnp.zeros((1, 1))
    weigh, weigh_last = array(H, T + 1, B), array(H, B)

    def total(x, U, bias, states):
        hidden, last = recurrence(cell, x, U, bias, states)
        return (
            (hidden * weigh).sum() + (hidden**2).sum() + sum((s * weigh_last).sum() for s in last)
        )

    arguments = (x, array(H, GATES[cell] * H), bias, states)
    check_grads(total, arguments, order=1, modes=["rev"], atol=0.02, rtol=0.02)


@pytest.mark.heavy
@pytest.mark.parametrize("cell", CELLS)
def test_the_first_step_is_a_step_from_a_carry_of_zeros(cell):
    rng = np.random.default_rng(0)
    x = jnp.array(rng.normal(0, 0.5, (GATES[cell] * H, B)), jnp.float32)
    U = jnp.array(rng.normal(0, 0.5, (H, GATES[cell] * H)), jnp.float32)
    bias = jnp.array(rng.normal(size=(H, 1)), jnp.float32) if cell == "gru" else jnp.zeros((1, 1))
    zero = (jnp.zeros((H, B)),) * STATES[cell]
    weigh = jnp.array(rng.normal(size=(STATES[cell], H, B)), jnp.float32)

    def short(x, bias):
        return sum((s * w).sum() for s, w in zip(first_step(cell, x, bias), weigh, strict=True))

    def full(x, bias):
        _, last = recurrence(cell, x[:, None], U, bias, zero)
        return sum((s * w).sum() for s, w in zip(last, weigh, strict=True))

    for ours, expected in zip(
        jax.value_and_grad(short, (0, 1))(x, bias),
        jax.value_and_grad(full, (0, 1))(x, bias),
        strict=True,
    ):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), ours, expected)


def test_columns_and_their_gradient_are_those_of_indexing():
    table = jnp.array(np.random.default_rng(0).normal(size=(H, V)), jnp.float32)
    ids = jnp.array([[0, 3, 3], [6, 0, 3]])
    weigh = jnp.array(np.random.default_rng(1).normal(size=(H, 2, 3)), jnp.float32)
    np.testing.assert_array_equal(jax_model.columns_of(table, ids), table[:, ids])
    ours = jax.grad(lambda table: (jax_model.columns_of(table, ids) * weigh).sum())(table)
    plain = jax.grad(lambda table: (table[:, ids] * weigh).sum())(table)
    np.testing.assert_allclose(ours, plain, rtol=1e-6)


def test_the_input_sums_hold_every_bias_that_no_gate_holds_back():
    rng = np.random.default_rng(0)
    x, kernel, bias = (
        jnp.array(rng.normal(size=s), jnp.float32) for s in [(2, E), (E, 3 * H), (2, 3 * H)]
    )
    expected = x @ kernel + bias[0] + bias[1].at[2 * H :].set(0.0)
    np.testing.assert_allclose(input_sums("gru", x.T, kernel, bias), expected.T, atol=1e-5)
    np.testing.assert_array_equal(recurrent_bias("gru", bias)[:, 0], bias[1, 2 * H :])


@pytest.mark.parametrize("cell", CELLS)
def test_jax_and_numpy_give_the_same_logits(cell):
    config = ModelConfig(cell=cell, layers=2, embedding=E, units=H, dropout=0.0)
    weights = random_weights(config)
    ids = np.random.default_rng(2).integers(0, V, (T, B))
    expected = jax_model.logits(config, weights, jnp.array(ids))[0]
    rnn = NumpyRNN(config, {name: np.array(value) for name, value in weights.items()})
    carry = rnn.initial_carry(B)
    for time in range(T):
        logits, carry = rnn.step(ids[time], carry)
        np.testing.assert_allclose(logits, expected[:, time].T, atol=1e-5)


def test_dropout_scales_each_layers_outputs():
    config = ModelConfig(embedding=E, units=H, layers=2, dropout=0.4)
    weights = random_weights(config)
    ids = jnp.array(np.random.default_rng(0).integers(0, V, (T, B)))
    plain = jax_model.logits(config, weights, ids)[0]
    ones, zeros = (jnp.full((2, B, H), value) for value in (1.0, 0.0))
    np.testing.assert_array_equal(jax_model.logits(config, weights, ids, ones)[0], plain)
    only_bias = jax_model.logits(config, weights, ids, ones.at[1].set(zeros[1]))[0]
    bias = weights["logits.bias"][:, None, None]
    np.testing.assert_allclose(only_bias, jnp.broadcast_to(bias, plain.shape))
    # Rows are sequences: dropping one sequence's outputs leaves the others as they are.
    first_row = jax_model.logits(config, weights, ids, ones.at[0, 0].set(0.0))[0]
    assert float(jnp.abs(first_row[..., 0] - plain[..., 0]).max()) > 1e-3
    np.testing.assert_allclose(first_row[..., 1:], plain[..., 1:], atol=1e-6)
