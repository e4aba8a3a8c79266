"""Summaries of corpora: as plain data, in one line, and as a small table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import Any

SHOWN = 60
"""Characters of a source or a sample that are shown."""


class Report:
    """The base of dataclasses that describe a corpus."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}

    def to_facts(self) -> dict[str, Any]:
        """Return what a model says of its corpus: the fields, with files' names for their paths."""
        facts = self.to_dict()
        names = {path: PurePath(path).name or path for path in facts["sources"]}
        for key in ("sources", "warnings", "notes"):
            for path in sorted(names, key=len, reverse=True):
                facts[key] = [text.replace(path, names[path]) for text in facts.get(key, [])]
        return facts


def shortened(text: str) -> str:
    """Return ``text``, or its beginning and an ellipsis if it is long."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def counted(number: int, what: str) -> str:
    """Return a number of things: ``1 name``, ``1,524 names``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def origin(sources: Sequence[str]) -> str:
    """Name the first of ``sources``, and how many more there are."""
    if not sources:
        return "nowhere"
    more = f" and {len(sources) - 1:,} more" if len(sources) > 1 else ""
    return shortened(sources[0]) + more


def table(title: str, rows: Mapping[str, str]) -> str:
    """Return an HTML table of two columns; everything is escaped."""
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows.items()
    )
    return f"<table><caption>{escape(title)}</caption>{cells}</table>"
