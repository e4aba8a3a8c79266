"""Figures of a training: its losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .canvas import BLUE, GREEN, ORANGE, frame, legend, new_figure, whole_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def losses_figure(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a training's losses in nats/char by epoch.

    Args:
        history: an entry an epoch, as a run folder holds it: ``epoch``, ``train_nats_per_char``
            and ``held_out_nats_per_char``, which may be ``None``; of a mixture also
            ``network_held_out_nats_per_char``, its network's own.
    """
    figure = new_figure(7.0, 4.5)
    axes = figure.add_subplot()
    frame(axes, "epoch", "loss (nats/char)", "Loss by epoch")
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
