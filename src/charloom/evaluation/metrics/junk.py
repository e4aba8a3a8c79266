"""Junk: generated names that a judge finds less likely than all but a few real ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ...data.vocabulary import Vocabulary
from ...models.ngram.counts import count, stream_of
from ..statistics import Estimate, Z, share_estimate

LEAST_REAL, LEAST_UNSEEN = 1000, 500
"""Real names that a judge needs: in all, or of those that the model was not trained on."""

UNLIKELY = 0.01
"""Share of real names that the judge may find as unlikely as junk."""

REAL = Estimate(value=UNLIKELY, low=UNLIKELY, high=UNLIKELY)

ORDER, FOLDS = 5, 5

Floats = NDArray[np.float64]


class Judge:
    """Says how likely names are, from other names: a Kneser-Ney n-gram of letters without accents.

    Accents are ignored because rare letters would decide otherwise: where a list has many, the
    least likely real names are those with two of them, such as *Güçlü*, whatever their order.

    Attributes:
        names: real names; one of them at least is not empty.

    Example:
        >>> judge = Judge(["Anna", "Hanna", "Hannah", "Susanna"])
        >>> known, unknown = judge.nats_per_char(["Hänna", "Aahnn"])
        >>> bool(known < unknown)
        True
    """

    def __init__(self, names: Sequence[str]) -> None:
        plain = [without_accents(name) for name in names]
        characters = {character for name in plain for character in name}
        self._vocabulary = Vocabulary(tuple(sorted(characters)), unknown=True)
        self._counts = count(self._stream(plain), self._vocabulary.size, ORDER)

    def nats_per_char(self, names: Sequence[str]) -> Floats:
        """Return -log p of each name divided by its characters, the end included: (N,)."""
        if not names:
            return np.zeros(0)
        stream = self._stream([without_accents(name) for name in names])
        nats = -np.log(self._counts.probabilities(stream)[-1])
        ends = np.flatnonzero(stream == 0)  # the boundaries around the names
        found: Floats = np.add.reduceat(nats, ends[:-1]) / np.diff(ends)
        return found

    def _stream(self, names: Sequence[str]) -> NDArray[np.int32]:
        return stream_of(*self._vocabulary.encode_all(names))


def without_accents(text: str) -> str:
    """Return a text without combining marks.

    >>> without_accents("Çağlar Müñoz")
    'Caglar Munoz'
    """
    parts = unicodedata.normalize("NFD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def junk_share(real: Sequence[str], generated: Sequence[str], *, seed: int = 0) -> Estimate:
    """Estimate the share of ``generated`` names that are junk.

    A generated name is junk if a judge finds it less likely per character than the least likely
    hundredth of real names that it was not trained on. Judges are trained on four fifths of the
    real names at a time and read the rest; the threshold is that of all (cross-validation+, Barber
    et al. 2021, "Predictive inference with the jackknife+"), and a generated name counts by the
    share of the judges that find it less likely than that.

    The interval allows for the threshold, by the binomial ranks between which the hundredth of
    all such real names lies, and for the number of generated names, by the score interval.

    Args:
        real: N different names; the fewer there are, the more junk is missed.
        generated: names, which may repeat.
        seed: decides the parts.
    """
    order = generator(Stream.RESAMPLING, seed).permutation(len(real))
    parts = [[real[i] for i in order[fold::FOLDS]] for fold in range(FOLDS)]
    unseen, ours = [], []
    for fold, part in enumerate(parts):
        judge = Judge([name for k, other in enumerate(parts) if k != fold for name in other])
        unseen.append(judge.nats_per_char(part))
        ours.append(judge.nats_per_char(generated))
    nats, threshold = np.concatenate(ours), np.concatenate(unseen)
    spread = Z * sqrt(UNLIKELY * (1 - UNLIKELY) / len(threshold))
    levels = 1 - UNLIKELY + np.array([0.0, spread, -spread])
    value, low, high = ((nats > t).mean() for t in np.quantile(threshold, levels.clip(0, 1)))
    sampled = share_estimate(float(value) * len(generated), len(generated))
    return Estimate(
        value=float(value),
        low=max(0.0, float(value) - hypot(value - low, value - sampled.low)),
        high=min(1.0, float(value) + hypot(high - value, sampled.high - value)),
    )
