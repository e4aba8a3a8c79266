"""How a source is to be read: by the options, by its ending, and by its first lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import detect
from .options import JSON, Form, ReadOptions
from .repair import COMMENT, decoded_again, unescaped, without_marks
from .streams import is_packed, label, pieces

HEAD = 64 * 1024
"""Characters at the beginning of a source that are looked at."""

SEPARATOR = re.compile(r'"?sep=(.)"?')
"""The line that Excel writes before a table to name its delimiter."""

AS_IS = "--format lines reads every line as it is"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a source is to be read.

    Attributes:
        form: its format.
        delimiter: between the columns of a table; ``None`` takes what is in the header.
        header: whether a table has a header; ``None`` if its ending or an option says that it is a
            table, so that the options decide.
        column: the column with the names, from 1, that was found; ``None`` if there is a choice.
        comments: whether lines that begin with a comment's mark are left out.
        heading: whether the first line is left out.
        marks: whether numbers, bullets and quotes are removed.
        bare: whether numbers that only a space follows are removed as well.
        entities: whether HTML entities are replaced.
        mojibake: whether UTF-8 that was decoded as cp1252 is decoded again.
        notes: what to tell the user, a line each.
    """

    form: Form = "lines"
    delimiter: str | None = None
    header: bool | None = None
    column: int | None = None
    comments: bool = False
    heading: bool = False
    marks: bool = False
    bare: bool = False
    entities: bool = False
    mojibake: bool = False
    notes: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether each line is a name, as it is."""
        changes = (self.comments, self.heading, self.marks, self.entities, self.mojibake)
        return self.form == "lines" and not any(changes)

    def repaired(self, text: str) -> str:
        """Return a line with its wrong decoding undone, if that is asked for."""
        return decoded_again(text) if self.mojibake else text

    def items(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Yield the numbers and items of a list without its comments and marks."""
        first = True
        for number, given in lines:
            line = self.repaired(given)
            if self.comments and COMMENT.match(line):
                continue
            if first and line.strip():
                first = False
                if self.heading:
                    continue
            if self.marks:
                line = without_marks(line, self.bare)
            yield number, unescaped(line) if self.entities else line


class Text:
    """The text of a source, piece by piece; its beginning can be looked at before it is read.

    Attributes:
        head: the first ``HEAD`` characters.
        whole: whether that is all.
    """

    def __init__(
        self, source: str | Path, options: ReadOptions, stdin: BinaryIO | None = None
    ) -> None:
        self._ends = 0
        self._found = read_pieces(source, options, stdin, lambda: self._ends + 1)
        self._ahead: list[str] = []
        size, self.whole = 0, True
        for piece in self._counted():
            self._ahead.append(piece)
            size += len(piece)
            if size > HEAD:
                self.whole = False
                break
        self.head = "".join(self._ahead)[:HEAD]

    def _counted(self) -> Iterator[str]:
        for piece in self._found:
            self._ends += piece.count("\n")
            yield piece

    def pieces(self) -> Iterator[str]:
        """Yield all of the text, once."""
        ahead, self._ahead = self._ahead, []
        yield from ahead
        del ahead
        yield from self._counted()


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


def form_of(source: str | Path, options: ReadOptions | None = None) -> Form | None:
    """Return the format that is asked for or that the ending stands for; ``None`` if unknown."""
    if options is not None and options.format is not None:
        return options.format
    path = Path(source)
    ending = Path(path.stem if is_packed(path) else path.name).suffix.lower()
    forms: dict[str, Form] = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".json": "json"}
    return forms.get(ending)


def look(source: str | Path, options: ReadOptions, text: Text) -> Look:
    """Decide how ``source``, which begins with ``text.head``, is to be read."""
    name, form = label(source), form_of(source, options)
    if options.format == "lines":
        return Look()
    if options.format == "list":
        return Look(form="list", comments=True, marks=True, entities=True, mojibake=True)
    head = text.head
    every = head.split("\n")
    lines = [line for line in (every if text.whole else every[:-1]) if line.strip()]
    if not lines:
        return Look(form=form or "lines")
    mojibake = detect.is_mojibake(lines)
    if mojibake:
        lines = list(map(decoded_again, lines))
    entities = detect.has_entities(lines)
    notes = _repairs(name, lines, entities, mojibake, every)
    if form is None or form in JSON:
        found = form if options.format else _json(head, lines, form)
        if found is not None and found != form:
            what = {"json": "JSON", "jsonl": "JSON Lines"}[found]
            notes += (f"{name} is read as {what}; {AS_IS}.",)
        form = found or form
    if form is not None:
        return Look(form=form, entities=entities, mojibake=mojibake, notes=notes)
    return _of_lines(name, lines, options, entities, mojibake, notes)


def _json(head: str, lines: list[str], form: Form | None) -> Form | None:
    if detect.is_json_array(head) or (form != "jsonl" and detect.is_json_object(head)):
        return "json"
    return "jsonl" if detect.is_json_lines(lines) else None


def _of_lines(
    name: str,
    lines: list[str],
    options: ReadOptions,
    entities: bool,
    mojibake: bool,
    notes: tuple[str, ...],
) -> Look:
    """Decide how lines without a known ending are to be read."""
    left_out = detect.comments(lines)
    items = [line for line in lines if not (left_out and COMMENT.match(line))]
    if left_out:
        comment = next(line for line in lines if COMMENT.match(line))
        some = "1 comment line" if left_out == 1 else f"{left_out} comment lines"
        notes += (f"{name}: left out {some}, {comment.strip()!r:.40}; {AS_IS}.",)
    found, quoted = None, detect.is_quoted(items)
    if (told := SEPARATOR.fullmatch(items[0].strip())) or options.for_tables or not quoted:
        mark = options.separator or (told[1] if told else None)
        rows = items[1:] if told else items
        found = detect.table(rows, mark, options.for_tables or told is not None) if rows else None
    if found is not None and found.clear:
        chosen = f"column {found.column}" if options.column is None else f"{options.column!r:.40}"
        which = f", {chosen}," if found.column or options.column is not None else ""
        header = "with" if found.header and options.header else "without"
        notes += (f"{name} is read as a table{which} {header} a header; {AS_IS}.",)
        return Look(
            form="tsv" if found.delimiter == "\t" else "csv",
            delimiter=found.delimiter,
            header=found.header and options.header,
            column=found.column,
            comments=left_out > 0,
            entities=entities,
            mojibake=mojibake,
            notes=notes,
        )
    heading = detect.has_heading(items)
    if not heading and len(items) > detect.FEWEST and items[0].rstrip().endswith(":"):
        heading = detect.is_numbered(items[1:]) or detect.is_bulleted(items[1:])
    if heading:
        notes += (f"{name}: left out the header, {items[0].strip()!r:.40}; {AS_IS}.",)
        items = items[1:]
    marks, bare = "", False
    if detect.is_numbered(items):
        marks, bare = "numbers", True
    elif detect.is_bulleted(items):
        marks = "bullets"
    elif quoted or detect.is_quoted(items):
        marks = "quotes"
    if marks:
        item = without_marks(items[0], bare).strip()
        example = f"{items[0].strip()!r:.40} is read as {item!r:.40}"
        notes += (f"{name} is read without its {marks}: {example}; {AS_IS}.",)
        items = [without_marks(line, bare) for line in items]
    if entities:
        items = list(map(unescaped, items))
    if odd := detect.odd_lines(items):
        notes += (_warning(name, *odd),)
    return Look(
        comments=left_out > 0,
        heading=heading,
        marks=bool(marks),
        bare=bare,
        entities=entities,
        mojibake=mojibake,
        notes=notes,
    )


def _repairs(
    name: str, lines: list[str], entities: bool, mojibake: bool, before: list[str]
) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if mojibake:
        old = next(line for line in before if decoded_again(line) != line).strip()
        notes += (
            f"{name} is UTF-8 that was decoded as cp1252 and saved again: {old!r:.40} is read as "
            f"{decoded_again(old)!r:.40}; {AS_IS}.",
        )
    if entities:
        old = next(line for line in lines if unescaped(line) != line).strip()
        example = f"{old!r:.40} is read as {unescaped(old)!r:.40}"
        notes += (f"{name} has HTML entities: {example}; {AS_IS}.",)
    return notes


def _warning(name: str, what: str, found: list[str], remedy: str) -> str:
    shown = ", ".join(f"{line.strip()!r:.40}" for line in found[:3])
    some = "a line looks" if len(found) == 1 else f"{len(found):,} of the first lines look"
    return f"{name}: {some} like {what}: {shown}. If so, {remedy}; {AS_IS}."
