"""Running text to train on: its ids, in memory or mapped from the cache, and how it was read."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Unpack

import numpy as np
from numpy.typing import NDArray

from ..config import MOST_COUNT
from ..config.arguments import AnyPath, are_files, shown, texts, whole
from ..errors import ConfigError, CorpusError, CorpusTypeError
from .encoded.store import IN_MEMORY_BYTES
from .encoded.text import Encoded, Progress, encode_sources, encode_strings
from .invisible import in_text
from .sources.documents import MARK, for_records, way_of
from .sources.folders import files_of
from .sources.options import ReadOptions, RecordArguments
from .sources.origin import Origin
from .sources.records import check_sources
from .sources.streams import label
from .summary import SHOWN, counted, origin, shortened, table
from .text_report import TextReport
from .token_units import Definition, parsed_unit, restorable
from .tokens import Tokens, Unit
from .unicode import unfit
from .vocabulary import BOUNDARY, Vocabulary

CHUNK = 1 << 20
"""Ids that are looked at at once."""

FEW_CHARACTERS = 10_000
"""A shorter text gets a warning: there is hardly a style to learn."""


@dataclass(frozen=True, eq=False, repr=False)
class TextCorpus:
    """Running text to train on: NFC, lines that end in \\n, a boundary before each document.

    Build one with ``read`` or ``of``. ``len`` counts its ids: the boundaries and the characters.
    If ``documents`` says how it is divided, each document has an end, as a name has: the boundary
    before the next one, or past the last one.

    Attributes:
        vocabulary: its characters; with the unknown symbol if some are too rare to be in it.
        report: what was read.
        digest: 16 hex digits; the same for the same text.
        origin: the files and options that it can be read with again; ``None`` for strings.
    """

    vocabulary: Vocabulary
    report: TextReport
    digest: str
    _stored: NDArray[Any]  # (N,), ids in the order in which characters first appear
    _table: NDArray[np.int32]  # the vocabulary's id of each of these
    origin: Origin | None = None

    @classmethod
    def read(
        cls,
        *sources: AnyPath,
        unit: Unit | str = "character",
        encoding: str | None = None,
        min_count: int = 1,
        pattern: str | None = None,
        documents: str | bool = False,
        stdin: BinaryIO | None = None,
        progress: Progress | None = None,
        in_memory_bytes: int = IN_MEMORY_BYTES,
        **records: Unpack[RecordArguments],
    ) -> TextCorpus:
        """Read files (also .gz), folders, or (``-``) standard input, in this order.

        Each file is a document. Those of a folder are sorted by their paths.

        One chunk is in memory at a time. The ids of a text of more than a few megabytes are stored
        in the cache, where they are found when the text is read again.

        Args:
            unit: what counts as a character: ``character`` (a code point), ``grapheme``,
                ``regex:EXPRESSION`` (of tokens, applied to each line), ``file:FILE`` or ``Tokens``.
            encoding: of the text; ``None`` is strict UTF-8.
            min_count: characters that occur less often are read as the unknown symbol.
            pattern: which files of a folder to read, as in ``*.txt``; ``None`` reads all.
            documents: what has an end: ``file`` (or ``True``), each file; ``blank-line``, what
                blank lines divide; ``line``, each line; ``record``, each record of a table or of
                JSON; or the text between documents. ``False``: nothing, it is running text.
            stdin: replaces the process's own.
            progress: called with the bytes read so far and the bytes in all, 0 if unknown.
            in_memory_bytes: more bytes of ids go to the cache.
            records: how records are read, fields of ``ReadOptions``: ``column``, ``field``, ...

        Raises:
            CorpusError: a source cannot be read or decoded, contains NUL bytes, or there is no
                text; the cache cannot be written; or ``records`` are given for something else.
            ConfigError: ``unit``, ``min_count`` or an option of records is invalid.

        Example:
            >>> from pathlib import Path
            >>> size = Path("soups.csv").write_text('name,how\\nPea,"Boil.\\nStir."\\n')
            >>> TextCorpus.read("soups.csv", documents="record", column="how")
            TextCorpus(11 characters, 1 document from soups.csv)
        """
        sources = check_sources(sources)
        way = way_of(documents)
        read = None
        if way == "record":
            read = for_records(ReadOptions(encoding=encoding, **records))
        elif records:
            raise CorpusError(
                f"{next(iter(records))} is for names, and for documents that are records. "
                'Leave it out, or pass documents="record".'
            )
        definition, min_count = _checked(unit, min_count)
        notes: list[str] = []
        files = files_of(sources, pattern, encoding, warn=notes.append)
        how = {"encoding": encoding, "min_count": min_count, **records}
        how |= {"unit": restorable(definition), "documents": documents or None}
        start = Origin.of(files.paths, text=True, options=how)
        encoded = encode_sources(
            files.paths,
            definition,
            encoding,
            stdin,
            progress,
            way=way,
            read=read,
            warn=notes.append,
            in_memory_bytes=in_memory_bytes,
        )
        notes += [f"{label(files.paths[i])} holds no text." for i in encoded.empty]
        corpus = cls._of(encoded, definition, min_count, files.labels, notes, way)
        return dataclasses.replace(corpus, origin=start)

    @classmethod
    def of(
        cls,
        text: str | Iterable[str],
        unit: Unit | str = "character",
        min_count: int = 1,
        *,
        documents: str | bool = False,
    ) -> TextCorpus:
        """Build from a string, or from several, each a document; all is kept in memory.

        Any iterable of strings is taken: lists, generators, columns of pandas and Polars. With
        ``documents``, each document has an end: ``True`` for each string, or how strings are
        divided further, as in ``read``.

        Raises:
            CorpusError: one is not a string, or contains NUL or a lone surrogate; or there is no
                text.
            CorpusTypeError: it is the path of a file, or a value is missing.
            ConfigError: ``unit`` or ``min_count`` is invalid.

        Example:
            >>> TextCorpus.of("To be, or not to be")
            TextCorpus(19 characters, 1 document from text 1)
            >>> TextCorpus.of("One.\\n\\nTwo.", documents="blank-line")
            TextCorpus(8 characters, 2 documents from text 1)
        """
        way = way_of(documents)
        definition, min_count = _checked(unit, min_count)
        if way == "record":
            raise CorpusError("records are read from files. Pass their texts with documents=True.")
        given: object = text
        if isinstance(given, bytes | os.PathLike) or not isinstance(given, Iterable):
            files = " TextCorpus.read takes files." if isinstance(given, os.PathLike) else ""
            raise CorpusTypeError(
                f"text must be a string, or several. Received: {shown(text)}.{files}"
            )
        parts = [text] if isinstance(text, str) else texts("text", text, CorpusTypeError)
        if are_files(parts):
            raise CorpusTypeError(
                f"text must be the text itself, not a file. Received: {shown(text)}. "
                "TextCorpus.read takes files."
            )
        encoded = encode_strings(parts, definition, way=way)
        notes = [f"text {i + 1} holds no text." for i in encoded.empty]
        names = [f"text {i + 1}" for i in range(len(parts))]
        if way is not None and len(parts) > 1:
            names = [f"{len(parts):,} texts"]
        return cls._of(encoded, definition, min_count, names, notes, way)

    @classmethod
    def _of(
        cls,
        encoded: Encoded,
        definition: Unit | Definition,
        min_count: int,
        sources: Sequence[str],
        notes: Sequence[str],
        way: str | None,
    ) -> TextCorpus:
        characters, counts = encoded.characters, encoded.counts
        unit = Tokens.of(characters) if isinstance(definition, Definition) else definition
        mark = characters.index(MARK) if way is not None and MARK in characters else None
        documents = encoded.documents
        if mark is not None:
            documents += int(counts[mark])
            counts = np.where(np.arange(len(counts)) == mark, 0, counts)
        if not any(character.strip() for character in characters):
            shown = ", ".join(sources[:3]) or "the list"
            raise CorpusError(f"{shown} holds no text: it is empty or blank. Give one with text.")
        kept = np.flatnonzero(counts >= min_count).tolist()
        if not kept:
            raise CorpusError(
                f"min_count may be {counts.max():,} at most, as often as the most frequent "
                f"character occurs. Received: {min_count:,}"
            )
        kept.sort(key=characters.__getitem__)
        distinct = len(characters) - (mark is not None)
        rare = distinct - len(kept)
        vocabulary = Vocabulary(tuple(characters[k] for k in kept), unit, unknown=rare > 0)
        if character := unfit(vocabulary.characters, text=True):
            raise CorpusError(
                f"{', '.join(sources[:3])} holds a control character, {character}, which would act "
                "on the terminal that shows it. Remove it, or name the text's --encoding."
            )
        table = np.full(len(characters) + 1, vocabulary.unknown_id or 0, np.int32)
        table[BOUNDARY] = BOUNDARY
        table[np.array(kept) + 1] = np.arange(1, len(kept) + 1)
        if mark is not None:
            table[mark + 1] = BOUNDARY
        total = int(counts.sum())
        warnings = [*encoded.notes, *notes]
        if total < FEW_CHARACTERS:
            warnings.append(
                f"{counted(total, 'character')} {'is' if total == 1 else 'are'} few: expect hardly "
                "readable text, or pieces of this one."
            )
        if any("\ufffd" in character for character in characters):
            warnings.append("the text contains U+FFFD, left by an earlier wrong decoding.")
        if way not in (None, "file") and documents == 1:
            warnings.append(f"all of it is one document: is it divided by {way!r:.40}?")
        if warning := in_text(dict(zip(characters, counts.tolist(), strict=True))):
            warnings.append(warning)
        report = TextReport(
            sources=tuple(sources),
            documents=documents,
            characters=total,
            distinct=distinct,
            rare=rare,
            unknown_characters=total - int(counts[kept].sum()),
            bytes=encoded.bytes,
            warnings=tuple(warnings),
            divided=way or "",
        )
        content = json.dumps([encoded.content, min_count]).encode("ascii")
        digest = hashlib.sha256(content).hexdigest()[:16]
        corpus = cls(vocabulary, report, digest, np.asarray(encoded.ids), table)
        if way is None:
            return corpus
        lengths = np.diff(corpus.starts(), append=len(corpus)) - 1
        report = dataclasses.replace(report, longest=int(lengths.max()))
        return dataclasses.replace(corpus, report=report)

    @property
    def unit(self) -> Unit:
        """What counts as a character."""
        return self.vocabulary.token_unit

    @property
    def has_ends(self) -> bool:
        """Whether its documents have an end."""
        return bool(self.report.divided)

    def starts(self) -> NDArray[np.int64]:
        """Return where documents begin, the places of their boundaries, in order: (D,)."""
        parts = [np.zeros(0, np.int64)]
        for low in range(0, len(self), CHUNK):
            ids = self.ids(low, min(low + CHUNK, len(self)))
            parts.append(low + np.flatnonzero(ids == BOUNDARY))
        return np.concatenate(parts)

    def within(self, vocabulary: Vocabulary) -> TextCorpus:
        """Return the same text with the ids of a larger ``vocabulary``.

        Raises:
            ConfigError: it lacks one of the text's characters, or the unknown symbol.
        """
        if vocabulary == self.vocabulary:
            return self
        place = {character: i for i, character in enumerate(vocabulary.characters, start=1)}
        own = self.vocabulary
        missing = [character for character in own.characters if character not in place]
        if (
            missing
            or own.has_unknown > vocabulary.has_unknown
            or own.token_unit != vocabulary.token_unit
        ):
            raise ConfigError(
                "a text's vocabulary can only be replaced by one that contains it. "
                f"Received one without {missing[0] if missing else 'the unknown symbol'!r}"
            )
        ids = [BOUNDARY, *(place[character] for character in own.characters)]
        if own.has_unknown:
            ids.append(vocabulary.size - 1)
        table = np.array(ids, np.int32)[self._table]
        return dataclasses.replace(self, vocabulary=vocabulary, _table=table)

    def until(self, stop: int) -> TextCorpus:
        """Return the text of the ids up to ``stop``, with the same vocabulary and report.

        Raises:
            IndexError: ``stop`` lies outside the text.
        """
        self._check_part(0, stop)
        return dataclasses.replace(self, _stored=self._stored[:stop])

    def __len__(self) -> int:
        return len(self._stored)

    def ids(self, start: int, stop: int) -> NDArray[np.int32]:
        """Return the ids from ``start`` up to ``stop``, (stop - start,).

        Raises:
            IndexError: they do not all lie in the text.
        """
        self._check_part(start, stop)
        ids: NDArray[np.int32] = self._table.take(self._stored[start:stop], mode="clip")
        return ids

    def as_stored(self) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Return the ids as they are stored, (N,), and a table of the vocabulary's id of each."""
        return self._stored, self._table

    def _check_part(self, start: int, stop: int) -> None:
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"a part must lie in [0, {len(self)}]. Received: {start}, {stop}")

    def windows(self, starts: NDArray[np.int64], length: int) -> NDArray[np.int32]:
        """Return ``length`` ids from each of ``starts`` (B,), (B, length); boundaries past the end.

        Raises:
            IndexError: a window begins before the text, or has a negative length.
        """
        starts = np.asarray(starts, np.int64)
        stored, n = self._stored, len(self)
        low, high = (int(starts.min()), int(starts.max())) if len(starts) else (0, 0)
        if low < 0 or length < 0:
            raise IndexError(f"windows must begin at 0 or later. Received: {low}, length {length}")
        ids: NDArray[np.int32]
        if 0 < length <= n - high:
            shape = (n - length + 1, length)
            every = np.ndarray(shape, stored.dtype, stored, strides=2 * stored.strides)
            ids = self._table.take(every[starts], mode="clip")
            return ids
        places = starts[:, None] + np.arange(length)  # (B, length)
        ids = self._table.take(stored[np.minimum(places, n - 1)], mode="clip")
        ids[places >= n] = BOUNDARY
        return ids

    def __repr__(self) -> str:
        return f"TextCorpus({self._counted()} from {origin(self.report.sources)})"

    def _repr_html_(self) -> str:
        """Show the corpus in a notebook."""
        beginning = self.vocabulary.decode(self.ids(0, min(len(self), SHOWN + 2)))
        rows = {
            "size": f"{self._counted()}, {self.report.bytes:,} bytes",
            f"distinct {self.unit}s": f"{self.report.distinct:,}",
            "beginning": shortened(beginning.replace("\n", "⏎")),
        }
        return table(f"TextCorpus from {origin(self.report.sources)}", rows)

    def _counted(self) -> str:
        return f"{self.report.characters:,} {self.unit}s, {self.report.counted_documents()}"

    def describe(self) -> str:
        """Return the report as a few lines for people."""
        return self.report.describe(self.unit)


def held_out_corpus(text: str, unit: Unit, *, ends: bool) -> TextCorpus:
    """Return the corpus of a text that ``decoded`` returned; its documents have ``ends``, or not.

    Raises:
        CorpusError: as ``TextCorpus.of``.
    """
    return TextCorpus.of(text.split(MARK), unit, documents=ends)


def decoded(vocabulary: Vocabulary, ids: NDArray[np.integer], *, ends: bool) -> str:
    """Return the text of ids (N,); ``MARK`` divides documents that have ``ends``."""
    if not ends:
        return vocabulary.decode(ids)
    parts = np.split(ids, np.flatnonzero(ids == BOUNDARY))
    return MARK.join(filter(None, map(vocabulary.decode, parts)))


def _checked(unit: Unit | str, min_count: int) -> tuple[Unit | Definition, int]:
    """Return both as checked values; ConfigError if one is invalid."""
    return parsed_unit(unit), whole("min_count", min_count, 1, MOST_COUNT)
