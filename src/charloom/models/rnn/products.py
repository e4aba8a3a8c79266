"""Products of a step's rows with the gates' weights, in tiles that BLAS multiplies without packing.

A matrix product of BLAS first copies its matrices into an order that suits large ones. For the few
rows of a step, that takes as long as the product itself. OpenBLAS has kernels without it, for
processors with AVX-512 and products of at most a million multiplications: rows and columns are
divided so that each tile is one of these.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..interface import Floats
from ..threads import blas_architectures

UNPACKED = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids"})
"""OpenBLAS' names of the processors for which it has such kernels."""

MOST = 1_000_000
"""Multiplications in a tile."""

NARROWEST = 64
"""Columns of a tile, at least."""

WIDEST = 256
"""Terms of a sum up to which tiles pay off for any number of rows; above, only for one tile."""


def multiply(rows: Floats, blocks: Floats, out: Floats) -> None:
    """Write ``rows`` (B, K) @ ``blocks`` (G, K, N) to ``out`` (G, B, N), the last two contiguous.

    Each product is a sum in the same order for any B, up to what BLAS does with large matrices.
    """
    count, terms = rows.shape
    width = blocks.shape[2]
    if count * width * terms > MOST and _unpacked():
        while width % 2 == 0 and width > NARROWEST and count * width * terms > MOST:
            width //= 2
        most = MOST // (width * terms)
        if count <= most:
            _tiles(rows, blocks, out, count, width)
            return
        if terms <= WIDEST and width <= NARROWEST:
            high = -(-count // -(-count // most))
            whole = count - count % high
            _tiles(rows[:whole], blocks, out[:, :whole], high, width)
            if whole < count:
                _tiles(rows[whole:], blocks, out[:, whole:], count - whole, width)
            return
    np.matmul(rows, blocks, out=out)


def _tiles(rows: Floats, blocks: Floats, out: Floats, high: int, width: int) -> None:
    """Multiply in tiles of ``high`` rows and ``width`` columns, which divide B and N."""
    gates, terms, columns = blocks.shape
    count, across = len(rows) // high, columns // width
    # (G, tiles down, tiles across, ...): a gate's weights stay in the cache for all its rows
    np.matmul(
        rows.reshape(1, count, 1, high, terms),
        blocks.reshape(gates, 1, terms, across, width).swapaxes(2, 3),
        out=out.reshape(gates, count, high, across, width).swapaxes(2, 3),
    )


@cache
def _unpacked() -> bool:
    """Return whether NumPy's BLAS multiplies small matrices as they are."""
    found = blas_architectures()
    return bool(found) and found <= UNPACKED
