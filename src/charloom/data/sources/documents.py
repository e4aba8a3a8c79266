"""Text to documents: cut at blank lines, at lines, at a text between them, or into records."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ...config import MOST_LINE_BYTES
from ...config.arguments import shown
from ...errors import CorpusError, CorpusTypeError
from .options import MAX_LINE_BYTES, ReadOptions
from .records import read_source
from .streams import label

MARK = "\x1e"
"""Stands between documents in text: ASCII's record separator, which no text of its own holds."""

WAYS = ("file", "blank-line", "line", "record")
"""Ways to divide text into documents, beside a text that stands between them: each file is one;
they are separated by blank lines; each line is one; each record of a table or of JSON is one."""

_SPACE = " \t\n"
_BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")

_PIECE = 1 << 16
"""Characters of records that are passed on at once."""


def way_of(documents: str | bool) -> str | None:
    """Return how text is divided; ``True``: into its files or strings; ``False``: not at all.

    Raises:
        CorpusError: the text between documents is blank.
    """
    given: object = documents
    if given is False:
        return None
    if given is True:
        return "file"
    if not isinstance(given, str):
        raise CorpusTypeError(f"documents must be true, false or text. Received: {shown(given)}")
    if not given.strip(" \t"):
        raise CorpusError(
            f"documents must be one of {', '.join(WAYS)}, or the text between documents. "
            f"Received: {given!r:.40}"
        )
    return given


def divided(pieces: Iterator[str], way: str, name: str) -> Iterator[str]:
    """Yield text whose documents are divided by ``MARK``; what may be a division is held back.

    Blank lines before a document and white space after it are left out, and so are documents
    without text.

    Args:
        pieces: of the text of one source.
        way: one of ``WAYS``, or the text between documents.
        name: what messages call the source.

    Raises:
        CorpusError: the text holds ``MARK``.
    """
    split = _splitter(way)
    between = way if way not in WAYS else ""
    held, begun, due = "", False, False
    for piece in _and_end(pieces):
        if piece and MARK in piece:
            raise CorpusError(
                f"{name} holds the control character U+001E, which divides documents here. "
                "Remove it."
            )
        parts = split(held + (piece or ""))
        held, found = "", []
        for number, part in enumerate(parts, 1):
            body = part if begun else _BLANK_LINES.sub("", part)
            if number < len(parts) or piece is None:
                body = body.rstrip(_SPACE)
            else:
                end = len(body) - _begun(body, between)
                end = len(body[:end].rstrip(_SPACE))
                body, held = body[:end], body[end:]
            if body:
                found += [MARK, body] if due else [body]
                begun, due = True, False
            if number < len(parts):
                begun, due = False, due or begun
        yield "".join(found)


def records(
    source: str | Path, options: ReadOptions, warn: Callable[[str], None], stdin: BinaryIO | None
) -> Iterator[str]:
    """Yield the records of a table, of JSON or of lines as documents, as ``divided`` does.

    Raises:
        CorpusError: the source cannot be read, or as ``divided``.
    """
    usual = csv.field_size_limit()
    _, found = read_source(source, options, warn=warn, stdin=stdin, texts=True)
    ready: list[str] = []
    size, begun = 0, False
    try:
        csv.field_size_limit(max(usual, options.max_line_bytes))
        for number, given, *_ in found:
            text = given.replace("\r\n", "\n").replace("\r", "\n")
            text = _BLANK_LINES.sub("", text).rstrip(_SPACE)
            if not text:
                continue
            if MARK in text:
                raise CorpusError(
                    f"{label(source)} line {number} holds the control character U+001E. Remove it."
                )
            ready += [MARK, text] if begun else [text]
            begun, size = True, size + len(text) + 1
            if size >= _PIECE:
                yield "".join(ready)
                ready, size = [], 0
    finally:
        csv.field_size_limit(usual)
    yield "".join(ready)


def for_records(options: ReadOptions) -> ReadOptions:
    """Return the options without a limit on lines that suits names only."""
    if options.max_line_bytes != MAX_LINE_BYTES:
        return options
    return replace(options, max_line_bytes=MOST_LINE_BYTES)


def _splitter(way: str) -> Callable[[str], list[str]]:
    if way == "file":
        return lambda text: [text]
    if way == "blank-line":
        return _BLANK_LINE.split
    between = "\n" if way == "line" else way
    return lambda text: text.split(between)


def _begun(text: str, between: str) -> int:
    """Return how many characters of ``between`` the end of ``text`` has, at most."""
    most = min(len(text), len(between) - 1)
    return next((size for size in range(most, 0, -1) if text.endswith(between[:size])), 0)


def _and_end(pieces: Iterator[str]) -> Iterator[str | None]:
    yield from pieces
    yield None
