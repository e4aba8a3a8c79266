"""Named arrays to and from the bytes of a safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..storage import RESTORE, Index, fault

MAX_HEADER_BYTES = 2**20
"""The largest safetensors header, including the 8 bytes of its length."""


def pack(folder: Path, arrays: Mapping[str, NDArray[Any]], limit: int) -> bytes:
    """Return the bytes of a file with ``arrays``, to be written to ``folder``.

    Raises:
        RunError: it would be longer than ``limit`` bytes, or the format does not support an array.
    """
    from safetensors.numpy import save

    if "__metadata__" in arrays:
        raise fault(folder, "cannot hold an array named '__metadata__': the format reserves it.")
    if (size := sum(array.nbytes for array in arrays.values())) > limit - MAX_HEADER_BYTES:
        raise fault(folder, f"may hold {limit} bytes of arrays. Received: {size}.")
    try:  # the library copies memory as it is, so arrays must be in C order
        return bytes(save({name: np.asarray(a, order="C") for name, a in arrays.items()}))
    except ValueError as error:
        raise fault(folder, f"cannot hold these arrays: {error!s:.120}.") from error


def unpack(index: Index, name: str, *, least: int = 0, most: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of the file ``name`` of ``index``, which has ``least`` to ``most`` bytes.

    Numbers in half precision, which only take up less space in the file, become float32.

    Raises:
        RunError: it is missing, not the file that the index names, or names an array twice.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = index.read(name, least=least, most=most)
    path = index.path.with_name(name)
    if data is None:
        raise fault(path, f"is missing. {RESTORE}")
    try:
        _check_header(data)
        arrays = load(data)
    except (SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise fault(path, f"must hold arrays as safetensors: {error!s:.120}. {RESTORE}") from error
    halves = {n: a.astype(np.float32) for n, a in arrays.items() if a.dtype == np.float16}
    return arrays | halves


def _check_header(data: bytes) -> None:
    """Raise ValueError if the header is too long, or one of its keys occurs twice.

    The library would take the last of them, and other readers the first.
    """
    size = int.from_bytes(data[:8], "little")
    if size > MAX_HEADER_BYTES:
        raise ValueError(f"its header may have {MAX_HEADER_BYTES} bytes, but has {size}")
    json.loads(data[8 : 8 + size], object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice in its header")
    return found
