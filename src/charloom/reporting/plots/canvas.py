"""What all figures share: creating, framing, labelling and saving them."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...data.unicode import visible
from ...errors import CharloomError, ConfigError, RunError
from ...storage import write_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")

# From Okabe and Ito's palette: colour-blind readers can distinguish them, also in grey print.
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
_LONGEST_LABEL = 10  # code points: families of emoji have seven, stacks of accents any number


class PlotError(CharloomError):
    """A figure cannot be drawn or written."""


def check(path: Path) -> None:
    """Check that figures can be drawn and that ``path`` has a known ending.

    Raises:
        ConfigError: the ending is unknown.
        PlotError: matplotlib is missing.
    """
    if path.suffix.lower() not in ENDINGS:
        endings = ", ".join(ENDINGS[:-1])
        raise ConfigError(
            f"a figure's file must end in {endings} or {ENDINGS[-1]}. Received: {path.name!r:.60}"
        )
    check_library()


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a file, whole or not at all; the ending decides the format.

    The same figure gives the same bytes.

    Raises:
        ConfigError: the ending is unknown.
        PlotError: the file cannot be written.
    """
    check(path)
    import matplotlib

    form = path.suffix.lower()[1:]
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "charloom"}):
        figure.savefig(buffer, format=form, dpi=150, metadata=dates.get(form))
    write_whole(path, buffer.getvalue())


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all.

    Raises:
        PlotError: it cannot be written.
    """
    try:
        write_file(path.parent, path.name, data)
    except RunError as error:
        raise PlotError(str(error)) from error


def check_library() -> None:
    """Check that figures can be drawn.

    Raises:
        PlotError: matplotlib is missing.
    """
    new_figure(1, 1)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, sized in inches, without a window or pyplot's global state."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlotError(
            "figures need the plotting extra, but matplotlib is missing. "
            "Install it: pip install 'charloom[plot]'"
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_axes(width: float, height: float, x: str, y: str, title: str) -> tuple[Figure, Axes]:
    """Return an empty figure with one pair of axes in a ``frame``."""
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    frame(axes, x, y, title)
    return figure, axes


def frame(axes: Axes, x: str, y: str, title: str) -> None:
    """Label and title the axes, and remove the top and right spines."""
    axes.set_xlabel(x, parse_math=False)
    axes.set_ylabel(y)
    axes.set_title(title, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.88")
    axes.set_axisbelow(True)


def legend(axes: Axes) -> None:
    """Add a legend on a background that hides the lines behind it."""
    axes.legend(framealpha=0.85, facecolor="white", edgecolor="none", fancybox=False)


def whole_ticks(axis: Any) -> None:
    """Place an axis's ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_locator(MaxNLocator(12, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def share_ticks(axis: Any, top: float = 1.0) -> None:
    """Label an axis of shares up to ``top`` in per cent, with as many decimals as needed."""
    from matplotlib.ticker import MaxNLocator

    locator = MaxNLocator(7, steps=[1, 2, 5, 10])
    axis.set_major_locator(locator)
    first, second, *_ = locator.tick_values(0.0, top or 1.0)
    decimals = max(0, math.ceil(-math.log10(100 * (second - first)) - 1e-9))
    axis.set_major_formatter(f"{{x:.{decimals}%}}")


def label_axis(axes: Axes, side: str, characters: Sequence[str], *more: str) -> None:
    """Label the ticks of the axis ``x`` or ``y`` with characters, then with ``more`` labels."""
    labels, families = drawable(characters)
    labels += more
    axis: Any = axes.xaxis if side == "x" else axes.yaxis
    axis.set_ticks(range(len(labels)), labels, fontsize=9)
    for label, text in zip(axis.get_ticklabels(), labels, strict=True):
        label.set_rotation(90 if side == "x" and text.isascii() and len(text) > 3 else 0)
        label.set_parse_math(False)  # $ is a character here
        label.set_fontfamily(families)


def drawable(characters: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return labels that can be drawn for characters, and the fonts that draw them.

    If the default font lacks a character, the installed fonts are searched. A character that no
    font has, or that is too long, becomes its first code point and the number of the others.
    """
    labels = list(map(visible, characters))
    families = []
    missing = {ord(point) for label in labels for point in label}
    for family, points in fonts():
        if missing & points:
            missing -= points
            families.append(family)
        if not missing:
            break
    for i, character in enumerate(characters):
        if len(labels[i]) > _LONGEST_LABEL or missing & set(map(ord, labels[i])):
            others = f" +{len(character) - 1}" if len(character) > 1 else ""
            labels[i] = f"U+{ord(character[0]):04X}{others}"
    return labels, families


def fonts() -> Iterable[tuple[str, set[int]]]:
    """Yield the upright fonts and their code points, the default font first."""
    from matplotlib.font_manager import fontManager, get_font

    entries = {
        entry.name: entry
        for entry in fontManager.ttflist
        if (entry.style, entry.variant, entry.stretch) == ("normal", "normal", "normal")
        and entry.weight in (400, "normal", "regular")
        # All its glyphs are placeholders.
        and not entry.name.startswith("Last Resort")
    }
    for name in sorted(entries, key=lambda name: (name != "DejaVu Sans", name)):
        try:
            yield name, set(get_font(entries[name].fname).get_charmap())
        except (OSError, RuntimeError):  # matplotlib cannot read it, such as a colour font
            continue
