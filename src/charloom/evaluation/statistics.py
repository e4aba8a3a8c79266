"""A figure with its 95 % interval: what was measured, and how far chance may have moved it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.random import Stream, generator
from ..errors import ConfigError

Z = 1.959963984540054
"""The standard normal's 97.5 % point."""

BLOCK = 1 << 22
"""Items drawn at once, that a bootstrap's memory has a bound."""

MANY = 20_000
"""Items from which on the bootstrap's distribution is the normal one that it tends to."""

Better = Literal["lower", "higher", "as real"]


def html_table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table for a notebook, its cells escaped."""

    def row(cells: Sequence[object], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{row(heads, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"


@dataclass(frozen=True, kw_only=True, repr=False)
class Estimate:
    """A figure and its 95 % interval.

    Attributes:
        value: what was measured.
        low, high: the interval; both are the value where nothing was left to chance.
    """

    value: float
    low: float
    high: float

    def __repr__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"

    def _repr_html_(self) -> str:
        """Show the estimate in a notebook."""
        interval = f"{self.low:.4g} to {self.high:.4g}"
        return html_table(("value", "95 % interval"), [(f"{self.value:.4g}", interval)])

    def to_dict(self) -> dict[str, float]:
        """Return the fields as plain data that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure of a model, and how to read it.

    Attributes:
        name: its key.
        title: for people.
        estimate: the figure; a share lies in [0, 1].
        unit: ``nats``, ``bits``, ``%`` for a share, ``characters``, or nothing.
        better: where good is: ``lower``, ``higher``, or ``as real``: near what real names give.
        explanation: one plain sentence.
        real: the same for real names, where that makes sense.
    """

    name: str
    title: str
    estimate: Estimate
    unit: str
    better: Better
    explanation: str
    real: Estimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold."""
        return {
            "name": self.name,
            "title": self.title,
            **self.estimate.to_dict(),
            "unit": self.unit,
            "better": self.better,
            "real": None if self.real is None else self.real.to_dict(),
            "explanation": self.explanation,
        }


def ratio_estimate(
    numerators: ArrayLike, denominators: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> Estimate:
    """Estimate Σ numerators / Σ denominators by the bootstrap over items.

    The percentile interval (Efron & Tibshirani 1993, ch. 13), expanded for few items as in
    ``reach``. As nats and characters of names: the figure is that a character, and a name is what
    is drawn again, for its characters are no independent witnesses.

    Args:
        numerators: (N,), such as each name's nats.
        denominators: (N,), such as each name's characters.
        resamples: how often N items are drawn from the N.
        seed: decides them.

    Raises:
        ConfigError: there is no item, the lengths differ, or the denominators sum to 0.
    """
    return _bootstrap(_numbers(numerators), _numbers(denominators), resamples, seed)


def paired_estimate(
    a: ArrayLike, b: ArrayLike, denominators: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> Estimate:
    """Estimate (Σ a - Σ b) / Σ denominators by the bootstrap over the same items of both.

    Args:
        a, b: (N,), two models' figures of each item.
        denominators: (N,), such as each name's characters.
        resamples, seed: as in ``ratio_estimate``.

    Raises:
        ConfigError: as ``ratio_estimate``.
    """
    first, second = _numbers(a), _numbers(b)
    if len(first) != len(second):
        raise ConfigError(
            f"paired figures must be of the same items. Received: {len(first)} and {len(second)}"
        )
    return _bootstrap(first - second, _numbers(denominators), resamples, seed)


def share_estimate(hits: float, of: int) -> Estimate:
    """Estimate a share by its score interval (Wilson 1927), which holds near 0 and 1 too.

    Args:
        hits: how many; or the sum of each item's chance to be one, for which the interval is
            rather too wide: nothing in [0, 1] varies more about its mean than yes and no.
        of: items.

    Raises:
        ConfigError: ``of`` is less than 1, or ``hits`` lies outside [0, ``of``].
    """
    if of < 1 or not 0 <= hits <= of:
        raise ConfigError(f"a share must be of 1 or more, from 0 to all. Received: {hits} of {of}")
    p, scale = hits / of, 1 + Z**2 / of
    middle = (p + Z**2 / (2 * of)) / scale
    half = Z * math.sqrt(p * (1 - p) / of + Z**2 / (4 * of**2)) / scale
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Estimate(value=p, low=min(low, p), high=max(high, p))


def reach(items: int) -> float:
    """Return how many standard errors of the bootstrap an interval of few items must reach.

    The bootstrap's spread is too small by sqrt((N - 1) / N), and not known better than from N
    items: so sqrt(N / (N - 1)) times Student's t (Hesterberg 2015, What Teachers Should Know About
    the Bootstrap, on expanded percentile intervals). Of place names' nats, 20 at a time, intervals
    then hold the truth in 93.9 % of cases, not 92.3; of 5, in 91 %, not 84 (BCa: 91 and 83 %).
    """
    from scipy.special import stdtrit

    if items < 2:
        return Z
    return float(stdtrit(items - 1, 0.975)) * math.sqrt(items / (items - 1))


def middle(resampled: NDArray[np.float64], value: float, items: int) -> Estimate:
    """Return ``value`` with the interval that the bootstrap over so many items gives it.

    Args:
        resampled: (R,), what the bootstrap found; only finite ones count.
        value: what was measured, which the interval holds at least.
        items: how many were drawn from; of less than two nothing is known, and the interval is
            the value.
    """
    from scipy.special import ndtr

    found = resampled[np.isfinite(resampled)]
    tail = float(ndtr(-reach(items)))
    low, high = np.quantile(found, (tail, 1 - tail)) if len(found) else (value, value)
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value))


def changed(estimate: Estimate, value: float, low: float, high: float) -> Estimate:
    """Return another figure whose interval reaches as far as that of ``estimate``, in [low, high].

    For a figure that is measured once, whose spread is that of a resampled likeness of it.
    """
    return Estimate(
        value=value,
        low=max(low, value - (estimate.value - estimate.low)),
        high=min(high, value + (estimate.high - estimate.value)),
    )


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    found = np.atleast_1d(np.asarray(values, np.float64))
    if found.ndim != 1 or not len(found):
        raise ConfigError(f"there must be one figure for each item. Received: {found.shape}")
    return found


def _bootstrap(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], resamples: int, seed: int
) -> Estimate:
    count = len(numerators)
    if len(denominators) != count or not denominators.sum() > 0 or resamples < 1:
        raise ConfigError(
            "a ratio needs a denominator for each item, more than 0 in all, and resamples. "
            f"Received: {count} over {len(denominators)}, {resamples} resamples"
        )
    value = float(numerators.sum() / denominators.sum())
    if count >= MANY:  # the same to three digits, a thousand times as fast
        residuals = numerators - value * denominators
        half = Z * float(np.sqrt((residuals**2).sum()) / denominators.sum())
        return Estimate(value=value, low=value - half, high=value + half)
    rng, ratios = generator(Stream.RESAMPLING, seed), []
    rows = max(1, BLOCK // count)
    for start in range(0, resamples, rows):
        picks = rng.integers(count, size=(min(rows, resamples - start), count), dtype=np.int32)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios.append(numerators[picks].sum(axis=1) / denominators[picks].sum(axis=1))
    return middle(np.concatenate(ratios), value, count)
