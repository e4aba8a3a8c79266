"""Logits at the targets of a stream, to fit how models are mixed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ..interface import Recurrence
from ..ngram.context_model import ContextNGram
from ..threads import run
from .names import log_softmax

PIECE, WARM = 256, 64
"""Characters that a long string is cut into; of each piece but the first, so many only lead in."""

ROWS = 256
"""Pieces that are read side by side."""


def pieces_of(
    stream: NDArray[np.integer], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where pieces of a stream (N + 1,) start and end, with at most ``most`` targets.

    Each is a string, or a part of one that is longer than ``PIECE``. If there are too many, every
    so manyth is taken.
    """
    starts = np.flatnonzero(stream[:-1] == BOUNDARY)
    ends = np.append(starts[1:], len(stream) - 1)
    cut = [np.arange(low, high, PIECE) for low, high in zip(starts, ends, strict=True)]
    lows = np.concatenate(cut) if cut else starts
    highs = np.minimum(lows + PIECE, np.repeat(ends, [len(part) for part in cut]))
    every = max(1, -(-len(stream) // most))
    return lows[::every], highs[::every]


def target_log_probabilities(
    rnn: Recurrence, stream: NDArray[np.integer], most: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return the log probabilities (T, V) before targets of a stream, and the targets (T,).

    Args:
        rnn: the model; without a begin symbol, first characters are not targets.
        stream: (N + 1,) ids: the boundary, a string, the boundary, the next string.
        most: the number of targets, about; the same for every model of V ids.
    """
    lows, highs = pieces_of(stream, most)
    groups = [slice(low, low + ROWS) for low in range(0, len(lows), ROWS)]

    def work(group: slice) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        return _read(rnn, stream, lows[group], highs[group])

    found = list(run(work, groups))
    size = rnn.vocabulary_size
    tables = [np.zeros((0, size), np.float32), *(table for table, _ in found)]
    targets = [np.zeros(0, np.int32), *(ids for _, ids in found)]
    return np.concatenate(tables), np.concatenate(targets)


def target_places(stream: NDArray[np.integer], most: int) -> NDArray[np.int64]:
    """Return the place in ``stream[1:]`` of each row of ``target_log_probabilities``, (T,)."""
    lows, highs = pieces_of(stream, most)
    found = [np.zeros(0, np.int64)]
    for low in range(0, len(lows), ROWS):
        group = slice(low, low + ROWS)
        found += [at[inside] for at, inside in _places(stream, lows[group], highs[group])]
    return np.concatenate(found)


def target_contexts(
    ngram: ContextNGram, stream: NDArray[np.integer], most: int
) -> NDArray[np.int32]:
    """Return the numbers of the n-gram's longest known contexts before the targets, (T,)."""
    lows, highs = pieces_of(stream, most)
    found = [np.zeros(0, np.int32)]
    for low in range(0, len(lows), ROWS):
        ends = highs[low : low + ROWS]
        carry = ngram.initial_carry(len(ends))[0]
        for at, inside in _places(stream, lows[low : low + ROWS], ends):
            after = np.empty_like(carry)
            ngram.read(stream[np.minimum(at, ends - 1)], carry, after)
            carry = after
            found.append(carry.view(np.int32)[inside, 0])
    return np.concatenate(found)


def _places(
    stream: NDArray[np.integer], lows: NDArray[np.int64], highs: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Yield the places of the inputs that are read side by side, and which of them have targets."""
    lead = np.where(stream[lows] == BOUNDARY, 0, WARM)  # a piece within a string begins before it
    first = np.maximum(lows - lead, 0)
    for time in range(int((highs - first).max())):
        at = first + time
        yield at, (at >= lows) & (at < highs)


def _read(
    rnn: Recurrence,
    stream: NDArray[np.integer],
    lows: NDArray[np.int64],
    highs: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    carry, buffers = rnn.initial_carry(len(lows)), rnn.buffers(len(lows))
    tables, targets = [], []
    for at, inside in _places(stream, lows, highs):
        read = np.minimum(at, highs - 1)
        logits, after = rnn.step(stream[read], carry, buffers)
        carry = after.copy()
        if not rnn.config.begin:
            inside &= stream[read] != BOUNDARY
        tables.append(log_softmax(logits[inside]))
        targets.append(stream[read + 1][inside].astype(np.int32))
    return np.concatenate(tables), np.concatenate(targets)
