"""What each figure of a run shows, as plain data that JSON can hold, and how it is drawn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..subject import AnySubject

Data = dict[str, Any]

FIGURES = {
    "loss": "training and held-out loss by epoch",
    "lengths": "lengths of the training names",
    "sweep": "quality and novelty of samples by temperature",
    "next": "next-character probabilities along a string",
    "embedding": "a map of the characters in the network's embedding",
    "units": "activity of hidden units along strings",
    "letters": "character frequencies, generated and real",
    "pairs": "how often each character follows each, generated and real",
    "drawn-lengths": "lengths of generated and real names",
    "distances": "edit distances of generated and held-out names to the training list",
    "calibration": "how often characters occur by the probability the model gave them",
    "memorisation": "share of copies by temperature",
}

FOR_NAMES = ("lengths", "sweep", "drawn-lengths", "distances", "memorisation")
"""Figures that only models of names have."""

FOR_NETWORKS = ("embedding", "units")
"""Figures that only models with a network have."""


def figure_data(subject: AnySubject, what: str, **options: Any) -> Data:
    """Return what the figure ``what`` shows of a run.

    Args:
        subject: the run and its model.
        what: one of ``FIGURES``.
        options: arguments of the figure's function in ``figures.model`` or ``figures.samples``:
            what to sample or to read.

    Raises:
        ConfigError: the model is of a kind that has no such figure.
        RunError, CorpusError, GenerationError: the run lacks what it needs.
    """
    from . import model, samples

    config = subject.run.config
    if not has_figure(subject, what):
        others = ", ".join(figure for figure in FIGURES if has_figure(subject, figure))
        why = f"is for networks, and RUN holds a model of kind {config.kind}"
        if subject.run.is_text and what in FOR_NAMES:
            why = "is for names, and RUN was trained on running text"
        raise ConfigError(f"--what {what} {why}. It has {others}.")
    data: dict[str, Callable[..., Data]] = {
        "loss": model.loss,
        "lengths": model.lengths,
        "sweep": model.sweep,
        "next": model.next_characters,
        "embedding": model.embedding,
        "units": model.units,
        "letters": samples.letters,
        "pairs": samples.pairs,
        "drawn-lengths": samples.lengths,
        "distances": samples.distances,
        "calibration": samples.calibration,
        "memorisation": samples.memorisation,
    }
    return data[what](subject, **options)


def has_figure(subject: AnySubject, what: str) -> bool:
    """Return whether a model of this kind has the figure."""
    if what in FOR_NETWORKS and not subject.run.config.has_network:
        return False
    return not (subject.run.is_text and what in FOR_NAMES)


def draw(what: str, data: Data, *, stacked: bool = False) -> Figure:
    """Draw a figure from its data; ``stacked`` is for a narrow page.

    Raises:
        PlotError: matplotlib is missing.
    """
    from .. import plots

    drawing: dict[str, Callable[..., Figure]] = {
        "loss": plots.losses_figure,
        "lengths": plots.lengths_figure,
        "sweep": plots.sweep_figure,
        "next": plots.next_figure,
        "embedding": plots.embedding_figure,
        "units": plots.units_figure,
        "letters": plots.letters_figure,
        "pairs": plots.pairs_figure,
        "drawn-lengths": plots.drawn_lengths_figure,
        "distances": plots.distances_figure,
        "calibration": plots.calibration_figure,
        "memorisation": plots.memorisation_figure,
    }
    given = {**data, "stacked": stacked}
    if what == "lengths":
        given["lengths"] = dict(data["lengths"])
    if what == "units":
        given |= _columns(data["units"])
    plot = drawing[what]
    wanted = inspect.signature(plot).parameters
    return plot(**{name: value for name, value in given.items() if name in wanted})


def _columns(units: Sequence[Data]) -> Data:
    """Return the activities of units as an array for each string, a unit a column, and titles."""
    import numpy as np

    titles = [f"unit {u['unit']}: {u['feature']} ({u['correlation']:+.2f})" for u in units]
    strings = zip(*(u["activities"] for u in units), strict=True)
    return {
        "activities": [np.column_stack(columns) for columns in strings],
        "titles": dict(enumerate(titles)),
    }
