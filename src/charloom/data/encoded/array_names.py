"""What sequences of names as arrays have in common: a search asks whether its names are such."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, overload

if TYPE_CHECKING:
    from .hashes import Index
    from .sequences import LineNames


class ArrayNames(Sequence[str]):
    """Names without an object each.

    Attributes:
        normal: whether they are in NFC, in which strings that look the same are compared.
    """

    normal: ClassVar[bool] = False

    @abstractmethod
    def _lookup(self) -> Index:
        """Return where the names with a hash are."""

    @abstractmethod
    def _name(self, row: int) -> str | None:
        """Return the name in ``row`` of the lookup; ``None`` if it is none of these."""

    @abstractmethod
    def _at(self, place: int) -> str:
        """Return the name at ``place``, from 0."""

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        if isinstance(place, slice):
            return tuple(self._at(i) for i in range(*place.indices(len(self))))
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self):,} names. Received: {place}")
        return self._at(int(place) % len(self))

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return any(self._name(row) == name for row in self._lookup().rows_of(name))

    @abstractmethod
    def texts(self) -> Iterator[str]:
        r"""Yield all names in order, many at once, each ended by \n."""

    def lines(self) -> Iterator[bytes]:
        r"""Yield what ``texts`` does as UTF-8: the bytes of a file of these names."""
        return (text.encode() for text in self.texts())

    def __iter__(self) -> Iterator[str]:
        for text in self.texts():
            yield from text.split("\n")[:-1]

    @cached_property
    def sealed(self) -> tuple[int, str]:
        """The bytes of ``lines``: how many they are, and their sha256."""
        import hashlib

        size, seal = 0, hashlib.sha256()
        for line in self.lines():
            size += len(line)
            seal.update(line)
        return size, seal.hexdigest()

    def changed(self, change: Callable[[str], str]) -> LineNames:
        r"""Return the names after ``change``, which leaves \n as it is and joins nothing to it."""
        from .sequences import LineNames

        return LineNames(b"".join(change(text).encode() for text in self.texts()))
