"""Matrix products in float32, or in bfloat16 with sums in float32.

A bfloat16 is the first half of a float32: the same range, and 8 bits of precision instead of 24.
Where the processor has units for it, such products are several times as fast, and training with
them loses nothing (Kalamkar et al. 2019, "A study of BFLOAT16 for deep learning training").
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

Precision = str
"""``float32`` or ``bfloat16``."""


def rounded(matrix: Array, precision: Precision) -> Array:
    """Return a matrix in the format in which it is multiplied.

    The barrier keeps XLA from making a transposition part of the product, which it cannot compute
    in bfloat16 on a CPU ("Unsupported element type for DotThunk").
    """
    if precision == "float32":
        return matrix
    return lax.optimization_barrier(matrix.astype(precision))  # type: ignore[no-any-return, no-untyped-call]


def times(a: Array, b: Array, precision: Precision) -> Array:
    """Return ``a @ b`` for (M, K) and (K, N), in float32."""
    return _product(a, b, 0, precision)


def times_transposed(a: Array, b: Array, precision: Precision) -> Array:
    """Return ``a @ b.T`` for (M, K) and (N, K), in float32.

    Not by way of ``times``: in bfloat16, a product with a transposed matrix takes three times as
    long as one over the last axis of both.
    """
    return _product(a, b, 1, precision)


def _product(a: Array, b: Array, axis: int, precision: Precision) -> Array:
    over = (((1,), (axis,)), ((), ()))
    a, b = rounded(a, precision), rounded(b, precision)
    return lax.dot_general(a, b, over, preferred_element_type=jnp.float32)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def product(a: Array, b: Array, precision: Precision) -> Array:
    """Return ``times``, whose gradients are products of the same precision."""
    return times(a, b, precision)


def _forward(a: Array, b: Array, precision: Precision) -> tuple[Array, tuple[Array, Array]]:
    return times(a, b, precision), (a, b)


def _backward(precision: Precision, saved: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    a, b = saved
    return times_transposed(g, b, precision), times(a.T, g, precision)


product.defvjp(_forward, _backward)
