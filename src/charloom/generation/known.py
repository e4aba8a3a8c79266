"""The training names as a set: of strings where they are few, else of arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence, Set
from itertools import islice

from ..data.encoded.array_names import ArrayNames
from ..data.unicode import is_normal, normalise

BLOCK = 1 << 16
"""Names that are strings at once where a set of arrays is gone through."""


def known_names(*parts: Sequence[str]) -> Set[str]:
    """Return the names of all ``parts`` as one set.

    Sequences of arrays (``encoding.sequences``) become a ``KnownNames``, others a frozenset.
    """
    arrays = [part for part in parts if isinstance(part, ArrayNames)]
    strings = frozenset[str]().union(*(p for p in parts if not isinstance(p, ArrayNames)))
    return KnownNames([*arrays, strings]) if arrays else strings


class KnownNames(Set[str]):
    """A set of names without an object a name: found by their hashes, then compared.

    Args:
        parts: what it is made of, each with a quick ``in``; a name may be in several.
    """

    def __init__(self, parts: Sequence[Collection[str]]) -> None:
        self._parts = sorted(filter(len, parts), key=len, reverse=True)
        self._size: int | None = None

    def __contains__(self, name: object) -> bool:
        return any(name in part for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        for i in range(len(self._parts)):
            yield from self._added(i)

    def _added(self, i: int) -> Iterator[str]:
        """Yield the names of part ``i`` that no part before has."""
        before = self._parts[:i]
        return (name for name in self._parts[i] if not any(name in part for part in before))

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __len__(self) -> int:
        if self._size is None:
            more = sum(1 for i in range(1, len(self._parts)) for _ in self._added(i))
            self._size = sum(map(len, self._parts[:1])) + more
        return self._size

    def __or__(self, other: Set[object]) -> KnownNames:
        parts = other._parts if isinstance(other, KnownNames) else [frozenset(map(str, other))]
        return KnownNames([*self._parts, *parts])

    __ror__ = __or__

    @classmethod
    def _from_iterable(cls, names: Iterator[str]) -> Set[str]:  # type: ignore[override]
        return frozenset(names)

    def changed(self, change: Callable[[str], str]) -> KnownNames:
        """Return the names after ``change``, which may be applied to many lines of them at once."""
        from ..data.encoded.sequences import changed  # late: few lists are so long

        return KnownNames(
            [
                changed(p, change) if isinstance(p, ArrayNames) else frozenset(map(change, p))
                for p in self._parts
            ]
        )

    def normal(self) -> KnownNames:
        """Return the names in NFC: themselves, if they are in NFC."""
        texts = (t for part in self._parts for t in _as_texts(part))
        if all(map(is_normal, texts)):
            return self
        return self.changed(normalise)


def _as_texts(part: Collection[str]) -> Iterator[str]:
    """Yield what may not be in NFC."""
    if not isinstance(part, ArrayNames):
        yield from part
    elif not part.normal:
        yield from part.texts()


def normalised(names: Set[str]) -> Set[str]:
    """Return the names in NFC."""
    return names.normal() if isinstance(names, KnownNames) else frozenset(map(normalise, names))


def folded(names: Set[str]) -> Set[str]:
    """Return the names with their case folded."""
    if isinstance(names, KnownNames):
        return names.changed(str.casefold)
    return frozenset(map(str.casefold, names))


def blocks(names: Set[str]) -> Iterator[list[str]]:
    """Yield the names: sorted, all at once, or of a ``KnownNames`` some at a time as they come."""
    if not isinstance(names, KnownNames):
        yield sorted(names)
        return
    each = iter(names)
    while block := list(islice(each, BLOCK)):
        yield block
