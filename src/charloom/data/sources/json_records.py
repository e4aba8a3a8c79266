"""JSON to records: arrays, objects with an array in them, and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...errors import CorpusError
from .look import Look
from .options import ReadOptions
from .tables import Bad, Lines, Records, listed, utf8_length

_SPACE = " \t\r\n"


def json_lines(lines: Lines, name: str, options: ReadOptions, found: Look, bad: Bad) -> Records:
    """Yield the names and labels of JSON Lines: strings, or a field of objects."""
    for number, line in lines:
        if not line.strip():
            yield number, "", "", ""
            continue
        where = f"{name} line {number}"
        try:
            yield _record(_parsed(found.repaired(line), where), number, where, options)
        except CorpusError as error:
            bad(error)


def json_array(
    pieces: Iterator[str], name: str, options: ReadOptions, found: Look, bad: Bad
) -> Records:
    """Yield the names and labels of a JSON array; one value is in memory at a time.

    An object in its place has the array as one of its values: its only array, or ``field``.
    """
    for number, value in array_values(pieces, name, options):
        where = f"{name} line {number}"
        if isinstance(value, str):
            value = found.repaired(value)
        try:
            yield _record(value, number, where, options)
        except CorpusError as error:
            bad(error)


def array_values(
    pieces: Iterator[str], name: str, options: ReadOptions
) -> Iterator[tuple[int, Any]]:
    """Yield the lines and values of a JSON array, or of the array that an object has."""
    reader = _Reader(pieces, name, options.max_line_bytes)
    if reader.next() == "{":
        return _of_object(reader, name, options)
    if reader.next() == "[":
        return reader.values()
    raise CorpusError(f"{name} is no JSON array: it begins with {reader.next()!r}. {_REMEDY}")


def line_values(lines: Lines, name: str) -> Iterator[tuple[int, Any]]:
    """Yield the numbers and values of the lines of JSON Lines that are not blank."""
    return (
        (number, _parsed(line, f"{name} line {number}")) for number, line in lines if line.strip()
    )


_REMEDY = 'Write ["one", "two"], or read its lines with --format lines.'


class _Reader:
    """Takes one JSON value after another from pieces of text."""

    def __init__(self, pieces: Iterator[str], name: str, limit: int) -> None:
        self.line, self._pieces, self._name, self._limit = 1, pieces, name, limit
        self._text, self._at, self._decoder = "", 0, json.JSONDecoder()

    def next(self) -> str:
        """Return the next character that is no white space, without taking it; "" at the end."""
        while True:
            while self._at < len(self._text):
                character = self._text[self._at]
                if character not in _SPACE:
                    return character
                self.line += character == "\n"
                self._at += 1
            if not self._more():
                return ""

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._text, self._at = self._text[self._at :] + piece, 0
        return True

    def rest(self) -> str:
        """Return the rest of the text."""
        return self._text[self._at :] + "".join(self._pieces)

    def values(self) -> Iterator[tuple[int, Any]]:
        """Yield the lines and values of an array, to whose bracket the reader has come."""
        self._at += 1
        if self.next() == "]":
            self._at += 1
            self._check_end()
            return
        while True:
            self.next()
            line = self.line
            yield line, self._value()
            mark = self.next()
            if mark not in (",", "]"):
                raise self._error(f"expected a comma or ] and found {mark!r}")
            self._at += 1
            if mark == "]":
                self._check_end()
                return

    def _check_end(self) -> None:
        if self.next():
            raise self._error("there is text after the array's end")

    def _value(self) -> Any:
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                if end < len(self._text) or not self._more():  # a number may go on
                    break
                continue
            except (ValueError, RecursionError) as error:
                why = getattr(error, "msg", "too deeply nested or too long")
                size = utf8_length(self._text[self._at : self._at + self._limit + 1])
                if size <= self._limit and self._more():
                    continue
                raise self._error(why) from None
        self.line += self._text.count("\n", self._at, end)
        self._at = end
        return value

    def _error(self, why: str) -> CorpusError:
        return CorpusError(f"{self._name} line {self.line} is not valid JSON: {why}. {_REMEDY}")


def _of_object(reader: _Reader, name: str, options: ReadOptions) -> Iterator[tuple[int, Any]]:
    """Yield the values of the array that a JSON object holds."""
    line = reader.line
    found = _parsed(reader.rest(), name)
    lists = [key for key, value in found.items() if isinstance(value, list)]
    if options.field in lists:
        lists = [str(options.field)]
    if len(lists) == 1:
        return ((line, value) for value in found[lists[0]])
    if not lists:
        return iter([(line, found)])
    raise CorpusError(
        f"{name} is an object with several arrays. Choose one with --field: {listed(lists)}."
    )


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        why = getattr(error, "msg", "too deeply nested or too long")
        raise CorpusError(f"{where} is not valid JSON: {why}. Write one value a line.") from None


def _record(
    value: Any, number: int, where: str, options: ReadOptions
) -> tuple[int, str, str, object]:
    given: object = None
    weight: object = ""
    if isinstance(value, dict):
        if options.label_field is not None:
            given = _member(value, options.label_field, where, "label-field")
        if options.weight_field is not None:
            weight = _member(value, options.weight_field, where, "weight-field")
        value = _member(value, options.field, where, "field")
    if not isinstance(value, str):
        kind = type(value).__name__
        raise CorpusError(f"{where} must give the name as a JSON string. Received: {kind}")
    if not isinstance(given, str | None):
        kind = type(given).__name__
        raise CorpusError(f"{where} must give the label as a JSON string or null. Received: {kind}")
    return number, value, given or "", weight


def _member(value: dict[str, object], field: str | None, where: str, option: str) -> object:
    if field is None or field not in value:
        rule = "is an object; choose a field" if field is None else f"has no {field!r:.40}"
        has = f"It has: {listed(list(value))}." if value else "It has none."
        raise CorpusError(f"{where} {rule} (--{option}). {has}")
    return value[field]
