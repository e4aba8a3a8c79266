"""Running text in ranges: each is encoded by itself, and the ids are those of one process.

A range begins after the end of a line, where neither NFC, graphemes nor tokens join characters. It
is encoded with ids of its own for characters that were unknown when it was begun; these are
replaced when the ranges are joined, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..sources.streams import CHUNK_BYTES
from ..tokens import Tokens, Unit
from . import ranges
from .encoder import Encoder
from .store import Store
from .tap import Tap
from .workers import WorkError, Workers

Part = tuple[NDArray[Any], list[str], NDArray[np.int64]]
"""The arguments of ``Encoder.add_ids``."""


def is_cut_at_lines(unit: Unit) -> bool:
    """Return whether no unit of text goes beyond a line."""
    return not (isinstance(unit, Tokens) and any("\n" in token[:-1] for token in unit.tokens))


def encode_range(
    path: str, low: int, high: int, unit: Unit, encoding: str | None, known: Sequence[str]
) -> Part:
    r"""Return a part of a text as ids, with the characters that these stand for, and their counts.

    Args:
        path: of the file.
        low: the first byte of the part: 0 or after the end of a line.
        high: the byte after its last: after the end of a line or the end of the file.
        unit: of the text; no token goes beyond a line.
        encoding: of the text.
        known: characters that get the ids from 1; those that are new follow.

    Raises:
        CorpusError, UnicodeDecodeError: it cannot be encoded.
        OSError: the file cannot be read.
    """
    with Path(path).open("rb", buffering=0) as file:
        file.seek(low)
        data = file.read(high - low)
    encoder = Encoder(unit, store := Store(in_memory_bytes=None))
    encoder.know(known)
    encoder.begin(path)
    starts = range(0, len(data), CHUNK_BYTES)
    if data.isascii() and b"\r" not in data and not isinstance(unit, Tokens):
        points = np.frombuffer(data, np.uint8)
        for start in starts:
            encoder.add_ascii(points[start : start + CHUNK_BYTES])
    else:
        pieces = (data[start : start + CHUNK_BYTES] for start in starts)
        for text in ranges.decoded(pieces, encoding, first=low == 0, last=True):
            encoder.add(text)
    encoder.add("", final=True)
    return store.ids()[1:], list(encoder.characters), encoder.counts


def add_in_ranges(
    encoder: Encoder,
    source: str | Path,
    encoding: str | None,
    workers: Workers,
    tap: Tap,
) -> None:
    """Add the text of a file to ``encoder``, range by range.

    Args:
        encoder: has begun a document.
        source: the file.
        encoding: of the text.
        workers: who encode the ranges.
        tap: reads the file, and hashes it.

    Raises:
        CorpusError: the file cannot be read.
        WorkError: a range cannot be encoded, lines are too long, or the file has changed.
    """
    ends = ranges.cut_after_lines(source, ranges.RANGE_BYTES)

    def tasks() -> Iterator[tuple[Any, ...]]:
        for low, high in pairwise([0, *ends]):
            yield str(source), low, high, encoder.unit, encoding, encoder.characters

    parts = workers.map(encode_range, tasks())
    done = 0
    for part, done in zip(parts, tap.up_to(source, ends), strict=True):  # noqa: B007
        encoder.add_ids(*part)
    if done != ends[-1]:
        raise WorkError
