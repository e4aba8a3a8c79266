"""What comes out of a model at each temperature: how plausible, how much copied or repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..data.unicode import normalise, split_units
from ..errors import ConfigError, GenerationError
from ..generation import NameModel
from .draws import plain_draws


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Plain draws at one temperature, copies and repeats let through.

    Attributes:
        temperature: of the draws.
        strings: how many there are.
        nats_per_char: their mean -log p under the model itself, that is at temperature 1, end
            symbols counted; without each first character if the model has no begin symbol. Low
            is plausible to the model, and lower than real names is bland.
        copied: share that is in the training list.
        repeated: share that an earlier draw gave already.
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
) -> list[Draws]:
    """Draw ``n`` strings at each temperature and measure them.

    The share of repeats grows with ``n``: compare figures of the same one.

    Args:
        model: with its training list.
        temperatures: 0 is greedy.
        n: strings a temperature.
        seed: decides the draws.
        start: what they begin with; without it, a model that has no begin symbol begins as often
            with each character as the training list does.
        threads: at most so many.

    Raises:
        ConfigError: ``temperatures`` is empty, or an argument lies outside what it may be.
        GenerationError: there is no training list to tell copies by, or the model ends no string.
    """
    if not temperatures:
        raise ConfigError("temperatures must hold one at least. Received: none")
    if model.training_set is None:
        raise GenerationError(
            "copies need the training list to tell them by, which is not with this model. "
            "Load a run folder that has its train_names.txt."
        )
    return [_draws(model, float(t), n, seed, start, threads) for t in temperatures]


def _draws(
    model: NameModel, temperature: float, n: int, seed: int, start: str, threads: int | None
) -> Draws:
    like = list(model.training_set or ()) if not (start or model.rnn.config.begin) else []
    found, _ = plain_draws(
        model, n, temperature=temperature, seed=seed, start=start, like=like, threads=threads
    )
    end = 1 if model.rnn.config.begin else 0
    characters = sum(len(split_units(s.text, model.vocabulary.unit)) + end for s in found)
    first = {normalise(s.text): s.origin for s in reversed(found)}
    return Draws(
        temperature=temperature,
        strings=len(found),
        nats_per_char=sum(s.nats for s in found) / characters,
        copied=sum(s.origin == "known" for s in found) / len(found),
        repeated=1 - len(first) / len(found),
        new=sum(origin == "new" for origin in first.values()) / len(found),
    )
