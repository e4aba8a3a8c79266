"""What generation and scoring need of a model, of whatever kind: the recurrence as a contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig

NEVER = -1e30
"""A logit that comes to a probability of 0, but can be computed with."""

Floats = NDArray[np.float32]


class Recurrence(Protocol):
    """What generation and scoring need of a model, of whatever kind.

    ``NumpyRNN`` has it, and so have ``ngram.NGram``, ``mixture.Mixture`` and ``blend.Blend``. The
    carry is to be copied, not to be computed with.
    """

    config: ModelConfig
    vocabulary_size: int

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (S, rows, H)."""

    def buffers(self, rows: int, carry: Floats | None = None) -> Any:
        """Set memory aside for steps of up to ``rows`` rows; ``carry`` is a part of it."""

    def step(
        self, ids: NDArray[np.integer], carry: Floats, out: Any = None
    ) -> tuple[Floats, Floats]:
        """Return logits (B, V) and the new carry (S, B, H) after ids (B,); rows are independent."""


class Reader(Protocol):
    """A model that reads one string."""

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the logits of the next one, (V,), until the next call."""


@runtime_checkable
class Quick(Protocol):
    """A model that can do without ids, and has a way of its own for a single string."""

    def without(self, ids: Iterable[int]) -> Quick:
        """Return the model that never gives ``ids``, though it may read them."""

    def one_row(self) -> Reader:
        """Return the model for one string, which it reads as fast as can be."""
