"""HTML built by calls: text is escaped, always, since only what was built here is markup."""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TypeAlias


class Html(str):
    """Markup: text of this type goes into a page as it is, any other is escaped."""

    __slots__ = ()


Child: TypeAlias = "str | float | Iterable[Child] | None"

VOID = frozenset(("meta", "input", "br", "rect", "line"))
"""Elements that hold nothing."""


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """Return an element.

    Args:
        name: of the element.
        children: text, which is escaped; markup; ``None``, which is nothing; or several of these.
        attributes: an underscore stands for a hyphen, and one at the end for nothing (``class_``);
            ``True`` is an attribute without a value, ``None`` and ``False`` are none.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{html.escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Html(f"<{name}{written}>" if name != "rect" else f"<{name}{written}/>")
    return Html(f"<{name}{written}>{joined(children)}</{name}>")


def joined(child: Child) -> Html:
    """Return what stands within an element, as markup."""
    if child is None:
        return Html("")
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return Html(html.escape(child, quote=False))
    if isinstance(child, int | float):
        return Html(f"{child:,}")
    return Html("".join(map(joined, child)))


def name_of(text: str) -> Html:
    """Return a name as it is to be read, be it from right to left."""
    return tag("bdi", text)


def direction(text: str) -> str | None:
    """Return ``rtl`` for a text that is read from right to left: its first letter says it."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    first = next((kind for kind in kinds if kind in ("L", "R", "AL")), "L")
    return None if first == "L" else "rtl"


def number(value: float, unit: str = "") -> str:
    """Write a number for people: shares as per cent, others with three significant digits."""
    if not math.isfinite(value):
        return "not finite"
    if unit == "%":
        return percent(value)
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 4)}f}"


def percent(share: float) -> str:
    """Write a share in per cent, with a decimal where whole ones would say little."""
    value = 100 * share
    if 0 < abs(value) < 0.05:
        return "< 0.1 %"
    close = 0 < abs(value) < 9.95 or 99 < value < 100
    if 99.95 <= value < 100:
        return "> 99.9 %"
    return f"{value:.1f} %" if close else f"{value:.0f} %"


def interval(low: float, high: float, unit: str = "") -> str:
    """Write the ends of a 95 % interval."""
    if unit == "%":
        ends = percent(low), percent(high)
        if ends[0] == ends[1] and low != high:  # whole ones say too little
            ends = f"{100 * low:.1f} %", f"{100 * high:.1f} %"
        return f"{ends[0].removesuffix(' %')} to {ends[1]}"
    return f"{number(low)} to {number(high)}"


def spread(estimate: Mapping[str, float], unit: str) -> Html | None:
    """Return the ends of an interval; none where there is but a point, which tells nothing."""
    low, high = estimate["low"], estimate["high"]
    return tag("small", interval(low, high, unit), class_="range") if low < high else None
