"""Records to distinct, normalised names with their labels, and the report on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, repeat

import numpy as np
from numpy.typing import NDArray

from ..config import MOST_LABELS
from ..config.arguments import shown
from ..errors import CorpusError, CorpusTypeError
from .invisible import Tally
from .sources.tables import Records
from .summary import Report, counted
from .tokens import Unit
from .unicode import clean_name, split_units, unprintable
from .weights import weight_of, weight_problem

FEW_NAMES = 100
"""A corpus of fewer names gets a warning: there is hardly a style to learn."""

SHOWN = 12
"""Labels that a description lists."""


@dataclass(frozen=True, kw_only=True)
class ReadReport(Report):
    """What was read, dropped and kept.

    Attributes:
        sources: the sources, as messages call them.
        records: lines or records read, blank ones included, headers not.
        blank, duplicates: records that were dropped.
        names: distinct names that were kept; with labels, distinct pairs of name and label.
        characters: units (characters, graphemes or tokens) of all names, without end symbols.
        distinct: distinct units.
        shortest, longest, mean: length of a name in units.
        labels: how many names have each label, the most frequent first.
        weight: the sum of the names' weights; ``None`` without weights.
        weightless: records of weight 0, which were dropped.
        warnings: warnings, a line each.
        notes: those of them that say how the sources were read.
        keep_invisible: whether invisible characters were kept.
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
    labels: Mapping[str, int] = field(default_factory=dict)
    weight: float | None = None
    weightless: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    keep_invisible: bool = False

    def describe(self, unit: Unit) -> str:
        """Return the report as a few lines for people."""
        labels = [f"{name} {number:,}" for name, number in self.labels.items()]
        more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
        dropped = f"dropped: {self.blank:,} blank, {self.duplicates:,} duplicate"
        if self.weight is not None:
            dropped += f", {self.weightless:,} of weight 0"
        return "\n".join(
            (
                f"{counted(self.names, 'name')} from {', '.join(self.sources)} "
                f"({counted(self.records, 'record')}; {dropped})",
                f"{self.characters:,} {unit}s, {self.distinct:,} distinct; "
                f"lengths {self.shortest:,} to {self.longest:,}, mean {self.mean:.1f}",
                *([f"{len(labels):,} labels: {', '.join(labels[:SHOWN])}{more}"] if labels else []),
                *([f"weights: {self.weight:,.6g} in all"] if self.weight is not None else []),
                *(f"warning: {warning}" for warning in self.warnings),
            )
        )


def clean(records: Records, where: str, tally: Tally) -> Iterator[tuple[str, str, int, object]]:
    """Yield each name and label, normalised, blank ones as "", its number, and its weight as it
    was given; refuse control characters."""
    for number, name, label, weight in records:
        kind = "" if label == "" else checked(label, where, number, tally, "'s label")
        yield checked(name, where, number, tally), kind, number, weight


def checked(given: object, where: str, number: int, tally: Tally, part: str = "") -> str:
    """Return a name, or another ``part`` of a record, normalised; refuse control characters.

    ``tally`` removes invisible characters, and counts them.
    """
    if not isinstance(given, str):
        raise CorpusTypeError(f"{where} {number}{part} must be text. Received: {shown(given)}")
    text = clean_name(given if given.isascii() else tally.clean(given.strip()))
    if not text.isprintable() and (problem := unprintable(text)):
        raise CorpusError(f"{where} {number}{part} {problem}")
    return text


class NoNamesError(CorpusError):
    """``sources``, as messages call them, hold no names; ``notes`` say how they were read."""

    def __init__(self, sources: Iterable[str], notes: Iterable[str] = ()) -> None:
        super().__init__(
            f"{', '.join(sources)} holds no names: it is empty or blank. "
            "Give a source with one name a line."
        )
        self.notes = tuple(notes)


def records_of(
    names: Iterable[str], labels: Iterable[str] | None, weights: Iterable[float] | None
) -> Records:
    """Return strings as records.

    Raises:
        CorpusError: there are not as many labels or weights as names.
        CorpusTypeError: weights are no list.
    """
    names = list(names)
    if isinstance(weights, str | bytes) or not isinstance(weights, Iterable | None):
        raise CorpusTypeError(f"weights must be a list of numbers. Received: {shown(weights)}")
    others = [None if given is None else list(given) for given in (labels, weights)]
    for what, given in zip(("labels", "weights"), others, strict=True):
        if given is not None and len(given) != len(names):
            raise CorpusError(
                f"{what} must be as many as names, {len(names)}. Received: {len(given)}"
            )
    columns = (repeat("") if given is None else given for given in others)
    return zip(count(1), names, *columns, strict=False)


class Gatherer:
    """Normalises and counts the records of one source after another."""

    def __init__(
        self,
        repeats: bool,
        labelled: bool,
        keep_invisible: bool = False,
        weighted: bool = False,
    ) -> None:
        self.repeats, self.labelled, self.weighted = repeats, labelled, weighted
        self.weights: dict[tuple[str, str], float] = {}
        self.weightless = 0
        self.tally = Tally(keep_invisible)
        self.sources: list[str] = []
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.names: list[str] = []
        self.labels: list[str] = []
        self.seen: dict[tuple[str, str], tuple[str, str]] = {}
        self.records = 0
        self.blank = 0

    def add(self, source: str, records: Records, where: str) -> None:
        """Add the records of ``source``; errors call a record ``where`` and its number."""
        count = blank = 0
        for *given, number, weight in clean(records, where, self.tally):
            pair = given[0], given[1]
            count += 1
            if not pair[0]:
                blank += 1
                continue
            if self.weighted and not self._weigh(pair, weight, f"{where} {number}"):
                continue
            size = len(self.seen)
            name, label = self.seen.setdefault(pair, pair)  # one string for all that are equal
            if self.repeats or len(self.seen) > size:
                self.names.append(name)
                if self.labelled:
                    self.labels.append(label)
        self.count(source, count, blank)

    def _weigh(self, pair: tuple[str, str], given: object, where: str) -> bool:
        """Add to a name's weight; return whether it has any."""
        if problem := weight_problem(given):
            raise CorpusError(f"{where} {problem}")
        weight = weight_of(given)
        if weight:
            self.weights[pair] = self.weights.get(pair, 0.0) + weight
        self.weightless += not weight
        return weight > 0

    def count(self, source: str, records: int, blank: int) -> None:
        """Note how many records ``source`` has, and how many of them are blank."""
        self.sources.append(source)
        self.records += records
        self.blank += blank
        if records == blank:
            self.warnings.append(f"{source} holds no names.")

    def report(self, lengths: NDArray[np.integer], distinct: Collection[str]) -> ReadReport:
        """Return the report on the distinct names.

        Args:
            lengths: (N,) of the names.
            distinct: their characters.

        Raises:
            CorpusError: there are no names, or none of the requested labels.
        """
        names = len(lengths)
        if not names:
            if self.weightless:
                raise CorpusError(f"{', '.join(self.sources)} holds no names of a weight above 0.")
            raise NoNamesError(self.sources, self.notes)
        characters = int(lengths.sum(dtype=np.int64))
        labels = Counter(name for name in self.labels if name)
        if self.labelled:
            self._check_labels(labels, names)
        if names < FEW_NAMES:
            self.warnings.append(
                f"{counted(names, 'name')} {'is' if names == 1 else 'are'} few: expect less "
                "convincing new ones than from several hundred."
            )
        notes = (*self.notes, *self.tally.notes())
        if any("\ufffd" in character for character in distinct):
            self.warnings.append("a name contains U+FFFD, left by an earlier wrong decoding.")
        return ReadReport(
            sources=tuple(self.sources),
            records=self.records,
            blank=self.blank,
            duplicates=self.records - self.blank - self.weightless - names,
            names=names,
            characters=characters,
            distinct=len(distinct),
            shortest=int(lengths.min()),
            longest=int(lengths.max()),
            mean=characters / names,
            labels=dict(sorted(labels.items(), key=lambda pair: (-pair[1], pair[0]))),
            weight=sum(self.weights.values()) if self.weighted else None,
            weightless=self.weightless,
            warnings=(*notes, *self.warnings),
            notes=notes,
            keep_invisible=self.tally.keep,
        )

    def _check_labels(self, labels: Counter[str], names: int) -> None:
        """Refuse impossible labels, and warn of labels that teach nothing."""
        if not labels:
            raise CorpusError(
                f"{', '.join(self.sources)} holds no labels: the column is empty. "
                "Name another one, or train without labels."
            )
        if len(labels) > MOST_LABELS:
            raise CorpusError(
                f"a corpus may have {MOST_LABELS:,} labels. Received: {len(labels):,}; "
                "is it the right column?"
            )
        if len(labels) == 1:
            self.warnings.append(f"there is only one label, {next(iter(labels))!r:.40}.")
        elif 2 * len(labels) > names:
            self.warnings.append(
                f"{len(labels):,} labels for {names:,} names: is it the right column?"
            )
        if bare := names - labels.total():
            self.warnings.append(f"{bare:,} names have no label.")


def measure(names: Sequence[str], unit: Unit) -> tuple[NDArray[np.int64], set[str]]:
    """Return each name's length in units, (N,), and the distinct units."""
    if unit == "character":
        return np.fromiter(map(len, names), np.int64, len(names)), set().union(*names)
    distinct: set[str] = set()
    lengths = np.zeros(len(names), np.int64)
    for i, name in enumerate(names):
        units = split_units(name, unit)
        distinct.update(units)
        lengths[i] = len(units)
    return lengths, distinct
