"""Whether characters come as often as the model says they will."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ...data.vocabulary import BOUNDARY
from ...models.interface import Recurrence
from ...models.scoring.names import log_softmax
from ...models.threads import run
from ..statistics import Estimate, Measure, reach

BINS = 10

CELLS = 3_000_000
"""Probabilities that are kept, at most: of more names, some are taken at random."""

ROWS = 512
"""Strings that are read together, at most, in each thread."""

RESAMPLES = 100

Ids = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Probabilities of about one size.

    Attributes:
        predicted: their mean.
        observed: the share of them whose character did come.
        count: how many there are.
    """

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How well the probabilities of all characters at all places agree with what came.

    Attributes:
        bins: of equal probability in all, from the rarely to the often expected; a bin's sum of
            probabilities is how many characters the model expected in it.
        error: Σ |expected - come| over the bins, a character, 2 at most: the expected
            calibration error, each bin weighted with what is at stake in it.
        ideal: what the same gives for characters drawn from the model's own probabilities at
            these places: never 0, for there are only so many.
        characters: the places.
    """

    bins: tuple[Bin, ...]
    error: Estimate
    ideal: Estimate
    characters: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return asdict(self)


def calibration(
    rnn: Recurrence,
    inputs: Sequence[Ids],
    skip: int = 0,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> Calibration | None:
    """Compare what was expected at each place with what came.

    Naeini, Cooper & Hauskrecht (2015) and Guo et al. (2017) measure the likeliest class alone. A
    model that is drawn from gives all of them, so all V probabilities of a place are counted
    here, as the classwise error of Kumar, Liang & Ma (2019, section 2) does, over bins of all
    classes together.

    Args:
        rnn: the model.
        inputs: strings of ids, each read from an empty carry: every id but the first is a target.
        skip: so many targets of each string are read, but not counted.
        seed: decides which strings, if they are too many, and the ideal's draws.
        threads: at most so many; the result is the same.

    Returns:
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
    reader = _reader(rnn, kept, skip)
    parts = zip(*run(reader, groups, threads), strict=True)
    p, come, names = (np.concatenate(part) for part in parts)
    return _compared(p, come, names, rng)


def calibration_measure(found: Calibration | None) -> list[Measure]:
    """Return the calibration's error as a measure."""
    if found is None:
        return []
    return [
        Measure(
            name="calibration_error",
            title="Calibration error",
            estimate=found.error,
            unit="%",
            better="lower",
            real=found.ideal,
            explanation="Share of next characters that came more or less often than it said; "
            "real: what chance gives.",
        )
    ]


def _reader(
    rnn: Recurrence, strings: Sequence[Ids], skip: int
) -> Callable[[list[int]], tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]]:
    """Return what reads a group: probabilities (N, V), what came (N,), in which string (N,)."""

    def read(group: list[int]) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
        lengths = np.array([len(strings[i]) for i in group])  # ascending
        ids = np.full((len(group), lengths[-1]), BOUNDARY, np.int32)
        for row, i in zip(ids, group, strict=True):
            row[: len(strings[i])] = strings[i]
        carry, places = rnn.initial_carry(len(group)), np.array(group)
        found: list[tuple[NDArray[Any], ...]] = []
        for time in range(int(lengths[-1]) - 1):
            gone = int(np.searchsorted(lengths, time + 1, side="right"))  # no target here
            carry = carry[:, gone:]
            lengths, ids, places = lengths[gone:], ids[gone:], places[gone:]
            logits, carry = rnn.step(ids[:, time], carry)
            if time >= skip:
                p = np.exp(log_softmax(logits).astype(np.float64))
                found.append((p, ids[:, time + 1].astype(np.intp), places))
        p, come, of = (np.concatenate(part) for part in zip(*found, strict=True))
        return p, come, of

    return read


def _compared(
    p: NDArray[np.float64],
    come: NDArray[np.intp],
    names: NDArray[np.intp],
    rng: np.random.Generator,
) -> Calibration:
    """Sort the probabilities into bins, and count in each what was expected and what came."""
    count = len(p)
    flat = p.ravel()
    order = np.argsort(flat, kind="stable")
    mass = np.cumsum(flat[order])
    edges = np.searchsorted(mass, mass[-1] * np.arange(1, BINS) / BINS, side="right")
    # Equal probabilities share a bin: those before an edge move up to where the value changes.
    limits = flat[order[np.minimum(edges, len(order) - 1)]]
    bins = np.searchsorted(np.unique(limits), flat, side="right").reshape(p.shape)
    used = int(bins.max()) + 1

    rows = np.arange(count)
    _, name = np.unique(names, return_inverse=True)
    strings = int(name.max()) + 1
    expected = np.bincount((name[:, None] * used + bins).ravel(), flat, strings * used)
    observed = np.bincount(name * used + bins[rows, come], minlength=strings * used)
    gaps = (expected - observed).reshape(strings, used)  # what each name adds to each bin
    value = float(np.abs(gaps.sum(axis=0)).sum() / count)

    weights = rng.multinomial(strings, np.full(strings, 1 / strings), RESAMPLES)
    sizes = np.bincount(name)
    resampled = np.abs(weights @ gaps).sum(axis=1) / np.maximum(weights @ sizes, 1)
    half = reach(strings) * float(resampled.std())

    shares = np.zeros((count, used))  # a place's probability in each bin
    for index in range(used):
        shares[:, index] = np.where(bins == index, p, 0).sum(axis=1)
    cumulative, total = np.cumsum(shares, axis=1), shares.sum(axis=0)
    ideal = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        picks = (rng.random(count)[:, None] * cumulative[:, -1:] > cumulative).sum(axis=1)
        ideal[i] = np.abs(np.bincount(picks, minlength=used) - total).sum() / count
    low, high = np.quantile(ideal, (0.025, 0.975))

    sums, numbers = expected.reshape(strings, used).sum(axis=0), np.bincount(bins.ravel())
    hits = observed.reshape(strings, used).sum(axis=0)
    return Calibration(
        bins=tuple(
            Bin(predicted=float(s / n), observed=float(h / n), count=int(n))
            for s, h, n in zip(sums, hits, numbers, strict=True)
            if n
        ),
        error=Estimate(value=value, low=max(0.0, value - half), high=min(2.0, value + half)),
        ideal=Estimate(value=float(ideal.mean()), low=float(low), high=float(high)),
        characters=count,
    )
