"""The interface of all models: the recurrence that generation and scoring step."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig
from ..errors import ConfigError

NEVER = -1e30
"""A logit whose probability is 0; finite, so that it can be computed with."""

MOST_EXPONENT = 1e3
"""The largest absolute value of an exponent of a log-linear mixture; fitted ones are near 1."""

Floats = NDArray[np.float32]


class Recurrence(Protocol):
    """A model as the function ``step(ids, carry) -> logits, carry``.

    Implemented by ``rnn.numpy.NumpyRNN``, ``ngram.model.NGram``, ``mixture.Mixture`` and
    ``blend.Blend``. B is the number of rows, V the vocabulary's size, (S, B, H) the carry's shape.
    Callers may copy and index the carry, but not compute with it: an n-gram keeps integers there.
    """

    config: ModelConfig
    vocabulary_size: int

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (S, rows, H)."""

    def buffers(self, rows: int, carry: Floats | None = None) -> Any:
        """Allocate memory for steps of up to ``rows`` rows; ``carry``, if given, is part of it."""

    def step(
        self, ids: NDArray[np.integer], carry: Floats, out: Any = None
    ) -> tuple[Floats, Floats]:
        """Return logits (B, V) and the new carry (S, B, H) after ids (B,); rows are independent."""


class Reader(Protocol):
    """A model that reads a single string."""

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the next one's logits (V,), valid until the next call."""


@runtime_checkable
class Quick(Protocol):
    """A model that can exclude ids, and has a faster step for a single string."""

    def without(self, ids: Iterable[int]) -> Quick:
        """Return the model that never predicts ``ids``, though it can read them."""

    def one_row(self) -> Reader:
        """Return the model for a single string, with a faster step."""


@runtime_checkable
class Remembering(Protocol):
    """A model whose carry depends on more characters than are read before each part of a text."""

    def remember(self, carry: Floats, ids: NDArray[np.integer], ends: NDArray[np.integer]) -> None:
        """Write to the rows of an initial carry what they remember of ``ids[:end]``."""

    def cooled(self, temperature: float) -> Self:
        """Return the model whose memory is not sharpened by a temperature below 1."""


class Excluding:
    """Part of a model that excludes ids by overwriting their logits."""

    vocabulary_size: int
    _banned: list[int]

    def without(self, ids: Iterable[int]) -> Self:
        """Return the model that never predicts ``ids``, though it can read them; arrays are shared.

        Raises:
            ConfigError: an id lies outside [0, V).
        """
        other = copy.copy(self)
        other._banned = [*self._banned, *checked_ids(ids, self.vocabulary_size)]
        return other


def checked_ids(ids: Iterable[int], size: int) -> list[int]:
    """Return ``ids`` as a list.

    Raises:
        ConfigError: an id lies outside [0, V), V = ``size``.
    """
    found = list(ids)
    if any(not 0 <= i < size for i in found):
        raise ConfigError(f"ids must lie in [0, {size}). Received: {found}")
    return found
