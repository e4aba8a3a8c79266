"""Text to records: names, one a record, from lines, CSV, TSV and JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, TypedDict

from ...arguments import path as path_of
from ...arguments import whole
from ...config import MOST_LINE_BYTES
from ...errors import CorpusError
from .streams import CHUNK_BYTES, STDIN, is_packed, label, pieces

MAX_LINE_BYTES = 64 * 1024
"""Longest line or CSV record by default, in bytes of UTF-8; names are far shorter."""

MAX_UNPACKED_BYTES = 1 << 28
"""Largest unpacked gzip file, so that a small file cannot occupy the reader for long."""

LARGE_BYTES = 16 * 1024 * 1024
"""Sources of lines with so many bytes together are read into arrays, by default."""

MOST_SOURCE_BYTES = 1 << 62
"""The largest limit of a source's bytes."""

Form = Literal["lines", "csv", "tsv", "jsonl"]
Lines = Iterator[tuple[int, str]]
"""Pairs of a line number, from 1, and its text."""

Records = Iterator[tuple[int, str, str]]
"""A line number, from 1, a name and its label, "" for none; neither is normalised yet."""


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How sources of names are read.

    Attributes:
        column: column of .csv and .tsv files, by its header or its number from 1; a file with
            just one column needs none.
        field: field of .jsonl lines; a line that is a JSON string needs none.
        label_column: column with the label of each name; ``None`` reads no labels.
        label_field: field with the label of each name, a string or null; ``None`` reads none.
        encoding: the text's encoding, a name that Python knows; ``None`` is strict UTF-8.
        max_line_bytes: longest line or CSV record, in bytes of UTF-8.
        max_unpacked_bytes: largest text that a gzip file may hold.
        large_bytes: sources of lines with so many bytes together are read into arrays.
        chunk_bytes: bytes that are read at once.
    """

    column: str | int | None = None
    field: str | None = None
    label_column: str | int | None = None
    label_field: str | None = None
    encoding: str | None = None
    max_line_bytes: int = MAX_LINE_BYTES
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES
    large_bytes: int = LARGE_BYTES
    chunk_bytes: int = CHUNK_BYTES

    def __post_init__(self) -> None:
        for name, least, most in (
            ("max_line_bytes", 1, MOST_LINE_BYTES),
            ("max_unpacked_bytes", 0, MOST_SOURCE_BYTES),
            ("large_bytes", 0, MOST_SOURCE_BYTES),
            ("chunk_bytes", 1, MOST_LINE_BYTES),
        ):
            object.__setattr__(self, name, whole(name, getattr(self, name), least, most))


class ReadArguments(TypedDict, total=False):
    """The fields of ``ReadOptions`` as keyword arguments."""

    column: str | int | None
    field: str | None
    label_column: str | int | None
    label_field: str | None
    encoding: str | None
    max_line_bytes: int
    max_unpacked_bytes: int
    large_bytes: int
    chunk_bytes: int


def form_of(source: str | Path) -> Form:
    """Return the format that the source's ending stands for; any unknown one means lines."""
    path = Path(source)
    ending = Path(path.stem if is_packed(path) else path.name).suffix.lower()
    forms: dict[str, Form] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}
    return forms.get(ending, "lines")


def check_sources(sources: Sequence[str | Path], options: ReadOptions | None = None) -> None:
    """Check that there are sources, standard input at most once, and that ``options`` suit them.

    Raises:
        CorpusError: they do not: a column or field that no source has would be ignored.
    """
    if not sources:
        raise CorpusError("reading needs a source. Name a file, or - for standard input.")
    for source in sources:
        path_of("a source", source)
    if sum(str(source) == STDIN for source in sources) > 1:
        raise CorpusError("standard input can be read only once. Name - once.")
    forms = {form_of(source) for source in sources}
    for option in ("column", "field", "label_column", "label_field"):
        tables = option.endswith("column")
        wanted, ending = ({"csv", "tsv"}, ".csv and .tsv") if tables else ({"jsonl"}, ".jsonl")
        if getattr(options, option, None) is not None and not forms & wanted:
            raise CorpusError(
                f"--{option.replace('_', '-')} is for {ending} files. "
                "Leave it out, or name such a file."
            )


def read_source(
    source: str | Path,
    options: ReadOptions,
    *,
    warn: Callable[[str], None],
    stdin: BinaryIO | None = None,
) -> Records:
    """Yield the records of a file, or of ``stdin`` (default: the process's) if ``source`` is ``-``.

    One chunk and one line are in memory at a time. ``warn`` is called with what the user should
    know although reading continues.

    Raises:
        CorpusError: the source cannot be opened, unpacked, decoded or parsed.
    """
    name, form = label(source), form_of(source)
    lines = _lines(source, options, stdin)
    if form == "jsonl":
        return _json_records(lines, name, options)
    if form == "lines":
        return ((number, line, "") for number, line in lines)
    return _csv_records(lines, name, options, warn, form == "tsv")


def read_pieces(
    source: str | Path, options: ReadOptions, stdin: BinaryIO | None, line: Callable[[], int]
) -> Iterator[str]:
    """Yield the text of a source as ``pieces`` does."""
    return pieces(
        source,
        options.encoding,
        stdin,
        line,
        chunk_bytes=options.chunk_bytes,
        max_unpacked_bytes=options.max_unpacked_bytes,
    )


def _lines(source: str | Path, options: ReadOptions, stdin: BinaryIO | None) -> Lines:
    r"""Cut the text at \n, and nowhere else."""
    number, rest = 1, ""
    found = read_pieces(source, options, stdin, lambda: number)
    for piece in found:
        lines = (rest + piece).split("\n")
        check_lengths(lines, number, label(source), options.max_line_bytes)
        rest = lines.pop()
        yield from enumerate(lines, number)
        number += len(lines)
    if rest:
        yield number, rest


def check_lengths(lines: Sequence[str], number: int, name: str, limit: int) -> None:
    """Raise CorpusError if a line has more than ``limit`` bytes; the first is line ``number``."""
    if 4 * max(map(len, lines)) <= limit:  # UTF-8 takes at most 4 bytes a character
        return
    for i, line in enumerate(lines, number):
        if _utf8_length(line) > limit:
            raise CorpusError(
                f"{name} line {i} is longer than {limit:,} bytes; names are one a line. "
                "Cut the line, or raise --max-line; if this is running text, add --as text."
            )


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _csv_records(
    lines: Lines, name: str, options: ReadOptions, warn: Callable[[str], None], tabs: bool
) -> Records:
    """Yield the columns of names and labels; a record has the number of its first line."""
    head = next((pair for pair in lines if pair[1].strip()), None)
    if head is None:
        return
    # spreadsheets separate by semicolons where the comma is the decimal sign
    delimiter = "\t" if tabs else next((d for d in ",;\t" if d in head[1]), ",")
    first = number = head[0]
    size = 0  # of the present record: limited, since a quote left open takes line after line

    def feed() -> Iterator[str]:
        nonlocal number, size
        for pair in chain([head], lines):
            number = pair[0]
            size += _utf8_length(pair[1]) + 1
            if size > options.max_line_bytes + 1:
                raise CorpusError(
                    f"{name} line {first} begins a record of more than "
                    f"{options.max_line_bytes:,} bytes. Close its quotes, or raise --max-line."
                )
            yield pair[1] + "\n"

    rows = csv.reader(feed(), delimiter=delimiter, strict=True)
    header: list[str] = []
    index, label_index = 0, -1
    try:
        for row in rows:
            if not header:
                header = [cell.strip() for cell in row]
                if options.label_column is not None:
                    label_index = _column(header, options.label_column, name)
                if options.column is None and label_index >= 0 and len(header) == 2:
                    index = 1 - label_index
                else:
                    index = _column(header, options.column, name)
                    if options.column is None:
                        first_row = f"{name}: took its first row, {header[0]!r:.40}"
                        warn(f"{first_row}, as the header, not a name.")
            elif len(row) == len(header):
                yield first, row[index], row[label_index] if label_index >= 0 else ""
            elif not "".join(row).strip():
                yield first, "", ""
            else:
                raise CorpusError(
                    f"{name} line {first} has {len(row)} fields where the header has "
                    f"{len(header)}. Quote fields that contain {delimiter!r}."
                )
            first, size = number + 1, 0
    except csv.Error as error:
        why = str(error).replace("\t", "\\t")
        raise CorpusError(
            f"{name} line {first} begins a broken record: {why}. "
            'Close its quotes, and double a " inside a quoted field.'
        ) from None


def _column(header: Sequence[str], column: str | int | None, name: str) -> int:
    if column is None:
        if len(header) == 1:
            return 0
        raise CorpusError(
            f"{name} has {len(header)} columns. Choose one with --column: {_listed(header)}."
        )
    wanted = str(column)
    if header.count(wanted) == 1:
        return header.index(wanted)
    if header.count(wanted) > 1:
        raise CorpusError(f"{name} has several columns {wanted!r:.40}. Give its number, from 1.")
    for i in range(len(header)):
        if wanted == str(i + 1):
            return i
    raise CorpusError(f"{name} has no column {wanted!r:.40}. It has: {_listed(header)}.")


def _json_records(lines: Lines, name: str, options: ReadOptions) -> Records:
    for number, line in lines:
        if not line.strip():
            yield number, "", ""
            continue
        where = f"{name} line {number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            why = getattr(error, "msg", "too deeply nested or too long")
            raise CorpusError(
                f"{where} is not valid JSON: {why}. Write one value a line."
            ) from None
        given: object = None
        if isinstance(value, dict):
            if options.label_field is not None:
                given = _member(value, options.label_field, where, "label-field")
            value = _member(value, options.field, where, "field")
        if not isinstance(value, str):
            kind = type(value).__name__
            raise CorpusError(f"{where} must give the name as a JSON string. Received: {kind}")
        if not isinstance(given, str | None):
            kind = type(given).__name__
            raise CorpusError(
                f"{where} must give the label as a JSON string or null. Received: {kind}"
            )
        yield number, value, given or ""


def _member(value: dict[str, object], field: str | None, where: str, option: str) -> object:
    if field is None or field not in value:
        rule = "is an object; choose a field" if field is None else f"has no {field!r:.40}"
        raise CorpusError(f"{where} {rule} (--{option}). It has: {_listed(list(value))}.")
    return value[field]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(f"{name!r:.40}" for name in names[:20]) + more
