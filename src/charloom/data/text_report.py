"""What was read of running text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .summary import Report, counted
from .tokens import Unit


@dataclass(frozen=True, kw_only=True)
class TextReport(Report):
    """What was read.

    Attributes:
        sources: the sources, as messages call them.
        documents: number of documents with text.
        characters: units (characters, graphemes or tokens) in all, without boundaries.
        distinct: distinct units.
        rare: distinct units that are too rare to be in the vocabulary.
        unknown_characters: how often those occur, all together.
        bytes: number of bytes read; of a gzip file, before unpacking.
        warnings: warnings, a line each.
        divided: how documents are divided, each of which has an end: ``file``, ``blank-line``,
            ``line``, ``record``, or the text between them; "" for running text, which has none.
        longest: characters of the longest of them.
    """

    sources: tuple[str, ...]
    documents: int
    characters: int
    distinct: int
    rare: int
    unknown_characters: int
    bytes: int
    warnings: tuple[str, ...] = ()
    divided: str = ""
    longest: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data; those of documents only where there are some."""
        fields = super().to_dict()
        if not self.divided:
            del fields["divided"], fields["longest"]
        return fields

    def counted_documents(self) -> str:
        """Return the number of documents in words: ``1 document``, ``312 documents``."""
        return counted(self.documents, "document")

    def describe(self, unit: Unit) -> str:
        """Return the report as a few lines for people."""
        rare = f"; {self.rare:,} of them, {self.unknown_characters:,} in all, read as unknown"
        sources = [*self.sources[:3], *(["…"] if len(self.sources) > 3 else [])]
        ends = f", each with an end, the longest of {self.longest:,} {unit}s"
        return "\n".join(
            (
                f"{self.characters:,} {unit}s from {', '.join(sources)} "
                f"({self.bytes:,} bytes, {self.counted_documents()}{ends if self.divided else ''})",
                f"{self.distinct:,} distinct{rare if self.rare else ''}",
                *(f"warning: {warning}" for warning in self.warnings),
            )
        )
