"""Log-likelihoods of running text: as one stream, and in windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ..interface import Recurrence, Remembering
from ..threads import run
from .names import log_softmax

WARM = 256
"""Characters that are read before each part, so that its carry is that of the stream."""

ROWS = 128
"""The largest number of rows of a step in each thread."""

Ids = NDArray[np.integer]
Numbers = NDArray[np.float64]


def stream_nats(
    rnn: Recurrence, ids: Ids, threads: int | None = None, *, apart: bool = False
) -> float:
    """Return the summed -log p of ``ids[1:]``, each given all ids before it, in nats.

    Arguments are those of ``stream_target_nats``, of which it is the sum.
    """
    return float(stream_target_nats(rnn, ids, threads, apart=apart).sum())


def stream_target_nats(
    rnn: Recurrence, ids: Ids, threads: int | None = None, *, apart: bool = False
) -> Numbers:
    """Return -log p of each of ``ids[1:]``, given all ids before it, (N - 1,), in nats.

    A long text is cut into parts that are read side by side. Each part first reads the ``WARM``
    characters before it, so that its carry is the stream's but for what the model has forgotten
    by then (measured: less than 1e-5 nats a character). A model that remembers more is told what
    came before.

    Args:
        rnn: the model.
        ids: (N,), the first of them the boundary.
        threads: the largest number; ``None``: one per core. The result is the same.
        apart: whether documents have nothing to do with each other: then each is read from an
            empty carry, as one that is generated.
    """
    targets = len(ids) - 1
    nats = np.zeros(targets)
    parts = max(1, targets // (4 * WARM))
    edges = np.linspace(0, targets, parts + 1).round().astype(np.int64)
    groups = [slice(low, low + ROWS) for low in range(0, parts, ROWS)]
    if len(groups) == 1 and parts > 8:  # two threads gain more than more rows
        groups = [slice(0, parts // 2), slice(parts // 2, parts)]

    def work(group: slice) -> None:
        _parts(rnn, ids, edges[:-1][group], edges[1:][group], nats, apart)

    if targets:
        run(work, groups, threads)
    return nats


def _parts(
    rnn: Recurrence,
    ids: Ids,
    lows: NDArray[np.int64],
    highs: NDArray[np.int64],
    nats: Numbers,
    apart: bool,
) -> None:
    """Fill in ``nats`` for parts, each the targets ``ids[low + 1 : high + 1]``."""
    rows = np.arange(len(lows))
    here, there = rnn.initial_carry(len(rows)), rnn.initial_carry(len(rows))
    buffers = rnn.buffers(len(rows))
    if isinstance(rnn, Remembering):
        rnn.remember(here, ids, np.maximum(lows - WARM, 0))
    for time in range(-WARM if lows.any() else 0, int((highs - lows).max())):
        at = lows + time  # the positions of the inputs
        read = np.clip(at, 0, len(ids) - 2)
        if apart:
            here[:, ids[read] == BOUNDARY] = 0
        logits, after = rnn.step(ids[read], here, buffers)
        np.copyto(there, after)
        there[:, at < 0] = 0  # before the text's own beginning
        here, there = there, here
        if time >= 0:
            inside = at < highs
            nats[at[inside]] = -log_softmax(logits)[rows, ids[read + 1]][inside]


def window_nats(
    rnn: Recurrence,
    ids: Ids,
    window: int = 256,
    threads: int | None = None,
    *,
    apart: bool = False,
) -> float:
    """Return the summed -log p of ``ids[1:]``, each given only those before it in its window.

    For comparison with models that see no further: the text is cut into windows of ``window``
    targets, and each is read from an empty carry, its first input the character before it.

    Args:
        rnn: the model.
        ids: (N,), the first of them the boundary.
        window: targets of a window; the last has what is left.
        threads, apart: as in ``stream_target_nats``.
    """
    targets = len(ids) - 1
    lows = np.arange(0, targets, window)
    groups = [lows[i : i + ROWS] for i in range(0, len(lows), ROWS)]

    def work(group: NDArray[np.int64]) -> float:
        rows, nats = np.arange(len(group)), 0.0
        carry, buffers = rnn.initial_carry(len(group)), rnn.buffers(len(group))
        for time in range(min(window, targets)):
            at = group + time
            inside = at < targets
            read = np.minimum(at, targets - 1)
            if apart:
                carry[:, ids[read] == BOUNDARY] = 0
            logits, after = rnn.step(ids[read], carry, buffers)
            np.copyto(carry, after)
            nats -= float(log_softmax(logits)[rows, ids[read + 1]][inside].sum())
        return nats

    return sum(run(work, groups, threads))
