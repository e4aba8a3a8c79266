"""Figures of a trained model: temperature, next characters, embedding and hidden units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...data.unicode import visible
from .apart import apart
from .canvas import BLUE, GREEN, ORANGE, drawable, frame, label_axis, legend, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PLACES = 60
"""Characters drawn of a name, at most."""

MOST_ROWS = 40
"""Rows of a heat map, at most."""

MOST_NAMES = 30
"""Names shown for each hidden unit, at most."""

LEAST_LIKELY = 0.05
"""A character gets a row of its own if it occurs, or is at least this likely somewhere."""

BELOW = -0.25
"""Cells below this activity have a dot, which shows the sign in grey print too."""

_KINDS = (("o", ORANGE), ("s", BLUE), ("^", "0.25"), ("D", GREEN), ("P", "0.6"))
_CELL = 0.3  # inches
_MARK = 0.23  # inches


def sweep_figure(
    draws: Sequence[Mapping[str, float]],
    real_nats_per_char: float | None = None,
    *,
    stacked: bool = False,
) -> Figure:
    """Draw quality against novelty, by temperature.

    Args:
        draws: one entry for each temperature, with ``temperature``, ``nats_per_char`` of the
            samples, and the shares ``copied``, ``repeated`` and ``new``.
        real_nats_per_char: the loss on real names, for comparison.
        stacked: one panel above the other, for a narrow page.
    """
    draws = sorted(draws, key=lambda draw: draw["temperature"])
    heat = [draw["temperature"] for draw in draws]
    figure = new_figure(*(5.0, 6.2) if stacked else (10.0, 4.2))
    left, right = figure.subplots(*(2, 1) if stacked else (1, 2))
    frame(left, "temperature", "loss (nats/char)", "Loss of the samples")
    left.plot(heat, [draw["nats_per_char"] for draw in draws], "-o", color=BLUE, label="generated")
    if real_nats_per_char is not None:
        label = f"real names: {real_nats_per_char:.2f}"
        left.axhline(real_nats_per_char, color="black", linestyle="--", label=label)
    left.set_ylim(bottom=0)
    frame(right, "temperature", "share of the samples", "Novelty")
    shares = (
        ("new", "new and distinct", "-o", BLUE),
        ("repeated", "repeated", "--s", ORANGE),
        ("copied", "copied from the list", ":^", GREEN),
    )
    for key, label, style, colour in shares:
        right.plot(heat, [draw[key] for draw in draws], style, color=colour, label=label)
    right.set_ylim(-0.02, 1.02)
    right.yaxis.set_major_formatter("{x:.0%}")
    for axes in (left, right):
        legend(axes)
    return figure


def next_figure(
    targets: Sequence[str], characters: Sequence[str], probabilities: NDArray[np.floating]
) -> Figure:
    r"""Draw how likely each character was as the next one along a name, as a heat map.

    A frame and a percentage mark the character that occurred. Characters that never occur and are
    never likely share the last row.

    Args:
        targets: the characters that occurred, T of ``characters``.
        characters: V of them.
        probabilities: (T, V).
    """
    note = "" if len(targets) <= MOST_PLACES else f" (the first {MOST_PLACES} places)"
    targets = targets[:MOST_PLACES]
    shares = np.asarray(probabilities, np.float64)[:MOST_PLACES]
    index = {character: i for i, character in enumerate(characters)}
    came = {index[target] for target in targets}
    peaks = shares.max(axis=0)
    peaks[list(came)] += 1  # these come first if there are too many rows
    order = np.argsort(-peaks, kind="stable")[:MOST_ROWS]
    rows = sorted(int(i) for i in order if peaks[i] >= LEAST_LIKELY)
    rest = 1 - shares[:, rows].sum(axis=1, keepdims=True)
    table = np.hstack([shares[:, rows], rest.clip(0)]).T  # (rows + 1, T)
    figure = new_figure(2.2 + _CELL * max(len(targets), 12), 1.4 + 0.22 * len(table))
    from matplotlib.patches import Rectangle  # after new_figure, which reports a missing library

    axes = figure.add_subplot()
    image = axes.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_title(f"How likely each next character was{note}", fontsize=11)
    axes.set_xlabel("the character that came (framed, with its probability in %)")
    label_axis(axes, "y", [characters[i] for i in rows], "others")
    label_axis(axes, "x", targets)
    for x, target in enumerate(targets):
        if index[target] not in rows:  # there were too many rows
            continue
        y = rows.index(index[target])
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, ec=ORANGE, lw=1.8))
        ink = "white" if table[y, x] > 0.5 else "black"
        axes.text(x, y, f"{100 * table[y, x]:.0f}", ha="center", va="center", color=ink, size=7.5)
    figure.colorbar(image, ax=axes, label="probability", format="{x:.0%}")
    return figure


def embedding_figure(
    characters: Sequence[str],
    points: NDArray[np.floating],
    kinds: Sequence[str],
    explained: Sequence[float],
    *,
    stacked: bool = False,
) -> Figure:
    """Draw characters at their places on a map; their kinds differ in shape and colour.

    Marks that would overlap are moved apart, and a line leads to each one's true place.

    Args:
        characters: V of them.
        points: (V, 2).
        kinds: what each character is; at most five different ones.
        explained: shares of the variance along the two axes.
        stacked: put the legend above the map, for a narrow page, and leave the choice of fonts to
            the browser.
    """
    if len(set(kinds)) > len(_KINDS):
        raise ValueError(f"kinds must be at most {len(_KINDS)}. Received: {len(set(kinds))}")
    size = (5.0, 5.4) if stacked else (7.5, 6.5)
    places = np.asarray(points, np.float64)
    box = size[0] - (1.3 if stacked else 2.6), size[1] - 1.4  # beside labels and legend
    points = apart(places, box, _MARK)
    first, second = (f"component {i} ({share:.0%})" for i, share in enumerate(explained, start=1))
    title = "" if stacked else "The embedding's rows, where they differ most"
    figure, axes = new_axes(*size, first, second, title)
    axes.grid(visible=False)
    for place, point in zip(places, points, strict=True):
        if not np.array_equal(place, point):
            axes.plot(*zip(place, point, strict=True), color="0.6", lw=0.8, zorder=0)
    for (shape, colour), kind in zip(_KINDS, dict.fromkeys(kinds), strict=False):
        own = points[[i for i, other in enumerate(kinds) if other == kind]]
        x, y = own.T
        axes.scatter(x, y, s=240, marker=shape, fc="white", ec=colour, label=kind)
    labels, families = (list(map(visible, characters)), None) if stacked else drawable(characters)
    for label, (x, y) in zip(labels, points, strict=True):
        axes.text(
            x, y, label, ha="center", va="center_baseline", size=9 if len(label) < 3 else 7,
            family=families, parse_math=False, clip_on=True,
        )  # fmt: skip
    axes.margins(0.08)
    if stacked and len(set(kinds)) > 1:
        figure.legend(
            frameon=False, loc="outside upper center", ncols=5, markerscale=0.6,
            columnspacing=1.2, handletextpad=0.2,
        )  # fmt: skip
    elif not stacked:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), markerscale=0.6)
    return figure


def units_figure(
    names: Sequence[Sequence[str]],
    activities: Sequence[NDArray[np.floating]],
    titles: Mapping[int, str],
) -> Figure:
    """Draw names in cells coloured by the activity of hidden units, one panel per unit.

    After Karpathy, Johnson and Li 2015, "Visualizing and Understanding Recurrent Networks". Orange
    is above zero, blue with a dot below.

    Args:
        names: the characters of each.
        activities: (T, H) for each name, in [-1, 1], after each character.
        titles: the units to draw, with their titles.
    """
    names, activities = names[:MOST_NAMES], activities[:MOST_NAMES]
    width = min(max(map(len, names)), MOST_PLACES)
    columns = min(2 if width <= MOST_PLACES // 2 else 1, len(titles))
    rows = -(-len(titles) // columns)
    across = columns * (0.4 + _CELL * max(width, 14)) + 0.9
    figure = new_figure(across, max(2.6, rows * (0.5 + _CELL * len(names))))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    labels, families = drawable([c for name in names for c in name[:width]])
    image: Any = None
    for axes, (unit, title) in zip(panels, titles.items(), strict=False):
        table = np.full((len(names), width), np.nan)
        for row, activity in zip(table, activities, strict=True):
            row[: len(activity)] = activity[:width, unit]
        image = axes.imshow(table, cmap=_diverging(), vmin=-1, vmax=1)
        axes.set_title(title, fontsize=10)
        places = np.argwhere(~np.isnan(table))
        for label, (y, x) in zip(labels, places, strict=True):
            value = table[y, x]
            axes.text(
                x, y - 0.02, label, ha="center", va="center", size=9 if len(label) < 3 else 5,
                color="white" if value < -0.5 else "black", family=families, parse_math=False,
            )  # fmt: skip
        low_y, low_x = np.nonzero(np.nan_to_num(table) < BELOW)
        ink = np.where(table[low_y, low_x] < -0.5, "white", "black")
        axes.scatter(low_x, low_y + 0.36, s=3, c=ink if ink.size else None)
    for axes in panels:
        axes.set_axis_off()
    label = f"activity (dot: below {BELOW:g})"
    figure.colorbar(image, ax=panels.tolist(), label=label, shrink=0.9, aspect=30)
    return figure


def _diverging() -> Any:
    """Return a colour map from dark blue to orange, safe for colour-blind readers."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = ["#003A70", "#5B9BD0", "#FFFFFF", "#F6B26B", "#E07B00"]
    return LinearSegmentedColormap.from_list("charloom", colours)
