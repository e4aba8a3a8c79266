"""What the page's own figures show: characters in shaded cells, shares, means."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...data.statistics import END
from ...data.unicode import visible
from ..format import brief_percent

LEVELS = 20
"""Shades of a cell."""

CHOICES, AT_FIRST = 10, 5
"""Next characters listed at each place, and how many are visible before it is touched."""

PLACES = 60
"""Places of a string for which next characters are shown, at most."""

LEAST = 0.005
"""Smallest probability that is listed."""


@dataclass(frozen=True)
class Label:
    """How a character is shown, and its name if it is shown as something else."""

    shown: str
    title: str | None = None


def letter(character: str, *, text: bool) -> Label:
    """Return a character's label; a newline ends a name or, with ``text``, a line."""
    if character == "<end>" or (character == END and not text):
        return Label("end", "the end")
    shown = plain(character, text=text)
    if character in (" ", END):
        return Label(shown, "space" if character == " " else "end of the line")
    return Label(shown, None if shown == visible(character) else f"the character U+{shown}")


def plain(character: str, *, text: bool) -> str:
    """Return a character's label in attributes and heat maps."""
    if character == END:
        return "\u21b5" if text else "\u00b7"
    shown = visible(character)
    if len(character) == 1 and shown.startswith(("\\u", "\\U", "\\x")):  # too long for a cell
        return f"{ord(character):04X}"
    return "\u2423" if character == " " else shown


def direction(text: str) -> str | None:
    """Return ``rtl`` if the first letter of a text is read from right to left."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    first = next((kind for kind in kinds if kind in ("L", "R", "AL")), "L")
    return None if first == "L" else "rtl"


def ladder(data: dict[str, Any], *, text: bool) -> Iterator[dict[str, Any]]:
    """Yield, for each place of a string, its character and the most likely characters."""
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
                "probability": shares[i],
                "came": i == came,
                "late": i == came and late,
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
    """Return each character of a string with the class of its cell, by a unit's activity."""
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


def mean(shares: Sequence[float], first: int = 0) -> float:
    """Return the mean of the numbers from ``first`` on, weighted by their shares."""
    return sum(share * i for i, share in enumerate(shares, first)) / (sum(shares) or 1.0)


def largest(table: Sequence[Sequence[float]], most: int) -> list[tuple[int, int, float]]:
    """Return column, row and value of the largest values in a table."""
    values = [(x, y, value) for y, row in enumerate(table) for x, value in enumerate(row)]
    return sorted(values, key=lambda one: (-one[2], one[:2]))[:most]


def level(hue: str, share: float) -> str:
    """Return the class that shades a cell: ``b7`` is 7/20 blue."""
    return f"{hue}{round(LEVELS * min(max(share, 0.0), 1.0))}"


def shades() -> str:
    """Return the CSS rules for the classes of ``level``.

    Letters are black or white, whichever has a contrast of at least 4.5 to the shade.
    """
    rules = []
    for hue, name, turn in (("b", "blue", 18), ("o", "orange", LEVELS + 1)):
        for i in range(1, LEVELS + 1):
            mix = f"color-mix(in srgb, var(--{name}) {100 * i // LEVELS}%, transparent)"
            light = "#fff" if i >= turn else "#000"
            dark = "#000" if i >= 13 else "#fff"
            rules.append(f".{hue}{i}{{background:{mix};--light:{light};--dark:{dark}}}")
    return "".join(rules)
