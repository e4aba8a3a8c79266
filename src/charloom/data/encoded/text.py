"""Running text to ids: sources are read, hashed and encoded in one pass, then cached."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ...arguments import shown
from ...errors import CorpusTypeError
from ..sources.streams import CHUNK_BYTES, STDIN, codec_of, is_packed, label, opened, pieces
from ..token_units import Definition, resolved
from ..tokens import Unit, plain
from ..unicode import normalise
from .cache import recall, remember, stamps
from .encoder import FORMAT, MOST_JOINED, Encoder
from .store import IN_MEMORY_BYTES, Store, Worker, ids_of

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes in all, 0 if that is not known."""

_CALLS_PER_SECOND = 20


@dataclass(frozen=True)
class Encoded:
    """A text as ids.

    Attributes:
        ids: (N,) unsigned, of 1, 2 or 4 bytes; mapped into memory if they are many.
        characters: ``characters[k - 1]`` has id k.
        counts: how often each occurs, in the same order.
        content: hex digest of the documents' bytes and of how they were read.
        documents: number of documents with text, each of which begins with a boundary.
        empty: which documents, from 0, have no text.
        bytes: number of bytes read; of a gzip file, before unpacking.
        notes: warnings about its tokens.
    """

    ids: NDArray[Any]
    characters: tuple[str, ...]
    counts: NDArray[np.int64]
    content: str
    documents: int
    empty: tuple[int, ...]
    bytes: int
    notes: tuple[str, ...] = ()


def encode_sources(
    sources: Sequence[str | Path],
    unit: Unit | Definition,
    encoding: str | None,
    stdin: BinaryIO | None,
    progress: Progress | None,
    *,
    chunk_bytes: int = CHUNK_BYTES,
    in_memory_bytes: int = IN_MEMORY_BYTES,
    most_joined: int = MOST_JOINED,
) -> Encoded:
    """Encode sources, each a document, or find them in the cache; see ``TextCorpus.read``.

    ``chunk_bytes`` are read at once, and ``most_joined`` code points may form one character. A
    text whose tokens are yet to be found is read twice.
    """
    codec = codec_of(encoding).name
    asked = unit.plain if isinstance(unit, Definition) else plain(unit)
    options = {"kind": "text", "format": FORMAT, "unit": asked, "codec": codec}
    before = stamps(sources)
    entry = recall(sources, options)
    if entry is not None:
        return _encoded(ids_of(entry), entry.key, entry.facts)
    if isinstance(unit, Definition) and STDIN in map(str, sources):
        with opened(STDIN, stdin) as raw:
            stdin = io.BytesIO(raw.read())
    own, notes = resolved(unit, _lines(sources, encoding, stdin))
    if isinstance(stdin, io.BytesIO):
        stdin.seek(0)
    tap = _Tap(sources, progress)
    with Store(in_memory_bytes) as store:
        encoder = Encoder(own, store, most_joined)
        for source in sources:
            encoder.begin(label(source))
            for piece in pieces(
                source, encoding, stdin, encoder.line, chunk_bytes=chunk_bytes, tap=tap.on
            ):
                encoder.add(piece)
            encoder.end(is_packed(source), *tap.end())
        key, facts = encoder.facts(codec)
        facts["notes"] = notes
        ids = ids_of(store.finish(key, facts)) if store.cached else store.ids()
    if store.cached:
        remember(sources, options, key, before)
    if progress is not None:
        progress(tap.done, tap.total)
    return _encoded(ids, key, facts)


def _lines(
    sources: Sequence[str | Path], encoding: str | None, stdin: BinaryIO | None
) -> Iterator[str]:
    """Yield the lines of sources, in NFC."""
    for source in sources:
        rest, count = "", 0
        for piece in pieces(source, encoding, stdin, lambda: count + 1):  # noqa: B023
            *lines, rest = (rest + piece).split("\n")
            count += len(lines)
            yield from map(normalise, lines)
        yield normalise(rest)


def encode_strings(
    texts: Sequence[str], unit: Unit | Definition, *, chunk_bytes: int = CHUNK_BYTES
) -> Encoded:
    """Encode strings, each a document; see ``TextCorpus.of``."""
    strings = (text for text in texts if isinstance(text, str))
    lines = (line.rstrip("\n") for text in strings for line in io.StringIO(normalise(text), None))
    own, notes = resolved(unit, lines)
    with Store(in_memory_bytes=None) as store:
        encoder = Encoder(own, store)
        for number, text in enumerate(texts, 1):
            if not isinstance(text, str):
                raise CorpusTypeError(f"text {number} must be a string. Received: {shown(text)}")
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
        facts["notes"] = notes
        return _encoded(store.ids(), key, facts)


def _encoded(ids: NDArray[Any], key: str, facts: dict[str, Any]) -> Encoded:
    characters, counts = tuple(facts["characters"]), np.array(facts["counts"], np.int64)
    documents, empty = facts["documents"], tuple(facts["empty"])
    notes = tuple(facts.get("notes", ()))
    return Encoded(ids, characters, counts, key, documents, empty, facts["bytes"], notes)


class _Tap:
    """Hashes and counts the bytes of sources as they are read, and reports the progress."""

    def __init__(self, sources: Sequence[str | Path], progress: Progress | None) -> None:
        self.done = self.total = 0
        self._progress, self._next_call = progress, 0.0
        paths = [Path(source) for source in sources]
        if STDIN not in map(str, sources) and all(path.is_file() for path in paths):
            self.total = sum(path.stat().st_size for path in paths)

    def on(self, raw: BinaryIO) -> BinaryIO:
        """Return the stream to read in place of ``raw``, the next source."""
        self._raw, self._begin = raw, self.done
        self._hash, self._worker = hashlib.sha256(), Worker()
        return cast(BinaryIO, self)

    def read(self, size: int) -> bytes:
        data = self._raw.read(size) or b""
        if len(data) < CHUNK_BYTES // 4:  # not worth another thread
            self._worker.wait()
            self._hash.update(data)
        else:
            self._worker.do(self._hash.update, data)
        self.done += len(data)
        now = time.monotonic()
        if self._progress is not None and now >= self._next_call:
            self._next_call = now + 1 / _CALLS_PER_SECOND
            self._progress(self.done, self.total)
        return data

    def end(self) -> tuple[str, int]:
        """Return the hash and the number of bytes of the present source."""
        self._worker.close()
        return self._hash.hexdigest(), self.done - self._begin
