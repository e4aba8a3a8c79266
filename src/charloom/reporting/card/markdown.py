"""Text, numbers and tables as Markdown, in which nothing that a user named can take effect."""

from __future__ import annotations

import re
from collections.abc import Sequence


def figure(value: float, unit: str) -> str:
    """Return a number for people, a share as per cent."""
    if unit == "%":
        if 0 < value < 0.00005:
            return "< 0.01 %"
        return f"{100 * value:.{2 if 0 < value < 0.01 else 1}f} %"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"


def plain(text: str) -> str:
    """Return text as Markdown and HTML show it, in one line."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(character, entity)
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", line)


def fenced(text: str, language: str = "text") -> str:
    """Return text as a block of code, which nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table; what is **bold** stays so, all else is plain."""

    def line(cells: tuple[str, ...]) -> str:
        shown = (
            f"**{plain(c[2:-2])}**" if c.startswith("**") and c.endswith("**") else plain(c)
            for c in cells
        )
        return f"| {' | '.join(shown)} |"

    return "\n".join((line(heads), f"|{' --- |' * len(heads)}", *map(line, rows)))
