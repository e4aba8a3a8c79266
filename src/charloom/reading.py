"""Bytes to records: names, one a record, from text, CSV, TSV and JSON Lines, gzipped or not."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import math
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, cast

from .errors import ConfigError, CorpusError

STDIN = "-"
"""The source that stands for standard input."""

MAX_LINE_BYTES = 64 * 1024
"""Longest line or CSV record by default, in bytes of UTF-8; a list of names needs far less."""

MAX_UNPACKED_BYTES = 1 << 28
"""Most that a gzip file may unpack to: a small file must not keep the reader busy for long."""

_CHUNK_BYTES = 256 * 1024
_SNIFFED_BYTES = 64 * 1024
_GUESSES = (
    *("utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("cp932", "gb18030", "big5", "euc_kr", "euc_jp", "koi8-r", "mac-roman"),
)  # the usual encodings, the likelier first: a few accented letters fit nearly all of them

Form = Literal["lines", "csv", "tsv", "jsonl"]
Lines = Iterator[tuple[int, str]]
"""Pairs of a line number, from 1, and its text."""

Records = Iterator[tuple[int, str, str]]
"""A line number, from 1, a name and its label, "" for none; neither is normalised yet."""


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How sources are read.

    Attributes:
        column: column of .csv and .tsv files, by its header or its number from 1; a file with
            just one column needs none.
        field: field of .jsonl lines; a line that is a JSON string needs none.
        label_column: column with the label of each name; ``None`` reads no labels.
        label_field: field with the label of each name, a string or null; ``None`` reads none.
        encoding: the text's encoding, a name that Python knows; ``None`` is strict UTF-8.
        max_line_bytes: longest line or CSV record, in bytes of UTF-8.
    """

    column: str | int | None = None
    field: str | None = None
    label_column: str | int | None = None
    label_field: str | None = None
    encoding: str | None = None
    max_line_bytes: int = MAX_LINE_BYTES

    def __post_init__(self) -> None:
        limit = self.max_line_bytes
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ConfigError(f"max_line_bytes must be a whole number above 0. Received: {limit!r}")


def label(source: str | Path) -> str:
    """Return how messages call ``source``: its path, escaped where it would not print."""
    text = str(source)
    if text == STDIN:
        return "standard input"
    return text if text and text.isprintable() else repr(text)


def form_of(source: str | Path) -> Form:
    """Return the format that the source's ending stands for; any unknown one means lines."""
    ending = (_unzipped(source) or Path(source)).suffix.lower()
    forms: dict[str, Form] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}
    return forms.get(ending, "lines")


def read_source(
    source: str | Path,
    options: ReadOptions,
    *,
    warn: Callable[[str], None],
    stdin: BinaryIO | None = None,
) -> Records:
    """Yield the records of a file, or of ``stdin`` (default: the process's) if ``source`` is ``-``.

    Reading is by stream: memory holds one chunk and one line. ``warn`` receives what the user
    should know although reading goes on.

    Raises:
        CorpusError: the source cannot be opened, unpacked, decoded or parsed.
    """
    name, form = label(source), form_of(source)
    try:
        with _opened(source, stdin) as raw:
            if _unzipped(source) is None:
                lines = _lines(raw, name, options)
            else:
                unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=raw))
                lines = _lines(unpacked, name, options, MAX_UNPACKED_BYTES)
            if form == "jsonl":
                yield from _json_records(lines, name, options)
            elif form == "lines":
                yield from ((number, line, "") for number, line in lines)
            else:
                yield from _csv_records(lines, name, options, warn, form == "tsv")
    except EOFError:
        raise CorpusError(
            f"{name} is cut short: its gzip data ends early. Copy it again."
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise CorpusError(
            f"{name} is no sound gzip file. Copy it again, or drop the ending .gz if it is none."
        ) from None
    except FileNotFoundError:
        raise CorpusError(f"{name} does not exist. Check the path.") from None
    except IsADirectoryError:
        raise CorpusError(f"{name} is a folder. Name the files in it.") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CorpusError(f"{name} cannot be read: {why}. Check the file and its rights.") from None


def _unzipped(source: str | Path) -> Path | None:
    """Return the path without its ending .gz, or ``None`` if it has no such ending."""
    path = Path(source)
    return path.with_suffix("") if path.suffix.lower() == ".gz" else None


def _opened(source: str | Path, stdin: BinaryIO | None) -> AbstractContextManager[BinaryIO]:
    if str(source) != STDIN:
        try:
            return Path(source).open("rb")
        except ValueError:
            raise CorpusError(f"{source!r:.60} cannot be a path. Check its characters.") from None
    stream = stdin or getattr(sys.stdin, "buffer", None)  # sys.stdin may be None, or text only
    if stream is None or stream.closed:
        raise CorpusError("standard input is closed. Name a file instead.")
    return nullcontext(stream)


def _lines(stream: BinaryIO, name: str, options: ReadOptions, most: float = math.inf) -> Lines:
    r"""Decode ``stream`` and cut it at \n, \r\n and \r, and nowhere else; ``most`` is in bytes."""
    codec = _codec(options.encoding)
    decoder = codec.incrementaldecoder()
    breaks = io.IncrementalNewlineDecoder(None, translate=True)
    number, rest, offset, begun, previous = 1, "", 0, False, b""
    while True:
        chunk = stream.read(_CHUNK_BYTES) or b""
        if codec.name == "utf-8" and b"\0" in chunk[: max(0, _SNIFFED_BYTES - offset)]:
            raise CorpusError(_binary(name, chunk))
        if offset + len(chunk) > most:
            raise CorpusError(f"{name} unpacks to over {most:,} bytes. Unpack it if you trust it.")
        state = decoder.getstate()
        try:
            text = decoder.decode(chunk, final=not chunk)
        except ValueError as error:  # a UnicodeError, or what odd codecs raise
            bad, byte = len(chunk), ""
            if isinstance(error, UnicodeDecodeError):
                bad += error.start - len(error.object)  # below 0 if the last chunk began it
                value = error.object[error.start]
                byte = f": byte 0x{value:02X} at offset {offset + bad:,}"
                with suppress(ValueError):  # UTF-16 without its mark fails in two ways
                    decoder.setstate(state)
                    good = decoder.decode(chunk[: max(0, bad)])
                    number += breaks.decode(good, final=True).count("\n")
            middle = len(previous) + bad
            sample = (previous + chunk)[max(0, middle - 8192) : middle + 8192]
            guess = _guess(sample, codec.name)
            remedy = f"Try --encoding {guess}" if guess else "Name its --encoding"
            raise CorpusError(
                f"{name} line {number} is not {codec.name}{byte}. {remedy}, or save it as UTF-8."
            ) from None
        offset += len(chunk)
        if text and not begun:
            begun, text = True, text.removeprefix("\ufeff")  # the byte-order mark
        lines = (rest + breaks.decode(text, final=not chunk)).split("\n")
        _check_lengths(lines, number, name, options.max_line_bytes)
        rest = lines.pop()
        yield from enumerate(lines, number)
        number += len(lines)
        if not chunk:
            break
        previous = chunk
    if rest:
        yield number, rest


def _codec(encoding: str | None) -> codecs.CodecInfo:
    try:
        codec = codecs.lookup("utf-8" if encoding is None else encoding)
        # Python marks bytes-to-bytes codecs (zlib, base64 ...) as no text encodings
        if codec._is_text_encoding and codec.incrementaldecoder is not None:
            return codec
    except (LookupError, ValueError):  # ValueError: a NUL or a lone surrogate in the name
        pass
    raise CorpusError(f"encoding must be a text encoding of Python's. Received: {encoding!r:.60}")


def _check_lengths(lines: Sequence[str], number: int, name: str, limit: int) -> None:
    if 4 * max(map(len, lines)) <= limit:  # UTF-8 takes at most 4 bytes a character
        return
    for i, line in enumerate(lines, number):
        if _utf8_length(line) > limit:
            raise CorpusError(
                f"{name} line {i} is longer than {limit:,} bytes; names are one a line. "
                "Cut the line, or raise --max-line."
            )


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _binary(name: str, start: bytes) -> str:
    for kind in ("32", "16"):  # in this order: UTF-32's mark begins with that of UTF-16
        marks = (getattr(codecs, f"BOM_UTF{kind}_{end}") for end in ("LE", "BE"))
        if start.startswith(tuple(marks)):
            return f"{name} looks like UTF-{kind}, not UTF-8. Pass --encoding utf-{kind}."
    return f"{name} looks binary: it holds NUL bytes. Give a text file, or its --encoding."


def _guess(sample: bytes, failed: str) -> str | None:
    """Guess the encoding of ``sample``; among equally good ones take the most usual."""
    from charset_normalizer import from_bytes  # imported late: most corpora need none of it

    matches = from_bytes(sample, cp_isolation=list(_GUESSES))
    best = matches.best()
    if best is None:
        return None
    equal = [m for m in matches if (m.chaos, m.coherence) == (best.chaos, best.coherence)]
    possible = {codecs.lookup(e).name for match in equal for e in match.could_be_from_charset}
    return next((g for g in _GUESSES if g in possible and g != failed), None)


def _csv_records(
    lines: Lines, name: str, options: ReadOptions, warn: Callable[[str], None], tabs: bool
) -> Records:
    """Yield the columns of names and labels; a record bears the number of its first line."""
    head = next((pair for pair in lines if pair[1].strip()), None)
    if head is None:
        return
    # a spreadsheet's CSV is cut by semicolons where the comma is the decimal sign
    delimiter = "\t" if tabs else next((d for d in ",;\t" if d in head[1]), ",")
    first = number = head[0]
    size = 0  # of the present record; bounded, since an open quote swallows line after line

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
            why = getattr(error, "msg", "nested or long beyond reason")
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
