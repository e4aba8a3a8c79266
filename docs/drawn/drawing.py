"""A drawing as SVG that is readable on light and dark pages, and on a phone.

Lines and letters have the colour of the page's text, where the page includes the drawing, and else
a grey that stands out from white and from black. Numbers are rounded, so that the same drawing is
the same file.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

WIDTH = 420
"""Of every drawing, in pixels: letters of 13 stay readable on a phone's 330."""

BLUE, ORANGE, GREY = "#3d84c6", "#d67a2c", "#80868d"
FAINT = {"stroke_opacity": 0.3}


class Drawing:
    """A picture under construction; y points down."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._parts: list[str] = []

    def _add(self, tag: str, content: str | None = None, **attributes: object) -> None:
        words = "".join(
            f' {name.rstrip("_").replace("_", "-")}="{_number(value)}"'
            for name, value in attributes.items()
            if value is not None
        )
        end = "/>" if content is None else f">{escape(content, quote=False)}</{tag}>"
        self._parts.append(f"<{tag}{words}{end}")

    def text(self, x: float, y: float, content: str, size: float = 13, **more: object) -> None:
        """Write ``content`` with its baseline at ``y``; ``anchor`` is start, middle or end."""
        anchor = more.pop("anchor", None)
        style = {"fill": "currentColor", **more}
        self._add("text", content, x=x, y=y, font_size=size, text_anchor=anchor, **style)

    def line(self, points: Iterable[tuple[float, float]], **more: object) -> None:
        """Draw a line through ``points``."""
        places = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        style = {"fill": "none", "stroke": "currentColor", "stroke_width": 1.5, **more}
        self._add("polyline", points=places, **style)

    def curve(self, path: str, **more: object) -> None:
        """Draw an SVG path."""
        self._add("path", d=path, fill="none", stroke="currentColor", stroke_width=1.5, **more)

    def circle(self, x: float, y: float, r: float, **more: object) -> None:
        """Draw a circle around (x, y)."""
        style = {"fill": "none", "stroke": "currentColor", "stroke_width": 1.5, **more}
        self._add("circle", cx=x, cy=y, r=r, **style)

    def box(self, x: float, y: float, width: float, height: float, **more: object) -> None:
        """Draw a filled rectangle, from its top left corner."""
        style = {"fill": "currentColor", **more}
        self._add("rect", x=x, y=y, width=width, height=height, **style)

    def arrow(self, x: float, y: float, dx: float, dy: float) -> None:
        """Draw the head of an arrow at (x, y) that points along the unit vector (dx, dy)."""
        left = (x - 7 * dx - 4 * dy, y - 7 * dy + 4 * dx)
        right = (x - 7 * dx + 4 * dy, y - 7 * dy - 4 * dx)
        corners = " ".join(f"{_number(a)},{_number(b)}" for a, b in ((x, y), left, right))
        self._add("polygon", points=corners, fill="currentColor")

    def __str__(self) -> str:
        size = f'viewBox="0 0 {WIDTH} {_number(self._height)}"'
        look = f'color="{GREY}" font-family="system-ui, sans-serif"'
        start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {look}>'
        return "\n".join([start, *self._parts, "</svg>"]) + "\n"


def axes(
    picture: Drawing,
    box: tuple[float, float, float, float],
    x: list[tuple[float, str]],
    y: list[tuple[float, str]],
    titles: tuple[str, str],
) -> None:
    """Draw labelled axes around ``box`` (left, top, right, bottom); ticks are in pixels."""
    left, top, right, bottom = box
    for place, label in x:
        picture.text(place, bottom + 16, label, 12, anchor="middle")
    for place, label in y:
        picture.line([(left, place), (right, place)], **FAINT)
        picture.text(left - 6, place + 4, label, 12, anchor="end")
    picture.text((left + right) / 2, bottom + 34, titles[0], 12, anchor="middle")
    picture.text(0, top - 12, titles[1], 12)


def _number(value: object) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{float(value):.1f}".removesuffix(".0")  # type: ignore[arg-type]
