"""Samples by temperature: how plausible they are, and how many are copies or repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..data.unicode import normalise, split_units
from ..errors import ConfigError, GenerationError
from ..generation import NameModel, Sample
from ..generation.model import positive
from .samples import NameSamples


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Names sampled at one temperature, copies and repeats let through.

    Attributes:
        temperature: of the samples.
        strings: how many there are.
        nats_per_char: their mean -log p under the model at temperature 1, end symbols counted;
            without each first character if the model has no begin symbol.
        copied: share in the training list.
        repeated: share that repeats an earlier sample.
        new: share that is neither.
    """

    temperature: float
    strings: int
    nats_per_char: float
    copied: float
    repeated: float
    new: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return asdict(self)


def temperature_sweep(
    model: NameModel,
    temperatures: Sequence[float],
    n: int = 1000,
    *,
    seed: int = 0,
    start: str = "",
    threads: int | None = None,
    drawn: NameSamples | None = None,
) -> list[Draws]:
    """Sample ``n`` names at each temperature and measure them.

    The share of repeats grows with ``n``: compare figures for the same ``n``.

    Args:
        model: with its training list.
        temperatures: 0 is greedy.
        n: strings a temperature.
        seed: decides the samples.
        start: what they begin with; without it, a model without a begin symbol begins as the
            training names do.
        threads: at most so many.
        drawn: samples shared with other figures; by default the model is sampled here.

    Raises:
        ConfigError: ``temperatures`` is empty, or an argument lies outside what it may be.
        GenerationError: there is no training list to tell copies by, or the model ends no string.
    """
    if not temperatures:
        raise ConfigError("temperatures must hold one at least. Received: none")
    positive("n", n)
    if model.training_set is None:
        raise GenerationError(
            "copies need the training list to tell them by, which is not with this model. "
            "Load a run folder that has its train_names.txt."
        )
    if drawn is None:
        like = list(model.training_set) if not (start or model.rnn.config.begin) else []
        drawn = NameSamples(model=model, seed=seed, like=like, threads=threads)
    return [
        _measured(model, float(t), drawn.take(n, temperature=t, start=start)) for t in temperatures
    ]


def _measured(model: NameModel, temperature: float, found: Sequence[Sample]) -> Draws:
    end = 1 if model.rnn.config.begin else 0
    characters = sum(len(split_units(s.text, model.vocabulary.token_unit)) + end for s in found)
    first = {normalise(s.text): s.origin for s in reversed(found)}
    return Draws(
        temperature=temperature,
        strings=len(found),
        nats_per_char=sum(s.nats for s in found) / characters,
        copied=sum(s.origin == "known" for s in found) / len(found),
        repeated=1 - len(first) / len(found),
        new=sum(origin == "new" for origin in first.values()) / len(found),
    )
