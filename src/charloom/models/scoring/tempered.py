"""How likely a plain draw is to be each of some strings, at several temperatures at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY, Vocabulary
from ...errors import ConfigError
from ..rnn.numpy import NEVER, Recurrence
from ..threads import run
from .names import log_softmax

ROWS = 512
"""Strings that are read together, at most."""

Ids = NDArray[np.int32]
Floats = NDArray[np.float64]


class Reader(Protocol):
    """A recurrence with its vocabulary."""

    @property
    def rnn(self) -> Recurrence:
        """The recurrence."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Characters to ids and back."""


def chances(
    model: Reader,
    strings: Sequence[Ids],
    temperature: float,
    threads: int | None = None,
) -> Floats:
    """Return how likely a plain draw is to be each string, (N,); see ``chances_by_temperature``."""
    return chances_by_temperature(model, strings, [temperature], threads)[:, 0]


def chances_by_temperature(
    model: Reader,
    strings: Sequence[Ids],
    temperatures: Sequence[float],
    threads: int | None = None,
) -> Floats:
    """Return how likely a plain draw is to be each string, (N, K): exactly, for none is drawn.

    Plain draws are such as ``generate`` gives with known names and repeats let through: not
    empty, and without the unknown symbol. For a model without a begin symbol it is how likely
    the rest is to follow the first character. The model is read once for all temperatures.

    Args:
        model: of names.
        strings: N of ids, none empty.
        temperatures: K, which divide the logits at each character.
        threads: at most so many.

    Raises:
        ConfigError: a temperature is not above 0 and at most 100.
    """
    for temperature in temperatures:
        if not 0 < temperature <= 100:
            raise ConfigError(
                f"temperature must be above 0 and at most 100. Received: {temperature}"
            )
    scales = [np.float32(1 / temperature) for temperature in temperatures]
    unknown = model.vocabulary.unknown_id
    banned = [] if unknown is None else [unknown]
    order = sorted(range(len(strings)), key=lambda i: len(strings[i]))
    groups = [order[first : first + ROWS] for first in range(0, len(order), ROWS)]

    def work(group: list[int]) -> Floats:
        return _nats(model.rnn, [strings[i] for i in group], scales, banned)

    mass = np.empty((len(strings), len(scales)))
    for group, nats in zip(groups, run(work, groups, threads), strict=True):
        mass[group] = np.exp(-nats)
    if not model.rnn.config.begin:
        return mass
    logits, _ = model.rnn.step(np.array([BOUNDARY]), model.rnn.initial_carry(1))
    logits[:, banned] = NEVER
    for k, scale in enumerate(scales):
        empty = float(np.exp(log_softmax(logits * scale)[0, BOUNDARY]))
        mass[:, k] /= max(1.0 - empty, 1e-12)
    return mass


def _nats(
    rnn: Recurrence, strings: Sequence[Ids], scales: Sequence[np.float32], banned: list[int]
) -> Floats:
    """Return -log p of each string, its end included, (B, K); a step a distinct prefix."""
    width = max(map(len, strings)) + 1
    ids = np.full((len(strings), width + 1), BOUNDARY, np.int32)  # inputs, and one on: targets
    for row, string in zip(ids, strings, strict=True):
        row[1 : 1 + len(string)] = string
    order = np.lexsort(ids.T[::-1])  # so that equal prefixes are neighbours
    ids = ids[order]
    lengths = (ids != BOUNDARY).sum(axis=1)
    shared = np.zeros(len(ids), np.int64)  # leading ids that are as in the string before
    shared[1:] = np.cumprod(ids[1:] == ids[:-1], axis=1, dtype=np.int8).sum(axis=1)
    nats = np.zeros((len(ids), len(scales)))
    carry, node = rnn.initial_carry(1), np.zeros(len(ids), np.int64)
    for time in range(0 if rnn.config.begin else 1, width):
        alive = np.flatnonzero(lengths >= time)
        opens = shared[alive] <= time
        first = alive[opens]
        logits, carry = rnn.step(ids[first, time], carry[:, node[first]])
        logits[:, banned] = NEVER
        node[alive] = np.cumsum(opens) - 1
        for k, scale in enumerate(scales):
            nats[alive, k] -= log_softmax(logits * scale)[node[alive], ids[alive, time + 1]]
    result = np.empty_like(nats)
    result[order] = nats
    return result
