"""Figures of measures: losses, calibration and memorisation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .canvas import BLUE, GREEN, ORANGE, legend, new_axes, share_ticks, whole_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def losses_figure(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a training's losses in nats/char by epoch.

    Args:
        history: one entry per epoch, as in a run folder: ``epoch``, ``train_nats_per_char``
            and ``held_out_nats_per_char``, which may be ``None``; for a mixture also
            ``network_held_out_nats_per_char``, the loss of its network alone.
    """
    figure, axes = new_axes(7.0, 4.5, "epoch", "loss (nats/char)", "Loss by epoch")
    series = (
        ("train_nats_per_char", "training", BLUE, "--"),
        ("network_held_out_nats_per_char", "held out, network alone", GREEN, ":"),
        ("held_out_nats_per_char", "held out", ORANGE, "-"),
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
    whole_ticks(axes.xaxis)
    if axes.lines:
        legend(axes)
    return figure


def calibration_figure(bins: Sequence[Mapping[str, float]]) -> Figure:
    """Draw how often characters occurred, by the probability that the model gave them.

    Args:
        bins: each with ``predicted``, the mean probability that the model gave, ``observed``, the
            share that occurred, and ``count``, the number of predictions.
    """
    labels = "predicted probability", "observed frequency", "Calibration"
    figure, axes = new_axes(5.0, 4.2, *labels)
    axes.plot([0, 1], [0, 1], "--", color="0.6", label="perfect")
    known = [b for b in bins if b["count"]]
    predicted, observed = ([b[key] for b in known] for key in ("predicted", "observed"))
    axes.plot(predicted, observed, "-o", color=BLUE, label="this model")
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
    """Draw the share of copies by temperature, and the share to expect without memorisation.

    Args:
        by_temperature: each with ``temperature``, and ``copied`` and ``ideal``: a ``value`` and its
            interval, ``low`` and ``high``.
        expected: label of the ideal.
    """
    labels = "temperature", "share of the samples", "Copies of the training data"
    figure, axes = new_axes(5.0, 3.4, *labels)
    entries = sorted(by_temperature, key=lambda entry: entry["temperature"])
    heat = [entry["temperature"] for entry in entries]
    series = ("copied", "copied", "-o", ORANGE), ("ideal", expected, "--s", BLUE)
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
