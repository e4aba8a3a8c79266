"""Running text to ids: sources are read, hashed and encoded in one pass, then cached."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...config.arguments import shown
from ...errors import CorpusTypeError
from ..sources.documents import MARK, divided, records
from ..sources.options import ReadOptions
from ..sources.streams import CHUNK_BYTES, STDIN, codec_of, is_packed, label, opened, pieces
from ..token_units import Definition, resolved
from ..tokens import Unit, plain
from ..unicode import normalise
from .cache import recall, remember, stamps
from .encoder import FORMAT, MOST_JOINED, Encoder
from .ranges import shared
from .store import IN_MEMORY_BYTES, Store, ids_of
from .tap import Progress as Progress
from .tap import Tap
from .text_ranges import add_in_ranges, is_cut_at_lines
from .workers import WorkError, Workers


@dataclass(frozen=True)
class Encoded:
    """A text as ids.

    Attributes:
        ids: (N,) unsigned, of 1, 2 or 4 bytes; mapped into memory if they are many.
        characters: ``characters[k - 1]`` has id k.
        counts: how often each occurs, in the same order.
        content: hex digest of the documents' bytes and of how they were read.
        documents: number of sources with text, each of which begins with a boundary.
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
    way: str | None = None,
    read: ReadOptions | None = None,
    warn: Callable[[str], None] = lambda _: None,
    chunk_bytes: int = CHUNK_BYTES,
    in_memory_bytes: int = IN_MEMORY_BYTES,
    most_joined: int = MOST_JOINED,
) -> Encoded:
    """Encode sources, each a document, or find them in the cache; see ``TextCorpus.read``.

    Documents within a source are divided by ``way`` (see ``sources.documents``): the character
    ``MARK`` stands between them. Records are read as ``read`` says, and ``warn`` is called with
    notes on how. ``chunk_bytes`` are read at once, and ``most_joined`` code points may form one
    character. A text whose tokens are yet to be found is read twice.
    """
    codec = codec_of(encoding).name
    asked = unit.plain if isinstance(unit, Definition) else plain(unit)
    options = {"kind": "text", "format": FORMAT, "unit": asked, "codec": codec}
    if way is not None:
        options |= {"documents": way, **({} if read is None else asdict(read))}
    before = stamps(sources)
    entry = recall(sources, options)
    if entry is not None:
        return _encoded(ids_of(entry), entry.key, entry.facts)
    if isinstance(unit, Definition) and STDIN in map(str, sources):
        with opened(STDIN, stdin) as raw:
            stdin = io.BytesIO(raw.read())
    own, notes = resolved(unit, _texts(sources, encoding, stdin, way, read))
    if isinstance(stdin, io.BytesIO):
        stdin.seek(0)

    def encoded(workers: Workers | None) -> Encoded:
        tap = Tap(sources, progress)
        with Store(in_memory_bytes) as store:
            encoder = Encoder(own, store, most_joined)
            for source in sources:
                name = label(source)
                encoder.begin(name)
                if way == "record":
                    _add_records(encoder, records(source, read or ReadOptions(), warn, stdin))
                    continue
                if workers is not None:
                    add_in_ranges(encoder, source, encoding, workers, tap)
                else:
                    lines = _Lines() if way is not None else None
                    found = pieces(
                        source,
                        encoding,
                        stdin,
                        encoder.line if lines is None else lines.line,
                        chunk_bytes=chunk_bytes,
                        tap=tap.on,
                    )
                    if lines is not None and way is not None:
                        found = divided(lines.counted(found), way, name)
                    for piece in found:
                        encoder.add(piece)
                encoder.end(is_packed(source), *tap.end())
            if workers is not None and stamps(sources) != before:
                raise WorkError  # what was hashed is not what was encoded
            key, facts = encoder.facts(codec if way is None else json.dumps([codec, way]))
            facts["notes"] = notes
            ids = ids_of(store.finish(key, facts)) if store.cached else store.ids()
        if store.cached:
            remember(sources, options, key, before)
        if progress is not None:
            progress(tap.done, tap.total)
        return _encoded(ids, key, facts)

    count = 1
    if way is None and before and is_cut_at_lines(own):
        count = shared(sources, encoding, plain=own == "character")
    if count > 1:
        with suppress(WorkError), Workers(count) as workers:
            return encoded(workers)
    return encoded(None)


def _texts(
    sources: Sequence[str | Path],
    encoding: str | None,
    stdin: BinaryIO | None,
    way: str | None,
    read: ReadOptions | None,
) -> Iterator[str]:
    """Yield the lines of sources, in NFC; each is part of one document."""
    for source in sources:
        found: Iterable[str]
        if way == "record":
            found = records(source, read or ReadOptions(), lambda _: None, stdin)
        else:
            lines = _Lines()
            found = lines.counted(pieces(source, encoding, stdin, lines.line))
            if way is not None:
                found = divided(found, way, label(source))
        yield from _lines(found)


def _lines(found: Iterable[str]) -> Iterator[str]:
    """Yield the lines of text that comes in pieces, in NFC."""
    rest = ""
    for piece in found:
        *lines, rest = (rest + piece.replace(MARK, "\n")).split("\n")
        yield from map(normalise, lines)
    yield normalise(rest)


def encode_strings(
    texts: Sequence[str],
    unit: Unit | Definition,
    *,
    way: str | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Encoded:
    """Encode strings, each a document, or several, divided by ``way``; see ``TextCorpus.of``."""
    own, notes = resolved(unit, _strings(texts, way, chunk_bytes))
    with Store(in_memory_bytes=None) as store:
        encoder = Encoder(own, store)
        for number, text in enumerate(texts, 1):
            if not isinstance(text, str):
                raise CorpusTypeError(f"text {number} must be a string. Received: {shown(text)}")
            name = f"text {number}"
            encoder.begin(name)
            found = _String(text, chunk_bytes)
            for piece in found if way is None else divided(iter(found), way, name):
                encoder.add(piece)
            encoder.end(False, found.digest.hexdigest(), found.size)
        key, facts = encoder.facts("utf-8" if way is None else json.dumps(["utf-8", way]))
        facts["notes"] = notes
        return _encoded(store.ids(), key, facts)


def _strings(texts: Sequence[str], way: str | None, chunk_bytes: int) -> Iterator[str]:
    """Yield the lines of strings, as ``_texts`` does."""
    for number, text in enumerate(texts, 1):
        if isinstance(text, str):
            found: Iterable[str] = _String(text, chunk_bytes)
            if way is not None:
                found = divided(iter(found), way, f"text {number}")
            yield from _lines(found)


def _add_records(encoder: Encoder, found: Iterable[str]) -> None:
    """Add records to the encoder, and end the document; it is known by their text."""
    digest, size = hashlib.sha256(), 0
    for piece in found:
        data = piece.encode("utf-8", "surrogatepass")
        digest.update(data)
        size += len(data)
        encoder.add(piece)
    encoder.end(False, digest.hexdigest(), size)


class _String:
    r"""A string in pieces, whose lines end in \n, with its hash and size once all are taken."""

    def __init__(self, text: str, chunk_bytes: int) -> None:
        self._text, self._chunk = text, chunk_bytes
        self.digest, self.size = hashlib.sha256(), 0

    def __iter__(self) -> Iterator[str]:
        breaks = io.IncrementalNewlineDecoder(None, translate=True)
        for start in range(0, len(self._text), self._chunk):
            piece = self._text[start : start + self._chunk]
            data = piece.encode("utf-8", "surrogatepass")
            self.digest.update(data)
            self.size += len(data)
            yield breaks.decode(piece if start else piece.removeprefix("\ufeff"))
        yield breaks.decode("", final=True)


class _Lines:
    """Counts the lines of a source, of which documents do not have all."""

    def __init__(self) -> None:
        self._ends = 0

    def line(self) -> int:
        """Return the number of the line in which the next piece begins."""
        return 1 + self._ends

    def counted(self, found: Iterable[str]) -> Iterator[str]:
        """Pass pieces on, and count the ends of their lines."""
        for piece in found:
            self._ends += piece.count("\n")
            yield piece


def _encoded(ids: NDArray[Any], key: str, facts: dict[str, Any]) -> Encoded:
    characters, counts = tuple(facts["characters"]), np.array(facts["counts"], np.int64)
    documents, empty = facts["documents"], tuple(facts["empty"])
    notes = tuple(facts.get("notes", ()))
    return Encoded(ids, characters, counts, key, documents, empty, facts["bytes"], notes)
