"""Names to train on: read, normalised, counted and split."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from itertools import chain, groupby
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from ..config.arguments import AnyPath, are_files, seed_of, shown, texts
from ..config.arguments import number as number_of
from ..errors import ConfigError, CorpusTypeError
from .gathering import Gatherer, ReadReport, measure, records_of
from .random import Stream, shuffler
from .sources.folders import Files, files_of
from .sources.options import Form, ReadArguments, ReadOptions
from .sources.origin import Origin
from .sources.records import check_sources, check_used, is_plain, read_source
from .sources.streams import Rejoined, are_large, label
from .summary import origin, shortened, table
from .token_units import Definition, parsed_unit, resolved, restorable
from .tokens import Unit
from .unicode import note_on_graphemes, suitable_unit
from .vocabulary import Vocabulary
from .weights import check_repeats

if TYPE_CHECKING:
    from .encoded.sequences import EncodedNames

LOOKED_AT = 2_000
"""Names of a large list that are looked at to see which unit suits them."""

MOST_HELD_OUT = 20_000
"""Most names that are held out of a large list: more would hardly improve an estimate."""

Places = Sequence[int] | NDArray[np.integer]
"""Indices of some of a corpus's names."""


@dataclass(frozen=True, repr=False)
class NameCorpus:
    """Names to train on: NFC, stripped, in order, distinct unless read with repeats.

    Build one with ``read``, ``of`` or ``builtin``; they normalise and count. Large sources become a
    ``LargeNameCorpus``.

    Attributes:
        names: the names; a name with several labels is listed with each.
        unit: what counts as a character: a code point, a grapheme or ``Tokens``.
        labels: the label of each name, "" if it has none; ``None`` for a corpus without labels.
        weights: how often each name counts, such as how many people bear it; those of repeated
            names are added. ``None``: each name counts once.
        report: what was read.
        origin: the files and options that it can be read with again; ``None`` for strings.
        is_large: whether the names are in arrays; then there are no labels and no repeats.
    """

    is_large: ClassVar[bool] = False

    names: Sequence[str]
    unit: Unit = "character"
    labels: tuple[str, ...] | None = field(default=None, kw_only=True)
    weights: tuple[float, ...] | None = field(default=None, kw_only=True)
    report: ReadReport = field(kw_only=True)
    origin: Origin | None = field(default=None, kw_only=True, compare=False)

    @classmethod
    def read(
        cls,
        *sources: AnyPath,
        unit: Unit | str | None = None,
        repeats: bool = False,
        stdin: BinaryIO | None = None,
        **options: Unpack[ReadArguments],
    ) -> NameCorpus:
        """Read names, one a record, from files, folders, or (``-``) from standard input.

        ``format``, the file's ending or its first lines decide the format: tables (.csv and .tsv;
        ``column`` by name or number), JSON arrays and JSON Lines (``field``), lists with numbers,
        bullets or comments, or just lines; each also with .gz. The report's ``notes`` say what the
        first lines decided. ``label_column`` and ``label_field`` give each name's label,
        ``weight_column`` and ``weight_field`` its weight: 0, which leaves it out, or from 1e-9 to
        1e12; the weights of a name that occurs several times are added. Text is
        strict UTF-8 unless ``encoding`` or a byte-order mark says otherwise. ``repeats`` keeps a
        name as often as it occurs, as the tutorial does. ``stdin`` replaces the process's own.
        Without a ``unit``, it is that of ``of``; else it is ``character``, ``grapheme``,
        ``regex:EXPRESSION``, ``file:FILE`` or ``Tokens``.
        Invisible characters are removed, and spaces and hyphens are the ordinary ones, unless
        ``keep_invisible``; the report's ``notes`` count them. ``ReadOptions`` describes all
        ``options``.

        Raises:
            CorpusError: a source cannot be read or decoded, a name contains control characters
                other than tabs, there are no names, or there are none of the requested labels.
            ConfigError: ``unit`` or an option is invalid.

        Example:
            >>> from pathlib import Path
            >>> size = Path("towns.txt").write_text("Ulm\\nBonn\\nUlm\\n")
            >>> NameCorpus.read("towns.txt")
            NameCorpus(2 names from towns.txt)
        """
        read = ReadOptions(**options)
        definition = None if unit is None else parsed_unit(unit)
        sources = check_sources(sources)
        labelled = read.label_column is not None or read.label_field is not None
        check_repeats(repeats, read.weighted)
        gatherer = Gatherer(repeats, labelled, read.keep_invisible, read.weighted)
        files = files_of(sources, read.pattern, read.encoding, warn=gatherer.notes.append)
        how = {"unit": restorable(definition), "repeats": repeats, **options, "pattern": None}
        start = Origin.of(files.paths, options=how)
        if definition in (None, "character") and not repeats:
            large, stdin = _read_large(files, read, stdin, gatherer.notes, hint=definition is None)
            if large is not None:
                return dataclasses.replace(large, origin=start)
        forms: set[Form] = set()
        for source in files.paths:
            form, found = read_source(source, read, warn=gatherer.notes.append, stdin=stdin)
            if read.weighted:  # which every source needs
                check_used({form}, read)
            gatherer.add(label(source), found, f"{label(source)} line")
            forms.add(form)
        check_used(forms, read)
        gatherer.sources = files.labels
        return dataclasses.replace(cls._of(gatherer, definition), origin=start)

    @classmethod
    def of(
        cls,
        names: Iterable[str],
        unit: Unit | str | None = None,
        *,
        labels: Iterable[str] | None = None,
        weights: Iterable[float] | None = None,
        repeats: bool = False,
        keep_invisible: bool = False,
    ) -> NameCorpus:
        """Build from strings, normalised as ``read`` does.

        ``labels`` has one a name, or ""; ``weights`` one a name, as ``read`` takes them.

        Without a ``unit``, it is the code point, or the grapheme where many names have emoji of
        several code points.

        Any iterable of strings is taken: lists, sets, generators, columns of pandas and Polars.

        Raises:
            CorpusError: an item is not a string, or contains a line break or another control
                character than a tab; there are no names; there are not as many labels or weights
                as names; or a weight is out of range.
            CorpusTypeError: ``names`` is one string, a table or paths of files, a value is
                missing, or ``weights`` is no list.
            ConfigError: ``unit`` is unknown, or names with weights are to be repeated.

        Example:
            >>> NameCorpus.of(["CCCl", "c1ccccc1Br"], unit="regex:Cl|Br|.").vocabulary.characters
            ('1', 'Br', 'C', 'Cl', 'c')
            >>> corpus = NameCorpus.of(["Ulm", " Bonn ", "Ulm"])
            >>> corpus.names
            ('Ulm', 'Bonn')
        """
        names = texts("names", names, CorpusTypeError)
        if are_files(names):
            rule = "names must be names, not files. Received: "
            raise CorpusTypeError(f"{rule}{shown(names)}. NameCorpus.read takes files.")
        if labels is not None:
            labels = texts("labels", labels, CorpusTypeError)
        check_repeats(repeats, weights is not None)
        gatherer = Gatherer(repeats, labels is not None, keep_invisible, weights is not None)
        gatherer.add("the list", records_of(names, labels, weights), "name")
        return cls._of(gatherer, None if unit is None else parsed_unit(unit))

    @classmethod
    def _of(cls, gatherer: Gatherer, definition: Unit | Definition | None) -> NameCorpus:
        if definition is None:
            definition, note = suitable_unit(dict.fromkeys(name for name, _ in gatherer.seen))
            gatherer.notes += [note] if note else []
        names = tuple(gatherer.names)
        unit, warnings = resolved(definition, names)
        gatherer.warnings += warnings
        report = gatherer.report(*measure(names, unit))
        labels = tuple(gatherer.labels) if gatherer.labelled else None
        weights = tuple(gatherer.weights.values()) if gatherer.weighted else None
        return cls(names, unit, labels=labels, weights=weights, report=report)

    @classmethod
    def builtin(cls, *, unit: Unit | str | None = None, repeats: bool = False) -> NameCorpus:
        """Read the list of dinosaur names that the package ships; see ``read``.

        Example:
            >>> NameCorpus.builtin()
            NameCorpus(1,524 names from the built-in dinosaurs)
        """
        builtin = resources.files(__package__) / "builtin" / "dinosaurs.txt"
        with resources.as_file(builtin) as path:
            corpus = cls.read(path, unit=unit, repeats=repeats)
        report = dataclasses.replace(corpus.report, sources=("the built-in dinosaurs",))
        how = {"unit": None, "repeats": repeats, **(corpus.origin.options if corpus.origin else {})}
        start = Origin.of((), options=how)
        return dataclasses.replace(corpus, report=report, origin=start)

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        """The distinct labels, sorted: label k of a model is the k-th of them, from 0."""
        return tuple(sorted(set(self.labels or ()) - {""}))

    @cached_property
    def label_ids(self) -> tuple[int, ...] | None:
        """Each name's label as 1 + its index in ``label_names``, 0 for none."""
        if self.labels is None:
            return None
        place = {name: k for k, name in enumerate(self.label_names, start=1)}
        return tuple(place.get(name, 0) for name in self.labels)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The characters of the names."""
        return Vocabulary.of(self.names, self.unit)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that identify the names, their labels and weights, in any order."""
        lines: Iterable[str] = self.names
        if self.labels is not None:
            lines = map("\t".join, zip(self.names, self.labels, strict=True))
        if self.weights is not None:
            lines = (f"{line}\t× {w!r}" for line, w in zip(lines, self.weights, strict=True))
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]

    def split(self, share: float = 0.1, seed: int = 0) -> tuple[Sequence[str], Sequence[str]]:
        """Return (train, held-out) names; see ``split_places``."""
        train, held_out = self.split_places(share, seed)
        return tuple(self.names[i] for i in train), tuple(self.names[i] for i in held_out)

    def split_places(self, share: float = 0.1, seed: int = 0) -> tuple[Places, Places]:
        """Return the indices of (train, held-out) names.

        The split depends on the names and ``seed``, not on the order of the names. At least one
        name is held out (unless ``share`` is 0 or there is just one name), and at least one is
        left to train on. A name with several labels is in one part with all of them. Of a large
        list at most ``MOST_HELD_OUT`` names are held out.

        Raises:
            ConfigError: ``share`` lies outside [0, 1), or names are repeated, so that one could be
                in both parts.
        """
        names, labels, seed = self.names, self.labels, seed_of(seed)
        if labels is None:
            if share and len(set(names)) < len(names):
                raise ConfigError(
                    "names that are repeated cannot be held out: they would be in both parts. "
                    "Read the corpus without repeats, or hold out nothing."
                )
            groups = [[i] for i in sorted(range(len(names)), key=names.__getitem__)]
        else:
            order = sorted(range(len(names)), key=lambda i: (names[i], labels[i]))
            groups = [list(group) for _, group in groupby(order, key=names.__getitem__)]
        shuffler(Stream.HELD_OUT, seed).shuffle(groups)
        k = _held_out(len(groups), share)
        return tuple(chain.from_iterable(groups[k:])), tuple(chain.from_iterable(groups[:k]))

    def __repr__(self) -> str:
        more = f" with {len(self.label_names):,} labels" if self.labels is not None else ""
        more += " with weights" if self.weights is not None else ""
        return f"NameCorpus({self.report.names:,} names{more} from {origin(self.report.sources)})"

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
        return self.report.describe(self.unit)


class LargeNameCorpus(NameCorpus):
    """A corpus too large for a Python object per name: its names are in arrays."""

    names: EncodedNames
    is_large = True

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The characters of the names."""
        return Vocabulary(tuple(sorted(self.names.used)), self.unit)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that identify the names, in any order."""
        return self.names.digest

    def split(self, share: float = 0.1, seed: int = 0) -> tuple[Sequence[str], Sequence[str]]:
        """Return (train, held-out) names; the training names remain in arrays."""
        rows = self.held_out_rows(share, seed)
        return self.names.without(rows), tuple(self.names[i] for i in rows.tolist())

    def split_places(self, share: float = 0.1, seed: int = 0) -> tuple[Places, Places]:
        """Return the indices of (train, held-out) names, both in order."""
        rows = self.held_out_rows(share, seed)
        every = np.arange(len(self.names), dtype=np.min_scalar_type(len(self.names)))
        return np.delete(every, rows), rows

    def held_out_rows(
        self, share: float, seed: int, most: int = MOST_HELD_OUT
    ) -> NDArray[np.int64]:
        """Return the indices of the held-out names, in order; at most ``most``."""
        most = min(_held_out(len(self.names), share), most)
        return self.names.lookup.least(most, seed_of(seed))


def read_with_repeats(
    *sources: AnyPath,
    unit: Unit | str | None = None,
    stdin: BinaryIO | None = None,
    **options: Unpack[ReadArguments],
) -> NameCorpus:
    """Read names as ``NameCorpus.read`` does with ``repeats``; but those of large sources are
    distinct, in a ``LargeNameCorpus``, whose names have counts.

    Raises:
        CorpusError, ConfigError: as ``NameCorpus.read``.
    """
    read = ReadOptions(**options)
    sources = check_sources(sources)
    if unit in (None, "character"):
        notes: list[str] = []
        files = files_of(sources, read.pattern, read.encoding, warn=notes.append)
        large, stdin = _read_large(files, read, stdin, notes, hint=unit is None)
        if large is not None:
            return large
    return NameCorpus.read(*sources, unit=unit, repeats=True, stdin=stdin, **options)


def _read_large(
    files: Files, read: ReadOptions, stdin: BinaryIO | None, notes: Sequence[str], *, hint: bool
) -> tuple[LargeNameCorpus | None, BinaryIO | None]:
    """Read sources into arrays if they are large and without labels and weights; return what to
    read as ``stdin``.

    The report begins with ``notes``; with ``hint`` it says whether graphemes would suit the names.
    """
    sources = files.paths
    if read.weighted or read.label_column is not None or read.label_field is not None:
        return None, stdin
    large, ahead = are_large(sources, stdin, read.large_bytes, read.max_line_bytes)
    rest = cast("BinaryIO | None", ahead)
    if not large:
        return None, rest
    gatherer = Gatherer(False, False, read.keep_invisible)
    gatherer.notes.extend(notes)
    plain = [is_plain(source, read, gatherer.notes.append, rest) for source in sources]
    if isinstance(ahead, Rejoined):
        ahead.rewind()
    from .encoded.names import encode_names  # late: small corpora need none of it

    names, facts = encode_names(sources, plain, read, rest)
    gatherer.tally.add(facts["invisible"])
    gatherer.notes.extend(facts["notes"])
    for source, (records, blank) in zip(sources, facts["sources"], strict=True):
        gatherer.count(label(source), records, blank)
    gatherer.sources = files.labels
    if hint and (note := note_on_graphemes(names[:LOOKED_AT])):
        gatherer.notes.append(note)
    report = gatherer.report(names.lengths, names.characters)
    return LargeNameCorpus(names, report=report), rest


def _held_out(size: int, share: float) -> int:
    """Return how many of ``size`` names are held out."""
    share = number_of("the held-out share", share, "[0, 1)")
    return 0 if share == 0 or size == 1 else max(1, int(size * share))
