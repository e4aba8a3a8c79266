"""Exposure of canaries: how far above random strings a model ranks those it was trained on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.random import Stream, generator
from ...errors import ConfigError
from ...generation import NameModel
from ...training.canaries import random_strings, usable
from ..statistics import Plain

REFERENCES = 20_000
"""Random strings that canaries are compared with."""

LEAST_REFERENCES = 1000
"""Minimum for each length of canaries."""

REACH = 10
"""Rank up to which exposure is extrapolated from a distribution fitted to the references."""

GIVEN_AWAY = math.log(1_000_000)
"""Nats up to which a string is expected among a million samples."""

UNSEEN = 1 / math.log(2)
"""Mean exposure, in bits, of strings not trained on: that of -log2 of a uniform number."""

POINTS = 20_001
"""Grid points of the numerical integral of a tail."""


@dataclass(frozen=True, kw_only=True)
class Exposure(Plain):
    """How canaries rank among random strings (Carlini et al. 2019).

    Attributes:
        exposures: for each canary, in bits: -log2 of the share of random strings that the model
            finds at least as likely. 1.44 is the mean for strings not trained on.
        ranks: of each canary, from 1, among itself and the references of its length; ties count
            against it.
        of: number of references.
        nats: -log p of each canary.
    """

    exposures: tuple[float, ...]
    ranks: tuple[int, ...]
    of: int
    nats: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean exposure, in bits."""
        return sum(self.exposures) / len(self.exposures)

    @property
    def given_away(self) -> int:
        """Number of canaries that are expected among a million samples."""
        return sum(nats <= GIVEN_AWAY for nats in self.nats)

    @property
    def seen(self) -> bool:
        """Whether the mean is significantly above that of strings not trained on (2.5 %)."""
        from scipy.special import gammaincinv

        count = len(self.exposures)
        return self.mean > float(gammaincinv(count, 0.975)) / count * UNSEEN

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and figures derived from them, as plain data that JSON can hold."""
        return {
            "count": len(self.exposures),
            "exposure": self.mean,
            "most": max(self.exposures),
            "unseen": UNSEEN,
            "exposures": list(self.exposures),
            "ranks": list(self.ranks),
            "given_away": self.given_away,
            "of": self.of,
        }


def exposure(
    model: NameModel,
    canaries: Sequence[str],
    *,
    references: int = REFERENCES,
    seed: int = 0,
    threads: int | None = None,
) -> Exposure:
    """Rank ``canaries`` among random strings of the same length and letters.

    Exposure by sampling is -log2 of (rank / (references + 1)). For the first ranks, it is
    extrapolated: -log2 of the lower tail of a skew-normal distribution fitted to the references'
    -log p, at most log2 of the number of such strings (Carlini et al. 2019, The Secret Sharer,
    sections 4.3 and 4.4).

    ``references`` is the number of random strings, for all lengths together; the ``seed`` decides
    them.

    Raises:
        ConfigError: there is no canary, or too few references.
        VocabularyError: a canary has a character that the model never saw.
    """
    if not canaries or references < LEAST_REFERENCES:
        raise ConfigError(
            f"exposure needs a canary and {LEAST_REFERENCES} references at least. "
            f"Received: {len(canaries)} and {references}"
        )
    nats = model.nll(canaries, threads)
    lengths = np.array([len(model.vocabulary.encode(canary)) for canary in canaries])
    different, known = np.unique(lengths), frozenset(canaries)
    each = max(LEAST_REFERENCES, references // len(different))
    exposures, ranks = np.empty(len(canaries)), np.empty(len(canaries), np.int64)
    rng = generator(Stream.EXPOSURE, seed)
    for length in different.tolist():
        strings = (s for s in random_strings(model.vocabulary, length, rng) if s not in known)
        drawn = list(itertools.islice(strings, each))
        others = np.sort(model.nll(drawn, threads))
        mine = lengths == length
        ranks[mine] = 1 + np.searchsorted(others, nats[mine], side="right")
        bits = -np.log2(ranks[mine] / (each + 1))
        most = length * math.log2(len(usable(model.vocabulary)))
        beyond = ranks[mine] <= REACH
        if beyond.any():
            bits[beyond] = np.minimum(_tail_bits(others, nats[mine][beyond]), most)
        exposures[mine] = bits
    return Exposure(
        exposures=tuple(exposures.tolist()),
        ranks=tuple(ranks.tolist()),
        of=int(each),
        nats=tuple(nats.tolist()),
    )


def _tail_bits(sample: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return -log2 P(X <= value) of a skew-normal X fitted to ``sample``, for each value.

    The tail is integrated from the log density, since the distribution function underflows to 0
    beyond 50 bits.
    """
    from scipy.special import log_ndtr

    shape, location, scale = _skew_normal(sample)
    result = np.empty(len(values))
    for i, value in enumerate(values):
        x = np.linspace(min(value, sample.min()) - 12 * scale, value, POINTS)
        z = (x - location) / scale
        log_density = log_ndtr(shape * z) - z**2 / 2 + math.log(2 / scale / math.sqrt(2 * math.pi))
        top = log_density.max()
        mass = np.trapezoid(np.exp(log_density - top), x)
        result[i] = -(top + math.log(mass)) / math.log(2)
    return np.maximum(result, 0.0)


def _skew_normal(sample: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return shape, location and scale of the skew-normal with the sample's first moments."""
    mean, deviation = float(sample.mean()), max(float(sample.std()), 1e-9)
    skew = float((((sample - mean) / deviation) ** 3).mean())
    skew = min(max(skew, -0.99), 0.99)  # the maximum of a skew-normal is 0.995
    part = abs(skew) ** (2 / 3)
    delta = math.copysign(
        math.sqrt(math.pi / 2 * part / (part + ((4 - math.pi) / 2) ** (2 / 3))), skew
    )
    scale = deviation / math.sqrt(1 - 2 * delta**2 / math.pi)
    location = mean - scale * delta * math.sqrt(2 / math.pi)
    return delta / math.sqrt(1 - delta**2), location, scale
