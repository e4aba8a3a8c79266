"""Figures that a page draws itself, since a reader may touch them: letters in shaded cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...data.statistics import END
from ...data.unicode import visible
from .html import Html, direction, joined, percent, tag

LEVELS = 20
"""Shades that a cell may have."""

CHOICES, AT_FIRST = 10, 5
"""Next characters that are listed at each place, and those that are shown before it is touched."""

PLACES = 60
"""Characters along which next ones are shown, at most."""

LEAST = 0.005
"""What is less likely is not listed."""

CELL, EDGE = 10, 13
"""Units of a heat map's cell, and of the labels' margin."""


def letter(character: str, *, text: bool = False) -> Html:
    """Return a character as a label that can be seen; a newline is a name's end, or a line's."""
    if character == "<end>" or (character == END and not text):
        return tag("abbr", "end", title="the end")
    if character in (" ", END):
        title = "space" if character == " " else "end of the line"
        return tag("abbr", plain(character, text=text), title=title)
    shown = plain(character, text=text)
    if shown != visible(character):
        return tag("abbr", shown, title=f"the character U+{shown}")
    return tag("bdi", shown)


def plain(character: str, *, text: bool = False) -> str:
    """Return the same within an attribute or a heat map."""
    if character == END:
        return "\u21b5" if text else "\u00b7"
    shown = visible(character)
    if shown.startswith(("\\u", "\\U", "\\x")):  # too long for a cell
        return f"{ord(character):04X}"
    return "\u2423" if character == " " else shown


def next_ladder(data: dict[str, Any], *, text: bool) -> Html:
    """Return, for each place of a string, what came and what else was likely."""
    names = data["characters"]
    columns = []
    for target, shares in zip(data["targets"][:PLACES], data["probabilities"], strict=False):
        order = sorted(range(len(names)), key=lambda i: -shares[i])[:CHOICES]
        came = names.index(target)
        choices = [i for i in order if shares[i] >= LEAST]
        rows = [
            tag(
                "li",
                tag("span", letter(names[i], text=text)),
                tag("small", brief(shares[i])),
                class_=f"{level('b', shares[i])}{' came' if i == came else ''}",
            )
            for i in choices
        ]
        if came not in choices[:AT_FIRST]:
            row = tag(
                "li",
                tag("span", letter(names[came], text=text)),
                tag("small", brief(shares[came])),
                class_=f"{level('b', shares[came])} came late",
            )
            rows = [r for i, r in zip(choices, rows, strict=True) if i != came]
            rows.insert(min(AT_FIRST - 1, len(rows)), row)
        column = tag(
            "li",
            tag(
                "button",
                letter(names[came], text=text),
                tag("small", brief(shares[came])),
                type="button",
                aria_expanded="false",
                class_="head",
            ),
            tag("ol", rows, class_="choices"),
            class_="place",
        )
        columns.append(column)
    return tag("ol", columns, class_="ladder", dir=direction(data["text"]))


def unit_rows(
    names: Sequence[Sequence[str]], activities: Sequence[Sequence[float]], *, text: bool
) -> Html:
    """Return names written in cells coloured by a hidden unit's activity: one a row."""
    rows = []
    for name, values in zip(names, activities, strict=True):
        cells = [
            tag(
                "span",
                shown,
                class_=level("o" if value >= 0 else "b", abs(value))
                + (" below" if value < -0.25 else "")
                + (" code" if len(shown) > 2 and shown.isascii() else ""),
            )
            for shown, value in zip((plain(c, text=text) for c in name), values, strict=True)
        ]
        whole = "".join(name)
        rows.append(tag("p", cells, role="img", aria_label=whole, dir=direction(whole)))
    return tag("div", rows, class_="cells")


def frequencies(
    characters: Sequence[str], real: Sequence[float], drawn: Sequence[float], *, text: bool
) -> Html:
    """Return a pair of bars for each character: its real share, and its share of what is drawn."""
    top = max([*real, *drawn, 1e-9])
    items = []
    for character, own, other in zip(characters, real, drawn, strict=True):
        heights = 48 * own / top, 48 * other / top
        bars = [
            tag("rect", x=x, y=f"{48 - h:.1f}", width=7, height=f"{h:.1f}", class_=hue)
            for x, h, hue in zip((0, 8), heights, ("f-blue", "f-orange"), strict=True)
        ]
        tip = f"{plain(character, text=text)}: {percent(own)} real, {percent(other)} drawn"
        picture = tag(
            "svg", bars, viewBox="0 0 15 48", preserveAspectRatio="none", role="img", aria_label=tip
        )
        items.append(tag("li", picture, letter(character, text=text), data_tip=tip))
    return tag("ul", items, class_="freq")


def heat_map(
    characters: Sequence[str],
    table: Sequence[Sequence[float]],
    other: Sequence[Sequence[float]],
    *,
    names: tuple[str, str],
    label: str,
    text: bool,
) -> Html:
    """Return a table of shares as a heat map, of the roots, since most shares are small.

    Args:
        characters: V, of rows and columns.
        table: (V, V), each row of shares.
        other: the same of what it is compared with, told where a cell is touched.
        names: what ``table`` and ``other`` are called there.
        label: what it shows, for who cannot see it.
        text: whether a newline is a character, and not a name's edge.
    """
    side = EDGE + CELL * len(characters)
    labels = [plain(character, text=text) for character in characters]
    marks = []
    for i, own in enumerate(labels):
        middle = EDGE + CELL * (i + 0.5)
        small = "small" if len(own) > 1 else None
        marks.append(tag("text", own, x=middle, y=EDGE - 4, class_=small))
        marks.append(tag("text", own, x=EDGE - 6, y=middle + 3, class_=small))
    for y, row in enumerate(table):
        for x, share in enumerate(row):
            if share < LEAST and other[y][x] < LEAST:
                continue
            tip = (
                f"{labels[x]} after {labels[y]}: {percent(share)} {names[0]}, "
                f"{percent(other[y][x])} {names[1]}"
            )
            marks.append(
                tag(
                    "rect",
                    x=EDGE + CELL * x,
                    y=EDGE + CELL * y,
                    width=CELL,
                    height=CELL,
                    fill_opacity=f"{math.sqrt(share):.2f}",
                    data_tip=tip,
                )
            )
    frame = tag("rect", x=EDGE, y=EDGE, width=side - EDGE, height=side - EDGE, class_="frame")
    return tag(
        "svg",
        [*marks[: 2 * len(labels)], frame, *marks[2 * len(labels) :]],
        viewBox=f"0 0 {side + 1} {side + 1}",
        role="img",
        aria_label=label,
        class_="heat",
    )


def brief(share: float) -> str:
    """Return a share in per cent that a narrow cell has room for."""
    return f"{100 * share:.{0 if share > 0.0995 else 1}f} %"


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


def picker(kind: str, panels: Sequence[tuple[Html | str, Html]], label: str) -> Html:
    """Return panels of which a reader sees one at a time; without scripts, all."""
    buttons = [
        tag("button", title, type="button", aria_pressed="true" if i == 0 else "false",
            data_panel=f"{kind}-{i}")
        for i, (title, _) in enumerate(panels)
    ]  # fmt: skip
    shown = [
        tag("div", tag("p", title, class_="panel-title"), body, id=f"{kind}-{i}", class_="panel")
        for i, (title, body) in enumerate(panels)
    ]
    return tag(
        "div",
        tag("div", buttons, class_="choose", role="group", aria_label=label),
        joined(shown),
        class_="picker",
        data_picker=True,
    )
