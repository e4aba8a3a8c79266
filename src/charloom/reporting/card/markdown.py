"""Text as Markdown, escaped so that nothing in it is markup."""

from __future__ import annotations

import json
import re
from typing import Any

from ...errors.formatting import escaped_json, without_controls


class Markdown(str):
    """Text that is Markdown already; any other text is escaped."""

    __slots__ = ()


def plain(text: str) -> Markdown:
    """Return text in one line, escaped for Markdown and HTML."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(character, entity)
    return Markdown(re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", line))


def fenced(text: str, language: str = "text") -> Markdown:
    """Return text as a code block that nothing in the text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}{language}\n{without_controls(text)}\n{fence}")


def as_json(value: Any) -> Markdown:
    """Return plain data as JSON in one line, which is also YAML."""
    return Markdown(escaped_json(json.dumps(value, ensure_ascii=False)))


def escaped(value: Any) -> Markdown:
    """Return a value as Markdown: unchanged if it is, escaped otherwise."""
    return value if isinstance(value, Markdown) else plain(str(value))
