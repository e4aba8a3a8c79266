"""Whether characters occur as often as the model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ...data.vocabulary import BOUNDARY
from ...models.interface import Recurrence
from ...models.scoring.names import log_softmax, read_alone
from ...models.threads import run
from ..statistics import Estimate, Measure, Plain, reach
from .catalogue import described

BINS = 10

CELLS = 3_000_000
"""Predicted probabilities at most: with more, a random subset of the strings is used."""

ROWS = 512
"""Strings that a thread reads together, at most."""

RESAMPLES = 100

Ids = NDArray[np.int32]
Predictions = tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]
"""Probabilities (N, V) at N places, the character that came (N,), and in which string (N,)."""


@dataclass(frozen=True, kw_only=True)
class Bin(Plain):
    """Predictions of similar probability.

    Attributes:
        predicted: mean probability.
        observed: share of the predictions whose character came.
        count: number of predictions.
    """

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Calibration(Plain):
    """How well the probabilities of all characters at all places agree with what came.

    Attributes:
        bins: from improbable to probable characters, with equal sums of probabilities, which is
            the number of characters expected in a bin.
        error: Σ |expected - observed| over the bins, per character, 2 at most: the expected
            calibration error, each bin weighted by the characters expected in it.
        ideal: the same for characters sampled from the model's own probabilities at these places:
            above 0, since there are finitely many.
        characters: number of places.
    """

    bins: tuple[Bin, ...]
    error: Estimate
    ideal: Estimate
    characters: int


def calibration(
    rnn: Recurrence,
    inputs: Sequence[Ids],
    skip: int = 0,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> Calibration | None:
    """Compare the predictions at each place with what came.

    Naeini, Cooper & Hauskrecht (2015) and Guo et al. (2017) measure the most likely class only.
    Since sampling uses all probabilities, all V of a place count here, as in the classwise error
    of Kumar, Liang & Ma (2019, section 2), over bins of all classes together.

    ``inputs`` are strings of ids, each read from an empty carry: every id but the first is a
    target, of which the first ``skip`` are not counted. The ``seed`` decides the subset of strings,
    if there are too many, and the ideal's samples; ``threads`` do not change the result. Returns
    ``None`` if there is no target.
    """
    rng = generator(Stream.RESAMPLING, seed)
    kept = [string for string in inputs if len(string) > skip + 1]
    cells = sum(len(string) - skip - 1 for string in kept) * rnn.vocabulary_size
    if cells > CELLS:
        share = CELLS / cells
        kept = [kept[i] for i in rng.permutation(len(kept))[: max(1, int(share * len(kept)))]]
    if not kept:
        return None
    order = sorted(range(len(kept)), key=lambda i: len(kept[i]))
    groups = [order[i : i + ROWS] for i in range(0, len(order), ROWS)]

    def read(group: list[int]) -> Predictions:
        return _read(rnn, [kept[i] for i in group], np.array(group), skip)

    p, came, of = map(np.concatenate, zip(*run(read, groups, threads), strict=True))
    return _compared(p, came, of, rng)


def calibration_measure(found: Calibration | None) -> list[Measure]:
    """Return the calibration error as a measure."""
    return [] if found is None else [described("calibration_error", found.error, found.ideal)]


def _read(
    rnn: Recurrence, strings: Sequence[Ids], places: NDArray[np.intp], skip: int
) -> Predictions:
    """Read strings of ascending length together."""
    lengths = np.array([len(string) for string in strings])
    ids = np.full((len(strings), lengths[-1]), BOUNDARY, np.int32)
    for row, string in zip(ids, strings, strict=True):
        row[: len(string)] = string
    carry = rnn.initial_carry(len(strings))
    found: list[Predictions] = []
    for time in range(int(lengths[-1]) - 1):
        ended = int(np.searchsorted(lengths, time + 1, side="right"))
        lengths, ids, places, carry = lengths[ended:], ids[ended:], places[ended:], carry[:, ended:]
        if len(lengths) == 1:  # the same steps, with less around them
            for logits in read_alone(rnn, ids[0, time:-1], carry):
                targets = ids[0, time + 1 : time + 1 + len(logits)].astype(np.intp)
                p = np.exp(log_softmax(logits).astype(np.float64))
                time, own = time + len(p), slice(max(0, skip - time), None)
                found.append((p[own], targets[own], np.full(len(p[own]), places[0])))
            break
        logits, carry = rnn.step(ids[:, time], carry)
        if time >= skip:
            p = np.exp(log_softmax(logits).astype(np.float64))
            found.append((p, ids[:, time + 1].astype(np.intp), places))
    p, came, of = map(np.concatenate, zip(*found, strict=True))
    return p, came, of


def _compared(
    p: NDArray[np.float64],
    came: NDArray[np.intp],
    strings: NDArray[np.intp],
    rng: np.random.Generator,
) -> Calibration:
    """Sort the predictions into bins, and count what was expected and observed in each."""
    count = len(p)
    flat = p.ravel()
    order = np.argsort(flat, kind="stable")
    mass = np.cumsum(flat[order])
    edges = np.searchsorted(mass, mass[-1] * np.arange(1, BINS) / BINS, side="right")
    # Equal probabilities share a bin: those before an edge move up to where the value changes.
    limits = flat[order[np.minimum(edges, len(order) - 1)]]
    bins = np.searchsorted(np.unique(limits), flat, side="right").reshape(p.shape)
    used = int(bins.max()) + 1

    _, string = np.unique(strings, return_inverse=True)
    sizes = np.bincount(string)
    shape = (len(sizes), used)
    cells = len(sizes) * used
    expected = np.bincount((string[:, None] * used + bins).ravel(), flat, cells).reshape(shape)
    hits = string * used + bins[np.arange(count), came]
    observed = np.bincount(hits, minlength=cells).reshape(shape)
    gaps = expected - observed  # what each string adds to each bin
    value = float(np.abs(gaps.sum(axis=0)).sum() / count)

    weights = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), RESAMPLES)
    resampled = np.abs(weights @ gaps).sum(axis=1) / np.maximum(weights @ sizes, 1)
    half = reach(len(sizes)) * float(resampled.std())

    shares = np.zeros((count, used))  # the probability of each bin at each place
    for index in range(used):
        shares[:, index] = np.where(bins == index, p, 0).sum(axis=1)
    cumulative, total = np.cumsum(shares, axis=1), shares.sum(axis=0)
    ideal = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        picks = (rng.random(count)[:, None] * cumulative[:, -1:] > cumulative).sum(axis=1)
        ideal[i] = np.abs(np.bincount(picks, minlength=used) - total).sum() / count
    low, high = np.quantile(ideal, (0.025, 0.975))

    columns = expected.sum(axis=0), observed.sum(axis=0), np.bincount(bins.ravel())
    return Calibration(
        bins=tuple(
            Bin(predicted=float(s / n), observed=float(h / n), count=int(n))
            for s, h, n in zip(*columns, strict=True)
            if n
        ),
        error=Estimate(value=value, low=max(0.0, value - half), high=min(2.0, value + half)),
        ideal=Estimate(value=float(ideal.mean()), low=float(low), high=float(high)),
        characters=count,
    )
