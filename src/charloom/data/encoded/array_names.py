"""The base class of sequences of names in arrays."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, overload

if TYPE_CHECKING:
    from .hashes import Index


class ArrayNames(Sequence[str]):
    """Names without a Python object for each; ``normal`` says whether all are in NFC."""

    normal: ClassVar[bool] = False

    if TYPE_CHECKING:  # a property here would be the default of a dataclass's field

        @property
        def lookup(self) -> Index:
            """Finds rows by the hashes of their names."""

    @abstractmethod
    def _name(self, row: int) -> str | None:
        """Return the name in a row that the lookup found; ``None`` if it is left out."""

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
        return any(self._name(row) == name for row in self.lookup.rows_of(name))

    @abstractmethod
    def texts(self) -> Iterator[str]:
        r"""Yield all names in order as long texts, each name followed by \n."""

    def lines(self) -> Iterator[bytes]:
        r"""Yield what ``texts`` does as UTF-8: the bytes of a file of these names."""
        return (text.encode() for text in self.texts())

    def __iter__(self) -> Iterator[str]:
        for text in self.texts():
            yield from text.split("\n")[:-1]

    @cached_property
    def sealed(self) -> tuple[int, str]:
        """The number of bytes of ``lines``, and their sha256."""
        size, digest = 0, hashlib.sha256()
        for line in self.lines():
            size += len(line)
            digest.update(line)
        return size, digest.hexdigest()
