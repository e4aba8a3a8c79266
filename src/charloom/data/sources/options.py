"""How sources of names are read: the options, and what they default to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

from ...config import MOST_LINE_BYTES
from ...config.arguments import shown, whole
from ...errors import ConfigError
from .streams import CHUNK_BYTES

MAX_LINE_BYTES = 64 * 1024
"""Longest line or CSV record by default, in bytes of UTF-8; names are far shorter."""

MAX_UNPACKED_BYTES = 1 << 28
"""Largest unpacked gzip file, so that a small file cannot occupy the reader for long."""

LARGE_BYTES = 16 * 1024 * 1024
"""Sources of lines with so many bytes together are read into arrays, by default."""

MOST_SOURCE_BYTES = 1 << 62
"""The largest limit of a source's bytes."""

Form = Literal["lines", "list", "csv", "tsv", "json", "jsonl"]
"""``lines``: names, one a line, as they are. ``list``: without numbers, bullets, quotes, comments,
HTML entities. ``json``: an array. ``jsonl``: JSON Lines."""

TABLES: tuple[Form, ...] = ("csv", "tsv")
JSON: tuple[Form, ...] = ("json", "jsonl")

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How sources of names are read.

    Attributes:
        format: the format of all sources; ``None`` looks at each one's ending and first lines.
        column: column of a table, by its header or its number from 1; a table with just one column
            needs none.
        field: field of JSON objects; JSON strings need none.
        delimiter: character between the columns of a table, or ``tab``; ``None`` finds it.
        header: whether the first row of a table is its header.
        label_column: column with the label of each name; ``None`` reads no labels.
        label_field: field with the label of each name, a string or null; ``None`` reads none.
        weight_column, weight_field: the same of each name's weight, a number.
        encoding: the text's encoding, a name that Python knows; ``None`` is strict UTF-8, or what
            a byte-order mark says.
        pattern: which files of a folder to read, as in ``*.txt``; ``None`` reads all.
        skip_bad_rows: leave out rows, JSON values and names that cannot be read, with a warning.
        keep_invisible: keep invisible characters, and spaces and hyphens other than the ordinary
            ones; see ``charloom.data.invisible``.
        max_line_bytes: longest line or CSV record, in bytes of UTF-8.
        max_unpacked_bytes: largest text that a gzip file may hold.
        large_bytes: sources of lines with so many bytes together are read into arrays.
        chunk_bytes: bytes that are read at once.

    Raises:
        ConfigError: a value is not allowed.
    """

    format: Form | None = None
    column: str | int | None = None
    field: str | None = None
    delimiter: str | None = None
    header: bool = True
    label_column: str | int | None = None
    label_field: str | None = None
    weight_column: str | int | None = None
    weight_field: str | None = None
    encoding: str | None = None
    pattern: str | None = None
    skip_bad_rows: bool = False
    keep_invisible: bool = False
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
        if self.format is not None and self.format not in get_args(Form):
            rule = f"format must be one of {get_args(Form)}. Received: "
            raise ConfigError(rule + shown(self.format))
        mark = self.separator
        if mark is not None and (not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n'):
            rule = "delimiter must be one character, or tab. Received: "
            raise ConfigError(rule + shown(self.delimiter))

    @property
    def separator(self) -> str | None:
        """The delimiter as a character; ``None`` if it is not given."""
        given = self.delimiter
        return _DELIMITERS.get(given, given) if isinstance(given, str) else given

    @property
    def for_tables(self) -> bool:
        """Whether an option was given that only tables have."""
        given = (self.column, self.label_column, self.weight_column, self.delimiter)
        return any(value is not None for value in given) or not self.header

    @property
    def weighted(self) -> bool:
        """Whether each name is read with its weight."""
        return self.weight_column is not None or self.weight_field is not None


class RecordArguments(TypedDict, total=False):
    """The fields of ``ReadOptions`` that say how texts are read from records."""

    format: Form | None
    column: str | int | None
    field: str | None
    delimiter: str | None
    header: bool
    skip_bad_rows: bool
    max_line_bytes: int


class ReadArguments(RecordArguments, total=False):
    """The fields of ``ReadOptions`` as keyword arguments."""

    label_column: str | int | None
    label_field: str | None
    weight_column: str | int | None
    weight_field: str | None
    encoding: str | None
    pattern: str | None
    keep_invisible: bool
    max_unpacked_bytes: int
    large_bytes: int
    chunk_bytes: int
