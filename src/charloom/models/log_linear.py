"""A network and an n-gram, mixed log-linearly.

p(w) ∝ p_network(w)^α p_ngram(w)^β at each character. Unlike a linear mixture, either part can veto
a character that it finds impossible, and α + β may differ from 1, which sharpens or flattens the
distribution (Klakow 1998, "Log-linear interpolation of language models"). α and β depend on the
n-gram's context (``gates``); the log-likelihood is concave in what they are computed from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .gates import by_context
from .interface import NEVER, Excluding, Floats, Reader
from .ngram.context_model import COLUMNS, ContextNGram, OneContext
from .rnn.numpy import NumpyRNN

EXPONENTS = "mixture.exponents"
"""Float32: α and β (2,), or what they are computed from; see ``gates``."""

Ids = NDArray[np.integer]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Buffers:
    """Memory that a step of up to ``rows`` rows writes to; for one thread at a time."""

    carry: Floats  # (L*S + extra, rows, H)
    network: Any
    ngram: Floats  # (rows, COLUMNS), its carry
    logits: Floats  # (rows, V), its logits


class LogLinearMixture(Excluding):
    """A network and an n-gram as one ``Recurrence``.

    The carry is the network's, followed by as many arrays as the n-gram's ``COLUMNS`` numbers
    need: (L*S + ⌈COLUMNS / H⌉, B, H).
    """

    def __init__(self, network: NumpyRNN, ngram: ContextNGram, exponents: Floats) -> None:
        """Mix the two; ``exponents`` are those of ``gates.by_context``.

        Raises:
            ConfigError: their vocabularies differ in size, or an exponent is not a finite number.
        """
        if network.vocabulary_size != ngram.vocabulary_size:
            raise ConfigError(
                "a network and an n-gram to mix must have the same vocabulary. Received: "
                f"{network.vocabulary_size} and {ngram.vocabulary_size} ids"
            )
        if not np.isfinite(exponents).all():
            raise ConfigError(f"the mixture's exponents must be finite. Received: {exponents}")
        self.network, self.ngram = network, ngram
        self._exponents = by_context(exponents, ngram.features)  # (contexts, 2)
        self.config = network.config.replace(kind="mixture")
        self.vocabulary_size = network.vocabulary_size
        self._banned: list[int] = []
        self._states = len(network.initial_carry(0))

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step: zeros."""
        states, _, units = self.network.initial_carry(0).shape
        return np.zeros((states - (-COLUMNS // units), rows, units), np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Allocate memory for steps of up to ``rows`` rows; ``carry``, if given, is part of it."""
        whole = self.initial_carry(rows) if carry is None else carry
        return Buffers(
            carry=whole,
            network=self.network.buffers(rows, whole[: self._states]),
            ngram=np.empty((rows, COLUMNS), np.float32),
            logits=np.empty((rows, self.vocabulary_size), np.float32),
        )

    def step(self, ids: Ids, carry: Floats, out: Buffers | None = None) -> tuple[Floats, Floats]:
        """Read one character a row; see ``NumpyRNN.step``. The logits are not normalised."""
        rows = len(ids)
        out = out or self.buffers(rows)
        states, after = self._states, out.carry[:, :rows]
        before = _columns(carry[states:])
        logits, _ = self.network.step(ids, carry[:states], out.network)
        by_ngram = out.logits[:rows]
        if len(after) - states == 1:  # all columns are in one array
            ngram = _columns(after[states:])
            self.ngram.read(ids, before, ngram)
        else:
            ngram = out.ngram[:rows]
            self.ngram.read(ids, before, ngram)
            _spread(ngram, after[states:])
        self.ngram.logits(ngram, by_ngram)
        exponents = self._exponents.take(ngram.view(np.int32)[:, 0], 0)
        logits *= exponents[:, :1]
        by_ngram *= exponents[:, 1:]
        logits += by_ngram
        if self._banned:
            logits[:, self._banned] = NEVER
        return logits, after

    def exponents(self, carry: Floats) -> Floats:
        """Return α and β (B, 2) of the prediction at ``carry``, which a step returned."""
        numbers = np.ascontiguousarray(_columns(carry[self._states :])).view(np.int32)
        return self._exponents.take(numbers[:, 0], 0)

    def one_row(self) -> OneLogLinear:
        """Return the model for a single string, with a faster step."""
        return OneLogLinear(
            self.network.one_row(), self.ngram.one_row(), self._exponents, self._banned
        )


class OneLogLinear:
    """A ``LogLinearMixture`` that reads a single string."""

    def __init__(
        self,
        network: Reader,
        ngram: OneContext,
        exponents: Floats,
        banned: list[int],
    ) -> None:
        self._network, self._ngram = network, ngram
        self._exponents, self._banned = exponents, banned

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the next one's logits (V,), valid until the next call."""
        logits, by_ngram = self._network.read(character), self._ngram.read(character)
        by_network, of_ngram = self._exponents[self._ngram.context]
        logits *= by_network
        by_ngram *= of_ngram
        logits += by_ngram
        if self._banned:
            logits[self._banned] = NEVER
        return logits


def _columns(extra: Floats) -> Floats:
    """Return the n-gram's carry, (B, COLUMNS), from the arrays that hold it: (extra, B, H)."""
    if len(extra) == 1:
        return extra[0, :, :COLUMNS]
    return np.ascontiguousarray(extra.transpose(1, 0, 2)).reshape(extra.shape[1], -1)[:, :COLUMNS]


def _spread(numbers: Floats, extra: Floats) -> None:
    """Write the n-gram's carry, (B, COLUMNS), to the arrays that hold it."""
    units = extra.shape[2]
    for number in range(len(extra)):
        part = numbers[:, number * units : (number + 1) * units]
        extra[number, :, : part.shape[1]] = part
