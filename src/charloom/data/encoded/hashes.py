"""A 64-bit hash of each name of an array, and of one string: equal on every machine.

h = mix(Σ f(character) · f(place) + f(length)) mod 2^64, with f and mix the finaliser of SplitMix64
(Steele, Lea, Flood 2014). It finds names; whoever relies on it compares the names themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_BITS = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_PLACES, _LENGTHS = 1 << 40, 1 << 41
"""Where the factors of places and of lengths begin: characters come before."""


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the values, each spread over all bits: a bijection."""
    z = values + np.uint64(_GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _mix(value: int) -> int:
    z = (value + _GOLDEN) & _BITS
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _BITS
    return z ^ (z >> 31)


_factor = lru_cache(1 << 16)(_mix)


def character_factors(points: NDArray[np.unsignedinteger]) -> NDArray[np.uint64]:
    """Return what ``hashes`` takes for the characters with these code points."""
    if points.dtype == np.uint8:
        table: NDArray[np.uint64] = mix(np.arange(256, dtype=np.uint64))[points]
        return table
    return mix(points.astype(np.uint64))


def hashes(factors: NDArray[np.uint64], lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the hash of each name, (N,), from its characters' factors, end to end.

    ``lengths`` (N,) are of the names, none of them empty.
    """
    if not len(lengths):
        return np.zeros(0, np.uint64)
    starts = np.cumsum(lengths) - lengths
    places = np.arange(len(factors)) - np.repeat(starts, lengths)
    of_places = mix(np.arange(int(lengths.max()), dtype=np.uint64) + np.uint64(_PLACES))
    sums = np.add.reduceat(factors * of_places[places], starts)
    return mix(sums + mix(lengths.astype(np.uint64) + np.uint64(_LENGTHS)))


def hash_of(name: str) -> int:
    """Return the hash of one name."""
    total = _factor(_LENGTHS + len(name))
    for place, character in enumerate(name):
        total += _factor(ord(character)) * _factor(_PLACES + place)
    return _mix(total & _BITS)


def digest(ordered: NDArray[np.uint64]) -> str:
    """Return 16 hex digits that stand for a set of names, from their hashes in order."""
    return hashlib.sha256(ordered.astype("<u8", copy=False).data).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Index:
    """Where the names with a hash are.

    Attributes:
        hashes: (N,) uint64 in order.
        rows: (N,) the name of each.
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
        """Return ``count`` rows, in order, that ``key`` picks out of all: the names decide."""
        salt, kept = np.uint64(_mix(key & _BITS)), np.zeros((2, 0), np.uint64)
        for low in range(0, len(self.hashes) if count else 0, 1 << 20):
            part = mix(self.hashes[low : low + (1 << 20)] ^ salt)
            bound = np.uint64(_BITS)
            if kept.shape[1] == count:
                bound = kept[0, -1]
            elif len(part) >= count:
                bound = np.partition(part, count - 1)[count - 1]
            near = np.flatnonzero(part <= bound)
            found = np.stack([part[near], (near + low).astype(np.uint64)])
            kept = np.concatenate([kept, found], axis=1)
            kept = kept[:, np.lexsort((kept[1], kept[0]))[:count]]
        return np.sort(self.rows[kept[1].astype(np.int64)].astype(np.int64))
