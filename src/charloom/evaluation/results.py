"""The result of a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .statistics import Measure, Plain, html_table

if TYPE_CHECKING:
    from .metrics.calibration import Calibration
    from .metrics.likelihood import Likelihood
    from .metrics.text_likelihood import TextLikelihood


@dataclass(frozen=True, kw_only=True)
class Settings(Plain):
    """The settings of a measurement.

    Attributes:
        samples: number of names, or characters of text, that were sampled.
        temperature: of the samples.
        seed: decides the samples and all else that is random.
        start: what samples start with.
    """

    samples: int
    temperature: float
    seed: int
    start: str = ""


@dataclass(frozen=True, kw_only=True)
class DrawnName(Plain):
    """A sampled name.

    Attributes:
        text: the name.
        nats: -log of its probability under the model at temperature 1.
        nearest: the nearest training name; ``None`` without a training list.
        distance: edits to it; 0 is a copy.
    """

    text: str
    nats: float
    nearest: str | None
    distance: int | None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Measurement(Plain):
    """How good a model is, in figures with intervals.

    Attributes:
        likelihood: of unseen data; ``None`` without such data.
        settings: how it was measured.
        measures: in the order to show them.
        calibration: how well predictions agree with frequencies; ``None`` without unseen data.
        distances: shares of names at 0, 1, 2, … edits from the training list: ``generated``, and
            ``real`` names that the model has not seen.
        lengths: shares of names by length, ``generated`` and ``real``.
        ngrams: for the ``characters`` (the edge of a name is ``\\n``), how often each follows each,
            as shares of all pairs, rows first: ``generated`` and ``real``; and ``letters``.
        names: some of the samples, in their order.
        notes: remarks on the figures, a sentence each.
    """

    likelihood: Likelihood | TextLikelihood | None
    settings: Settings
    measures: tuple[Measure, ...]
    calibration: Calibration | None
    distances: Mapping[str, Sequence[float]] = field(default_factory=dict)
    lengths: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    ngrams: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[DrawnName, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Measurement({len(self.measures)} measures, {self.settings.samples:,} samples)"

    def _repr_html_(self) -> str:
        """Show the measures in a notebook."""
        rows = ((m.title, m.estimate, m.unit, m.real or "", m.better) for m in self.measures)
        return html_table(("measure", "95 % interval", "unit", "real", "better"), rows)

    def measure(self, name: str) -> Measure:
        """Return the measure of that name.

        Raises:
            ConfigError: there is none.
        """
        for measure in self.measures:
            if measure.name == name:
                return measure
        raise ConfigError(
            f"there is no such measure. It may be {', '.join(m.name for m in self.measures)}. "
            f"Received: {name}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold, the likelihood's fields and settings at the top.

        ``names`` are the samples, though the likelihood has a field of that name.
        """
        found = super().to_dict()
        return {**(found.pop("likelihood") or {}), **found.pop("settings"), **found}
