"""Lists of names in ranges: each is read by itself, and the arrays are those of one process.

One process reads a file chunk by chunk, and what it keeps of repeated names depends on the chunks.
So ranges are whole numbers of chunks, and the line in which a range begins is read with it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from ...errors import CorpusError
from ..sources.look import read_pieces
from ..sources.options import ReadOptions
from ..sources.streams import opened
from . import ranges
from .name_reader import Lines, Part, Reader
from .store import Store
from .workers import WorkError, Workers


def read_range(
    path: str, low: int, high: int | None, options: ReadOptions, known: Sequence[str]
) -> Part:
    r"""Return the names of the lines that end between two places of a file.

    Args:
        path: of the file.
        low: where the range begins: after a chunk, not within a character and not after a \r.
        high: where it ends, as it begins; ``None`` for the file's end.
        options: how the file is read.
        known: characters that get the ids from 1; those that are new follow.

    Raises:
        CorpusError, UnicodeDecodeError: a line is too long or cannot be decoded, or a name has
            control characters.
        WorkError: the line before the range is too long.
        OSError: the file cannot be read.
    """
    with Path(path).open("rb", buffering=0) as file:
        window = min(low, options.max_line_bytes + 4)  # with a byte-order mark
        file.seek(low - window)
        before = file.read(window)
        begun = 1 + max(before.rfind(b"\n"), before.rfind(b"\r", 0, -1))
        if begun == 0 and window < low:
            raise WorkError
        before = before[begun:]

        def chunks() -> Iterator[bytes]:
            rest, place = before, low
            while place != high and (chunk := file.read(options.chunk_bytes)):
                place += len(chunk)
                yield rest + chunk
                rest = b""

        reader = Reader(
            Store(in_memory_bytes=None), options.keep_invisible, hashlib.sha256(), known
        )
        first, last, lines = len(before) == low, high is None, Lines()
        texts = ranges.decoded(chunks(), options.encoding, first=first, last=last)
        reader.read_lines(texts, path, options.max_line_bytes, lines, last=last)
    return reader.part(lines)


def read_in_ranges(
    reader: Reader, source: str | Path, options: ReadOptions, workers: Workers
) -> None:
    """Add the names of a file, a list of lines, range by range.

    Raises:
        WorkError: the file or a range of it cannot be read, or it has changed.
    """
    chunk = options.chunk_bytes
    try:
        ends = _ends(source, chunk)
        pieces = read_pieces(source, options, None, lambda: 1)

        def tasks() -> Iterator[tuple[Any, ...]]:
            for low, high in pairwise([0, *ends, None]):
                yield str(source), low, high, options, reader.characters

        lines, size, low = Lines(), 0, 0
        parts = workers.map(read_range, tasks())
        for part, high in zip(parts, [*ends, None], strict=True):
            count = None if high is None else (high - low) // chunk
            size += sum(map(reader.hash, islice(pieces, count)))
            reader.join(part)
            lines.count += part.lines.count
            lines.blank += part.lines.blank
            low = high or 0
    except CorpusError:
        raise WorkError from None
    reader.end(lines.count, lines.blank, size)


def _ends(source: str | Path, chunk: int) -> list[int]:
    r"""Return where ranges end, but for the last: at ends of chunks.

    One process holds back a \r at the end of a chunk, also before an unfinished character, as it
    may be half of a line end; so ranges end at neither.
    """
    size = max(1, ranges.RANGE_BYTES // chunk) * chunk
    ends = []
    with opened(source) as file:
        whole = file.seek(0, io.SEEK_END)
        place = size
        while place < whole:
            file.seek(place - 1)
            around = file.read(2)
            if len(around) < 2:  # the file was cut short
                raise WorkError
            if around[0] == ord("\r") or around[1] & 0xC0 == 0x80:  # within a character of UTF-8
                place += chunk
            else:
                ends.append(place)
                place += size
    return ends
