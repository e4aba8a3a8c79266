"""Axes that are marked with characters, a place each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .canvas import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def label_axis(axes: Axes, side: str, characters: Sequence[str], *more: str) -> None:
    """Mark the axis ``x`` or ``y`` with characters, and with ``more`` labels behind them."""
    labels, families = drawable(characters)
    labels += more
    axis: Any = axes.xaxis if side == "x" else axes.yaxis
    axis.set_ticks(range(len(labels)), labels, fontsize=9)
    for label, text in zip(axis.get_ticklabels(), labels, strict=True):
        label.set_rotation(90 if side == "x" and text.isascii() and len(text) > 3 else 0)
        label.set_parse_math(False)
        label.set_fontfamily(families)
