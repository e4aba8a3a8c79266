"""The recurrence on JAX, with a hand-written backward pass.

Automatic differentiation of a scan accumulates each weight's gradient step by step, and goes
through B·T rows of the embedding. Here the backward pass through time only computes what must be
sequential, the gradients of the carry and of the gates' sums. Each weight's gradient is then one
matrix product over all T·B columns, as in cuDNN (Appleyard, Kocisky and Blunsom 2016, section 3.1).

Arrays are feature-major: (features, B) in a step, (features, T, B) over time. On a CPU
``Uᵀ (G·H, H) @ h (H, B)`` is a sixth faster than ``h (B, H) @ U (H, G·H)`` (benchmarks/layout.py).

Every cell splits its sums into an input part ``x``, which includes the biases, and a recurrent
part ``g = Uᵀ h``:

    GRU  (reset_after)  z, r = sigmoid(x_zr + g_zr);  c = tanh(x_c + r (g_c + b))
                        h' = c + z (h - c)
    LSTM                i, f, o = sigmoid(x + g);  a = tanh(x_a + g_a)
                        c' = f c + i a;  h' = o tanh(c')
    RNN                 h' = tanh(x + g)

The gradient of every sum is the carry's gradient times a factor that is known in the forward pass.
The forward pass saves these factors, and the backward pass only multiplies.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from .jax_products import Precision, product, rounded, times, times_transposed
from .shapes import GATES, STATES

Arrays = tuple[Array, ...]


def _sigmoid(x: Array) -> Array:
    # As a tanh, which is faster than XLA's logistic in loop bodies.
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _at(array: Array, t: Array, axis: int = 1) -> Array:
    return lax.dynamic_index_in_dim(array, t, axis, keepdims=False)  # type: ignore[no-any-return]


def _put(array: Array, value: Array, t: Array | int, axis: int = 1) -> Array:
    return lax.dynamic_update_index_in_dim(array, value, t, axis)  # type: ignore[no-any-return]


class Cell(NamedTuple):
    """The element-wise part of a recurrent cell, forward and backward.

    Attributes:
        factors: F, the number of arrays (H, B) that the backward pass needs.
        forward: ``(x (G·H, B), g (G·H, B), states, bias (H, 1)) -> (states, factors)``.
        backward: ``(gradients of the states, factors (F, H, B)) -> (gradient of g (G·H, B), that
            of the last H rows of x if it differs, direct gradients of the states)``.
    """

    factors: int
    forward: Callable[[Array, Array, Arrays, Array], tuple[Arrays, Arrays]]
    backward: Callable[[Arrays, Array], tuple[Array, Array | None, Arrays]]


def _gru_forward(x: Array, g: Array, states: Arrays, bias: Array) -> tuple[Arrays, Arrays]:
    (h,) = states
    H = len(h)
    z = _sigmoid(x[:H] + g[:H])
    r = _sigmoid(x[H : 2 * H] + g[H : 2 * H])
    gc = g[2 * H :] + bias
    c = jnp.tanh(x[2 * H :] + r * gc)
    dc = (1 - z) * (1 - c * c)
    return (c + z * (h - c),), ((h - c) * z * (1 - z), dc * gc * r * (1 - r), dc * r, dc, z)


def _gru_backward(grads: Arrays, factors: Array) -> tuple[Array, Array | None, Arrays]:
    d = grads[0] * factors
    return d[:3].reshape(-1, d.shape[2]), d[3], (d[4],)


def _lstm_forward(x: Array, g: Array, states: Arrays, _bias: Array) -> tuple[Arrays, Arrays]:
    before = states[1]
    H = len(before)
    sums = x + g
    i, f = _sigmoid(sums[:H]), _sigmoid(sums[H : 2 * H])
    a, o = jnp.tanh(sums[2 * H : 3 * H]), _sigmoid(sums[3 * H :])
    c = f * before + i * a
    t = jnp.tanh(c)
    gates = (a * i * (1 - i), before * f * (1 - f), i * (1 - a * a), t * o * (1 - o))
    return (o * t, c), (*gates, o * (1 - t * t), f)


def _lstm_backward(grads: Arrays, factors: Array) -> tuple[Array, Array | None, Arrays]:
    dh, dc = grads
    # Without the barriers XLA recomputes the four blocks wherever they are read.
    barrier: Callable[[Array], Array] = lax.optimization_barrier
    dc = barrier(dc + dh * factors[4])
    dg = barrier(jnp.concatenate([*(dc * factors[:3]), dh * factors[3]]))
    return dg, None, (jnp.zeros_like(dh), dc * factors[5])


def _rnn_forward(x: Array, g: Array, _states: Arrays, _bias: Array) -> tuple[Arrays, Arrays]:
    h = jnp.tanh(x + g)
    return (h,), (1 - h * h,)


def _rnn_backward(grads: Arrays, factors: Array) -> tuple[Array, Array | None, Arrays]:
    (dh,) = grads
    return dh * factors[0], None, (jnp.zeros_like(dh),)


CELLS = {
    "gru": Cell(5, _gru_forward, _gru_backward),
    "lstm": Cell(6, _lstm_forward, _lstm_backward),
    "rnn": Cell(1, _rnn_forward, _rnn_backward),
}


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def first_step(cell: str, x: Array, bias: Array) -> Arrays:
    """Return the states after a step from a carry of zeros, which does not need U.

    ``x`` (G·H, B) and ``bias`` are as in ``recurrence``, which continues from these states.
    """
    return _first_forward(cell, x, bias)[0]


def _first_forward(cell: str, x: Array, bias: Array) -> tuple[Arrays, tuple[Array, Array]]:
    zero = jnp.zeros((len(x) // GATES[cell], x.shape[1]))
    states = (zero,) * STATES[cell]
    states, factors = CELLS[cell].forward(x, jnp.zeros_like(x), states, bias)
    return states, (jnp.stack(factors), bias)


def _first_backward(
    cell: str, residuals: tuple[Array, Array], grads: Arrays
) -> tuple[Array, Array]:
    factors, bias = residuals
    dg, dx, _ = CELLS[cell].backward(grads, factors)
    if dx is None:
        return dg, jnp.zeros_like(bias)
    H = len(dx)
    return jnp.concatenate([dg[:-H], dx]), dg[-H:].sum(1, keepdims=True)


first_step.defvjp(_first_forward, _first_backward)


@partial(jax.custom_vjp, nondiff_argnums=(0, 5))
def recurrence(
    cell: str,
    x: Array,
    U: Array,
    bias: Array,
    states: Arrays,
    precision: Precision = "float32",
) -> tuple[Array, Arrays]:
    """Run a cell over time.

    Args:
        cell: a key of ``CELLS``.
        x: the input sums (G·H, T, B), including biases.
        U: recurrent kernel (H, G·H).
        bias: the GRU's recurrent bias of the candidate (H, 1); other cells ignore it.
        states: the initial carry, (H, B) each, h first.
        precision: of the products; see ``jax_products``.

    Returns:
        h before and after each step, (H, T + 1, B), and the last states.
    """
    return _recurrence_forward(cell, x, U, bias, states, precision)[0]


def _recurrence_forward(
    cell: str, x: Array, U: Array, bias: Array, states: Arrays, precision: Precision
) -> tuple[tuple[Array, Arrays], tuple[Any, ...]]:
    (H, B), T = states[0].shape, x.shape[1]
    UT = rounded(U.T, precision)

    def step(t: Array, carry: tuple[Arrays, Array, Array]) -> tuple[Arrays, Array, Array]:
        states, hidden, saved = carry
        states, factors = CELLS[cell].forward(
            _at(x, t), times(UT, states[0], precision), states, bias
        )
        hidden = _put(hidden, states[0], t + 1)
        return states, hidden, _put(saved, jnp.stack(factors), t, axis=0)

    hidden = _put(jnp.zeros((H, T + 1, B)), states[0], 0)
    saved = jnp.zeros((T, CELLS[cell].factors, H, B))
    last, hidden, saved = lax.fori_loop(0, T, step, (states, hidden, saved))
    return (hidden, last), (hidden, saved, U, bias)


def _recurrence_backward(
    cell: str, precision: Precision, residuals: tuple[Any, ...], output_grads: tuple[Array, Arrays]
) -> tuple[Array, Array, Array, Arrays]:
    (hidden, saved, U, bias), (from_above, last) = residuals, output_grads
    T, _, H, B = saved.shape
    is_gru, by_U = cell == "gru", rounded(U, precision)

    def step(k: Array, carry: tuple[Arrays, Array, Array]) -> tuple[Arrays, Array, Array]:
        grads, all_dg, all_dx = carry
        t = T - 1 - k
        grads = (grads[0] + _at(from_above, t + 1), *grads[1:])
        dg, dx, direct = CELLS[cell].backward(grads, _at(saved, t, axis=0))
        if dx is not None:
            all_dx = _put(all_dx, dx, t)
        return (direct[0] + times(by_U, dg, precision), *direct[1:]), _put(all_dg, dg, t), all_dx

    start = (jnp.zeros((U.shape[1], T, B)), jnp.zeros((H if is_gru else 0, T, B)))
    grads, dg, dx = lax.fori_loop(0, T, step, (last, *start))
    dU = times_transposed(hidden[:, :-1].reshape(H, -1), dg.reshape(-1, T * B), precision)
    if is_gru:
        dbias = dg[-H:].sum((1, 2))[:, None]
        dg = jnp.concatenate([dg[:-H], dx])
    else:
        dbias = jnp.zeros_like(bias)
    return dg, dU, dbias, (grads[0] + from_above[:, 0], *grads[1:])


recurrence.defvjp(_recurrence_forward, _recurrence_backward)


def input_sums(
    cell: str, inputs: Array, kernel: Array, bias: Array, precision: Precision = "float32"
) -> Array:
    """Return ``kernelᵀ @ inputs`` plus all biases that can be added in advance, (G·H, ...).

    ``inputs`` (I, ...), ``kernel`` (I, G·H), ``bias`` as in ``rnn.shapes``. The GRU's recurrent
    biases of z and r are included; that of its candidate is inside the reset gate.
    """
    if cell == "gru":
        H = kernel.shape[1] // 3
        bias = jnp.concatenate([bias[0, : 2 * H] + bias[1, : 2 * H], bias[0, 2 * H :]])
    sums = product(kernel.T, inputs.reshape(len(inputs), -1), precision) + bias[:, None]
    return sums.reshape(-1, *inputs.shape[1:])


def recurrent_bias(cell: str, bias: Array) -> Array:
    """Return the bias inside the recurrence: the GRU candidate's, (H, 1); otherwise 0, (1, 1)."""
    return bias[1, 2 * (bias.shape[1] // 3) :, None] if cell == "gru" else jnp.zeros((1, 1))
