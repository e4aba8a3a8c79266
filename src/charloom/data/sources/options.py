"""How sources of names are read: the options, and what they default to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

from ...errors import ConfigError
from .streams import CHUNK_BYTES

MAX_LINE_BYTES = 64 * 1024
"""Longest line or CSV record by default, in bytes of UTF-8; names are far shorter."""

MAX_UNPACKED_BYTES = 1 << 28
"""Largest unpacked gzip file, so that a small file cannot occupy the reader for long."""

LARGE_BYTES = 16 * 1024 * 1024
"""Sources of lines with so many bytes together are read into arrays, by default."""

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
        encoding: the text's encoding, a name that Python knows; ``None`` is strict UTF-8, or what
            a byte-order mark says.
        skip_bad_rows: leave out rows, JSON values and names that cannot be read, with a warning.
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
    encoding: str | None = None
    skip_bad_rows: bool = False
    max_line_bytes: int = MAX_LINE_BYTES
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES
    large_bytes: int = LARGE_BYTES
    chunk_bytes: int = CHUNK_BYTES

    def __post_init__(self) -> None:
        limit = self.max_line_bytes
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ConfigError(f"max_line_bytes must be a whole number above 0. Received: {limit!r}")
        if self.format is not None and self.format not in get_args(Form):
            raise ConfigError(
                f"format must be one of {get_args(Form)}. Received: {self.format!r:.40}"
            )
        mark = self.separator
        if mark is not None and (not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n'):
            raise ConfigError(
                f"delimiter must be one character, or tab. Received: {self.delimiter!r:.40}"
            )

    @property
    def separator(self) -> str | None:
        """The delimiter as a character; ``None`` if it is not given."""
        return _DELIMITERS.get(self.delimiter or "", self.delimiter)

    @property
    def for_tables(self) -> bool:
        """Whether an option was given that only tables have."""
        given = (self.column, self.label_column, self.delimiter)
        return any(value is not None for value in given) or not self.header


class ReadArguments(TypedDict, total=False):
    """The fields of ``ReadOptions`` as keyword arguments."""

    format: Form | None
    column: str | int | None
    field: str | None
    delimiter: str | None
    header: bool
    label_column: str | int | None
    label_field: str | None
    encoding: str | None
    skip_bad_rows: bool
    max_line_bytes: int
    max_unpacked_bytes: int
    large_bytes: int
    chunk_bytes: int
