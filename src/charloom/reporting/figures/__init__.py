"""What each figure of a run shows, as plain data that JSON can hold, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from .options import Data, FigureOptions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..subject import AnySubject

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
        options: fields of ``FigureOptions``.

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
    data: dict[str, Callable[[Any, FigureOptions], Data]] = {
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
    return data[what](subject, FigureOptions(**options))


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
    import numpy as np

    from .. import plots

    match what:
        case "loss":
            return plots.losses_figure(data["history"])
        case "lengths":
            return plots.lengths_figure(dict(data["lengths"]), data["unit"])
        case "sweep":
            return plots.sweep_figure(data["draws"], data["real_nats_per_char"], stacked=stacked)
        case "next":
            shares = np.array(data["probabilities"])
            return plots.next_figure(data["targets"], data["characters"], shares)
        case "embedding":
            return plots.embedding_figure(**data, stacked=stacked)
        case "letters":
            return plots.letters_figure(**data)
        case "pairs":
            return plots.pairs_figure(**data)
        case "drawn-lengths":
            return plots.drawn_lengths_figure(**data)
        case "distances":
            return plots.distances_figure(**data)
        case "calibration":
            return plots.calibration_figure(**data)
        case "memorisation":
            expected = {"expected": data["expected"]} if "expected" in data else {}
            return plots.memorisation_figure(data["by_temperature"], **expected)
    units = data["units"]
    titles = [f"unit {u['unit']}: {u['feature']} ({u['correlation']:+.2f})" for u in units]
    names = zip(*(u["activities"] for u in units), strict=True)  # of each name (T,) a unit
    activities = [np.column_stack(columns) for columns in names]
    return plots.units_figure(data["names"], activities, dict(enumerate(titles)))
