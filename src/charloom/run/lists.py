"""The corpus beside a model: lists of names, one a line, and the text that was held out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..storage import Index, Payload, Pieces, fault

MAX_NAMES_BYTES = 2**30
MAX_TEXT_BYTES = 2**26
"""Of the held-out text: a million characters in UTF-8, be they clusters of many code points."""

LARGE_BYTES = 2**22
"""A longer list is not read into a tuple of strings."""


def pack_names(folder: Path, names: Sequence[str] | None) -> Payload | None:
    """Return the file of ``names``, which goes to ``folder``; ``None`` stays ``None``.

    Raises:
        RunError: a name holds a line break or is no Unicode text, or they are too long.
    """
    if names is None:
        return None
    if isinstance(names, Pieces):  # in order by itself, and written piece by piece
        _check_size(folder, names.sealed[0])
        return names
    for name in names:
        if "\n" in name:
            raise fault(folder, f"can hold names of one line only. Received: {name!r:.60}")
    try:
        data = "".join(f"{name}\n" for name in names).encode()
    except UnicodeEncodeError as error:
        raise fault(folder, f"can hold names of Unicode text only: {error!s:.120}") from error
    _check_size(folder, len(data))
    return data


def _check_size(folder: Path, size: int) -> None:
    if size > MAX_NAMES_BYTES:
        raise fault(folder, f"may hold {MAX_NAMES_BYTES} bytes of names. Received: {size}.")


def unpack_names(index: Index, name: str) -> Sequence[str] | None:
    """Return the names of a file; ``None`` if it is absent.

    Raises:
        RunError: it is not the one that ``index`` names, or not of such lines.
    """
    data = index.read(name, most=MAX_NAMES_BYTES)
    if data is None:
        return None
    try:
        if len(data) > LARGE_BYTES:
            from ..data.encoded.sequences import LineNames  # late: few lists are so long

            return LineNames(data)
        *names, rest = data.decode().split("\n")
        if rest:
            raise ValueError(f"the last line, {rest!r:.60}, has no end")
    except ValueError as error:
        path = index.path.with_name(name)
        raise fault(path, f"must be UTF-8, and each line ended: {error!s:.120}.") from error
    return tuple(names)


def pack_text(folder: Path, text: str | None) -> bytes | None:
    """Return the file of a held-out text; ``None`` stays ``None``.

    Raises:
        RunError: it is no Unicode text, or too long.
    """
    if text is None:
        return None
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise fault(folder, f"can hold Unicode text only: {error!s:.120}") from error
    if len(data) > MAX_TEXT_BYTES:
        raise fault(folder, f"may hold {MAX_TEXT_BYTES} bytes of text. Received: {len(data)}.")
    return data


def unpack_text(index: Index, name: str) -> str | None:
    """Return a file's text; ``None`` if it is absent.

    Raises:
        RunError: it is not the one that ``index`` names, or not UTF-8.
    """
    data = index.read(name, most=MAX_TEXT_BYTES)
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError as error:
        raise fault(index.path.with_name(name), f"must be UTF-8: {error!s:.120}.") from error
