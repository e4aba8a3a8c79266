"""Figures of plain data: lengths, frequencies and losses, drawn by matplotlib, if it is there."""

from __future__ import annotations

import contextlib
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Unit
from .description import Description, binned, visible
from .errors import CharloomError, ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")

MOST_BARS = 60
"""Bars side by side, at most: more could not be told apart, nor their characters read."""

# Of Okabe and Ito's palette, which the colour-blind can tell apart, also when printed in grey.
_BLUE, _ORANGE = "#0072B2", "#D55E00"
_INCHES_A_BAR = 0.17
_LONGEST_LABEL = 10  # code points: families of emoji have seven, stacks of accents any number


class PlotError(CharloomError):
    """A figure cannot be drawn or written."""


def check(path: Path) -> None:
    """Make sure, before any work, that a figure can be drawn and ``path`` has a known ending.

    Raises:
        ConfigError: the ending is unknown.
        PlotError: matplotlib is missing.
    """
    if path.suffix.lower() not in ENDINGS:
        endings = ", ".join(ENDINGS[:-1])
        raise ConfigError(
            f"a figure's file must end in {endings} or {ENDINGS[-1]}. Received: {path.name!r:.60}"
        )
    _figure(1, 1)


def lengths_figure(lengths: Mapping[int, int], unit: Unit = "character") -> Figure:
    """Draw how many names (the values) have each length (the keys, in ``unit``)."""
    figure = _figure(6.0, 4.5)
    _draw_lengths(figure.add_subplot(), lengths, unit)
    return figure


def frequencies_figure(frequencies: Mapping[str, int], unit: Unit = "character") -> Figure:
    """Draw how often each character occurs, the most frequent ones if there are many."""
    figure = _figure(_frequencies_width(frequencies), 4.5)
    _draw_frequencies(figure.add_subplot(), frequencies, unit)
    return figure


def explore_figure(description: Description) -> Figure:
    """Draw lengths and frequencies of a corpus side by side."""
    widths = 5.5, _frequencies_width(description.frequencies)
    figure = _figure(sum(widths), 4.8)
    left, right = figure.subplots(1, 2, width_ratios=widths)
    _draw_lengths(left, description.lengths, description.unit)
    _draw_frequencies(right, description.frequencies, description.unit)
    return figure


def losses_figure(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a training's losses in nats/char by epoch.

    Args:
        history: an entry an epoch, as a run folder holds it: ``epoch``, ``train_nats_per_char``
            and ``held_out_nats_per_char``, which may be ``None``.
    """
    figure = _figure(7.0, 4.5)
    axes = figure.add_subplot()
    _frame(axes, "epoch", "loss (nats/char)", "Loss by epoch")
    series = (
        ("train_nats_per_char", "training", _BLUE, "--"),
        ("held_out_nats_per_char", "held out", _ORANGE, "-"),
    )
    for key, title, colour, line in series:
        points = [(entry["epoch"], entry.get(key)) for entry in history]
        known = [(x, y) for x, y in points if y is not None and math.isfinite(y)]
        if not known:
            continue
        marker = "o" if len(known) <= 30 else ""
        axes.plot(*zip(*known, strict=True), line, color=colour, marker=marker, ms=4, label=title)
        if key.startswith("held_out"):
            x, y = min(known, key=lambda point: point[1])
            lowest = f"lowest held out: {y:.3f} at epoch {x}"
            axes.plot([x], [y], "D", color=colour, ms=8, mec="black", ls="none", label=lowest)
    _whole_ticks(axes.xaxis)
    if axes.lines:
        axes.legend(frameon=False)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a file, whole or not at all; its ending says the format.

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
    aside = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        with aside.open("xb") as file:
            file.write(buffer.getbuffer())
        aside.replace(path)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise PlotError(
            f"{str(path)!r} could not be written: {reason}. Make room, or name another file."
        ) from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            aside.unlink(missing_ok=True)


def _figure(width: float, height: float) -> Figure:
    """Return an empty figure of its own, in inches: no window, and none of pyplot's state."""
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


def _draw_lengths(axes: Axes, lengths: Mapping[int, int], unit: Unit) -> None:
    bins = binned(lengths, MOST_BARS)
    width = bins[0][1] - bins[0][0] + 1
    names = sum(lengths.values())
    mean = sum(length * count for length, count in lengths.items()) / names
    x_label = f"length of a name ({unit}s{f', {width} a bar' if width > 1 else ''})"
    title = f"{names:,} name{'s' if names > 1 else ''} by length, mean {mean:.2f} (dashed)"
    _frame(axes, x_label, "names", title)
    axes.bar(
        [first - 0.5 for first, _, _ in bins],
        [count for _, _, count in bins],
        width=width,
        align="edge",
        color=_BLUE,
        edgecolor="white",
        linewidth=0.5,
    )
    axes.axvline(mean, color="black", linestyle="--")
    first, last = bins[0][0], bins[-1][1]
    slack = max(1.0, (8 - last + first) / 2)  # one bar alone should not fill the picture
    axes.set_xlim(max(-0.5, first - 0.5 - slack), last + 0.5 + slack)
    for axis in (axes.xaxis, axes.yaxis):
        _whole_ticks(axis)


def _draw_frequencies(axes: Axes, frequencies: Mapping[str, int], unit: Unit) -> None:
    shown = sorted(frequencies.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_BARS]
    title = f"{len(frequencies):,} distinct {unit}s by frequency"
    if len(shown) < len(frequencies):
        title += f" (the {len(shown)} most frequent are shown)"
    _frame(axes, f"{unit} (\\n ends a line)", "occurrences", title)
    positions = range(len(shown))
    axes.bar(positions, [count for _, count in shown], width=0.8, color=_BLUE)
    axes.set_xlim(-0.8, max(len(shown), 12) - 0.2)
    labels, families = _drawable([character for character, _ in shown])
    axes.set_xticks(positions, labels, fontsize=9)
    for label, text in zip(axes.get_xticklabels(), labels, strict=True):
        label.set_rotation(90 if text.isascii() and len(text) > 3 else 0)
        label.set_parse_math(False)  # $ is a character here
        label.set_fontfamily(families)
    _whole_ticks(axes.yaxis)


def _frequencies_width(frequencies: Mapping[str, int]) -> float:
    return max(5.5, 1.5 + _INCHES_A_BAR * min(len(frequencies), MOST_BARS))


def _frame(axes: Axes, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x, parse_math=False)
    axes.set_ylabel(y)
    axes.set_title(title, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.88")
    axes.set_axisbelow(True)


def _whole_ticks(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_locator(MaxNLocator(12, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _drawable(characters: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return labels for characters that can be drawn, and the fonts to do so.

    Where the usual font lacks a character, installed ones are searched. What none has, or is
    too long for an axis, is written as its first code point and the number of the others.
    """
    labels = list(map(visible, characters))
    families = []
    missing = {ord(point) for label in labels for point in label}
    for family, points in _fonts():
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


def _fonts() -> Iterable[tuple[str, set[int]]]:
    """Yield the upright fonts and the code points that they have, the usual one first."""
    from matplotlib.font_manager import fontManager, get_font

    entries = {
        entry.name: entry
        for entry in fontManager.ttflist
        if (entry.style, entry.variant, entry.stretch) == ("normal", "normal", "normal")
        and entry.weight in (400, "normal", "regular")
        # Its glyphs only say that there is none.
        and not entry.name.startswith("Last Resort")
    }
    for name in sorted(entries, key=lambda name: (name != "DejaVu Sans", name)):
        try:
            yield name, set(get_font(entries[name].fname).get_charmap())
        except (OSError, RuntimeError):  # a font that matplotlib cannot use, such as coloured ones
            continue
