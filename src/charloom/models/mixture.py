"""A network and an n-gram as one: their probabilities, interpolated at each character.

p = (1 - s) p_network + s p_ngram (Jelinek and Mercer 1980). The share s is the one that is best on
held-out characters; unlike a product of experts, this needs no normalisation, and its log is
concave in s, so that there is one best.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .interface import NEVER, Floats, Reader
from .ngram.model import NGram, OneNode, checked_ids, nodes_of
from .rnn.numpy import NumpyRNN

TINY = np.float32(1e-30)
"""Where both are 0 in float32, so that the log is finite."""

LEAST = 1e-300
"""The same in float64."""

PRIOR = 5
"""Characters that speak for each part before any is read."""

Ids = NDArray[np.integer]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Buffers:
    """Memory that a step of up to ``rows`` rows writes to; of use to one thread at a time."""

    carry: Floats  # (L*S + 1, rows, H)
    network: Any
    counted: Floats  # (rows, V)
    column: Floats  # (rows, 1)


class Mixture:
    """A network and an n-gram as one ``Recurrence``.

    The carry is the network's, and below it the n-gram's in the first column of one more array:
    (L*S + 1, B, H).
    """

    def __init__(self, network: NumpyRNN, ngram: NGram, share: float) -> None:
        """Take the two and the n-gram's share.

        Raises:
            ConfigError: their vocabularies are not of one size, or ``share`` lies outside [0, 1].
        """
        if network.vocabulary_size != ngram.vocabulary_size:
            raise ConfigError(
                "a network and an n-gram that are mixed must have one vocabulary. Received: "
                f"{network.vocabulary_size} and {ngram.vocabulary_size} ids"
            )
        if not 0 <= share <= 1:
            raise ConfigError(f"the n-gram's share must lie in [0, 1]. Received: {share}")
        self.network, self.ngram, self.share = network, ngram, float(share)
        self.config = network.config.replace(kind="mixture")
        self.vocabulary_size = network.vocabulary_size
        self._weights = np.float32(1 - share), np.float32(share)
        self._banned: list[int] = []

    def without(self, ids: Iterable[int]) -> Mixture:
        """Return the model that never gives ``ids``, though it may read them; shares all arrays.

        Raises:
            ConfigError: an id lies outside [0, V).
        """
        other = copy.copy(self)
        other._banned = [*self._banned, *checked_ids(ids, self.vocabulary_size)]
        return other

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (L*S + 1, rows, H): zeros."""
        states, _, units = self.network.initial_carry(0).shape
        return np.zeros((states + 1, rows, units), np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Set memory aside for steps of up to ``rows`` rows; ``carry`` is a part of it."""
        # Zeros: of the last array only a column is written, the rest is copied around with it.
        whole = self.initial_carry(rows) if carry is None else carry
        return Buffers(
            carry=whole,
            network=self.network.buffers(rows, whole[:-1]),
            counted=np.empty((rows, self.vocabulary_size), np.float32),
            column=np.empty((rows, 1), np.float32),
        )

    def step(self, ids: Ids, carry: Floats, out: Buffers | None = None) -> tuple[Floats, Floats]:
        """Read one character a row; see ``NumpyRNN.step``. The logits are log probabilities."""
        rows = len(ids)
        out = out or self.buffers(rows)
        after, counted, column = out.carry[:, :rows], out.counted[:rows], out.column[:rows]
        logits, _ = self.network.step(ids, carry[:-1], out.network)
        nodes = self.ngram.after(nodes_of(carry[-1:]), ids)
        nodes_of(after[-1:])[:] = nodes
        self.ngram.probabilities(nodes, counted)
        logits -= np.maximum.reduce(logits, axis=1, keepdims=True, out=column)
        np.exp(logits, out=logits)
        np.add.reduce(logits, axis=1, keepdims=True, out=column)
        np.divide(self._weights[0], column, out=column)
        logits *= column
        counted *= self._weights[1]
        logits += counted
        np.maximum(logits, TINY, out=logits)
        np.log(logits, out=logits)
        if self._banned:
            logits[:, self._banned] = NEVER
        return logits, after

    def one_row(self) -> OneMixed:
        """Return the model for one string, which it reads as fast as can be."""
        return OneMixed(self.network.one_row(), self.ngram.one_row(), self._weights, self._banned)


class OneMixed:
    """A mixture and its carry; made by ``Mixture.one_row``."""

    def __init__(
        self,
        network: Reader,
        ngram: OneNode,
        weights: tuple[np.float32, np.float32],
        banned: list[int],
    ) -> None:
        self._network, self._ngram = network, ngram
        self._weights, self._banned = weights, banned

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the logits of the next one, (V,), until the next call."""
        logits = self._network.read(character)
        counted = self._ngram.probabilities(character)
        logits -= np.maximum.reduce(logits)
        np.exp(logits, out=logits)
        logits *= self._weights[0] / np.add.reduce(logits)
        counted *= self._weights[1]
        logits += counted
        np.maximum(logits, TINY, out=logits)
        np.log(logits, out=logits)
        if self._banned:
            logits[self._banned] = NEVER
        return logits


def best_share(network: Numbers, ngram: Numbers) -> tuple[float, float]:
    """Return the n-gram's best share, and the mean -log p that it comes to, in nats.

    The sum of log((1 - s) p + s q) is concave in s: where its derivative is 0 is its maximum,
    which is found to 1e-9 by Newton's steps, kept between bounds that close in. So that a few
    characters do not lead to an extreme, ``PRIOR`` more speak for each of the two.

    Args:
        network, ngram: (N,), the probabilities of N characters, N of 1 or more; ``ngram``'s
            above 0.
    """
    gain = ngram - network
    low, high, share = 0.0, 1.0, 0.5
    for _ in range(60):
        ratio = gain / np.maximum(network + share * gain, LEAST)
        slope = float(ratio.sum()) + PRIOR / share - PRIOR / (1 - share)
        curve = float(np.square(ratio).sum()) + PRIOR / share**2 + PRIOR / (1 - share) ** 2
        low, high = (share, high) if slope > 0 else (low, share)
        before, step = share, share + slope / curve
        share = step if low < step < high else (low + high) / 2
        if abs(share - before) < 1e-9:
            break
    return share, float(-np.log(np.maximum(network + share * gain, LEAST)).mean())
