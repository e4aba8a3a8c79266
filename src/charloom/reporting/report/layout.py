"""How a section of the page is laid out, and what sections have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .content import Content
from .figures import draw
from .html import Html, tag
from .svg import inline

Section = tuple[str, str | Html, Sequence[Html | str | None]]
"""A section's title, what it is about, and what it shows."""

UNTITLED = ("loss", "calibration", "memorisation")
"""Figures whose section says already what they are."""

SIZE = 5.0, 3.3
"""Inches of a figure: so small that its letters can be read on a phone."""


def section(name: str, title: str, lead: str | Html, *body: Html | str | None) -> Html:
    """Return a section: its heading and what it is about beside what it shows."""
    head = tag("div", tag("h2", title), tag("p", lead, class_="lead"), class_="head-of")
    return tag("section", head, tag("div", *body, class_="body"), id=name, class_="part")


def figure(content: Content, what: str, label: str, caption: str | None = None, **how: Any) -> Html:
    """Return a figure that matplotlib draws."""
    made = draw(what, content.figures[what], **how)
    if not how:
        made.set_size_inches(*SIZE)
        if what in UNTITLED:
            made.axes[0].set_title("")
    drawn = inline(made, what, label)
    return tag("figure", drawn, tag("figcaption", caption) if caption else None)


def facts_list(rows: Sequence[tuple[str, Html | str]]) -> Html:
    """Return terms and what they are, side by side."""
    items = [tag("div", tag("dt", term), tag("dd", text)) for term, text in rows]
    return tag("dl", items, class_="facts")


def output(hint: str) -> Html:
    """Return the line that tells of what a reader touches; before, it says ``hint``."""
    return tag("output", hint, aria_live="polite", class_="tip")
