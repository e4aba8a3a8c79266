"""The page's sections, each from what was gathered; one that has nothing to tell is left out."""

from __future__ import annotations

from collections.abc import Callable

from . import drawings, internals, quality
from .content import Content
from .html import Html
from .layout import Section, section

BUILDERS: tuple[Callable[[Content], Section | None], ...] = (
    internals.corpus,
    internals.loss,
    drawings.passage,
    drawings.wall,
    internals.next_letter,
    drawings.heat,
    drawings.kinds,
    drawings.lengths,
    drawings.letters,
    drawings.pairs,
    internals.embedding,
    internals.units,
    quality.measures,
    quality.calibration,
    quality.memorisation,
)
"""In the page's order."""


def sections(content: Content) -> list[tuple[str, str, Html]]:
    """Return the sections that there are: their ids, titles and markup."""
    found = []
    for builder in BUILDERS:
        if built := builder(content):
            title, lead, body = built
            name = builder.__name__
            found.append((name, title, section(name, title, lead, *body)))
    return found
