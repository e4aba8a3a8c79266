"""What figures can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
DRAWS = 1000
"""Samples at each temperature."""

MOST = 40
"""Characters that are shown, at most: the most frequent."""


@dataclass(frozen=True, kw_only=True)
class FigureOptions:
    """Options of a figure, each for those that it concerns.

    Attributes:
        temperatures: to sample at.
        n: names, or characters of text, to sample; by default as many as suit the figure.
        start: what samples begin with.
        seed: decides them.
        text: strings to read; by default held-out ones.
        most: characters that are shown, at most.
    """

    temperatures: Sequence[float] | float = TEMPERATURES
    n: int | None = None
    start: str = ""
    seed: int = 0
    text: Sequence[str] = ()
    most: int = MOST
