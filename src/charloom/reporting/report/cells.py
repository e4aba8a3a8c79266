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
"""Next characters that are listed at each place, and those that show before it is touched."""

PLACES = 60
"""Characters along which next ones are shown, at most."""

LEAST = 0.005
"""Probability below which nothing is listed."""


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


def mean(shares: Sequence[float], first: int = 0) -> float:
    """Return the mean of the numbers from ``first`` on, each with its share."""
    return sum(share * i for i, share in enumerate(shares, first)) / (sum(shares) or 1.0)


def largest(table: Sequence[Sequence[float]], most: int) -> list[tuple[int, int, float]]:
    """Return column, row and value of the largest values in a table."""
    values = [(x, y, value) for y, row in enumerate(table) for x, value in enumerate(row)]
    return sorted(values, key=lambda one: (-one[2], one[:2]))[:most]


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
