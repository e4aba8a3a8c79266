"""Fitting how much a model of text expects what its last characters lead to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.ngram.context_fit import maximum
from ..models.recent import FAMILIES, LONGEST, TINY, Memory
from ..models.scoring.logits import pieces_of

MOST_CELLS = 8_000_000
"""Numbers in a table of held-out log probabilities, at most."""

TYPICAL = np.array([1.0, 0.2, 0.15, 0.2])
"""The exponents where nothing is held out to fit them to."""

PRIOR_NATS = 100.0
"""Nats that an exponent costs when it moves by 1 from these."""

Stream = NDArray[np.int32]


class RecentFit:
    """What the last characters of a held-out text said about some of its characters.

    Attributes:
        places: (T,), which of ``stream[1:]`` these are.
        counts: (T, F, V), what ``Memory.counts`` returns there.
    """

    def __init__(self, memory: Memory, size: int, stream: Stream) -> None:
        """Read ``stream`` (N + 1,), of V = ``size`` ids."""
        lows, highs = pieces_of(stream, max(1000, MOST_CELLS // (size * (1 + FAMILIES))))
        first = np.maximum(lows - LONGEST, 0)
        units = memory.widest
        carry = np.zeros((memory.states(units), len(lows), units), np.float32)
        after = carry.copy()
        memory.fill(carry, stream, first)
        places, counts = [], []
        for time in range(int((highs - first).max())):
            at = first + time
            views = memory.read(stream[np.minimum(at, highs - 1)], carry, after)
            carry, after = after, carry
            inside = (at >= lows) & (at < highs)
            if inside.any():
                places.append(at[inside])
                counts.append(np.stack(memory.counts(views), axis=1)[inside].astype(np.float32))
        self.places, self.counts = np.concatenate(places), np.concatenate(counts)
        self._targets = stream[1:][self.places]

    def exponents(self, inner: NDArray[np.float32]) -> NDArray[Any]:
        """Return the exponents (1 + F,) of maximum likelihood, times a prior.

        Args:
            inner: (T, V), the inner model's log probabilities at ``places``.
        """
        table = np.empty((len(inner), 1 + FAMILIES, inner.shape[1]), np.float32)
        table[:, 0] = inner
        shares = np.maximum(np.exp(inner), TINY)
        np.log1p(self.counts / shares[:, None], out=table[:, 1:])
        return maximum(table, self._targets, TYPICAL, PRIOR_NATS)
