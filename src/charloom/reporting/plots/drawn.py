"""Figures of samples beside real strings: characters, pairs, lengths, distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .canvas import (
    BLUE,
    ORANGE,
    label_axis,
    legend,
    new_axes,
    new_figure,
    share_ticks,
    whole_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Shares = Sequence[float]

MOST_BARS = 60
"""Bars of lengths, at most; if there are more lengths, several share a bar."""

MOST_EDITS = 20
"""Distances with a bar of their own, at most; names farther away are noise."""


def letters_figure(characters: Sequence[str], generated: Shares, real: Shares) -> Figure:
    """Draw the share of each character: real ones as bars, generated ones as dots."""
    width = max(5.0, 1.2 + 0.17 * len(characters))
    figure, axes = new_axes(width, 3.2, "", "share of all", "Characters, real and generated")
    _bars_and_dots(axes, range(len(characters)), generated, real)
    label_axis(axes, "x", characters)
    axes.set_xlim(-0.8, len(characters) - 0.2)
    return figure


def drawn_lengths_figure(
    unit: str, lengths: Sequence[int], generated: Shares, real: Shares
) -> Figure:
    """Draw the share of names of each of ``lengths``: real ones as bars, generated ones as dots."""
    width = -(-len(lengths) // MOST_BARS)
    x = f"length ({unit}s{f', {width} a bar' if width > 1 else ''})"
    figure, axes = new_axes(5.0, 3.2, x, "share of the names", "Lengths, real and generated")
    starts = range(0, len(lengths), width)
    middles = [lengths[i] + (width - 1) / 2 for i in starts]
    drawn, other = ([sum(s[i : i + width]) for i in starts] for s in (generated, real))
    _bars_and_dots(axes, middles, drawn, other, width=width)
    whole_ticks(axes.xaxis)
    return figure


def distances_figure(generated: Shares, real: Shares | None) -> Figure:
    """Draw the shares of generated and held-out names at each distance to the training list."""
    size = max(len(generated), len(real or ()))
    beyond = f"; {MOST_EDITS}: or more" if size > MOST_EDITS + 1 else ""
    size = min(size, MOST_EDITS + 1)
    x = f"edits to the nearest training name (0: a copy{beyond})"
    figure, axes = new_axes(5.0, 3.2, x, "share of the names", "Distance to the training list")
    drawn = _ended(generated, size)
    other = None if real is None else _ended(real, size)
    _bars_and_dots(axes, range(size), drawn, other, "held-out names")
    whole_ticks(axes.xaxis)
    return figure


def pairs_figure(
    characters: Sequence[str], generated: Sequence[Shares], real: Sequence[Shares]
) -> Figure:
    """Draw how often each character follows each, as shares of a row, in two heat maps."""
    side = max(3.4, 0.8 + 0.19 * len(characters))
    figure = new_figure(2 * side + 0.7, side + 0.4)
    panels = figure.subplots(1, 2)
    for axes, table, title in zip(panels, (real, generated), ("Real", "Generated"), strict=True):
        # The root, since most shares are small.
        image = axes.imshow(np.sqrt(np.asarray(table)), cmap="Blues", vmin=0, vmax=1)
        axes.set_title(title, fontsize=11)
        axes.set_xlabel("is followed by")
        label_axis(axes, "x", characters)
        label_axis(axes, "y", characters)
    panels[0].set_ylabel("a character")
    bar = figure.colorbar(image, ax=list(panels), label="share of what follows", shrink=0.8)
    shares = (0, 0.01, 0.1, 0.25, 0.5, 1)
    bar.set_ticks([share**0.5 for share in shares], labels=[f"{share:.0%}" for share in shares])
    return figure


def _ended(shares: Shares, size: int) -> list[float]:
    """Return ``size`` shares; the last includes all that follow it."""
    padded = [*shares, *[0.0] * (size - len(shares))]
    return [*padded[: size - 1], sum(padded[size - 1 :])]


def _bars_and_dots(
    axes: Axes,
    places: Sequence[float],
    generated: Shares,
    real: Shares | None,
    label: str = "real",
    width: int = 1,
) -> None:
    if real is not None:
        axes.bar(places, real, width=0.8 * width, color=BLUE, label=label)
    beside = real or [0.0] * len(generated)
    dots = [(x, y) for x, y, r in zip(places, generated, beside, strict=True) if y or r]
    # The dots have a rim, so that they stand out from the bars in grey print.
    axes.plot(
        [x for x, _ in dots], [y for _, y in dots], "o", color=ORANGE, mec="white", mew=0.8,
        ms=6, label="generated", clip_on=False, zorder=3,
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    top = max([*generated, *(real or ())], default=0)
    share_ticks(axes.yaxis, top)
    legend(axes)
