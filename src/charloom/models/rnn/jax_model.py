"""The network on JAX, as a pure function from weights and ids to logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
from jax import Array

from ...config import ModelConfig
from .jax_products import Precision, product
from .jax_recurrence import first_step, input_sums, recurrence, recurrent_bias


def logits(
    config: ModelConfig,
    weights: Mapping[str, Array],
    ids: Array,
    dropout: Array | None = None,
    labels: Array | None = None,
    carry: Sequence[tuple[Array, ...]] | None = None,
    precision: Precision = "float32",
) -> tuple[Array, list[tuple[Array, ...]]]:
    """Return the logits of each next character, and the carry after the last step.

    The embedding is folded into the first layer: its product with the kernel is computed once for
    the V rows of the table instead of for T·B rows, and likewise for the K labels. From an empty
    carry, the first step has no recurrent product.

    Args:
        config: the architecture.
        weights: arrays by the names of ``rnn.shapes``.
        ids: (T, B) int32, time-major, T ≥ 2.
        dropout: (L, B, H), factors for each layer's outputs, 0 or 1 / (1 - rate), the same at all
            times of a sequence (Gal and Ghahramani 2016, section 4); ``None``: no dropout.
        labels: (B,) int32, each sequence's label k as k + 1, or 0 for none; ``None``: no labels.
        carry: the states of each layer, (H, B) each, h first, at which gradients stop; ``None``:
            an empty carry.
        precision: of the products with as many columns as the batch has; see ``jax_products``.

    Returns:
        (V, T, B) float32, and the states of each layer.
    """
    cell = config.cell
    table = input_sums(cell, weights["embedding"].T, weights["rnn.0.kernel"], weights["rnn.0.bias"])
    # The inputs of a first step from an empty carry, if that is where it starts, and of the others.
    parts = [ids[0], ids[1:]] if carry is None else [ids]
    sums = [columns_of(table, part) for part in parts]
    if labels is not None:
        rows = jnp.pad(weights["labels"], ((1, 0), (0, 0)))  # (K + 1, E), no label adds nothing
        added = columns_of(weights["rnn.0.kernel"].T @ rows.T, labels)  # (G·H, B)
        sums = [part + (added if part.ndim == 2 else added[:, None]) for part in sums]
    hidden, after = sums[-1], []
    for layer in range(config.layers):
        bias = weights[f"rnn.{layer}.bias"]
        if layer:
            inputs = [hidden[:, 0], hidden[:, 1:]] if carry is None else [hidden]
            kernel = weights[f"rnn.{layer}.kernel"]
            sums = [input_sums(cell, part, kernel, bias, precision) for part in inputs]
        U, inner = weights[f"rnn.{layer}.recurrent_kernel"], recurrent_bias(cell, bias)
        if carry is None:
            hidden, last = recurrence(
                cell, sums[1], U, inner, first_step(cell, sums[0], inner), precision
            )
        else:
            start = jax.lax.stop_gradient(carry[layer])
            hidden, last = recurrence(cell, sums[0], U, inner, start, precision)
            hidden = hidden[:, 1:]
        after.append(last)
        if dropout is not None:
            hidden = hidden * dropout[layer].T[:, None]
    flat = product(weights["logits.kernel"].T, hidden.reshape(len(hidden), -1), precision)
    return flat.reshape(-1, *ids.shape) + weights["logits.bias"][:, None, None], after


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

    ``logits`` (V, T, B), ``targets`` (T, B) int32, or distributions (V, T, B) float32, ``mask``
    (T, B) float32.
    """
    if targets.ndim == 2:
        targets = jax.nn.one_hot(targets, len(logits), axis=0, dtype=logits.dtype)
    picked = (jax.nn.log_softmax(logits, axis=0) * targets).sum(0)
    return -(picked * mask).sum()
