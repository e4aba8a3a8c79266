"""Whether sources are so large that their names are encoded rather than kept as strings."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

from ..sources import STDIN, opened

LARGE = 16 * 1024 * 1024
"""Bytes of all sources together from which on names are encoded; below, tuples are quicker."""

_CHUNK_BYTES = 256 * 1024


def are_large(
    sources: Sequence[str | Path], stdin: BinaryIO | None, max_line_bytes: int
) -> tuple[bool, BinaryIO | None]:
    """Say whether ``sources`` are large, and return what is to be read in place of ``stdin``.

    Standard input is read ahead as far as it must be to know.

    Raises:
        CorpusError: standard input cannot be read.
    """
    size = sum(map(_size, sources))
    if size >= LARGE or STDIN not in map(str, sources):
        return size >= LARGE, stdin
    ahead = io.BytesIO()
    with opened(STDIN, stdin) as stream:
        while size < LARGE and (chunk := stream.read(_CHUNK_BYTES)):
            size += ahead.write(chunk)
            if len(chunk) > max_line_bytes and b"\n" not in chunk and b"\r" not in chunk:
                size = 0  # one endless line, which is refused as soon as it is read
                break
    ahead.seek(0)
    return size >= LARGE, cast(BinaryIO, _Rejoined(ahead, stream))


def _size(source: str | Path) -> int:
    try:
        return 0 if str(source) == STDIN else Path(source).stat().st_size
    except (OSError, ValueError):  # who reads it says what is wrong
        return 0


class _Rejoined(io.RawIOBase):
    """A stream, of which some was read ahead."""

    def __init__(self, ahead: BinaryIO, rest: BinaryIO) -> None:
        self._ahead, self._rest = ahead, rest

    def read(self, size: int = -1, /) -> bytes:
        """Read as the stream would."""
        return self._ahead.read(size) or self._rest.read(size)
