"""Statistics of running text: its lines, its characters and their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .summary import Report
from .text import TextCorpus
from .vocabulary import BOUNDARY

CHUNK = 1 << 18
"""Ids that are counted at once."""


@dataclass(frozen=True, kw_only=True)
class TextDescription(Report):
    """Statistics of a text, counted in its unit.

    Attributes:
        sources: the sources, as messages call them.
        unit: what counts as one: a character, a grapheme or a token.
        documents: number of sources with text.
        text_length: characters in all, line breaks included.
        lines, empty_lines: lines, and those of them without a character.
        longest: characters of the longest line, without its end.
        mean: mean length of the lines that are not empty.
        frequencies: the count of each character, most frequent first.
        characters: the distinct characters; the first has the id 1, as 0 is the boundary.
    """

    sources: tuple[str, ...]
    unit: str
    documents: int
    text_length: int
    lines: int
    empty_lines: int
    longest: int
    mean: float
    frequencies: Mapping[str, int] = field(repr=False)
    characters: tuple[str, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold, with an id by character."""
        fields = super().to_dict()
        ids = {character: i for i, character in enumerate(fields.pop("characters"), start=1)}
        return fields | {"distinct": len(ids), "ids": ids}


def describe_text(corpus: TextCorpus) -> TextDescription:
    r"""Describe a text; a line ends with ``\n`` or with its document.

    Example:
        >>> found = describe_text(TextCorpus.of("one\n\nthree"))
        >>> found.lines, found.empty_lines, found.longest
        (3, 1, 5)
    """
    characters = corpus.vocabulary.characters
    newline = 1 + characters.index("\n") if "\n" in characters else -1
    stored, table = corpus.as_stored()  # a byte a character mostly, where the table takes four
    line_end = next(iter(np.flatnonzero(table == newline).tolist()), BOUNDARY)
    counts_stored = np.zeros(len(table), np.int64)
    lines = filled = longest = 0
    length = 0  # of the line so far
    for low in range(0, len(corpus), CHUNK):
        ids = stored[low : low + CHUNK]
        counts_stored += np.bincount(ids, minlength=len(counts_stored))
        ends = np.flatnonzero((ids == line_end) | (ids == BOUNDARY))
        lengths = np.diff(ends, prepend=-1) - 1
        if len(ends):
            lengths[0] += length
            length = len(ids) - int(ends[-1]) - 1
            # A boundary begins a document; it ends a line only if one was begun.
            real = (ids[ends] != BOUNDARY) | (lengths > 0)
            lines += int(real.sum())
            filled += int((lengths > 0).sum())
            longest = max(longest, int(lengths.max()))
        else:
            length += len(ids)
    if length:
        lines, filled, longest = lines + 1, filled + 1, max(longest, length)
    counts = np.zeros(corpus.vocabulary.size, np.int64)
    np.add.at(counts, table, counts_stored)
    total = int(counts[1:].sum())
    breaks = int(counts[newline]) if newline > 0 else 0
    order = sorted(range(len(characters)), key=lambda i: (-counts[i + 1], characters[i]))
    return TextDescription(
        sources=corpus.report.sources,
        unit=str(corpus.unit),
        documents=corpus.report.documents,
        text_length=total,
        lines=lines,
        empty_lines=lines - filled,
        longest=longest,
        mean=(total - breaks) / max(filled, 1),
        frequencies={characters[i]: int(counts[i + 1]) for i in order},
        characters=characters,
    )
