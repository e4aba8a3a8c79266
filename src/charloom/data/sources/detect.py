"""What the first lines of a source look like: one function for each form.

The rules are conservative, since a list of names may hold anything: a form is recognised only if
all lines show it. Where only some do, ``odd_lines`` gives a warning, and the lines are kept.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .repair import BULLET, COMMENT, ENTITY, NUMBER, QUOTED, decoded_again, unescaped

FEWEST = 3
"""Lines that have to show a form, at least."""

NAME_WORDS = {
    *("name", "names", "first_name", "firstname", "last_name", "lastname", "full_name"),
    *("fullname", "given_name", "surname", "family_name", "forename"),
}
"""Headers of a column of names; spaces and hyphens count as underscores."""

_OTHER_WORDS = {
    *("id", "nr", "no", "number", "rank", "count", "counts", "n", "year", "sex", "gender", "age"),
    *("country", "region", "state", "city", "label", "class", "category", "type", "kind", "code"),
    *("frequency", "freq", "total", "population", "date", "language", "origin", "email", "lat"),
    *("lon", "latitude", "longitude"),
}
_COUNTED = re.compile(r".*\S[,;|]\s?-?\d[\d.]*\s*")
NUMERIC = re.compile(r"\s*[-+]?[$\u20ac\u00a3]?\d[\d.,']*\s?[%\u20ac]?\s*")
_BRACKETED = re.compile(r"""\s*(?:\[.*\]|\{.*\}|<.*>|".*")\s*,?\s*|\s*[\[{]\s*""")


def is_json_array(head: str) -> bool:
    """Whether the text is a JSON array: a bracket, a first value, then a comma or a bracket."""
    text = head.lstrip()
    if text[:1] != "[" or (rest := text[1:].lstrip())[:1] not in ('"', "{", "[", "]"):
        return False
    if rest[:1] == "]":
        return not rest[1:].strip()
    try:
        _, end = json.JSONDecoder().raw_decode(rest)
    except (ValueError, RecursionError):
        return False
    return rest[end:].lstrip()[:1] in (",", "]")


def is_json_object(head: str) -> bool:
    """Whether the text is one JSON object over several lines, or with a list in it."""
    text = head.lstrip()
    if not re.match(r'\{\s*"(?:[^"\\]|\\.)*"\s*:', text):
        return False
    first, _, rest = text.partition("\n")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return True  # it does not end in its first line
    return not rest.strip() and any(isinstance(part, list) for part in value.values())


def is_json_lines(lines: Sequence[str]) -> bool:
    """Whether each line is a JSON object, or, if there are several lines, a JSON string."""
    if not lines or lines[0].lstrip()[:1] not in ("{", '"'):
        return False
    try:
        values = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        return False
    strings = sum(isinstance(value, str) for value in values)
    whole = all(isinstance(value, str | dict) for value in values)
    return whole and (strings == 0 or len(values) >= FEWEST)


def comments(lines: Sequence[str]) -> int:
    """Return how many lines are comments; 0 unless the first line is one and most are not."""
    if not lines or not COMMENT.match(lines[0]):
        return 0
    found = sum(COMMENT.match(line) is not None for line in lines)
    return found if 2 * found <= len(lines) else 0


def has_heading(lines: Sequence[str]) -> bool:
    """Whether the first line is the header of a column of names, not a name or a word."""
    if len(lines) <= FEWEST or word(lines[0]) not in NAME_WORDS:
        return False
    lower = sum(line.islower() for line in lines)
    return not lines[0].islower() or "_" in lines[0] or 2 * lower < len(lines)


def is_numbered(lines: Sequence[str]) -> bool:
    """Whether each line begins with a number, each one higher than the one before."""
    if len(lines) < FEWEST:
        return False
    number = None
    for line in lines:
        found = NUMBER.match(line)
        if found is None or (number is not None and int(found[1]) != number + 1):
            return False
        if number is None and not found[2].strip() and int(found[1]) not in (0, 1):
            return False
        number = int(found[1])
    return True


def is_bulleted(lines: Sequence[str]) -> bool:
    """Whether each line begins with the same bullet."""
    if len(lines) < FEWEST or not (first := BULLET.match(lines[0])):
        return False
    return all((found := BULLET.match(line)) and found[1] == first[1] for line in lines)


def is_quoted(lines: Sequence[str]) -> bool:
    """Whether each line is in quotes, with or without a comma after them."""
    if len(lines) < FEWEST:
        return False
    return all((found := QUOTED.fullmatch(line)) and found[1] not in found[2] for line in lines)


def has_entities(lines: Sequence[str]) -> bool:
    """Whether several lines have HTML entities, and none an ampersand without."""
    found = 0
    for line in lines:
        if "&" in line:
            plain = unescaped(line) != line and "&" not in ENTITY.sub("", line)
            if not plain:
                return False
            found += 1
    return found > 1


def is_mojibake(lines: Sequence[str]) -> bool:
    """Whether all lines that are not ASCII, of several, are UTF-8 that was read as cp1252."""
    found = 0
    for line in lines:
        if not line.isascii():
            if decoded_again(line) == line:
                return False
            found += 1
    return found >= FEWEST


@dataclass(frozen=True)
class Table:
    """A table that was recognised.

    Attributes:
        delimiter: the character between its columns.
        header: whether its first row is a header.
        column: the column of the names, from 1; ``None`` if several may be.
        clear: whether it is surely a table.
    """

    delimiter: str
    header: bool
    column: int | None
    clear: bool


def table(lines: Sequence[str], delimiter: str | None, wanted: bool) -> Table | None:
    """Return the table that the lines are, if they have the same number of columns.

    Args:
        lines: the first ones, without blank ones.
        delimiter: the character between columns; ``None`` finds it.
        wanted: whether an option says that it is a table.
    """
    for mark in (delimiter,) if delimiter else ("\t", ";", ",", "|"):
        if mark not in lines[0]:
            continue
        try:
            rows = [row for row in csv.reader(lines, delimiter=mark, strict=True) if row]
        except csv.Error:
            continue
        width = len(rows[len(rows) // 2])
        whole = [row for row in rows if len(row) == width]
        if width < 2 or 20 * (len(rows) - len(whole)) > len(rows) or len(rows[0]) != width:
            continue
        filled = [k for k in range(width) if any(row[k].strip() for row in whole)]
        if len(filled) < 2 and mark in "\t|":
            continue  # white space at the end of lines
        header = has_header(whole)
        column = _name_column(whole, header, filled)
        return Table(mark, header, column, wanted or _is_clear(whole, lines, mark, filled))
    return None


def _is_clear(
    rows: Sequence[Sequence[str]], lines: Sequence[str], mark: str, filled: Sequence[int]
) -> bool:
    """Whether rows of equal width are a table: a comma may also be a part of each name."""
    if mark == "\t":
        return len(rows) > 1
    if len(rows) < FEWEST:
        return False
    words = [word(cell) for cell in rows[0]]
    if NAME_WORDS & {*words} or len(_OTHER_WORDS & {*words}) > 1 or len(filled) < len(rows[0]):
        return True
    if any(is_numeric(rows, k) for k in filled) or all(line.count('"') > 3 for line in lines):
        return True
    spaced = any(cell[:1] == " " for row in rows for cell in row[1:])
    return not spaced and any(_is_category(rows, k) for k in filled)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is surely a header."""
    words = {word(cell) for cell in rows[0]}
    if looks_like_data(rows):
        return False
    numeric = any(is_numeric(rows, k) for k in range(len(rows[0])))
    return numeric or bool(words & NAME_WORDS) or len(words & _OTHER_WORDS) > 1


def looks_like_data(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row resembles the others: numbers where they have numbers, or repeats."""
    for k, cell in enumerate(rows[0]):
        if is_numeric(rows, k) and NUMERIC.fullmatch(cell):
            return True
        if len(rows) > 1 and cell.strip() and any(row[k] == cell for row in rows[1:]):
            return True
    return False


def is_numeric(rows: Sequence[Sequence[str]], k: int) -> bool:
    """Whether column ``k`` holds numbers, the first row aside."""
    numbers = sum(NUMERIC.fullmatch(row[k]) is not None for row in rows[1:])
    return len(rows) > 1 and 10 * numbers >= 9 * (len(rows) - 1)


def _is_category(rows: Sequence[Sequence[str]], k: int) -> bool:
    values = {row[k] for row in rows[1:]}
    if max(map(len, values), default=2) < 2:  # such as M and F
        return True
    return len(rows) >= 8 and len(values) <= min(12, len(rows) // 4)


def _name_column(rows: Sequence[Sequence[str]], header: bool, filled: Sequence[int]) -> int | None:
    """Return the only column, from 1, that can hold names."""
    if header:
        words = [word(cell) for cell in rows[0]]
        for group in (["name"], ["names"], NAME_WORDS):
            if sum(word in group for word in words) == 1:
                return 1 + next(k for k, word in enumerate(words) if word in group)
    possible = [k for k in filled if not is_numeric(rows, k)]
    if len(possible) > 1:
        possible = [k for k in possible if not _is_category(rows, k)]
    if len(possible) > 1:  # such as M and F in a short table
        possible = [k for k in possible if any(len(row[k].strip()) > 2 for row in rows[1:])]
    return possible[0] + 1 if len(possible) == 1 else None


def word(cell: str) -> str:
    """Return the header of a column as ``NAME_WORDS`` spells it."""
    return cell.strip().strip(":\"'").casefold().replace(" ", "_").replace("-", "_")


AS_LIST = "--format list reads a list without its marks and comments"
AS_TABLE = "--format csv --column N reads column N of a table"


def odd_lines(lines: Sequence[str]) -> tuple[str, list[str], str] | None:
    """Return what some lines look like, which these are, and the option that reads them so.

    The lines are kept as they are, so a few are enough to warn.
    """
    several = max(2, len(lines) // 4)
    found = [line for line in lines if "\t" in line.strip()]
    if len(found) >= several or (found and len(lines) == 1):
        return "a table", found, AS_TABLE
    for delimiter in ";,|":
        if len(lines) < FEWEST or delimiter not in lines[0]:
            continue
        if len({line.count(delimiter) for line in lines}) == 1:
            return "a table", list(lines), AS_TABLE
    if len(lines) < FEWEST and all(map(_COUNTED.fullmatch, lines)):
        return "a table", list(lines), AS_TABLE
    if len(lines) == 1 and max(map(lines[0].count, ",;|")) > 2:
        return "several names in one line", list(lines), "write one name a line"
    numbered = [line for line in lines if (mark := NUMBER.match(line)) and mark[2].strip()]
    for kind, marked in (
        ("a numbered list", numbered),
        ("a list with bullets", [line for line in lines if BULLET.match(line)]),
        ("code or markup", [line for line in lines if _BRACKETED.fullmatch(line)]),
    ):
        if len(marked) >= min(several, len(lines)):
            remedy = "--format json or jsonl reads JSON" if kind.startswith("code") else AS_LIST
            return kind, marked, remedy
    commented = [line for line in lines if COMMENT.match(line)]
    if lines and lines[0].startswith("#") and not any(line[0] == "#" for line in lines[1:]):
        commented = commented or [lines[0]]
    if len(commented) > 0 and 2 * len(commented) <= len(lines):
        return "a comment", commented, AS_LIST
    if entities := [line for line in lines if unescaped(line) != line]:
        return "HTML entities", entities, AS_LIST
    if decoded := [line for line in lines if decoded_again(line) != line]:
        return "UTF-8 that was decoded as cp1252", decoded, AS_LIST
    if len(lines) > FEWEST and word(lines[0]) in NAME_WORDS:
        return "a header", [lines[0]], "--format csv takes the first line as the header"
    return None
