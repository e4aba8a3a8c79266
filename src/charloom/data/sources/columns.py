"""What a table or JSON has to choose from: its columns or fields, with some of their values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from ...errors import CorpusError
from . import detect
from .json_records import array_values, line_values
from .look import Look, Text, look
from .options import TABLES, Form, ReadOptions
from .records import lines_of
from .streams import label
from .tables import table_columns

COMPARED = 100
"""Values of JSON that are looked at."""


@dataclass(frozen=True)
class Column:
    """A column of a table, or a field of JSON objects.

    Attributes:
        name: what ``ReadOptions.column`` or ``ReadOptions.field`` calls it.
        values: the first of its values that are not empty; of a field, those that are strings.
    """

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How a source is read, and what it has to choose from.

    Attributes:
        form: its format.
        delimiter: between the columns of a table, where that is known.
        header: whether a table has a header; ``None`` for what is no table.
        columns: columns or fields, in order; none where each record is a string.
        column: that of the names, as far as the header and the values show.
        head: the beginning of the text.
    """

    form: Form
    delimiter: str | None
    header: bool | None
    columns: tuple[Column, ...]
    column: str | None
    head: str


def layout(source: str | Path, options: ReadOptions) -> Layout:
    """Look at the beginning of a source.

    Raises:
        CorpusError: it cannot be opened, unpacked or decoded.

    Example:
        >>> size = Path("towns.csv").write_text("id,name\\n1,Ulm\\n2,Bonn\\n")
        >>> found = layout("towns.csv", ReadOptions())
        >>> found.column, [column.name for column in found.columns]
        ('name', ['id', 'name'])
    """
    text = Text(source, options)
    found = look(source, replace(options, column=None, field=None), text)
    header: bool | None = None
    given: list[tuple[str, list[str]]] = []
    try:
        if found.form in TABLES:
            header, given = _of_table(text, label(source), options, found)
        elif found.form in ("json", "jsonl"):
            given = _of_json(text, label(source), options, found)
    except CorpusError:  # whoever reads the source says so
        pass
    columns = tuple(Column(name, tuple(values)) for name, values in given)
    delimiter = options.separator or found.delimiter
    return Layout(found.form, delimiter, header, columns, _names_in(columns, found), text.head)


def _of_table(
    text: Text, name: str, options: ReadOptions, found: Look
) -> tuple[bool, list[tuple[str, list[str]]]]:
    lines = lines_of(text, name, options)
    if found.comments:
        lines = Look(comments=True).items(lines)
    return table_columns(lines, name, options, found)


def _of_json(
    text: Text, name: str, options: ReadOptions, found: Look
) -> list[tuple[str, list[str]]]:
    if found.form == "json":
        values = array_values(text.pieces(), name, options)
    else:
        values = line_values(lines_of(text, name, options), name)
    fields: dict[str, list[str]] = {}
    for _, value in islice(values, COMPARED):
        for key, one in value.items() if isinstance(value, dict) else ():
            fields.setdefault(key, []).extend([one] if isinstance(one, str) and one else [])
    return list(fields.items())


def _names_in(columns: tuple[Column, ...], found: Look) -> str | None:
    """Return the column that was found, else one with a header of names, else that of the most
    different texts."""
    if not columns:
        return None
    if found.column is not None and found.column <= len(columns):
        return columns[found.column - 1].name
    for column in columns:
        if detect.word(column.name) in detect.NAME_WORDS:
            return column.name

    def texts(column: Column) -> int:
        return len({value for value in column.values if not detect.NUMERIC.fullmatch(value)})

    return max(columns, key=texts).name
