"""Arrays and names as few bytes, which the page unpacks; ``page/unpack.js`` is the other half.

All arrays are one run of bytes, compressed by deflate. Each is described by a dictionary: ``name``,
``shape``, ``type`` (``f2``, ``f4``, ``i1``, ``u1``, ``u2``,
``u4``, ``f8``) and how it was packed:

- ``scales``: integers times a number for each row or, of a kernel, each column;
- ``values``: indices into so many float32 values that precede them, where few values differ;
- ``rises``: the differences of a rising sequence.

Numbers of several bytes are divided into planes, all first bytes before all second ones: the upper
bytes of neighbours are alike, which deflate can use.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ...models.rnn.shapes import weight_shapes

Precision = Literal["float32", "float16", "int8"]
Array = NDArray[Any]

MOST_VALUES = 1 << 16
MOST_SHARED = 90
"""The longest common beginning of two names that is left out, in characters."""


def quantised(
    config: ModelConfig, weights: Mapping[str, Array], precision: Precision
) -> dict[str, Array]:
    """Return the weights as the page computes with them: the network's rounded, others as given."""
    found = dict(weights)
    for name in _network(config, weights):
        if precision == "float16":
            found[name] = weights[name].astype(np.float16).astype(np.float32)
        elif precision == "int8" and weights[name].ndim == 2 and "bias" not in name:
            scales, steps = _steps(name, weights[name])
            found[name] = steps.astype(np.float32) * scales
    return found


def pack_arrays(
    config: ModelConfig, weights: Mapping[str, Array], precision: Precision
) -> tuple[list[dict[str, Any]], bytes]:
    """Return a description of each array, and their bytes, not yet compressed."""
    network = _network(config, weights)
    described, parts = [], []
    for name, array in weights.items():
        field: dict[str, Any] = {"name": name, "shape": list(array.shape)}
        if array.dtype.kind in "iu":
            packed, rises = _whole_numbers(array)
            field |= {"rises": True} if rises else {}
        elif name not in network:
            values, packed = _palette(array)
            if values is not None:
                field["values"] = len(values)
                parts.append(_planes(values))
        elif precision == "int8" and array.ndim == 2 and "bias" not in name:
            scales, packed = _steps(name, array)
            field["scales"] = "rows" if name in _BY_ROW else "columns"
            parts.append(_planes(scales.ravel()))
        else:
            packed = array.astype(np.float16 if precision == "float16" else np.float32)
        field["type"] = f"{packed.dtype.kind}{packed.dtype.itemsize}"
        described.append(field)
        parts.append(_planes(packed))
    return described, b"".join(parts)


def pack_names(names: Iterable[str]) -> bytes:
    """Return names, sorted, as lines: the length that each shares with the last, and the rest."""
    lines, last = [], ""
    for name in sorted(names):
        shared = 0
        for one, other in zip(name[:MOST_SHARED], last, strict=False):
            if one != other or one > "\uffff":  # the page counts such a character twice
                break
            shared += 1
        lines.append(chr(33 + shared) + name[shared:])
        last = name
    return "\n".join(lines).encode()


def deflated(data: bytes) -> bytes:
    """Return ``data`` in the format that browsers call deflate (RFC 1950)."""
    return zlib.compress(data, 9)


_BY_ROW = ("embedding", "labels")
"""Weights with a scale for each row; the others have one for each column."""


def _network(config: ModelConfig, weights: Mapping[str, Array]) -> Sequence[str]:
    if not config.has_network:
        return ()
    return list(weight_shapes(config, len(weights["embedding"])))


def _steps(name: str, array: Array) -> tuple[Array, Array]:
    """Return the scales, which broadcast to the array, and integers from -127 to 127."""
    scales = np.abs(array).max(axis=1 if name in _BY_ROW else 0, keepdims=True) / np.float32(127)
    scales = np.maximum(scales, np.float32(1e-30))
    return scales, np.rint(array / scales).astype(np.int8)


def _whole_numbers(array: Array) -> tuple[Array, bool]:
    """Return integers of 0 or above in the smallest type, and whether they are differences."""
    rises = len(array) > 1 and bool((np.diff(array) >= 0).all())
    packed = np.diff(array, prepend=array.dtype.type(0)) if rises else array
    if packed.max(initial=0) >= 1 << 32:
        return array.astype(np.float64), False
    return packed.astype(np.min_scalar_type(int(packed.max(initial=0)))), rises


def _palette(array: Array) -> tuple[Array | None, Array]:
    """Return the different values, the most frequent first, and each place's index, if shorter."""
    values, places, counts = np.unique(array, return_inverse=True, return_counts=True)
    if len(values) > min(MOST_VALUES, len(array) // 2):
        return None, array.astype(np.float32)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    kind = np.min_scalar_type(max(len(values) - 1, 0))
    return values[order].astype(np.float32), rank[places].astype(kind)


def _planes(array: Array) -> bytes:
    little = np.ascontiguousarray(array.ravel().astype(array.dtype.newbyteorder("<")))
    return little.view(np.uint8).reshape(len(little), -1).T.tobytes()
