"""A network and an n-gram, interpolated: a linear mixture of their probabilities.

p = (1 - s) p_network + s p_ngram at each character (Jelinek and Mercer 1980). The mixture weight s
maximises the likelihood of held-out characters. Unlike a product of experts, a mixture needs no
normalisation, and its log-likelihood is concave in s, so there is one maximum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .interface import NEVER, Excluding, Floats
from .ngram.model import NGram, nodes_of
from .rnn.numpy import NumpyRNN

TINY = np.float32(1e-30)
"""A lower bound for probabilities in float32, so that the log is finite."""

LEAST = 1e-300
"""The same for float64."""

PRIOR = 5
"""Pseudo-counts for each of the two parts."""

Ids = NDArray[np.integer]
Numbers = NDArray[np.float64]


class Buffers(NamedTuple):
    """Memory that a step of up to ``rows`` rows writes to; for one thread at a time."""

    carry: Floats  # (L*S + 1, rows, H)
    network: Any
    ngram: Floats  # (rows, V)
    column: Floats  # (rows, 1)


class Mixture(Excluding):
    """A network and an n-gram as one ``Recurrence``.

    The carry is that of the network, followed by that of the n-gram in the first column of one
    more array: (L*S + 1, B, H).
    """

    def __init__(self, network: NumpyRNN, ngram: NGram, weight: float) -> None:
        """Mix the two, with mixture weight ``weight`` for the n-gram.

        Raises:
            ConfigError: their vocabularies differ in size, or ``weight`` lies outside [0, 1].
        """
        if network.vocabulary_size != ngram.vocabulary_size:
            raise ConfigError(
                "a network and an n-gram to mix must have the same vocabulary. Received: "
                f"{network.vocabulary_size} and {ngram.vocabulary_size} ids"
            )
        if not 0 <= weight <= 1:
            raise ConfigError(f"the mixture weight must lie in [0, 1]. Received: {weight}")
        self.network, self.ngram, self.weight = network, ngram, float(weight)
        self.config = network.config.replace(kind="mixture")
        self.vocabulary_size = network.vocabulary_size
        self._weights = np.float32(1 - weight), np.float32(weight)
        self._banned: list[int] = []

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (L*S + 1, rows, H): zeros."""
        states, _, units = self.network.initial_carry(0).shape
        return np.zeros((states + 1, rows, units), np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Allocate memory for steps of up to ``rows`` rows; ``carry``, if given, is part of it."""
        # Zeros: only one column of the last array is written, but all of it is copied.
        whole = self.initial_carry(rows) if carry is None else carry
        return Buffers(
            carry=whole,
            network=self.network.buffers(rows, whole[:-1]),
            ngram=np.empty((rows, self.vocabulary_size), np.float32),
            column=np.empty((rows, 1), np.float32),
        )

    def step(self, ids: Ids, carry: Floats, out: Buffers | None = None) -> tuple[Floats, Floats]:
        """Read one character a row; see ``NumpyRNN.step``. The logits are log probabilities."""
        rows = len(ids)
        out = out or self.buffers(rows)
        after, by_ngram, column = out.carry[:, :rows], out.ngram[:rows], out.column[:rows]
        logits, _ = self.network.step(ids, carry[:-1], out.network)
        nodes = self.ngram.after(nodes_of(carry[-1:]), ids)
        nodes_of(after[-1:])[:] = nodes
        self.ngram.probabilities(nodes, by_ngram)
        logits -= np.maximum.reduce(logits, axis=1, keepdims=True, out=column)
        np.exp(logits, out=logits)
        np.add.reduce(logits, axis=1, keepdims=True, out=column)
        np.divide(self._weights[0], column, out=column)
        return self._mixed(logits, column, by_ngram), after

    def _mixed(self, network: Floats, scale: Any, ngram: Floats) -> Floats:
        """Return the logits of a mixture, in place of ``network``, unnormalised probabilities."""
        network *= scale
        ngram *= self._weights[1]
        network += ngram
        np.maximum(network, TINY, out=network)
        np.log(network, out=network)
        if self._banned:
            network[..., self._banned] = NEVER
        return network

    def one_row(self) -> OneMixed:
        """Return the model for a single string, with a faster step."""
        return OneMixed(self)


class OneMixed:
    """A mixture that reads a single string; created by ``Mixture.one_row``."""

    def __init__(self, mixture: Mixture) -> None:
        self._network, self._ngram = mixture.network.one_row(), mixture.ngram.one_row()
        self._weight, self._mixed = mixture._weights[0], mixture._mixed

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the next one's logits (V,), valid until the next call."""
        logits = self._network.read(character)
        by_ngram = self._ngram.probabilities(character)
        logits -= np.maximum.reduce(logits)
        np.exp(logits, out=logits)
        return self._mixed(logits, self._weight / np.add.reduce(logits), by_ngram)


def best_weight(network: Numbers, ngram: Numbers) -> tuple[float, float]:
    """Return the mixture weight of maximum likelihood, and its mean -log p in nats a character.

    The sum of log((1 - s) p + s q) is concave in s. Its maximum is found to 1e-9 by Newton's
    method, safeguarded by bisection. ``PRIOR`` pseudo-counts for each part keep few characters from
    leading to an extreme weight.

    Args:
        network, ngram: (N,), the probabilities of N characters, N of 1 or more; those of ``ngram``
            above 0.
    """
    gain = ngram - network
    low, high, weight = 0.0, 1.0, 0.5
    for _ in range(60):
        ratio = gain / np.maximum(network + weight * gain, LEAST)
        slope = float(ratio.sum()) + PRIOR / weight - PRIOR / (1 - weight)
        curve = float(np.square(ratio).sum()) + PRIOR / weight**2 + PRIOR / (1 - weight) ** 2
        low, high = (weight, high) if slope > 0 else (low, weight)
        before, step = weight, weight + slope / curve
        weight = step if low < step < high else (low + high) / 2
        if abs(weight - before) < 1e-9:
            break
    return weight, float(-np.log(np.maximum(network + weight * gain, LEAST)).mean())
