"""Large files in ranges of bytes: where they may be cut, and the text of a range."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from ..sources.streams import STDIN, codec_of, is_packed, opened
from .workers import WorkError, worker_count

LEAST_BYTES = 32 * 1024 * 1024
"""Smaller sources are encoded faster by one process: starting another one takes 0.25 s."""

LEAST_PLAIN_BYTES = 256 * 1024 * 1024
"""The same of text by code points, which is a hundred times as fast."""

RANGE_BYTES = 2 * 1024 * 1024
"""Bytes of a range, about."""

MOST_BYTES = 8
"""Ranges of so many times the size are too long: the file has hardly any line ends."""

LOOKED_AT = 64 * 1024
"""Bytes that are searched for the end of a line at once."""

_ONE_BY_ONE = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d")


def shared(sources: Sequence[str | Path], encoding: str | None, *, plain: bool = False) -> int:
    """Return how many processes share the work on ``sources``; 1 if that is not worth it.

    Files of ``plain`` text, by code points, must be larger. Files are cut at bytes that end lines,
    so the encoding must be UTF-8 or have one byte a character.

    Raises:
        ConfigError: CHARLOOM_WORKERS is no whole number in its range.
    """
    count = worker_count()
    if count == 1 or not _ONE_BY_ONE.fullmatch(codec_of(encoding).name):
        return 1
    try:
        if any(map(is_packed, sources)) or STDIN in map(str, sources):
            return 1
        size = sum(Path(source).stat().st_size for source in sources if Path(source).is_file())
    except (OSError, ValueError):
        return 1
    least = LEAST_PLAIN_BYTES if plain else LEAST_BYTES
    return min(count, size // RANGE_BYTES) if size >= least else 1


def cut_after_lines(source: str | Path, size: int) -> list[int]:
    """Return where ranges of about ``size`` bytes end, each after the end of a line.

    Raises:
        CorpusError: the file cannot be read.
        WorkError: lines are too long.
    """
    ends = [0]
    with opened(source) as file:
        whole = file.seek(0, io.SEEK_END)
        for place in range(size, whole, size):
            if place > ends[-1] and (end := _end_of_line(file, place, place + size)):
                ends.append(end)
    ends.append(whole)
    if any(high - low > MOST_BYTES * size for low, high in pairwise(ends)):
        raise WorkError
    return [end for low, end in pairwise(ends) if low < end] or [whole]


def _end_of_line(file: BinaryIO, low: int, high: int) -> int:
    r"""Return the place after the first line end from ``low``, 0 if there is none up to ``high``.

    If the file has no \n nearby, it may have \r alone.
    """
    file.seek(low)
    for start in range(low, high, LOOKED_AT):
        block = file.read(LOOKED_AT)
        if (place := block.find(b"\n")) >= 0:
            return start + place + 1
        if found := re.search(rb"\r(?=[^\n])", block):
            return start + found.end()
    return 0


def decoded(
    chunks: Iterator[bytes], encoding: str | None, *, first: bool, last: bool
) -> Iterator[str]:
    r"""Yield the text of the chunks of a range, as ``streams.pieces`` does.

    Args:
        chunks: bytes; if the range is not the ``last``, an unfinished character or a \r at its end
            is left out.
        encoding: of the text.
        first: whether the range is the first: it may begin with a byte-order mark.

    Raises:
        UnicodeDecodeError: the bytes have no meaning in the encoding.
    """
    decoder = codec_of(encoding).incrementaldecoder()
    breaks = io.IncrementalNewlineDecoder(None, translate=True)
    for chunk in chunks:
        text = decoder.decode(chunk)
        if text and first:
            first, text = False, text.removeprefix("\ufeff")
        yield breaks.decode(text)
    if last:
        yield breaks.decode(decoder.decode(b"", final=True), final=True)
