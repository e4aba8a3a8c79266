"""Figures that the page itself shows, since readers touch them: characters in shaded cells."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...data.statistics import END
from ...data.unicode import visible
from ..format import brief_percent, percent

LEVELS = 20
"""Shades of a cell."""

CHOICES, AT_FIRST = 10, 5
"""Next characters that are listed at each place, and those that show before it is touched."""

PLACES = 60
"""Characters along which next ones are shown, at most."""

LEAST = 0.005
"""Probability below which nothing is listed."""

CELL, EDGE = 10, 13
"""Units of a heat map's cell, and of the labels' margin."""


@dataclass(frozen=True)
class Label:
    """A character that can be seen, and its name where it is shown as something else."""

    shown: str
    title: str | None = None


def letter(character: str, *, text: bool) -> Label:
    """Return a character's label; a newline is a name's end, or, with ``text``, a line's."""
    if character == "<end>" or (character == END and not text):
        return Label("end", "the end")
    shown = plain(character, text=text)
    if character in (" ", END):
        return Label(shown, "space" if character == " " else "end of the line")
    return Label(shown, None if shown == visible(character) else f"the character U+{shown}")


def plain(character: str, *, text: bool) -> str:
    """Return a character's label as it stands in an attribute or a heat map."""
    if character == END:
        return "\u21b5" if text else "\u00b7"
    shown = visible(character)
    if shown.startswith(("\\u", "\\U", "\\x")):  # too long for a cell
        return f"{ord(character):04X}"
    return "\u2423" if character == " " else shown


def direction(text: str) -> str | None:
    """Return ``rtl`` for text that is read from right to left, by its first letter."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    first = next((kind for kind in kinds if kind in ("L", "R", "AL")), "L")
    return None if first == "L" else "rtl"


def ladder(data: dict[str, Any], *, text: bool) -> Iterator[dict[str, Any]]:
    """Yield, for each place of a string, the character that came and what else was likely."""
    names = data["characters"]
    for target, shares in zip(data["targets"][:PLACES], data["probabilities"], strict=False):
        came = names.index(target)
        order = sorted(range(len(names)), key=lambda i: -shares[i])[:CHOICES]
        listed = [i for i in order if shares[i] >= LEAST]
        late = came not in listed[:AT_FIRST]
        if late:
            listed = [i for i in listed if i != came]
            listed.insert(min(AT_FIRST - 1, len(listed)), came)
        choices = [
            {
                "label": letter(names[i], text=text),
                "share": brief_percent(shares[i]),
                "class": level("b", shares[i])
                + (" came" if i == came else "")
                + (" late" if i == came and late else ""),
            }
            for i in listed
        ]
        share = brief_percent(shares[came])
        yield {"label": letter(names[came], text=text), "share": share, "choices": choices}


def activity_cells(
    name: Sequence[str], values: Sequence[float], *, text: bool
) -> list[tuple[str, str]]:
    """Return each character of a string and its cell's class, by a hidden unit's activity."""
    shown = [plain(character, text=text) for character in name]
    return [
        (
            label,
            level("o" if value >= 0 else "b", abs(value))
            + (" below" if value < -0.25 else "")
            + (" code" if len(label) > 2 and label.isascii() else ""),
        )
        for label, value in zip(shown, values, strict=True)
    ]


def bars(data: dict[str, Any], *, text: bool) -> Iterator[dict[str, Any]]:
    """Yield a pair of bars for each character: its share among real and generated ones."""
    top = max([*data["real"], *data["generated"], 1e-9])
    columns = data["characters"], data["real"], data["generated"]
    for character, real, generated in zip(*columns, strict=True):
        shown = plain(character, text=text)
        yield {
            "label": letter(character, text=text),
            "tip": f"{shown}: {percent(real)} real, {percent(generated)} generated",
            "heights": (48 * real / top, 48 * generated / top),
        }


def heat_map(
    characters: Sequence[str],
    table: Sequence[Sequence[float]],
    other: Sequence[Sequence[float]],
    names: tuple[str, str],
    *,
    text: bool,
) -> dict[str, Any]:
    """Return a table of shares as a heat map, of the roots, since most shares are small.

    Args:
        characters: V, of rows and columns.
        table: (V, V), each row of shares.
        other: (V, V), what it is compared with, said where a cell is touched.
        names: what ``table`` and ``other`` are called there.
        text: whether a newline is a character, and not a name's edge.
    """
    labels = [plain(character, text=text) for character in characters]
    cells = [
        {
            "x": EDGE + CELL * x,
            "y": EDGE + CELL * y,
            "opacity": f"{math.sqrt(share):.2f}",
            "tip": f"{labels[x]} after {labels[y]}: {percent(share)} {names[0]}, "
            f"{percent(other[y][x])} {names[1]}",
        }
        for y, row in enumerate(table)
        for x, share in enumerate(row)
        if share >= LEAST or other[y][x] >= LEAST
    ]
    places = [EDGE + CELL * (i + 0.5) for i in range(len(labels))]
    return {
        "side": EDGE + CELL * len(labels),
        "edge": EDGE,
        "cell": CELL,
        "labels": list(zip(labels, places, strict=True)),
        "cells": cells,
    }


def level(hue: str, share: float) -> str:
    """Return the class that shades a cell: ``b7`` is the blue of seven twentieths."""
    return f"{hue}{round(LEVELS * min(max(share, 0.0), 1.0))}"


def shades() -> str:
    """Return the style sheet's rules for the classes of ``level``.

    Letters are black or white, whichever keeps a contrast of 4.5 to the shade: where it turns, no
    softer ink does.
    """
    rules = []
    for hue, name, turn in (("b", "blue", 18), ("o", "orange", LEVELS + 1)):
        for i in range(1, LEVELS + 1):
            mix = f"color-mix(in srgb, var(--{name}) {100 * i // LEVELS}%, transparent)"
            light = "#fff" if i >= turn else "#000"
            dark = "#000" if i >= 13 else "#fff"
            rules.append(f".{hue}{i}{{background:{mix};--light:{light};--dark:{dark}}}")
    return "".join(rules)
