"""64-bit hashes of names in arrays and of single strings, the same on every machine.

h = mix(Σ f(character) · f(position) + f(length)) mod 2^64, where f and mix are the output function
of SplitMix64. Hashes find names; names with equal hashes are compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..random import GAMMA
from ..random import mix as output

LINE = ord("\n")
"""Ends each name in an array; its factor is 0."""

_BITS = 2**64 - 1
_PLACES, _LENGTHS = 1 << 40, 1 << 41
"""Where the factors of positions and of lengths begin, after those of characters."""


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the values, each mixed by a bijection."""
    return output(values + GAMMA)


def _mix(value: int) -> int:
    """As ``mix``, of one Python integer: much faster than an array of one."""
    z = (value + int(GAMMA)) & _BITS
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _BITS
    return z ^ (z >> 31)


_factor = lru_cache(1 << 16)(_mix)


def character_factors(points: NDArray[np.unsignedinteger]) -> NDArray[np.uint64]:
    """Return the factors of code points for ``hashes``, (N,)."""
    if points.dtype == np.uint8:
        factors: NDArray[np.uint64] = mix(np.arange(256, dtype=np.uint64))[points]
    else:
        factors = mix(points.astype(np.uint64))
    factors[points == LINE] = 0
    return factors


def hashes(factors: NDArray[np.uint64], sizes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the hash of each name, (N,).

    Args:
        factors: of the characters of all names, with a 0 after each name.
        sizes: (N,) number of factors of each name, including the 0.
    """
    if not len(sizes):
        return np.zeros(0, np.uint64)
    starts = np.cumsum(sizes) - sizes
    places = np.arange(len(factors)) - np.repeat(starts, sizes)
    of_places = mix(np.arange(int(sizes.max()), dtype=np.uint64) + np.uint64(_PLACES))
    sums = np.add.reduceat(factors * of_places[places], starts)
    return mix(sums + mix((sizes - 1).astype(np.uint64) + np.uint64(_LENGTHS)))


def hash_of(name: str) -> int:
    """Return the hash of one name."""
    total = _factor(_LENGTHS + len(name))
    for place, character in enumerate(name):
        total += _factor(ord(character)) * _factor(_PLACES + place)
    return _mix(total & _BITS)


def digest(ordered: NDArray[np.uint64]) -> str:
    """Return 16 hex digits that identify a set of names, given their sorted hashes."""
    return hashlib.sha256(ordered.astype("<u8", copy=False).data).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Index:
    """Finds the rows of names by their hashes.

    Attributes:
        hashes: (N,) uint64, sorted.
        rows: (N,) the row of the name with each hash.
    """

    hashes: NDArray[np.uint64]
    rows: NDArray[np.unsignedinteger]

    @classmethod
    def of(cls, values: NDArray[np.uint64]) -> Index:
        """Return the index of names with these hashes, (N,)."""
        order = np.argsort(values, kind="stable").astype(np.min_scalar_type(len(values)))
        return cls(values[order], order)

    def rows_of(self, name: str) -> Iterator[int]:
        """Yield the rows whose hash is that of ``name``."""
        wanted = np.uint64(hash_of(name))
        place = int(self.hashes.searchsorted(wanted))
        while place < len(self.hashes) and self.hashes[place] == wanted:
            yield int(self.rows[place])
            place += 1

    def least(self, count: int, key: int) -> NDArray[np.int64]:
        """Return ``count`` rows, in order: a sample that depends on the names and ``key`` only."""
        salt, kept = np.uint64(_mix(key & _BITS)), np.zeros((2, 0), np.uint64)
        for low in range(0, len(self.hashes) if count else 0, 1 << 20):
            part = mix(self.hashes[low : low + (1 << 20)] ^ salt)
            last = min(count, len(part)) - 1
            bound = np.partition(part, last)[last]
            near = np.flatnonzero(part <= bound)
            found = np.stack([part[near], (near + low).astype(np.uint64)])
            kept = np.concatenate([kept, found], axis=1)
            kept = kept[:, np.lexsort((kept[1], kept[0]))[:count]]
        return np.sort(self.rows[kept[1].astype(np.int64)].astype(np.int64))
