"""A matplotlib figure as inline SVG that takes its colours and fonts from the page."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from ..figures import draw
from ..gathered import Data

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

UNTITLED = ("loss", "calibration", "memorisation")
"""Figures without a title, since their section has one."""

SIZE = 5.0, 3.3
"""Width and height of a figure in inches, small enough for its text to be legible on a phone."""

SVG = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"

COLOURS = {
    "#0072b2": "blue",
    "#d55e00": "orange",
    "#009e73": "green",
    "#000000": "ink",
    "#404040": "ink",
    "#999999": "muted",
    "#e0e0e0": "line",
    "#ffffff": "paper",
}
"""The colours of ``plots``, and their names in the page's style sheet, which has a light and a dark
shade of each."""

KEPT = frozenset(
    (
        "fill", "stroke", "opacity", "fill-opacity", "stroke-opacity", "stroke-width",
        "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "font-size", "text-anchor",
    )
)  # fmt: skip
"""Properties that become attributes, since the page's policy forbids inline styles."""


def figure(data: Data, what: str, label: str, *, stacked: bool = False) -> Markup:
    """Draw the figure ``what`` from its data; ``label`` describes it for screen readers."""
    made = draw(what, data, stacked=stacked)
    if not stacked:
        made.set_size_inches(*SIZE)
        if what in UNTITLED:
            made.axes[0].set_title("")
    return inline(made, what, label)


def inline(figure: Figure, name: str, label: str) -> Markup:
    """Return a figure as an ``svg`` element.

    Args:
        figure: one of ``plots``.
        name: prefix of its ids, which makes them unique within the page; the same figure and name
            give the same text.
        label: what it shows, in a sentence, for screen readers.
    """
    import matplotlib
    from markupsafe import Markup

    buffer = io.BytesIO()
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "charloom"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph")  # the reader's fonts may have it
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    used = _references(root)
    for element in root.iter():
        _clean(element, name, used)
    root.set("role", "img")
    root.set("aria-label", label.unescape() if isinstance(label, Markup) else label)
    root.set("class", "figure")
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    ElementTree.register_namespace("", SVG)
    text = ElementTree.tostring(root, encoding="unicode")
    return Markup(re.sub(r">\s+<", "><", text))


def _references(root: ElementTree.Element) -> set[str]:
    """Return the ids that the figure refers to."""
    text = " ".join(
        value for element in root.iter() for key, value in element.attrib.items() if key != "id"
    )
    return set(re.findall(r"#([\w.-]+)", text))


def _clean(element: ElementTree.Element, name: str, used: set[str]) -> None:
    own = element.attrib.pop("id", None)
    if own in used:
        element.set("id", f"{name}-{own}")
    if LINK in element.attrib:
        element.set("href", f"#{name}-{element.attrib.pop(LINK)[1:]}")
    if "clip-path" in element.attrib:
        element.set("clip-path", element.attrib["clip-path"].replace("#", f"#{name}-"))
    if "d" in element.attrib:
        element.set("d", _short(element.attrib["d"]))
    classes = []
    for key, value in _properties(element.attrib.pop("style", "")):
        colour = COLOURS.get(value.lower()) if key in ("fill", "stroke") else None
        if colour:
            classes.append(f"{key[0]}-{colour}")
        elif key == "font":
            size = re.search(r"([\d.]+)px", value)
            element.set("font-size", size[1] if size else "10")
        elif key in KEPT:
            element.set(key, value)
    if classes:
        element.set("class", " ".join(classes))
    if element.tail is not None and not element.tail.strip():
        element.tail = None


def _properties(style: str) -> list[tuple[str, str]]:
    pairs = (part.partition(":") for part in style.split(";"))
    return [(key.strip(), value.strip()) for key, _, value in pairs if value]


def _short(path: str) -> str:
    """Round a path's data to a hundredth of a point."""
    rounded = re.sub(r"-?\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", path)
    return " ".join(rounded.split())
