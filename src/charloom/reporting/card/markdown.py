"""Text as Markdown, in which nothing that a user named can take effect."""

from __future__ import annotations

import json
import re
from typing import Any


class Markdown(str):
    """Text of this type is Markdown already; any other is escaped."""

    __slots__ = ()


def plain(text: str) -> Markdown:
    """Return text as Markdown and HTML show it, in one line."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(character, entity)
    return Markdown(re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", line))


def fenced(text: str, language: str = "text") -> Markdown:
    """Return text as a block of code, which nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}{language}\n{text}\n{fence}")


def as_json(value: Any) -> Markdown:
    """Return plain data as JSON in one line, which is YAML too."""
    return Markdown(json.dumps(value, ensure_ascii=False))


def escaped(value: Any) -> Markdown:
    """Return what a template may show of a value."""
    return value if isinstance(value, Markdown) else plain(str(value))
