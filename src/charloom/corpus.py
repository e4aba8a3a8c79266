"""A corpus: distinct, normalised names, what was done to get them, and their split."""

from __future__ import annotations

import dataclasses
import random
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO, get_args

from .config import Unit
from .errors import ConfigError, CorpusError
from .reading import (
    MAX_LINE_BYTES,
    STDIN,
    ReadOptions,
    Records,
    form_of,
    label,
    read_source,
)
from .vocabulary import name_character, split_units

FEW_NAMES = 100
"""Below this many names a corpus draws a warning: there is hardly a style to learn."""


@dataclass(frozen=True, kw_only=True)
class ReadReport:
    """What was read, dropped and kept.

    Attributes:
        sources: where the names come from, as messages call it.
        records: lines or records read, blank ones included, headers not.
        blank, duplicates: records that were dropped.
        names: distinct names that were kept.
        characters: units (characters or graphemes) of all names together, ends not counted.
        distinct: distinct units.
        shortest, longest, mean: length of a name in units.
        warnings: what the user should know, a line each.
    """

    sources: tuple[str, ...]
    records: int
    blank: int
    duplicates: int
    names: int
    characters: int
    distinct: int
    shortest: int
    longest: int
    mean: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return dataclasses.asdict(self) | {
            "sources": list(self.sources),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Corpus:
    """Names to learn from: NFC, stripped, in order, distinct unless read with repeats.

    Build one with ``read``, ``of`` or ``builtin``; they normalise and count.
    """

    names: tuple[str, ...] = field(repr=False)
    unit: Unit = "character"
    report: ReadReport = field(kw_only=True)

    @classmethod
    def read(
        cls,
        *sources: str | Path,
        unit: Unit = "character",
        column: str | int | None = None,
        field: str | None = None,
        encoding: str | None = None,
        max_line_bytes: int = MAX_LINE_BYTES,
        repeats: bool = False,
        stdin: BinaryIO | None = None,
    ) -> Corpus:
        """Read names, one a record, from files or (``-``) from standard input.

        The ending decides the format: .csv and .tsv (with a header; ``column`` by name or
        number), .jsonl (``field``), anything else lines; each also with .gz. Text is strict
        UTF-8 unless ``encoding`` says otherwise. ``repeats`` keeps a name as often as it occurs,
        as the tutorial does. ``stdin`` replaces the process's own.

        Raises:
            CorpusError: a source cannot be read or decoded, holds a name with control
                characters, or there is no name at all.
            ConfigError: ``unit`` or ``max_line_bytes`` is not what it may be.
        """
        _check_sources(sources, column, field)
        options = ReadOptions(
            column=column, field=field, encoding=encoding, max_line_bytes=max_line_bytes
        )
        gatherer = _Gatherer(repeats)
        for source in sources:
            records = read_source(source, options, warn=gatherer.warnings.append, stdin=stdin)
            gatherer.add(label(source), records, f"{label(source)} line")
        return gatherer.corpus(unit)

    @classmethod
    def of(cls, names: Iterable[str], unit: Unit = "character", *, repeats: bool = False) -> Corpus:
        """Build from strings, normalised as ``read`` does.

        Raises:
            CorpusError: an item is no string, or holds a line break or another control
                character; or there is no name at all.
            ConfigError: ``unit`` is unknown.
        """
        if isinstance(names, str):
            raise CorpusError(f"names must be a list of strings. Received one: {names!r:.40}")
        gatherer = _Gatherer(repeats)
        gatherer.add("the list", enumerate(names, start=1), "name")
        return gatherer.corpus(unit)

    @classmethod
    def builtin(cls, *, repeats: bool = False) -> Corpus:
        """Read the list of dinosaur names that the package ships."""
        with resources.as_file(resources.files("charloom") / "data" / "dinosaurs.txt") as path:
            corpus = cls.read(path, repeats=repeats)
        report = dataclasses.replace(corpus.report, sources=("the built-in dinosaurs",))
        return dataclasses.replace(corpus, report=report)

    def split(self, share: float = 0.1, seed: int = 0) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return (train, held-out) names; the names and ``seed`` decide, not their order.

        At least one name is held out (unless ``share`` is 0 or there is just one name), and at
        least one is left to train on.

        Raises:
            ConfigError: ``share`` lies outside [0, 1), or a name that occurs more than once
                could come to lie on both sides.
        """
        if share and len(set(self.names)) < len(self.names):
            raise ConfigError(
                "names that are repeated cannot be held out: they would be in both parts. "
                "Read the corpus without repeats, or hold out nothing."
            )
        if not 0 <= share < 1:
            raise ConfigError(f"the held-out share must lie in [0, 1). Received: {share}")
        order = sorted(self.names)
        random.Random(seed).shuffle(order)
        count = len(order)
        k = 0 if share == 0 or count == 1 else max(1, int(count * share))
        return tuple(order[k:]), tuple(order[:k])

    def describe(self) -> str:
        """Return the report as a few lines for people."""
        report = self.report
        dropped = f"dropped: {report.blank:,} blank, {report.duplicates:,} duplicate"
        return "\n".join(
            (
                f"{report.names:,} names from {', '.join(report.sources)} "
                f"({report.records:,} records; {dropped})",
                f"{report.characters:,} {self.unit}s, {report.distinct:,} distinct; "
                f"lengths {report.shortest:,} to {report.longest:,}, mean {report.mean:.1f}",
                *(f"warning: {warning}" for warning in report.warnings),
            )
        )


def normalise(text: str) -> str:
    """Return ``text`` in NFC without surrounding white space and leading byte-order marks."""
    name = unicodedata.normalize("NFC", text).strip()
    while name.startswith("\ufeff"):  # left in the middle where files were joined
        name = name[1:].lstrip()
    return name


def read_texts(source: str | Path, **options: Any) -> list[str]:
    """Read strings as ``Corpus.read`` reads names, but keep their order and their repeats.

    ``options`` are ``column``, ``field``, ``encoding`` and ``max_line_bytes``. Blank lines are
    dropped; there may be no strings at all.

    Raises:
        CorpusError: the source cannot be read or decoded, or a string holds control characters.
        ConfigError: ``max_line_bytes`` is not what it may be.
    """
    _check_sources([source], options.get("column"), options.get("field"))
    records = read_source(source, ReadOptions(**options), warn=lambda _: None)
    return [text for text in _clean(records, f"{label(source)} line") if text]


def _clean(records: Records, where: str) -> Iterator[str]:
    """Normalise each record, blank ones to "", and refuse what no name may hold."""
    for number, text in records:
        if not isinstance(text, str):
            raise CorpusError(f"{where} {number} must be text. Received: {text!r:.40}")
        name = normalise(text)
        if not name.isprintable() and (problem := _unprintable(name)):
            raise CorpusError(f"{where} {number} {problem}")
        yield name


class _Gatherer:
    """Normalises and counts records, source by source."""

    def __init__(self, repeats: bool) -> None:
        self.repeats = repeats
        self.sources: list[str] = []
        self.warnings: list[str] = []
        self.names: list[str] = []
        self.seen: set[str] = set()
        self.records = 0
        self.blank = 0

    def add(self, source: str, records: Records, where: str) -> None:
        self.sources.append(source)
        count = blank = 0
        for name in _clean(records, where):
            count += 1
            if not name:
                blank += 1
            elif self.repeats or name not in self.seen:
                self.names.append(name)
                self.seen.add(name)
        self.records += count
        self.blank += blank
        if count == blank:
            self.warnings.append(f"{source} holds no names.")

    def corpus(self, unit: Unit) -> Corpus:
        if unit not in get_args(Unit):
            raise ConfigError(f"unit must be one of {get_args(Unit)}. Received: {unit!r:.40}")
        names = tuple(self.names)
        if not names:
            raise CorpusError(
                f"{', '.join(self.sources)} holds no names: it is empty or blank. "
                "Give a source with one name a line."
            )
        lengths, distinct = _measure(names, unit)
        if len(names) < FEW_NAMES:
            self.warnings.append(
                f"{len(names)} names are few: expect them back rather than new ones."
            )
        if any("\ufffd" in character for character in distinct):
            self.warnings.append("a name holds U+FFFD, the trace of a wrong decoding earlier on.")
        report = ReadReport(
            sources=tuple(self.sources),
            records=self.records,
            blank=self.blank,
            duplicates=self.records - self.blank - len(names),
            names=len(names),
            characters=sum(lengths),
            distinct=len(distinct),
            shortest=min(lengths),
            longest=max(lengths),
            mean=sum(lengths) / len(names),
            warnings=tuple(self.warnings),
        )
        return Corpus(names, unit, report=report)


def _check_sources(
    sources: Sequence[str | Path], column: str | int | None, field: str | None
) -> None:
    """Refuse what would be ignored in silence."""
    if not sources:
        raise CorpusError("reading needs a source. Name a file, or - for standard input.")
    if sum(str(source) == STDIN for source in sources) > 1:
        raise CorpusError("standard input can be read only once. Name - once.")
    forms = {form_of(source) for source in sources}
    if column is not None and not forms & {"csv", "tsv"}:
        raise CorpusError("--column is for .csv and .tsv files. Leave it out, or name such a file.")
    if field is not None and "jsonl" not in forms:
        raise CorpusError("--field is for .jsonl files. Leave it out, or name such a file.")


def _measure(names: Sequence[str], unit: Unit) -> tuple[list[int], set[str]]:
    """Return each name's length in units, and the distinct units."""
    if unit == "character":
        return list(map(len, names)), set().union(*names)
    distinct: set[str] = set()
    lengths = []
    for name in names:
        units = split_units(name, unit)
        distinct.update(units)
        lengths.append(len(units))
    return lengths, distinct


def _unprintable(name: str) -> str | None:
    """Say which character must not be in a name: one that breaks lines, steers a terminal, or
    cannot be written as UTF-8; tabs may. ``None`` if all may."""
    for character in name:
        if character in "\n\r":
            return f"holds a line break: {name!r:.40}. Names are one a line; clean them."
        category = unicodedata.category(character)
        if (category == "Cc" and character != "\t") or category == "Cs":
            kind = "control character" if category == "Cc" else "lone surrogate"
            return f"holds a {kind}, {name_character(character)}: {name!r:.40}. Remove it."
    return None
