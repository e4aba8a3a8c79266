"""Figures of measures: calibration and memorisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .canvas import BLUE, ORANGE, frame, legend, new_figure, share_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def calibration_figure(bins: Sequence[Mapping[str, float]]) -> Figure:
    """Draw how often characters occurred, by the probability that the model gave them.

    Args:
        bins: each with ``predicted``, the mean probability that the model gave, ``observed``, the
            share that came, and ``count``, how many there are.
    """
    figure = new_figure(5.0, 4.2)
    axes = figure.add_subplot()
    title = "Calibration"
    frame(axes, "predicted probability", "observed frequency", title)
    axes.plot([0, 1], [0, 1], "--", color="0.6", label="perfect")
    known = [b for b in bins if b["count"]]
    axes.plot(
        [b["predicted"] for b in known],
        [b["observed"] for b in known],
        "-o",
        color=BLUE,
        label="this model",
    )
    axes.set_aspect("equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:.0%}")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    legend(axes)
    return figure


def memorisation_figure(
    by_temperature: Sequence[Mapping[str, Any]], expected: str = "expected from style alone"
) -> Figure:
    """Draw the share of copies by temperature, and what it would be without memorising.

    Args:
        by_temperature: each with ``temperature``, and ``copied`` and ``ideal``: a ``value`` and its
            interval, ``low`` and ``high``.
        expected: what the ideal is called.
    """
    figure = new_figure(5.0, 3.4)
    axes = figure.add_subplot()
    frame(axes, "temperature", "share of the samples", "Copies of the training data")
    entries = sorted(by_temperature, key=lambda entry: entry["temperature"])
    heat = [entry["temperature"] for entry in entries]
    series = (
        ("copied", "copied", "-o", ORANGE),
        ("ideal", expected, "--s", BLUE),
    )
    for key, label, style, colour in series:
        parts = [entry[key] for entry in entries]
        low, high = ([part[end] for part in parts] for end in ("low", "high"))
        axes.fill_between(heat, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(heat, [p["value"] for p in parts], style, color=colour, label=label)
    axes.set_ylim(bottom=0)
    tops = [entry[key]["high"] for entry in entries for key in ("copied", "ideal")]
    share_ticks(axes.yaxis, max(tops, default=1.0))
    legend(axes)
    return figure
