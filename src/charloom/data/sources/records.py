"""Text to records: names, one a record, from lines, lists, tables and JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from ...config.arguments import AnyPath, shown
from ...config.arguments import path as path_of
from ...errors import ArgumentError, CorpusError
from ..unicode import clean_name, unprintable
from ..weights import weight_problem
from .json_records import json_array, json_lines
from .look import Look, Text, look
from .options import JSON, TABLES, Form, ReadOptions
from .repair import unescaped
from .streams import STDIN, label
from .tables import Lines, Records, table_records, utf8_length

SKIPPED = 3
"""Records that a warning about skipped ones names."""


def check_sources(sources: Sequence[AnyPath]) -> tuple[str | Path, ...]:
    """Return sources as strings and paths; check that there are any, standard input once at most.

    Raises:
        CorpusError, ArgumentError: there are none, or one is no path.
    """
    if not sources:
        raise CorpusError("reading needs a source. Name a file, or - for standard input.")
    for source in sources:
        if isinstance(source, Iterable) and not isinstance(source, str | bytes | os.PathLike):
            raise ArgumentError(
                f"a source must be a path. Received: {shown(source)}. NameCorpus.of takes names."
            )
        path_of("a source", source)
    found = tuple(one if isinstance(one, str) else Path(one) for one in sources)
    if sum(str(source) == STDIN for source in found) > 1:
        raise CorpusError("standard input can be read only once. Name - once.")
    return found


def check_used(forms: set[Form], options: ReadOptions) -> None:
    """Check that the options suit the formats of the sources.

    Raises:
        CorpusError: they do not: a column or field that no source has would be ignored.
    """
    for option in (
        "column", "field", "delimiter", "header", "label_column", "label_field", "weight_column",
        "weight_field",
    ):  # fmt: skip
        tables = not option.endswith("field")
        given = getattr(options, option)
        if given in (None, True) or forms & set(TABLES if tables else JSON):
            continue
        shown = "--no-header" if option == "header" else f"--{option.replace('_', '-')}"
        ending, form = (".csv and .tsv", "csv") if tables else (".json and .jsonl", "jsonl")
        raise CorpusError(
            f"{shown} is for {ending} files. Leave it out, name such a file, or add "
            f"--format {form}."
        )


def read_source(
    source: str | Path,
    options: ReadOptions,
    *,
    warn: Callable[[str], None],
    stdin: BinaryIO | None = None,
    texts: bool = False,
) -> tuple[Form, Records]:
    """Return the format and the records of a file, or of standard input if ``source`` is ``-``.

    The options, the ending and the first lines decide the format. One chunk and one line are in
    memory at a time. ``warn`` is called with what the user should know although reading continues.
    ``stdin`` replaces the process's own. With ``texts``, records are texts that may have several
    lines, and none is bad for its characters.

    Raises:
        CorpusError: the source cannot be opened, unpacked, decoded or parsed; also while the
            records are read.
    """
    text = Text(source, options, stdin)
    found = look(source, options, text)
    for note in found.notes:
        warn(note)
    records = _records(text, label(source), options, found, warn, texts)
    return found.form, records


def is_plain(
    source: str | Path, options: ReadOptions, warn: Callable[[str], None], stdin: BinaryIO | None
) -> bool:
    """Whether each line of ``source`` is a name as it is, by its first lines; warn if so."""
    try:
        found = look(source, options, Text(source, options, stdin))
    except CorpusError:
        return True  # so that its error comes when it is its turn to be read
    plain = found.is_plain and not options.skip_bad_rows
    for note in found.notes if plain else ():
        warn(note)
    return plain


def _records(
    text: Text,
    name: str,
    options: ReadOptions,
    found: Look,
    warn: Callable[[str], None],
    texts: bool,
) -> Records:
    skipped: list[str] = []

    def bad(error: CorpusError) -> None:
        if not options.skip_bad_rows:
            raise error
        skipped.append(str(error).removeprefix(f"{name} "))

    if found.form == "json":
        records = json_array(text.pieces(), name, options, found, bad)
    else:
        lines = lines_of(text, name, options)
        if found.form == "jsonl":
            records = json_lines(lines, name, options, found, bad)
        elif found.form in TABLES:
            if found.comments:
                lines = Look(comments=True).items(lines)
            records = table_records(lines, name, options, found, warn, bad)
        else:
            if not found.is_plain:
                lines = found.items(lines)
            records = ((number, line, "", "") for number, line in lines)
    if found.entities and found.form not in ("lines", "list"):
        records = (
            (number, unescaped(one), unescaped(kind), weight)
            for number, one, kind, weight in records
        )
    if not options.skip_bad_rows:
        return records
    return _good(records, name, options, bad, skipped, warn, texts)


def _good(
    records: Records,
    name: str,
    options: ReadOptions,
    bad: Callable[[CorpusError], None],
    skipped: list[str],
    warn: Callable[[str], None],
    texts: bool,
) -> Records:
    """Yield the records that are fit to be names, or all ``texts``, and count the others aloud."""
    for number, one, kind, weight in records:
        text = clean_name(one)
        problem = unprintable(text) or unprintable(clean_name(kind))
        if problem is None and options.weighted and text:
            problem = weight_problem(weight)
        if problem and not texts:
            bad(CorpusError(f"{name} line {number} {problem}"))
        else:
            yield number, one, kind, weight
    if skipped:
        some = "1 bad row" if len(skipped) == 1 else f"{len(skipped):,} bad rows"
        shown = "; ".join(one.split(". ")[0] for one in skipped[:SKIPPED])
        more = " ..." if len(skipped) > SKIPPED else "."
        warn(f"{name}: skipped {some}: {shown}{more}")


def lines_of(text: Text, name: str, options: ReadOptions) -> Lines:
    r"""Cut the text at \n, and nowhere else."""
    number, rest = 1, ""
    for piece in text.pieces():
        lines = (rest + piece).split("\n")
        check_lengths(lines, number, name, options.max_line_bytes)
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
        if utf8_length(line) > limit:
            raise CorpusError(
                f"{name} line {i} is longer than {limit:,} bytes; names are one a line. "
                "Cut the line, or raise --max-line; if this is running text, add --as text."
            )
