"""Random numbers: a registry of every stream, and a counter-based generator.

The generator is SplitMix64 (Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number
Generators"). Its i-th output is a mixing function of key + i γ, so outputs can be computed in any
order. It is used to sample names and to hash them. Everything else uses a ``Stream``.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import random


class Stream(Enum):
    """Every stream of random numbers: whose seed it uses, and its number under that seed.

    Number 0 is the seed alone. Streams of the same owner with different numbers are independent.
    """

    WEIGHTS = "training", 1
    BATCHES = "training", 2
    DROPOUT = "training", 3
    SCHEDULED_SAMPLING = "training", 4
    LABEL_DROPOUT = "training", 5
    CANARIES = "training", 0xCA7A
    DISTILLING = "training", 6
    TEXT_SAMPLING = "generation", 0
    RESAMPLING = "evaluation", 0
    """Bootstrap resamples and random subsets, in every metric."""
    NAME_SAMPLES = "evaluation", 1
    TEXT_SAMPLES = "evaluation", 2
    MEMBERSHIP = "evaluation", 0x3E30
    EXPOSURE = "evaluation", 0xEF5
    IMPORTANCE = "tuning", 0
    NGRAM = "n-gram", 0
    """The characters that smoothing is fitted to; the seed is the number of all."""
    HELD_OUT = "split", 0
    FOLDS = "folds", 0


def generator(stream: Stream, seed: int, *place: int) -> np.random.Generator:
    """Return the generator of ``stream``; ``place`` (an epoch, a step) picks a part of it."""
    number = stream.value[1]
    return np.random.default_rng([seed, number, *place] if number or place else seed)


def shuffler(stream: Stream, seed: int) -> random.Random:
    """Return the generator that shuffles lists for ``stream``."""
    import random  # late: sampling needs none of it

    number: int = stream.value[1]
    assert number == 0, "a list is shuffled by the seed alone"
    return random.Random(seed)


GAMMA = np.uint64(0x9E3779B97F4A7C15)
"""γ: the golden ratio, as an odd 64-bit number."""

_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ELEVEN = np.uint64(11)

Keys = NDArray[np.uint64]


def root_key(seed: int) -> Keys:
    """Return the key of a seed of any size, (1,): the first 8 bytes of its sha256."""
    # without ``numpy.random``, whose import takes a tenth of the time of a cold start
    return np.frombuffer(hashlib.sha256(b"%d" % seed).digest()[:8], "<u8").astype(np.uint64)


def mix(numbers: Keys) -> Keys:
    """Return SplitMix64's output function, element by element."""
    first, second, third = _SHIFTS
    shifted = numbers >> first
    z = numbers ^ shifted
    z *= _FACTORS[0]
    z ^= np.right_shift(z, second, out=shifted)
    z *= _FACTORS[1]
    z ^= np.right_shift(z, third, out=shifted)
    return z


def child(keys: Keys, ids: NDArray[np.integer]) -> Keys:
    """Return the keys of continuations, (N,), mixed twice: none is an output of ``keys``."""
    steps = (ids + 1).astype(np.uint64)
    steps *= GAMMA
    steps += keys
    mixed = mix(steps)
    mixed ^= GAMMA
    return mix(mixed)


def uniform(keys: Keys) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each key: output 0."""
    return _fraction(mix(keys))


def uniforms(keys: Keys, count: int, first: int = 1) -> NDArray[np.float64]:
    """Return numbers in [0, 1), (N, count), for each key: outputs ``first`` and those after it."""
    return _fraction(mix(keys[:, None] + _steps(first, count)))


@lru_cache(64)
def _steps(first: int, count: int) -> Keys:
    return np.arange(first, first + count, dtype=np.uint64) * GAMMA


def _fraction(bits: Keys) -> NDArray[np.float64]:
    """Return the upper 53 bits as numbers in [0, 1)."""
    bits >>= _ELEVEN
    fractions = bits.astype(np.float64)
    fractions *= 2.0**-53
    return fractions
