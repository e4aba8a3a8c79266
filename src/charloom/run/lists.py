"""The data in a run folder: lists of names and weights, one a line, and the held-out text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.unicode import unprintable
from ..storage import Index, Payload, Pieces, fault

MAX_NAMES_BYTES = 2**30
MAX_TEXT_BYTES = 2**26
"""The largest held-out text: a million characters in UTF-8, even graphemes of many code points."""

PIECE = 2**20
"""Bytes that are checked at once."""

LARGE_BYTES = 2**22
"""Longer lists are not read into a tuple of strings."""


def pack_names(folder: Path, names: Sequence[str] | None) -> Payload | None:
    """Return the contents of a file with ``names``, to be written to ``folder``; ``None`` for none.

    Raises:
        RunError: a name is blank, contains a control character, such as a line break, or is not
            valid Unicode; or the list is too long.
    """
    if names is None:
        return None
    if isinstance(names, Pieces):  # checked already, and written piece by piece
        _check_size(folder, names.sealed[0], "names", MAX_NAMES_BYTES)
        return names
    for name in names:
        if not name:
            raise fault(folder, "cannot hold a blank name")
        if not name.isprintable() and (problem := unprintable(name)):
            raise fault(folder, f"cannot hold a name that {problem}")
    return _encoded(folder, "".join(f"{name}\n" for name in names), "names", MAX_NAMES_BYTES)


def _encoded(folder: Path, text: str, what: str, most: int) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise fault(folder, f"can hold {what} in Unicode only: {error!s:.120}") from error
    _check_size(folder, len(data), what, most)
    return data


def _check_size(folder: Path, size: int, what: str, most: int) -> None:
    if size > most:
        raise fault(folder, f"may hold {most} bytes of {what}. Received: {size}.")


def unpack_names(index: Index, name: str) -> Sequence[str] | None:
    """Return the names in the file ``name``; ``None`` if there is no file.

    Raises:
        RunError: it is not the file that ``index`` names, or not a list of names.
    """
    data = index.read(name, most=MAX_NAMES_BYTES)
    if data is None:
        return None
    names: Sequence[str]
    try:
        if len(data) > LARGE_BYTES:
            from ..data.encoded.sequences import LineNames  # late: few lists are this long

            names = LineNames(data)
        else:
            *names, rest = data.decode().split("\n")
            if rest:
                raise ValueError(f"the last line, {rest!r:.60}, has no line feed")
            names = tuple(names)
        if _has_controls(data):
            raise ValueError("a name holds a control character")
        if data.startswith(b"\n") or b"\n\n" in data:
            raise ValueError("a name is blank")
    except ValueError as error:
        path = index.path.with_name(name)
        raise fault(
            path, f"must be UTF-8, with a line feed after each name: {error!s:.120}."
        ) from error
    return names


def pack_weights(weights: NDArray[np.float64] | None) -> bytes | None:
    """Return the contents of a file with the weights of names, one a line; ``None`` for none."""
    return None if weights is None else "".join(f"{w!r}\n" for w in weights.tolist()).encode()


def unpack_weights(index: Index, name: str, count: int) -> NDArray[np.float64] | None:
    """Return the weights in the file ``name``, (count,); ``None`` if there is no file.

    Raises:
        RunError: it is not the file that ``index`` names, or has not a weight for each name.
    """
    data = index.read(name, most=MAX_NAMES_BYTES)
    if data is None:
        return None
    from ..data.weights import LEAST  # late: few runs have weights

    try:
        weights = np.array([float(line) for line in data.split()])
    except ValueError:
        weights = np.zeros(0)
    if len(weights) != count or not ((weights >= LEAST) & (weights < np.inf)).all():
        rule = f"must hold {count:,} weights, one a line, each {LEAST:g} or more."
        raise fault(index.path.with_name(name), rule)
    return weights


def _has_controls(data: bytes) -> bool:
    """Return whether names, in valid UTF-8, hold what ``unprintable`` refuses within a line."""
    for start in range(0, len(data), PIECE):
        part = np.frombuffer(data[start : start + PIECE + 2], np.uint8)  # characters may straddle
        low = part[(part < 0x20) | (part == 0x7F)]
        if ((low != ord("\n")) & (low != ord("\t"))).any():
            return True
        after = part[1:][part[:-1] == 0xC2]  # U+0080 to U+00BF
        if (after < 0xA0).any():
            return True
        breaks = np.flatnonzero(part[:-2] == 0xE2)  # U+2028 and U+2029 are E2 80 A8 and A9
        if ((part[breaks + 1] == 0x80) & (part[breaks + 2] >> 1 == 0xA8 >> 1)).any():
            return True
    return False


def pack_text(folder: Path, text: str | None) -> bytes | None:
    """Return the contents of a file with a held-out text; ``None`` for none.

    Raises:
        RunError: it is not valid Unicode, or too long.
    """
    return None if text is None else _encoded(folder, text, "text", MAX_TEXT_BYTES)


def unpack_text(index: Index, name: str) -> str | None:
    """Return the text in the file ``name``; ``None`` if there is no file.

    Raises:
        RunError: it is not the file that ``index`` names, or not UTF-8.
    """
    data = index.read(name, most=MAX_TEXT_BYTES)
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError as error:
        raise fault(index.path.with_name(name), f"must be UTF-8: {error!s:.120}.") from error
