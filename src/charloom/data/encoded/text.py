"""Running text to ids: sources are read once, hashed and encoded in one pass, and remembered."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ...config import Unit
from ...errors import CorpusError
from ..sources.streams import CHUNK_BYTES, STDIN, codec_of, is_packed, label, pieces
from .cache import find, remember, remembered, stamps
from .encoder import FORMAT, MOST_JOINED, Encoder
from .store import IN_MEMORY_BYTES, Beside, Store, ids_of

Progress = Callable[[int, int], None]
"""Takes the bytes read so far and in all; 0 if that is not known."""

_CALLS_PER_SECOND = 20


@dataclass(frozen=True)
class Encoded:
    """A text as ids.

    Attributes:
        ids: (N,) unsigned, of 1, 2 or 4 bytes; mapped, not read, if they are many.
        characters: ``characters[k - 1]`` has id k.
        counts: how often each occurs, in the same order.
        content: hex digest of the documents' bytes and of how they were read.
        documents: boundaries, one for each document with text.
        empty: places, from 0, of the documents without.
        bytes: that were read, packed ones where a file is gzipped.
    """

    ids: NDArray[Any]
    characters: tuple[str, ...]
    counts: NDArray[np.int64]
    content: str
    documents: int
    empty: tuple[int, ...]
    bytes: int


def encode_sources(
    sources: Sequence[str | Path],
    unit: Unit,
    encoding: str | None,
    stdin: BinaryIO | None,
    progress: Progress | None,
    *,
    chunk_bytes: int = CHUNK_BYTES,
    in_memory_bytes: int = IN_MEMORY_BYTES,
    most_joined: int = MOST_JOINED,
) -> Encoded:
    """Encode files, or take from the cache what was encoded before; each is a document.

    Args:
        sources: paths, or ``-`` for standard input.
        unit: what counts as a character.
        encoding: of the text; ``None`` is strict UTF-8.
        stdin: replaces the process's own.
        progress: is called with the bytes read so far.
        chunk_bytes: that are read and encoded at once.
        in_memory_bytes: more bytes of ids go to the cache.
        most_joined: code points that may form one character.

    Raises:
        CorpusError: a source cannot be read or decoded, or the cache not written.
    """
    codec = codec_of(encoding).name
    options = {"kind": "text", "format": FORMAT, "unit": unit, "codec": codec}
    before = stamps(sources)
    key = remembered(sources, options)
    entry = None if key is None else find(key)
    if key is not None and entry is not None:
        return _encoded(ids_of(entry), key, entry.facts)
    meter = _Meter(sources, progress)
    with Store(in_memory_bytes) as store:
        encoder = Encoder(unit, store, most_joined)
        for source in sources:
            encoder.begin(label(source))
            tap = _Tap(meter)
            for piece in pieces(
                source, encoding, stdin, encoder.line, chunk_bytes=chunk_bytes, tap=tap.on
            ):
                encoder.add(piece)
            encoder.end(is_packed(source), tap.digest(), tap.bytes)
        key, facts = encoder.facts(codec)
        ids = ids_of(store.finish(key, facts)) if store.cached else store.ids()
    if store.cached:
        remember(sources, options, key, before)
    meter.finish()
    return _encoded(ids, key, facts)


def encode_strings(texts: Iterable[str], unit: Unit, *, chunk_bytes: int = CHUNK_BYTES) -> Encoded:
    """Encode strings; each is a document.

    Raises:
        CorpusError: one is no string, or holds what no text may.
    """
    with Store(in_memory_bytes=None) as store:
        encoder = Encoder(unit, store)
        for number, text in enumerate(texts, 1):
            if not isinstance(text, str):
                raise CorpusError(f"text {number} must be a string. Received: {text!r:.40}")
            encoder.begin(f"text {number}")
            digest, size = hashlib.sha256(), 0
            breaks = io.IncrementalNewlineDecoder(None, translate=True)
            for start in range(0, len(text), chunk_bytes):
                piece = text[start : start + chunk_bytes]
                data = piece.encode("utf-8", "surrogatepass")
                digest.update(data)
                size += len(data)
                encoder.add(breaks.decode(piece if start else piece.removeprefix("\ufeff")))
            encoder.add(breaks.decode("", final=True))
            encoder.end(False, digest.hexdigest(), size)
        key, facts = encoder.facts("utf-8")
        return _encoded(store.ids(), key, facts)


def _encoded(ids: NDArray[Any], key: str, facts: dict[str, Any]) -> Encoded:
    return Encoded(
        ids=ids,
        characters=tuple(facts["characters"]),
        counts=np.array(facts["counts"], np.int64),
        content=key,
        documents=facts["documents"],
        empty=tuple(facts["empty"]),
        bytes=facts["bytes"],
    )


class _Tap:
    """A stream whose bytes are hashed and counted as they are read."""

    def __init__(self, meter: _Meter) -> None:
        self.bytes = 0
        self._meter, self._hash, self._beside = meter, hashlib.sha256(), Beside()

    def on(self, raw: BinaryIO) -> BinaryIO:
        """Return the stream to read in place of ``raw``."""
        self._raw = raw
        return cast(BinaryIO, self)

    def read(self, size: int) -> bytes:
        data = self._raw.read(size) or b""
        if len(data) < CHUNK_BYTES // 4:  # not worth another thread
            self._beside.wait()
            self._hash.update(data)
        else:
            self._beside.do(self._hash.update, data)
        self.bytes += len(data)
        self._meter.add(len(data))
        return data

    def digest(self) -> str:
        self._beside.close()
        return self._hash.hexdigest()


class _Meter:
    """Reports how far reading is, a few times a second."""

    def __init__(self, sources: Sequence[str | Path], progress: Progress | None) -> None:
        self.done, self.progress = 0, progress
        self._next = 0.0
        self.total = 0
        paths = [Path(source) for source in sources]
        if STDIN not in map(str, sources) and all(path.is_file() for path in paths):
            self.total = sum(path.stat().st_size for path in paths)

    def add(self, size: int) -> None:
        self.done += size
        now = time.monotonic()
        if self.progress is not None and now >= self._next:
            self._next = now + 1 / _CALLS_PER_SECOND
            self.progress(self.done, self.total)

    def finish(self) -> None:
        if self.progress is not None:
            self.progress(self.done, self.total)
