"""Log-likelihoods of names: ids in, nats out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ...errors import ConfigError
from ..interface import NEVER, Recurrence
from ..rnn.numpy import NumpyRNN
from ..threads import run

ROWS = 1024
"""Strings that are scored together, at most."""

CELLS = 1 << 22
"""Ids that they may take up, padding included, unless a single string is longer."""

STRETCH = 256
"""Steps of a lone string whose probabilities are computed together."""

CERTAIN_NATS = 1000.0
"""A string of more nats has a probability of 0 in float64, whatever follows."""

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]


def log_softmax(logits: Floats) -> Floats:
    """Return the log of the probabilities that logits stand for, (B, V), in nats."""
    scores: Floats = logits - logits.max(axis=1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return scores


def score(
    rnn: Recurrence, strings: Sequence[Ids], threads: int | None = None
) -> NDArray[np.float64]:
    """Return -log of each string's probability, (N,), in nats, end symbol included.

    Without a begin symbol (``config.begin``) the first id is given, and costs nothing; an empty
    string then costs nothing either.

    Args:
        rnn: the model.
        strings: N strings of ids, without boundaries; an empty one is just the end symbol.
        threads: the largest number; ``None``: one per core. The result is the same.

    Raises:
        ConfigError: ``threads`` is less than 1.
    """
    return np.array([row.sum() for row in target_nats(rnn, strings, threads)], dtype=np.float64)


def target_nats(
    rnn: Recurrence, strings: Sequence[Ids], threads: int | None = None
) -> list[NDArray[np.float64]]:
    """Return -log of the probability of each next id of each string, in nats, the end included.

    Of a string of T ids, that is an array (T + 1,); (T,) without a begin symbol, when the first id
    is given. Arguments and errors are those of ``score``, which returns the sums.
    """
    first = 0 if rnn.config.begin else 1
    found: list[NDArray[np.float64]] = [np.empty(0)] * len(strings)
    for group, nats in _by_group(rnn, strings, threads=threads):
        for i, row in zip(group.tolist(), nats[:, :, 0], strict=True):
            found[i] = row[first : len(strings[i]) + 1].copy()
    return found


def sequence_probabilities(
    rnn: Recurrence,
    strings: Sequence[Ids],
    temperatures: Sequence[float],
    *,
    unknown_id: int | None = None,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Return the probability that sampling gives each string, at K temperatures, (N, K).

    It is that of names sampled with copies and repeats let through: never empty, and without the
    unknown symbol. For a model without a begin symbol, it is the probability that the rest follows
    the first character. Each distinct prefix is read once for all temperatures.

    Args:
        rnn: the model.
        strings: N strings of ids, none empty.
        temperatures: K, by which the logits are divided.
        unknown_id: the id of the unknown symbol, if there is one.
        threads: as in ``score``.

    Raises:
        ConfigError: a temperature is not above 0 and at most 100.
    """
    for temperature in temperatures:
        if not 0 < temperature <= 100:
            raise ConfigError(
                f"temperature must be above 0 and at most 100. Received: {temperature}"
            )
    scales = [1 / temperature for temperature in temperatures]
    banned = [] if unknown_id is None else [unknown_id]
    found = np.empty((len(strings), len(scales)))
    for group, nats in _by_group(rnn, strings, scales, banned, threads, CERTAIN_NATS):
        found[group] = np.exp(-nats.sum(axis=1))
    if not rnn.config.begin:
        return found
    logits, _ = rnn.step(np.array([BOUNDARY]), rnn.initial_carry(1))
    logits[:, banned] = NEVER
    empty = [float(np.exp(_tempered(logits, scale)[0, BOUNDARY])) for scale in scales]
    result: NDArray[np.float64] = found / np.maximum(1.0 - np.array(empty), 1e-12)
    return result


def score_labelled(
    rnn: NumpyRNN, strings: Sequence[Ids], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return what ``score`` does, each string under its label: (N,), k + 1 or 0 for none."""
    nats = np.empty(len(strings))
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]

    def work(group: NDArray[np.intp]) -> NDArray[np.float64]:
        label = int(labels[group[0]])
        return score(rnn.labelled(label - 1 if label else None), [strings[i] for i in group], 1)

    for group, values in zip(groups, run(work, groups), strict=True):
        nats[group] = values
    return nats


def _by_group(
    rnn: Recurrence,
    strings: Sequence[Ids],
    scales: Sequence[float] = (1.0,),
    banned: Sequence[int] = (),
    threads: int | None = None,
    enough: float = np.inf,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Yield places of strings, (B,), and the nats of their ids, (B, T, K), 0 beyond their ends.

    Strings of more than ``enough`` nats need not be read to their ends; 0 follows there too.
    """
    lengths = np.array([len(string) for string in strings], dtype=np.int64)
    # Of similar length, so that little is padding; of equal length in the order of their ids.
    groups = _cut(np.argsort(lengths, kind="stable"), lengths)

    def work(group: NDArray[np.intp]) -> NDArray[np.float64]:
        return _score_group(rnn, [strings[i] for i in group], scales, banned, enough)

    return zip(groups, run(work, groups, threads), strict=True)


def _cut(order: NDArray[np.intp], lengths: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Cut strings in ``order`` of length into groups of at most ROWS strings and CELLS ids."""
    groups = []
    while len(order):
        # The last of a group is its longest, so a group grows as its rows times that.
        cells = np.arange(1, len(order[:ROWS]) + 1) * (lengths[order[:ROWS]] + 1)
        rows = max(1, int(np.searchsorted(cells, CELLS, side="right")))
        groups.append(order[:rows])
        order = order[rows:]
    return groups


def read_alone(rnn: Recurrence, ids: Ids, carry: Floats, buffers: Any = None) -> Iterator[Floats]:
    """Yield the logits after each of ``ids`` (T,) of one string, (STRETCH, V) at a time."""
    for low in range(0, len(ids), STRETCH):
        stretch = ids[low : low + STRETCH]
        found = np.empty((len(stretch), rnn.vocabulary_size), np.float32)
        for i in range(len(stretch)):
            logits, after = rnn.step(stretch[i : i + 1], carry, buffers)
            carry = after if buffers is None else after.copy()
            found[i] = logits[0]
        yield found


def _score_group(
    rnn: Recurrence,
    strings: Sequence[Ids],
    scales: Sequence[float],
    banned: Sequence[int],
    enough: float,
) -> NDArray[np.float64]:
    """Step once for each distinct prefix: equal prefixes are neighbours in sorted order."""
    width = max(len(string) for string in strings) + 1
    # Inputs, and shifted by one, targets.
    ids = np.full((len(strings), 1 + width), BOUNDARY, dtype=np.int32)
    for row, string in zip(ids, strings, strict=True):
        row[1 : 1 + len(string)] = string
    order = np.lexsort(ids.T[::-1])
    ids = ids[order]
    lengths = (ids != BOUNDARY).sum(axis=1)
    shared = np.zeros(len(ids), dtype=np.intp)  # leading ids that are as in the string before
    shared[1:] = np.cumprod(ids[1:] == ids[:-1], axis=1, dtype=np.int8).sum(axis=1)

    nats = np.zeros((len(ids), width, len(scales)))
    spent = np.zeros((len(ids), len(scales)))  # sums of nats up to the last stretch's end
    buffers = None if len(scales) > 1 else rnn.buffers(len(ids))
    carry = rnn.initial_carry(1)
    node = np.zeros(len(ids), dtype=np.intp)  # the row of the carry that each string is at
    for time in range(0 if rnn.config.begin else 1, width):
        alive = np.flatnonzero(lengths >= time)
        if time and time % STRETCH == 0:
            spent += nats[:, time - STRETCH : time].sum(axis=1)
            if (spent[alive] > enough).all():
                break
        if len(alive) == 1:  # so it stays: the steps are the same, with less around them
            lone = int(alive[0])
            begun, spent = carry[:, node[alive]], nats[lone, :time].sum(axis=0)
            for logits in read_alone(rnn, ids[lone, time:width], begun, buffers):
                logits[:, banned] = NEVER
                end = time + len(logits)
                targets = ids[lone, time + 1 : end + 1, None]
                for k, scale in enumerate(scales):
                    log_p = _tempered(logits, scale)
                    nats[lone, time:end, k] = -np.take_along_axis(log_p, targets, 1)[:, 0]
                spent += nats[lone, time:end].sum(axis=0)
                time = end
                if (spent > enough).all():
                    break
            break
        opens = shared[alive] <= time  # whether a string is the first with its prefix
        first = alive[opens]
        logits, after = rnn.step(ids[first, time], carry[:, node[first]], buffers)
        carry = after if buffers is None else after.copy()
        logits[:, banned] = NEVER
        node[alive] = np.cumsum(opens) - 1
        for k, scale in enumerate(scales):
            log_p = _tempered(logits, scale)
            nats[alive, time, k] = -log_p[node[alive], ids[alive, time + 1]]
    result = np.empty_like(nats)
    result[order] = nats
    return result


def _tempered(logits: Floats, scale: float) -> Floats:
    return log_softmax(logits if scale == 1 else logits * np.float32(scale))
