"""What a model says before the first id and after each single one: the same for all searches.

Every search without a prompt takes these two steps first, of one prefix and of a few. They are
computed together once for a model, and copied from then on.
"""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ...models.interface import Recurrence
from ...models.threads import one_blas_thread
from .tree import Floats

MOST_IDS = 256
"""The largest vocabulary for which it pays off."""

_kept: WeakKeyDictionary[Recurrence, Openings] = WeakKeyDictionary()
_lock = threading.Lock()


class Openings:
    """The first two steps of a model of V ids."""

    def __init__(self, first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> None:
        """Take the logits (1, V) and the carry (L*S, 1, H) after the boundary, and those after
        each id that may follow, (V, V) and (L*S, V, H)."""
        self.first, self.second = first, second
        for array in (*first, *second):
            array.flags.writeable = False

    def step(self, length: int, ids: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Return what the model's step does for prefixes of ``length`` ids, 0 or 1, the last ones
        ``ids`` (B,)."""
        if not length:
            return self.first
        logits, carry = self.second
        return logits.take(ids, 0), carry.take(ids, 1)


def openings(rnn: Recurrence) -> Openings | None:
    """Return the model's, computed at most once; ``None`` if its vocabulary is too large."""
    if rnn.vocabulary_size > MOST_IDS:
        return None
    with _lock:
        found = _kept.get(rnn)
        if found is None:
            ids = np.arange(rnn.vocabulary_size)  # the first is the boundary
            with one_blas_thread():  # so that bits do not depend on the machine
                logits, carry = rnn.step(ids[:1], rnn.initial_carry(1))
                second = rnn.step(ids, carry.repeat(len(ids), axis=1))
            found = _kept[rnn] = Openings((logits, carry), second)
    return found
