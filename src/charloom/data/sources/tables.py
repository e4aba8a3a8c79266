"""Tables to records: CSV, and the like with other delimiters."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from ...errors import CorpusError
from ..unicode import cleaned
from . import detect
from .look import SEPARATOR, Look
from .options import ReadOptions

Lines = Iterator[tuple[int, str]]
"""Pairs of a line number, from 1, and its text."""

Records = Iterator[tuple[int, str, str, object]]
"""A line number, from 1, a name, its label, "" for none, and its weight; none of them is normalised
or checked yet."""

Bad = Callable[[CorpusError], None]
"""What is done about a record that cannot be read: it raises the error, or counts it."""

COMPARED = 100
"""Rows that the first one is compared with."""

MOST_AGAIN = 2_000_000
"""Lines that are read again after quotes left open, all in all; it takes a second or two."""


def utf8_length(text: str) -> int:
    """Return how many bytes ``text`` takes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def table_records(
    lines: Lines,
    name: str,
    options: ReadOptions,
    found: Look,
    warn: Callable[[str], None],
    bad: Bad,
) -> Records:
    """Yield the columns of names, labels and weights; a record has the number of its first line.

    Args:
        lines: the table's.
        name: what messages call it.
        options: which columns to read.
        found: how it is to be read.
        warn: called with what the user should know.
        bad: called with the error of a row that cannot be read.
    """
    table = _opened(lines, name, options, found, bad)
    if table is None:
        return
    ahead, later, first, has_header = table.ahead, table.later, table.first, table.has_header
    index, label_index, weight_index = _columns(first, name, options, found, has_header)
    if has_header:
        _warn_of_header(ahead, first, name, options, found, warn)
    width = len(first)
    start = 1 if has_header else 0
    for number, row in chain(ahead[start:], table.rows):
        if len(row) == width:
            label = row[label_index] if label_index >= 0 else ""
            yield number, row[index], label, row[weight_index] if weight_index >= 0 else ""
        elif not "".join(row).strip():
            yield number, "", "", ""
        else:
            where = "the header" if has_header else "the first row"
            bad(
                CorpusError(
                    f"{name} line {number} has {len(row)} fields where {where} has {width}. "
                    f"Quote fields that contain {table.delimiter!r}, or skip such rows: "
                    "--skip-bad-rows."
                )
            )
    if later is not None:
        raise later


def table_columns(
    lines: Lines, name: str, options: ReadOptions, found: Look
) -> tuple[bool, list[tuple[str, list[str]]]]:
    """Return whether a table has a header, and each column with its first values.

    A column is called as ``ReadOptions.column`` takes it: by its header if no other has the same,
    else by its number. Rows that cannot be read are left out.
    """
    table = _opened(lines, name, options, found, lambda error: None)
    if table is None:
        return False, []
    first, columns = table.first, []
    rows = [row for _, row in table.ahead[table.has_header :] if len(row) == len(first)]
    for k, title in enumerate(first):
        named = table.has_header and title and first.count(title) == 1
        values = [value for row in rows if (value := cleaned(row[k]).strip())]
        columns.append((title if named else str(k + 1), values))
    return table.has_header, columns


@dataclass(frozen=True)
class _Table:
    """A table whose first rows were read.

    Attributes:
        delimiter: between its columns.
        ahead: the first rows, with the numbers of their lines.
        rows: the others.
        later: what is wrong with the row after those ahead; raised after them.
        first: the cells of the first row.
        has_header: whether that is a header.
    """

    delimiter: str
    ahead: list[tuple[int, list[str]]]
    rows: Iterator[tuple[int, list[str]]]
    later: CorpusError | None
    first: list[str]
    has_header: bool


def _opened(lines: Lines, name: str, options: ReadOptions, found: Look, bad: Bad) -> _Table | None:
    """Read the first rows of a table; ``None`` if it has none."""
    lines = ((number, found.repaired(line)) for number, line in lines)
    head = next((pair for pair in lines if pair[1].strip()), None)
    delimiter = options.separator or found.delimiter
    if head is not None and (told := SEPARATOR.fullmatch(head[1].strip())):
        delimiter = options.separator or told[1]
        head = next((pair for pair in lines if pair[1].strip()), None)
    if head is None:
        return None
    if delimiter is None:
        # spreadsheets separate by semicolons where the comma is the decimal sign
        marks = "\t" if found.form == "tsv" else ",;\t|"
        delimiter = next((d for d in marks if d in head[1]), marks[0])
    rows = _rows(chain([head], lines), head[0], name, options, delimiter, bad)
    ahead: list[tuple[int, list[str]]] = []
    later: CorpusError | None = None  # raised after what comes before it
    try:
        ahead.extend(islice(rows, COMPARED + 1))
    except CorpusError as error:
        later = error
    if not ahead:
        if later is not None:
            raise later
        return None
    first = [cleaned(cell).strip() for cell in ahead[0][1]]
    has_header = options.header if found.header is None else found.header
    return _Table(delimiter, ahead, rows, later, first, has_header)


def _rows(
    lines: Lines, first: int, name: str, options: ReadOptions, delimiter: str, bad: Bad
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row's first line, and its cells.

    A quote left open takes line after line. If its row is skipped, only the line is with which the
    row began, and the others are read again.
    """
    number = first
    size = again = 0  # bytes of the present record, which are limited; lines read twice, all in all
    taken: list[tuple[int, str]] = []  # the lines of the present record
    waiting: deque[tuple[int, str]] = deque()  # those to be read again

    def feed() -> Iterator[str]:
        nonlocal number, size
        while (pair := waiting.popleft() if waiting else next(lines, None)) is not None:
            number = pair[0]
            taken.append(pair)
            size += utf8_length(pair[1]) + 1
            if size > options.max_line_bytes + 1:
                raise csv.Error
            yield pair[1] + "\n"

    while True:
        rows = csv.reader(feed(), delimiter=delimiter, strict=True)
        try:
            for row in rows:
                yield first, row
                first, size = number + 1, 0
                taken.clear()
            return
        except csv.Error as error:
            why = f"broken record: {error}".replace("\t", "\\t")
            remedy = 'double a " inside a quoted field'
            if size > options.max_line_bytes + 1:
                why = f"record of more than {options.max_line_bytes:,} bytes"
                remedy = "raise --max-line"
            broken = CorpusError(
                f"{name} line {first} begins a {why}. "
                f"Close its quotes, {remedy}, or skip such rows: --skip-bad-rows."
            )
            again += len(taken) - 1
            if again > MOST_AGAIN:
                raise broken from None
            bad(broken)
        waiting.extendleft(reversed(taken[1:]))
        first, size = first + 1, 0
        taken.clear()


def _columns(
    first: Sequence[str], name: str, options: ReadOptions, found: Look, has_header: bool
) -> tuple[int, int, int]:
    """Return the indices of the columns of names, labels and weights, -1 for none."""
    label = weight = -1
    if options.label_column is not None:
        label = _column(first, options.label_column, name, has_header, "label-column")
    if options.weight_column is not None:
        weight = _column(first, options.weight_column, name, has_header, "weight-column")
    left = [index for index in range(len(first)) if index not in (label, weight)]
    if options.column is None and len(left) == 1:
        return left[0], label, weight
    if options.column is None and found.column is not None and found.column - 1 in left:
        return found.column - 1, label, weight
    return _column(first, options.column, name, has_header), label, weight


def _column(
    first: Sequence[str],
    column: str | int | None,
    name: str,
    has_header: bool,
    option: str = "column",
) -> int:
    numbered = f"1 to {len(first)}, here {listed(first)}"
    if column is None:
        if len(first) == 1:
            return 0
        which = listed(first) if has_header else numbered
        raise CorpusError(f"{name} has {len(first)} columns. Choose one with --{option}: {which}.")
    wanted = cleaned(str(column)).strip()
    if has_header and first.count(wanted) == 1:
        return first.index(wanted)
    if has_header and first.count(wanted) > 1:
        raise CorpusError(f"{name} has several columns {wanted!r:.40}. Give its number, from 1.")
    for i in range(len(first)):
        if wanted == str(i + 1):
            return i
    if has_header:
        raise CorpusError(f"{name} has no column {wanted!r:.40}. It has: {listed(first)}.")
    raise CorpusError(
        f"{name} is read without a header, so it has no column {wanted!r:.40}. "
        f"Give the column's number: {numbered}."
    )


def _warn_of_header(
    ahead: Sequence[tuple[int, list[str]]],
    first: Sequence[str],
    name: str,
    options: ReadOptions,
    found: Look,
    warn: Callable[[str], None],
) -> None:
    """Warn if the header may be a row of data, or if it is the only column."""
    rows = [row for _, row in ahead if len(row) == len(first)]
    taken = f"{name}: took its first row, {', '.join(first)!r:.40}, as the header, not a name"
    if len(first) > 1 and detect.looks_like_data(rows):
        warn(f"{taken}, but it looks like data. If it is, add --no-header.")
    elif found.header is not None:  # the first lines show that it is a header
        return
    elif len(first) == 1 and options.column is None:
        warn(f"{taken}. If it is one, add --no-header.")
    elif str(options.column) not in [*first, "None"] and not detect.has_header(rows):
        warn(f"{taken}. If it is data, add --no-header.")


def listed(names: Sequence[str]) -> str:
    """Return the first of the names, quoted."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(f"{name!r:.40}" for name in names[:20]) + more
