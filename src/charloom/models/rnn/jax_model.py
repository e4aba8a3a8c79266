"""The network on JAX, as a pure function from weights and ids to logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
from jax import Array

from ...config import ModelConfig
from .jax_recurrence import first_step, input_sums, recurrence, recurrent_bias


def logits(
    config: ModelConfig,
    weights: Mapping[str, Array],
    ids: Array,
    dropout: Array | None = None,
    labels: Array | None = None,
) -> Array:
    """Return the logits of each next character, starting from an empty carry.

    The embedding is folded into the first layer: its product with the kernel is computed once for
    the V rows of the table instead of for T·B rows, and likewise for the K labels. The first step
    has no recurrent product, since the carry is zero.

    Args:
        config: the architecture.
        weights: arrays by the names of ``rnn.shapes``.
        ids: (T, B) int32, time-major, T ≥ 2.
        dropout: (L, B, H), factors for each layer's outputs, 0 or 1 / (1 - rate), the same at all
            times of a sequence (Gal and Ghahramani 2016, section 4); ``None``: no dropout.
        labels: (B,) int32, each sequence's label k as k + 1, or 0 for none; ``None``: no labels.

    Returns:
        (V, T, B) float32.
    """
    cell = config.cell
    embedding = weights["embedding"].T
    table = input_sums(cell, embedding, weights["rnn.0.kernel"], weights["rnn.0.bias"])
    first, rest = columns_of(table, ids[0]), columns_of(table, ids[1:])
    if labels is not None:
        rows = jnp.pad(weights["labels"], ((1, 0), (0, 0)))  # (K + 1, E), no label adds nothing
        added = columns_of(weights["rnn.0.kernel"].T @ rows.T, labels)  # (G·H, B)
        first, rest = first + added, rest + added[:, None]
    hidden = rest
    for layer in range(config.layers):
        bias = weights[f"rnn.{layer}.bias"]
        if layer:
            kernel = weights[f"rnn.{layer}.kernel"]
            first, rest = (input_sums(cell, h, kernel, bias) for h in (hidden[:, 0], hidden[:, 1:]))
        U, inner = weights[f"rnn.{layer}.recurrent_kernel"], recurrent_bias(cell, bias)
        hidden, _ = recurrence(cell, rest, U, inner, first_step(cell, first, inner))
        if dropout is not None:
            hidden = hidden * dropout[layer].T[:, None]
    return _dense(weights, hidden, ids.shape)


def logits_from(
    config: ModelConfig,
    weights: Mapping[str, Array],
    ids: Array,
    carry: Sequence[tuple[Array, ...]],
    dropout: Array | None = None,
) -> tuple[Array, list[tuple[Array, ...]]]:
    """Return the logits, starting from a carry, and the carry after the last step.

    ``carry`` has the states of each layer, (H, B) each, h first. Gradients stop at it.
    """
    cell = config.cell
    embedding = weights["embedding"].T
    table = input_sums(cell, embedding, weights["rnn.0.kernel"], weights["rnn.0.bias"])
    x, after = columns_of(table, ids), []
    hidden = x
    for layer in range(config.layers):
        bias = weights[f"rnn.{layer}.bias"]
        if layer:
            x = input_sums(cell, hidden, weights[f"rnn.{layer}.kernel"], bias)
        U, inner = weights[f"rnn.{layer}.recurrent_kernel"], recurrent_bias(cell, bias)
        start = jax.lax.stop_gradient(carry[layer])
        outputs, last = recurrence(cell, x, U, inner, start)
        after.append(last)
        hidden = outputs[:, 1:]
        if dropout is not None:
            hidden = hidden * dropout[layer].T[:, None]
    return _dense(weights, hidden, ids.shape), after


def _dense(weights: Mapping[str, Array], hidden: Array, shape: tuple[int, ...]) -> Array:
    flat = weights["logits.kernel"].T @ hidden.reshape(len(hidden), -1)
    return flat.reshape(-1, *shape) + weights["logits.bias"][:, None, None]


@jax.custom_vjp
def columns_of(table: Array, ids: Array) -> Array:
    """Return ``table[:, ids]``, (rows, *ids.shape), for ``table`` (rows, V).

    The gradient is accumulated in rows of the transposed table. XLA's own gradient, in columns,
    takes four times as long, and longer than a product with one-hot columns.
    """
    return table[:, ids]


def _columns_forward(table: Array, ids: Array) -> tuple[Array, tuple[Array, Array]]:
    return table[:, ids], (table, ids)


def _columns_backward(residuals: tuple[Array, Array], grads: Array) -> tuple[Array, None]:
    table, ids = residuals
    rows = grads.reshape(len(table), -1).T
    return jnp.zeros_like(table.T).at[ids.reshape(-1)].add(rows).T, None


columns_of.defvjp(_columns_forward, _columns_backward)


def nats(logits: Array, targets: Array, mask: Array) -> Array:
    """Return the sum of the targets' cross-entropy where ``mask`` is 1, a scalar in nats.

    ``logits`` (V, T, B), ``targets`` (T, B) int32, ``mask`` (T, B) float32.
    """
    one_hot = jax.nn.one_hot(targets, len(logits), axis=0, dtype=logits.dtype)
    picked = (jax.nn.log_softmax(logits, axis=0) * one_hot).sum(0)
    return -(picked * mask).sum()
