"""Statistics of a corpus of names: lengths, repeats, characters and their ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from ..config.arguments import require
from .encoded.ragged import spans
from .given import Names, corpus_of
from .names import LargeNameCorpus, NameCorpus
from .summary import Report
from .unicode import split_units
from .vocabulary import Vocabulary
from .weights import added

Number = TypeVar("Number", int, float)

END = "\n"
"""The boundary, id 0, is shown as the line break that ends a name in a file."""

FIRST_LINES = 10

MOST_REPEATED = 100_000
"""Repeated names of a large list that are described, at most."""


@dataclass(frozen=True, kw_only=True)
class Description(Report):
    r"""Statistics of the text of a corpus, counted in its unit.

    The text is all names, repeats included, with one newline between them and none at the end.

    Attributes:
        sources: the sources, as messages call them.
        unit: what counts as one: a character, a grapheme or a token.
        text_length: length of the text.
        names: names in the text, repeats included.
        distinct_names: distinct names.
        duplicates: records that repeat an earlier one, whether kept or dropped.
        blank: blank records, which were dropped.
        longest, shortest, mean: length of a name without its end symbol.
        longest_name: the first of the longest.
        first_lines: the first names.
        repeated: the count of each name that occurs more than once, most frequent first; of a
            large list, the 100,000 most frequent at most.
        lengths: how many names have each length, by length.
        frequencies: the count of each character in the text, most frequent first, and of the
            newline, even if it is 0.
        weights: the weight of each name, the heaviest first, if names have weights; everything else
            counts each of them once.
        characters: the characters in the order of their ids; 0, the boundary, is ``\n``.
    """

    sources: tuple[str, ...]
    unit: str
    text_length: int
    names: int
    distinct_names: int
    duplicates: int
    blank: int
    longest: int
    shortest: int
    mean: float
    longest_name: str
    first_lines: tuple[str, ...]
    repeated: Mapping[str, int] = field(repr=False)
    lengths: Mapping[int, int] = field(repr=False)
    frequencies: Mapping[str, int] = field(repr=False)
    weights: Mapping[str, float] = field(default_factory=dict, repr=False)
    characters: tuple[str, ...] = field(repr=False)

    @property
    def distinct(self) -> int:
        """V: number of distinct characters, including the newline."""
        return len(self.characters)

    @property
    def longest_row(self) -> int:
        """Length of the longest name with its end symbol: the width of a padded batch."""
        return self.longest + 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold.

        Lengths are pairs [length, names] by length, frequencies a count by character, most
        frequent first, and ids an id by character.
        """
        fields = super().to_dict()
        ids = {character: i for i, character in enumerate(fields.pop("characters"))}
        lengths = [list(pair) for pair in self.lengths.items()]
        sizes = {"distinct": self.distinct, "longest_row": self.longest_row}
        return fields | sizes | {"lengths": lengths, "ids": ids}


def describe(names: Names) -> Description:
    """Describe a corpus, or strings, which are normalised as ``NameCorpus.of`` does.

    Repeats that were dropped in reading count among the duplicates, but not in the text. Read with
    its repeats, dinos.txt has a text of 19,913 characters: 18,371 in 1,543 names, and the newlines
    between them.

    Raises:
        CorpusError: an item is not a string or contains a control character, or there are no names.
    """
    corpus = corpus_of(names, repeats=True)
    require("names", corpus, NameCorpus, "names")
    assert isinstance(corpus, NameCorpus)
    if isinstance(corpus, LargeNameCorpus):
        return _describe_large(corpus)
    counts = Counter(corpus.names)
    lengths: Counter[int] = Counter()
    frequencies: Counter[str] = Counter({END: len(corpus.names) - 1})
    longest, longest_name = 0, ""
    for name, count in counts.items():
        units = split_units(name, corpus.unit)
        lengths[len(units)] += count
        frequencies.update(units * count)
        if len(units) > longest:
            longest, longest_name = len(units), name
    report = corpus.report
    return Description(
        sources=report.sources,
        unit=str(corpus.unit),
        text_length=frequencies.total(),
        names=len(corpus.names),
        distinct_names=len(counts),
        duplicates=report.duplicates + len(corpus.names) - len(counts),
        blank=report.blank,
        longest=longest,
        shortest=min(lengths),
        mean=(frequencies.total() - frequencies[END]) / len(corpus.names),
        longest_name=longest_name,
        first_lines=tuple(corpus.names[:FIRST_LINES]),
        repeated=_ranked({name: count for name, count in counts.items() if count > 1}),
        weights={} if corpus.weights is None else _ranked(added(corpus.names, corpus.weights)),
        lengths=dict(sorted(lengths.items())),
        frequencies=_ranked(frequencies),
        characters=(END, *Vocabulary.of(counts, corpus.unit).characters),
    )


def _describe_large(corpus: LargeNameCorpus) -> Description:
    """Describe names in arrays, with their counts."""
    names, report = corpus.names, corpus.report
    counts, sizes = names.counts.astype(np.int64), names.lengths
    total = int(counts.sum())
    of_ids = np.zeros(len(names.characters) + 2)
    for low, high in spans(sizes):
        ids = names.ids.end_to_end(np.arange(low, high))
        of_ids += np.bincount(ids, np.repeat(counts[low:high], sizes[low:high]), len(of_ids))
    of_lengths = np.bincount(sizes, counts)
    many = np.flatnonzero(counts > 1)
    many = many[np.argsort(-counts[many], kind="stable")[:MOST_REPEATED]]
    frequencies = dict(zip(names.characters, map(int, of_ids[2:]), strict=True))
    longest = int(sizes.argmax())
    return Description(
        sources=report.sources,
        unit=str(corpus.unit),
        text_length=sum(frequencies.values()) + total - 1,
        names=total,
        distinct_names=len(names),
        duplicates=report.duplicates,
        blank=report.blank,
        longest=int(sizes[longest]),
        shortest=int(sizes.min()),
        mean=sum(frequencies.values()) / total,
        longest_name=names[longest],
        first_lines=names.first,
        repeated=_ranked({names[i]: int(counts[i]) for i in many.tolist()}),
        lengths={length: int(of_lengths[length]) for length in np.flatnonzero(of_lengths).tolist()},
        frequencies=_ranked(frequencies | {END: total - 1}),
        characters=(END, *corpus.vocabulary.characters),
    )


def binned(lengths: Mapping[int, int], most: int) -> list[tuple[int, int, int]]:
    """Count lengths in at most ``most`` bins of equal width: (first, last, names) of each."""
    low, high = min(lengths), max(lengths)
    width = -(-(high - low + 1) // most)
    counts = [0] * ((high - low) // width + 1)
    for length, count in lengths.items():
        counts[(length - low) // width] += count
    starts = range(low, high + 1, width)
    return [(start, start + width - 1, n) for start, n in zip(starts, counts, strict=True)]


def _ranked(counts: Mapping[str, Number]) -> dict[str, Number]:
    """Order by count, the largest first, then by text."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
