"""Names to train on: read, normalised, counted and split."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from itertools import chain, count, groupby, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ..config import Unit
from ..errors import ConfigError, CorpusError
from .gathering import Gatherer, ReadReport, clean
from .random import Stream, shuffler
from .sources.records import (
    MAX_LINE_BYTES,
    ReadOptions,
    check_sources,
    form_of,
    read_source,
)
from .sources.streams import are_large, label
from .summary import origin, shortened, table
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from .encoded.sequences import EncodedNames

SHOWN = 12
"""Labels that a description lists."""

MOST_HELD_OUT = 20_000
"""Most names that are held out of a long list: more would not make an estimate much better."""

Places = Sequence[int] | NDArray[np.integer]
"""Where in a corpus some of its names are."""


@dataclass(frozen=True, repr=False)
class NameCorpus:
    """Names to train on: NFC, stripped, in order, distinct unless read with repeats.

    Build one with ``read``, ``of`` or ``builtin``; they normalise and count.

    Attributes:
        names: the names; one with several labels is there with each. A tuple, or where the
            sources were large ``encoded.sequences.EncodedNames``.
        unit: what counts as a character.
        labels: what kind each name is of, "" where that is not known; ``None`` without labels.
        report: how it was read.
    """

    names: Sequence[str]
    unit: Unit = "character"
    labels: tuple[str, ...] | None = field(default=None, kw_only=True)
    report: ReadReport = field(kw_only=True)

    @classmethod
    def read(
        cls,
        *sources: str | Path,
        unit: Unit = "character",
        column: str | int | None = None,
        field: str | None = None,
        label_column: str | int | None = None,
        label_field: str | None = None,
        encoding: str | None = None,
        max_line_bytes: int = MAX_LINE_BYTES,
        repeats: bool = False,
        stdin: BinaryIO | None = None,
    ) -> NameCorpus:
        """Read names, one a record, from files or (``-``) from standard input.

        The ending decides the format: .csv and .tsv (with a header; ``column`` by name or
        number), .jsonl (``field``), anything else lines; each also with .gz. ``label_column`` and
        ``label_field`` give each name's label. Text is strict UTF-8 unless ``encoding`` says
        otherwise. ``repeats`` keeps a name as often as it occurs, as the tutorial does.
        ``stdin`` replaces the process's own.

        Raises:
            CorpusError: a source cannot be read or decoded, holds a name with control
                characters, or there is no name, or none of the labels asked for.
            ConfigError: ``unit`` or ``max_line_bytes`` is not what it may be.

        Example:
            >>> from pathlib import Path
            >>> size = Path("towns.txt").write_text("Ulm\\nBonn\\nUlm\\n")
            >>> NameCorpus.read("towns.txt")
            NameCorpus(2 names from towns.txt)
        """
        options = ReadOptions(
            column=column,
            field=field,
            label_column=label_column,
            label_field=label_field,
            encoding=encoding,
            max_line_bytes=max_line_bytes,
        )
        return cls.read_with(sources, options, unit=unit, repeats=repeats, stdin=stdin)

    @classmethod
    def read_with(
        cls,
        sources: Sequence[str | Path],
        options: ReadOptions,
        *,
        unit: Unit = "character",
        repeats: bool = False,
        stdin: BinaryIO | None = None,
    ) -> NameCorpus:
        """Read names as ``read`` does, with all options as one value."""
        check_sources(sources, options)
        labelled = options.label_column is not None or options.label_field is not None
        gatherer = Gatherer(repeats, labelled)
        if unit == "character" and not repeats and {*map(form_of, sources)} == {"lines"}:
            large, stdin = are_large(sources, stdin, options.large_bytes, options.max_line_bytes)
            if large:
                return cls._encoded(sources, options, stdin, gatherer)
        for source in sources:
            records = read_source(source, options, warn=gatherer.warnings.append, stdin=stdin)
            gatherer.add(label(source), records, f"{label(source)} line")
        return cls._of(gatherer, unit)

    @classmethod
    def of(
        cls,
        names: Iterable[str],
        unit: Unit = "character",
        *,
        labels: Iterable[str] | None = None,
        repeats: bool = False,
    ) -> NameCorpus:
        """Build from strings, normalised as ``read`` does; ``labels`` has one a name, or "".

        Raises:
            CorpusError: an item is no string, or holds a line break or another control
                character; there is no name at all; or there are not as many labels as names.
            ConfigError: ``unit`` is unknown.

        Example:
            >>> corpus = NameCorpus.of(["Ulm", " Bonn ", "Ulm"])
            >>> corpus.names
            ('Ulm', 'Bonn')
        """
        if isinstance(names, str):
            raise CorpusError(f"names must be a list of strings. Received one: {names!r:.40}")
        if isinstance(labels, str):
            raise CorpusError(f"labels must be a list of strings. Received one: {labels!r:.40}")
        if labels is not None:
            names, labels = list(names), list(labels)
            if len(names) != len(labels):
                raise CorpusError(
                    f"labels must be as many as names, {len(names)}. Received: {len(labels)}"
                )
        gatherer = Gatherer(repeats, labelled=labels is not None)
        records = zip(count(1), names, repeat("") if labels is None else labels, strict=False)
        gatherer.add("the list", records, "name")
        return cls._of(gatherer, unit)

    @classmethod
    def _of(cls, gatherer: Gatherer, unit: Unit) -> NameCorpus:
        report = gatherer.report(unit)
        labels = tuple(gatherer.labels) if gatherer.labelled else None
        return cls(tuple(gatherer.names), unit, labels=labels, report=report)

    @classmethod
    def _encoded(
        cls,
        sources: Sequence[str | Path],
        options: ReadOptions,
        stdin: BinaryIO | None,
        gatherer: Gatherer,
    ) -> NameCorpus:
        from .encoded.names import encode_names  # late: small corpora need none of it

        names, read = encode_names(sources, options, stdin)
        for source, counts in zip(sources, read, strict=True):
            gatherer.count(label(source), *counts)
        lengths = names.lengths
        sizes = len(names), int(lengths.sum(dtype=np.int64)), int(lengths.min()), int(lengths.max())
        return cls(names, report=gatherer.report_on(*sizes, names.characters))

    @classmethod
    def builtin(cls, *, repeats: bool = False) -> NameCorpus:
        """Read the list of dinosaur names that the package ships.

        Example:
            >>> NameCorpus.builtin()
            NameCorpus(1,524 names from the built-in dinosaurs)
        """
        builtin = resources.files(__package__) / "builtin" / "dinosaurs.txt"
        with resources.as_file(builtin) as path:
            corpus = cls.read(path, repeats=repeats)
        report = dataclasses.replace(corpus.report, sources=("the built-in dinosaurs",))
        return dataclasses.replace(corpus, report=report)

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        """The distinct labels, sorted: label k of a model is the k-th of them."""
        return tuple(sorted(set(self.labels or ()) - {""}))

    @cached_property
    def label_ids(self) -> tuple[int, ...] | None:
        """Each name's label as 1 + its place in ``label_names``, 0 for none."""
        if self.labels is None:
            return None
        place = {name: k for k, name in enumerate(self.label_names, start=1)}
        return tuple(place.get(name, 0) for name in self.labels)

    @property
    def encoded(self) -> EncodedNames | None:
        """The names, where they are encoded."""
        return None if isinstance(self.names, tuple) else cast("EncodedNames", self.names)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The characters of the names."""
        if self.encoded is not None:
            return Vocabulary(tuple(sorted(self.encoded.characters)), self.unit)
        return Vocabulary.of(self.names, self.unit)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that identify the names and their labels, in whatever order."""
        if self.encoded is not None:
            return self.encoded.digest
        lines: Iterable[str] = self.names
        if self.labels is not None:
            lines = map("\t".join, zip(self.names, self.labels, strict=True))
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]

    def split(self, share: float = 0.1, seed: int = 0) -> tuple[Sequence[str], Sequence[str]]:
        """Return (train, held-out) names; see ``split_places``."""
        if self.encoded is not None:
            rows = held_out_rows(self.encoded, share, seed)
            return self.encoded.without(rows), tuple(self.encoded[i] for i in rows.tolist())
        train, held_out = self.split_places(share, seed)
        return tuple(self.names[i] for i in train), tuple(self.names[i] for i in held_out)

    def split_places(self, share: float = 0.1, seed: int = 0) -> tuple[Places, Places]:
        """Return the places in ``names`` of (train, held-out) names.

        The names and ``seed`` decide, not their order. At least one name is held out (unless
        ``share`` is 0 or there is just one name), and at least one is left to train on. A name
        with several labels is on one side with all of them. Of encoded names, at most
        ``MOST_HELD_OUT`` are held out.

        Raises:
            ConfigError: ``share`` lies outside [0, 1), or a name that occurs more than once
                could come to lie on both sides.
        """
        if self.encoded is not None:
            rows = held_out_rows(self.encoded, share, seed)
            every = np.arange(len(self.encoded), dtype=np.min_scalar_type(len(self.encoded)))
            return np.delete(every, rows), rows
        labels = self.labels
        if share and labels is None and len(set(self.names)) < len(self.names):
            raise ConfigError(
                "names that are repeated cannot be held out: they would be in both parts. "
                "Read the corpus without repeats, or hold out nothing."
            )
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        if labels is None:
            shuffler(Stream.HELD_OUT, seed).shuffle(order)
            k = _held_out(len(order), share)
            return tuple(order[k:]), tuple(order[:k])
        order.sort(key=lambda i: (self.names[i], labels[i]))
        groups = [list(group) for _, group in groupby(order, key=self.names.__getitem__)]
        shuffler(Stream.HELD_OUT, seed).shuffle(groups)
        k = _held_out(len(groups), share)
        return tuple(chain(*groups[k:])), tuple(chain(*groups[:k]))

    def __repr__(self) -> str:
        labels = f" with {len(self.label_names):,} labels" if self.labels is not None else ""
        return f"NameCorpus({self.report.names:,} names{labels} from {origin(self.report.sources)})"

    def _repr_html_(self) -> str:
        """Show the corpus in a notebook."""
        report = self.report
        first = f"{', '.join(self.names[:5])}{', …' if report.names > 5 else ''}"
        rows = {
            "names": f"{report.names:,}",
            f"{self.unit}s": f"{report.characters:,}, {report.distinct:,} distinct",
            "lengths": f"{report.shortest:,} to {report.longest:,}, mean {report.mean:.1f}",
            "first": shortened(first),
        }
        return table(f"NameCorpus from {origin(report.sources)}", rows)

    def describe(self) -> str:
        """Return the report as a few lines for people."""
        report = self.report
        labels = [f"{name} {number:,}" for name, number in report.labels.items()]
        more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
        dropped = f"dropped: {report.blank:,} blank, {report.duplicates:,} duplicate"
        return "\n".join(
            (
                f"{report.names:,} names from {', '.join(report.sources)} "
                f"({report.records:,} records; {dropped})",
                f"{report.characters:,} {self.unit}s, {report.distinct:,} distinct; "
                f"lengths {report.shortest:,} to {report.longest:,}, mean {report.mean:.1f}",
                *([f"{len(labels):,} labels: {', '.join(labels[:SHOWN])}{more}"] if labels else []),
                *(f"warning: {warning}" for warning in report.warnings),
            )
        )


def held_out_rows(
    names: EncodedNames, share: float, seed: int, most: int = MOST_HELD_OUT
) -> NDArray[np.int64]:
    """Return the rows of the names to hold out, in order: ``share`` of them, at most ``most``."""
    return names.lookup.least(min(_held_out(len(names), share), most), seed)


def _held_out(size: int, share: float) -> int:
    """Return how many of ``size`` names are held out."""
    if not 0 <= share < 1:
        raise ConfigError(f"the held-out share must lie in [0, 1). Received: {share}")
    return 0 if share == 0 or size == 1 else max(1, int(size * share))


def read_texts(source: str | Path, **options: Any) -> list[str]:
    """Read strings as ``NameCorpus.read`` reads names, but keep their order and their repeats.

    ``options`` are ``column``, ``field``, ``encoding`` and ``max_line_bytes``. Blank lines are
    dropped; there may be no strings at all.

    Raises:
        CorpusError: the source cannot be read or decoded, or a string holds control characters.
        ConfigError: ``max_line_bytes`` is not what it may be.
    """
    read = ReadOptions(**options)
    check_sources([source], read)
    records = read_source(source, read, warn=lambda _: None)
    return [text for text, _ in clean(records, f"{label(source)} line") if text]
