"""Figures of a corpus: how long its names are, and how often each character occurs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...data.statistics import Description, binned
from .canvas import BLUE, frame, label_axis, new_figure, whole_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 60
"""Bars side by side, at most; more could not be read."""

_INCHES_A_BAR = 0.17


def lengths_figure(lengths: Mapping[int, int], unit: str = "character") -> Figure:
    """Draw how many names (the values) have each length (the keys, in ``unit``)."""
    figure = new_figure(6.0, 4.5)
    _draw_lengths(figure.add_subplot(), lengths, unit)
    return figure


def frequencies_figure(frequencies: Mapping[str, int], unit: str = "character") -> Figure:
    """Draw how often each character occurs, the most frequent ones if there are many."""
    figure = new_figure(_frequencies_width(frequencies), 4.5)
    _draw_frequencies(figure.add_subplot(), frequencies, unit)
    return figure


def explore_figure(description: Description) -> Figure:
    """Draw lengths and frequencies of a corpus side by side."""
    widths = 5.5, _frequencies_width(description.frequencies)
    figure = new_figure(sum(widths), 4.8)
    left, right = figure.subplots(1, 2, width_ratios=widths)
    _draw_lengths(left, description.lengths, description.unit)
    _draw_frequencies(right, description.frequencies, description.unit)
    return figure


def _draw_lengths(axes: Axes, lengths: Mapping[int, int], unit: str) -> None:
    bins = binned(lengths, MOST_BARS)
    width = bins[0][1] - bins[0][0] + 1
    names = sum(lengths.values())
    mean = sum(length * count for length, count in lengths.items()) / names
    x_label = f"length of a name ({unit}s{f', {width} a bar' if width > 1 else ''})"
    title = f"{names:,} name{'s' if names > 1 else ''} by length, mean {mean:.2f} (dashed)"
    frame(axes, x_label, "names", title)
    axes.bar(
        [first - 0.5 for first, _, _ in bins],
        [count for _, _, count in bins],
        width=width,
        align="edge",
        color=BLUE,
        edgecolor="white",
        linewidth=0.5,
    )
    axes.axvline(mean, color="black", linestyle="--")
    first, last = bins[0][0], bins[-1][1]
    slack = max(1.0, (8 - last + first) / 2)  # a single bar should not fill the figure
    axes.set_xlim(max(-0.5, first - 0.5 - slack), last + 0.5 + slack)
    for axis in (axes.xaxis, axes.yaxis):
        whole_ticks(axis)


def _draw_frequencies(axes: Axes, frequencies: Mapping[str, int], unit: str) -> None:
    shown = sorted(frequencies.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_BARS]
    title = f"{len(frequencies):,} distinct {unit}s by frequency"
    if len(shown) < len(frequencies):
        title += f" (the {len(shown)} most frequent are shown)"
    frame(axes, f"{unit} (\\n ends a line)", "occurrences", title)
    axes.bar(range(len(shown)), [count for _, count in shown], width=0.8, color=BLUE)
    axes.set_xlim(-0.8, max(len(shown), 12) - 0.2)
    label_axis(axes, "x", [character for character, _ in shown])
    whole_ticks(axes.yaxis)


def _frequencies_width(frequencies: Mapping[str, int]) -> float:
    return max(5.5, 1.5 + _INCHES_A_BAR * min(len(frequencies), MOST_BARS))
