"""The recurrence on JAX, with its backward pass written by hand.

Automatic differentiation of a scan adds up each weight's gradient step by step, and goes
through B·T rows of the embedding. Here the way back in time computes only what must be
sequential, the gradient of the carry and of the gates' sums; then each weight's gradient is one
matrix product over all T·B rows, as in cuDNN (Appleyard, Kocisky, Blunsom 2016, section 3.1).

All arrays are time-major. Every cell splits its sums into an input part ``x``, in which the
biases are already added, and a recurrent part ``g = h @ U``; the derivatives are those of

    GRU  (reset_after)  z, r = sigmoid(x_zr + g_zr);  c = tanh(x_c + r (g_c + b))
                        h' = c + z (h - c)
    LSTM                i, f, o = sigmoid(x + g);  a = tanh(x_a + g_a)
                        c' = f c + i a;  h' = o tanh(c')
    RNN                 h' = tanh(x + g)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

Arrays = tuple[Array, ...]


def _sigmoid(x: Array) -> Array:
    # As a tanh: XLA's loop bodies run it faster than its own logistic.
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


class Cell(NamedTuple):
    """The element-wise half of a recurrent cell, both ways.

    Attributes:
        blocks: columns of each block of the input sums, in units of H; the blocks are kept
            apart so that the way back never has to join arrays of T·B rows.
        forward: ``(x blocks, g (B, G·H), states, bias) -> (states, saved)``.
        backward: ``(states' gradients, saved, states) -> (x blocks' gradients, g's gradient
            blocks, direct gradients of the states)``. The blocks of g that have the same
            gradient as those of x are given as ``None``.
    """

    blocks: tuple[int, ...]
    forward: Callable[[Arrays, Array, Arrays, Array], tuple[Arrays, Arrays]]
    backward: Callable[[Arrays, Arrays, Arrays], tuple[Arrays, tuple[Array | None, ...], Arrays]]


def _gru_forward(x: Arrays, g: Array, states: Arrays, bias: Array) -> tuple[Arrays, Arrays]:
    (h,) = states
    H = h.shape[-1]
    z = _sigmoid(x[0][:, :H] + g[:, :H])
    r = _sigmoid(x[0][:, H:] + g[:, H : 2 * H])
    gc = g[:, 2 * H :] + bias
    c = jnp.tanh(x[1] + r * gc)
    return (c + z * (h - c),), (z, r, c, gc)


def _gru_backward(
    grads: Arrays, saved: Arrays, states: Arrays
) -> tuple[Arrays, tuple[Array | None, ...], Arrays]:
    (dh,), (z, r, c, gc), (h,) = grads, saved, states
    dc = dh * (1 - z) * (1 - c * c)
    dz = dh * (h - c) * z * (1 - z)
    dr = dc * gc * r * (1 - r)
    return (jnp.concatenate([dz, dr], -1), dc), (None, dc * r), (dh * z,)


def _lstm_forward(x: Arrays, g: Array, states: Arrays, _bias: Array) -> tuple[Arrays, Arrays]:
    _, c = states
    H = c.shape[-1]
    sums = x[0] + g
    i, f = _sigmoid(sums[:, :H]), _sigmoid(sums[:, H : 2 * H])
    a, o = jnp.tanh(sums[:, 2 * H : 3 * H]), _sigmoid(sums[:, 3 * H :])
    c = f * c + i * a
    t = jnp.tanh(c)
    return (o * t, c), (i, f, a, o, t)


def _lstm_backward(
    grads: Arrays, saved: Arrays, states: Arrays
) -> tuple[Arrays, tuple[Array | None, ...], Arrays]:
    (dh, dc), (i, f, a, o, t), (_, c) = grads, saved, states
    dc = dc + dh * o * (1 - t * t)
    di, df = dc * a * i * (1 - i), dc * c * f * (1 - f)
    da, do = dc * i * (1 - a * a), dh * t * o * (1 - o)
    return (jnp.concatenate([di, df, da, do], -1),), (None,), (jnp.zeros_like(dh), dc * f)


def _rnn_forward(x: Arrays, g: Array, _states: Arrays, _bias: Array) -> tuple[Arrays, Arrays]:
    h = jnp.tanh(x[0] + g)
    return (h,), (h,)


def _rnn_backward(
    grads: Arrays, saved: Arrays, _states: Arrays
) -> tuple[Arrays, tuple[Array | None, ...], Arrays]:
    (dh,), (h,) = grads, saved
    return (dh * (1 - h * h),), (None,), (jnp.zeros_like(dh),)


CELLS = {
    "gru": Cell((2, 1), _gru_forward, _gru_backward),
    "lstm": Cell((4,), _lstm_forward, _lstm_backward),
    "rnn": Cell((1,), _rnn_forward, _rnn_backward),
}


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def recurrence(cell: str, x: Arrays, U: Array, bias: Array, states: Arrays) -> Arrays:
    """Run a cell over time.

    Args:
        cell: a key of ``CELLS``.
        x: blocks of the input sums, each (T, B, columns), biases added.
        U: recurrent kernel (H, G·H).
        bias: the GRU's recurrent bias of the candidate (H,); others ignore it.
        states: the carry to start from, each (B, H).

    Returns:
        The states after each step, each (T, B, H); h is the first.
    """
    return _recurrence_forward(cell, x, U, bias, states)[0]


def _recurrence_forward(
    cell: str, x: Arrays, U: Array, bias: Array, states: Arrays
) -> tuple[Arrays, tuple[Any, ...]]:
    def step(states: Arrays, x: Arrays) -> tuple[Arrays, tuple[Arrays, Arrays]]:
        states, saved = CELLS[cell].forward(x, states[0] @ U, states, bias)
        return states, (states, saved)

    _, (outputs, saved) = lax.scan(step, states, x)
    return outputs, (outputs, saved, U, bias, states)


def _recurrence_backward(
    cell: str, residuals: tuple[Any, ...], output_grads: Arrays
) -> tuple[Arrays, Array, Array, Arrays]:
    outputs, saved, U, bias, first = residuals
    H = U.shape[0]
    before = tuple(
        jnp.concatenate([start[None], s[:-1]]) for start, s in zip(first, outputs, strict=True)
    )
    UT = U.T

    def step(grads: Arrays, at: tuple[Arrays, Arrays, Arrays]) -> tuple[Arrays, Any]:
        from_above, saved, states = at
        grads = tuple(a + b for a, b in zip(grads, from_above, strict=True))
        dx, dg, direct = CELLS[cell].backward(grads, saved, states)
        dg_all = jnp.concatenate([b if a is None else a for a, b in zip(dg, dx, strict=True)], -1)
        return (direct[0] + dg_all @ UT, *direct[1:]), (dx, dg)

    start = tuple(jnp.zeros_like(s) for s in first)
    start_grads, (dx, dg) = lax.scan(step, start, (output_grads, saved, before), reverse=True)
    dg = tuple(b if a is None else a for a, b in zip(dg, dx, strict=True))
    h_rows = before[0].reshape(-1, H)
    rows = [d.reshape(-1, d.shape[-1]) for d in dg]
    dU = jnp.concatenate([h_rows.T @ d for d in rows], -1)
    dbias = rows[-1].sum(0) if cell == "gru" else jnp.zeros_like(bias)
    return dx, dU, dbias, start_grads


recurrence.defvjp(_recurrence_forward, _recurrence_backward)


def input_sums(cell: str, inputs: Array, kernel: Array, bias: Array) -> Arrays:
    """Return the blocks of ``inputs @ kernel`` plus every bias that may be added beforehand.

    ``inputs`` (..., I), ``kernel`` (I, G·H), ``bias`` as in ``models.shapes``; the GRU's
    recurrent bias of z and r is added here too, that of its candidate belongs to the reset gate.
    """
    if cell == "gru":
        H = kernel.shape[1] // 3
        bias = jnp.concatenate([bias[0, : 2 * H] + bias[1, : 2 * H], bias[0, 2 * H :]])
    blocks, low = [], 0
    H = kernel.shape[1] // sum(CELLS[cell].blocks)
    for block in CELLS[cell].blocks:
        high = low + block * H
        blocks.append(inputs @ kernel[:, low:high] + bias[low:high])
        low = high
    return tuple(blocks)


def recurrent_bias(cell: str, bias: Array) -> Array:
    """Return the bias that must be added inside the recurrence: the GRU's candidate's, (H,)."""
    return bias[1, 2 * (bias.shape[1] // 3) :] if cell == "gru" else jnp.zeros(())
