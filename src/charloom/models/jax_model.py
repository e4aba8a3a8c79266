"""The whole model on JAX as a pure function of its weights: ids in, logits out."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array

from ..config import ModelConfig
from .jax_recurrence import CELLS, input_sums, recurrence, recurrent_bias
from .shapes import STATES


def logits(
    config: ModelConfig,
    weights: Mapping[str, Array],
    ids: Array,
    dropout: Array | None = None,
) -> Array:
    """Return the logits of each next character, starting from an empty carry.

    The embedding is folded into the first layer: its product with the kernel is taken once for
    the V rows of the table, not for T·B rows. The first step has no recurrent product, since the
    carry is zero.

    Args:
        config: the architecture.
        weights: arrays by the names of ``models.shapes``.
        ids: (T, B) int32, time-major, T ≥ 2.
        dropout: (L, B, H) factors of each recurrent layer's outputs, 0 or 1 / (1 - share): one
            a sequence, shared over time (Gal and Ghahramani 2016). ``None`` switches it off.

    Returns:
        (T, B, V) float32.
    """
    cell = config.cell
    table = input_sums(cell, weights["embedding"], weights["rnn.0.kernel"], weights["rnn.0.bias"])
    first = tuple(block[ids[0]] for block in table)
    rest = tuple(block[ids[1:]] for block in table)
    batch = ids.shape[1]
    outputs: tuple[Array, Array] | None = None
    for layer in range(config.layers):
        bias = weights[f"rnn.{layer}.bias"]
        if outputs is not None:
            kernel = weights[f"rnn.{layer}.kernel"]
            first = input_sums(cell, outputs[0], kernel, bias)
            rest = input_sums(cell, outputs[1], kernel, bias)
        U, inner = weights[f"rnn.{layer}.recurrent_kernel"], recurrent_bias(cell, bias)
        zero = tuple(jnp.zeros((batch, config.units)) for _ in range(STATES[cell]))
        states, _ = CELLS[cell].forward(first, jnp.zeros((batch, U.shape[1])), zero, inner)
        outputs = (states[0], recurrence(cell, rest, U, inner, states)[0])
        if dropout is not None:
            outputs = (outputs[0] * dropout[layer], outputs[1] * dropout[layer])
    assert outputs is not None  # there is at least one layer
    hidden = jnp.concatenate([outputs[0][None], outputs[1]])
    return hidden @ weights["logits.kernel"] + weights["logits.bias"]


def nats(logits: Array, targets: Array, mask: Array) -> Array:
    """Return the summed cross-entropy of the targets, where ``mask`` is 1.

    ``logits`` (T, B, V), ``targets`` (T, B) int32, ``mask`` (T, B) float32; nats, a scalar.
    """
    one_hot = jax.nn.one_hot(targets, logits.shape[-1], dtype=logits.dtype)
    picked = (jax.nn.log_softmax(logits) * one_hot).sum(-1)
    return -(picked * mask).sum()
