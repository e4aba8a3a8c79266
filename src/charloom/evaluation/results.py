"""What a measurement of a model holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import ConfigError
from .metrics.calibration import Calibration
from .metrics.likelihood import Likelihood
from .metrics.text_likelihood import TextLikelihood
from .statistics import Measure, html_table


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How it was measured.

    Attributes:
        samples: names that were drawn, or characters of text.
        temperature: of the draws.
        seed: decides the draws, and what else is left to chance.
        start: what they begin with.
    """

    samples: int
    temperature: float
    seed: int
    start: str = ""


@dataclass(frozen=True, kw_only=True)
class DrawnName:
    """A name that the model gave.

    Attributes:
        text: the name.
        nats: -log of its probability under the model itself.
        nearest: the nearest training name; ``None`` if there is no list.
        distance: the edits to there; 0 is a copy.
    """

    text: str
    nats: float
    nearest: str | None
    distance: int | None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Measurement:
    """How good a model is, in figures with intervals.

    Attributes:
        likelihood: of what it has not seen; ``None`` if there is no such.
        measures: one by one, in the order to show them.
        calibration: whether characters come as often as it says; ``None`` without held-out.
        distances: shares of names at 0, 1, 2, … edits from the training list: ``generated``, and
            ``real`` ones, which the model has not seen.
        lengths: shares of names by length, ``generated`` and ``real``.
        ngrams: of the ``characters`` (the edge of a name is ``\\n``), how often each follows each,
            as shares of all pairs: ``generated`` and ``real``, rows first; and ``letters``.
        names: some of the draws, in their order.
        notes: what is to be said of the figures, a sentence each.
        settings: how it was measured.
    """

    likelihood: Likelihood | TextLikelihood | None
    measures: tuple[Measure, ...]
    calibration: Calibration | None
    settings: Settings
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
        """Return plain data that JSON can hold; the likelihood's fields are at the top.

        But for ``names``, which are the draws here.
        """
        return {
            **({} if self.likelihood is None else self.likelihood.to_dict()),
            **asdict(self.settings),
            "measures": [measure.to_dict() for measure in self.measures],
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "distances": {which: list(shares) for which, shares in self.distances.items()},
            "lengths": {
                which: {str(length): share for length, share in shares.items()}
                for which, shares in self.lengths.items()
            },
            "ngrams": dict(self.ngrams),
            "names": [asdict(name) for name in self.names],
            "notes": list(self.notes),
        }
