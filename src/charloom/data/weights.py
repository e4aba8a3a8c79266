"""Weights of names, such as how many people bear each: what they may be, and what they count."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from ..config.arguments import as_number, shown
from ..errors import ConfigError

LEAST, MOST = 1e-9, 1e12
"""The smallest and the largest weight; 0 leaves a name out."""

POWER = 0.5
"""A name of weight w counts in training as w ** POWER."""


def weight_problem(given: object) -> str | None:
    """Say what is wrong with a weight, a number or text with one; ``None`` if nothing is."""
    found = _number(given)
    if found is not None and (found == 0 or LEAST <= found <= MOST):
        return None
    if given is None or given == "":
        return "has no weight: give it one, or 0 to leave it out."
    return f"must have a weight of 0, or from {LEAST:g} to {MOST:g}. Received: {shown(given)}"


def weight_of(given: object) -> float:
    """Return a weight without a ``weight_problem``."""
    return float(_number(given) or 0.0)


def _number(given: object) -> float | None:
    if isinstance(given, str):
        try:
            return float(given)
        except ValueError:
            return None
    return as_number(given) if isinstance(given, Real | np.number) else None


def check_repeats(repeats: bool, weighted: bool) -> None:
    """Raise ConfigError if names with weights are to be kept as often as they occur."""
    if repeats and weighted:
        raise ConfigError(
            "names with weights cannot be read with repeats, whose weights are added. Leave one "
            "of them out."
        )


def shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often each name counts in training, (N,), 1 on average, given their weights.

    Heavy weights are tempered, w ** ``POWER``: a few names would otherwise be nearly all that is
    learned, and how often a name is given says less about how names are spelled than that it is
    given at all (Goldwater, Griffiths and Johnson 2006, "Interpolating between types and tokens by
    estimating power-law generators").
    """
    tempered: NDArray[np.float64] = np.asarray(weights, np.float64) ** POWER
    found: NDArray[np.float64] = tempered / tempered.mean()
    return found


def weights_of(name: str, values: Iterable[object], count: int) -> list[float]:
    """Return ``count`` weights, all above 0.

    Raises:
        ConfigError: they are not as many, or one is out of range.
    """
    found = list(values)
    if len(found) != count:
        raise ConfigError(f"{name} must be as many as names, {count}. Received: {len(found)}")
    for given in found:
        if weight_problem(given) or not weight_of(given):
            rule = f"{name} must lie in [{LEAST:g}, {MOST:g}]. Received: "
            raise ConfigError(rule + shown(given))
    return list(map(weight_of, found))


def added(names: Iterable[str], weights: Iterable[float]) -> dict[str, float]:
    """Return the weight of each name; those of equal names are added."""
    found: dict[str, float] = {}
    for name, weight in zip(names, weights, strict=True):
        found[name] = found.get(name, 0.0) + weight
    return found


def note_on_weights(weights: Iterable[float]) -> str:
    """Say what likelihoods of names with ``weights`` mean, and how precise they are."""
    found = np.array(list(weights))
    precise = float(found.sum() ** 2 / (found**2).sum())  # Kish 1965, the effective sample size
    return (
        "Likelihoods are weighted, and about as precise as those of "
        f"{max(1, round(precise)):,} names without weights; all else counts each name once."
    )
