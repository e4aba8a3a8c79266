"""Running text in blocks: how likely each is, given what comes before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ...models.rnn.numpy import Recurrence
from ...models.scoring.names import target_nats
from ...models.scoring.text import WARM

BLOCK = 1000
"""Characters of a block: so many that blocks are witnesses nearly independent of one another."""

Ids = NDArray[np.integer]


def blocks_of(ids: Ids) -> list[tuple[Ids, int]]:
    """Cut text into blocks; return each with what is read before it, and how long it is itself.

    A block lies within one document; the boundaries before documents are in none.

    Args:
        ids: (N,), the boundary before each document.
    """
    found: list[tuple[Ids, int]] = []
    for document in np.split(ids, np.flatnonzero(ids == BOUNDARY)):
        text = document[document != BOUNDARY]
        for low in range(0, len(text), BLOCK):
            high = min(low + BLOCK, len(text))
            found.append((text[max(0, low - WARM) : high], high - low))
    return found


def block_nats(
    rnn: Recurrence, blocks: Sequence[tuple[Ids, int]], threads: int | None = None
) -> NDArray[np.float64]:
    """Return -log p of each block given the text before it, (K,), in nats.

    Of that a model reads as much as it remembers: see ``stream_score.WARM``.
    """
    strings = [string.astype(np.int32, copy=False) for string, _ in blocks]
    rows = target_nats(rnn, strings, threads)  # each with the end's, which text has not
    return np.array([row[-1 - own : -1].sum() for row, (_, own) in zip(rows, blocks, strict=True)])
