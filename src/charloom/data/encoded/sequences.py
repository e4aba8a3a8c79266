"""Names in arrays, used like a tuple of strings: a string is made when a name is asked for.

``EncodedNames`` are the names of a corpus as ids. ``LineNames`` are the names of a file as bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..vocabulary import BOUNDARY, Vocabulary
from .array_names import ArrayNames
from .hashes import LINE, Index, character_factors, digest, hashes
from .ragged import Ragged, spans

BLOCK = 64
"""The start of every so many lines of a file is kept in memory."""


@dataclass(frozen=True, eq=False)
class EncodedNames(ArrayNames):
    """Distinct names of a corpus, or all but a few of them.

    Attributes:
        characters: of all names, in order of appearance; ``characters[i]`` has the id i + 2.
        unused: those of them that only names had that were dropped.
        ids: the ids of all names, a row each, followed by id 1, the end of the line.
        lookup: finds rows by the hashes of their names.
        digest: 16 hex digits that identify the names, in any order.
        counts: how often each occurs in the sources, (N,), rows that are left out included.
        first: the first names of the sources, repeats included.
        left_out: rows that do not belong to these names, in order.
    """

    normal: ClassVar[bool] = True  # as the names of every corpus
    characters: str
    ids: Ragged
    lookup: Index
    digest: str
    counts: NDArray[np.integer]
    first: tuple[str, ...] = ()
    left_out: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    unused: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.ids) - len(self.left_out)

    def without(self, rows: NDArray[np.int64]) -> EncodedNames:
        """Return all names but those in ``rows``, which are sorted; nothing is copied."""
        return replace(self, left_out=rows)

    def dropping(self, rows: NDArray[np.int64]) -> EncodedNames:
        """Return what a corpus without the names in ``rows`` would hold; the ids are not copied.

        ``left_out`` must be empty.
        """
        kept = np.ones(len(self.ids), bool)
        kept[rows] = False
        ids = Ragged(self.ids.values, self.ids.starts[kept], self.ids.lengths[kept])
        found = kept[self.lookup.rows]
        number = np.cumsum(kept, dtype=self.lookup.rows.dtype) - self.lookup.rows.dtype.type(1)
        lookup = Index(self.lookup.hashes[found], number[self.lookup.rows[found]])
        dropped = {self._text(self.ids.row(row)) for row in rows.tolist()}
        unused = set().union(*dropped)
        for first, end in spans(ids.lengths):
            if not unused:
                break
            unused -= {*self._text(np.unique(ids.end_to_end(np.arange(first, end))))}
        return replace(
            self,
            ids=ids,
            lookup=lookup,
            digest=digest(lookup.hashes),
            counts=self.counts[kept],
            first=tuple(name for name in self.first if name not in dropped),
            unused=frozenset(unused),
        )

    @cached_property
    def used(self) -> str:
        """The distinct characters of the names."""
        return "".join(c for c in self.characters if c not in self.unused)

    def rows(self, places: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the rows in ``ids`` of the names at ``places``, (B,)."""
        gaps = self.left_out - np.arange(len(self.left_out))
        return places + np.searchsorted(gaps, places, side="right")

    @cached_property
    def lengths(self) -> NDArray[np.integer]:
        """Characters of each name, (N,)."""
        every = self.ids.lengths
        return np.delete(every, self.left_out) if len(self.left_out) else every

    def under(self, vocabulary: Vocabulary) -> EncodedIds:
        """Return the names' ids in ``vocabulary``.

        Raises:
            VocabularyError: it lacks one of the characters.
        """
        table = np.full(len(self.characters) + 2, BOUNDARY, np.int32)
        used = [i for i, c in enumerate(self.characters, 2) if c not in self.unused]
        table[used] = vocabulary.encode(self.used)
        return EncodedIds(self, table)

    @cached_property
    def _codes(self) -> NDArray[np.unsignedinteger]:
        """Code points by id."""
        codes = np.array([LINE, LINE, *map(ord, self.characters)], np.uint32)
        return codes.astype(np.uint8) if int(codes.max()) < 256 else codes

    def _text(self, ids: NDArray[Any]) -> str:
        codes = self._codes[ids]
        return str(codes.tobytes(), "latin-1" if codes.itemsize == 1 else "utf-32-le")

    def _name(self, row: int) -> str | None:
        place = int(np.searchsorted(self.left_out, row))
        if place < len(self.left_out) and self.left_out[place] == row:
            return None
        return self._text(self.ids.row(row))

    def _at(self, place: int) -> str:
        return self._text(self.ids.row(int(self.rows(np.array([place]))[0])))

    def texts(self) -> Iterator[str]:
        """See ``ArrayNames``."""
        for first, end in spans(self.lengths):
            yield self._text(self.ids.end_to_end(self.rows(np.arange(first, end)), more=1))


@dataclass(frozen=True, eq=False)
class EncodedIds:
    """The ids of encoded names in a vocabulary; ``table`` has the vocabulary's id of each id."""

    names: EncodedNames
    table: NDArray[np.int32]

    @property
    def lengths(self) -> NDArray[np.integer]:
        """Characters of each name, (N,)."""
        return self.names.lengths

    def padded(self, places: NDArray[np.integer], longest: int) -> NDArray[np.int32]:
        """Return the names at ``places`` (B,) as ``Ragged.padded`` does: (B, longest)."""
        own = self.names.ids.padded(self.names.rows(places), longest)
        ids: NDArray[np.int32] = self.table[own]
        return ids


@dataclass(frozen=True, eq=False)
class LineNames(ArrayNames):
    r"""The names of a file: strict UTF-8, each followed by \n.

    Attributes:
        data: the file's bytes.
        scans: the first so many names are searched for in the bytes; then the lookup is built.

    Raises:
        ValueError: the last line has no line feed, or (UnicodeDecodeError) this is not UTF-8.
    """

    data: bytes
    scans: int = 64

    def __post_init__(self) -> None:
        if self.data and not self.data.endswith(b"\n"):
            raise ValueError("the last line has no end")
        for _ in self.texts():  # decode all once, so that no use of a name fails
            pass

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return self.data.count(b"\n")

    def __contains__(self, name: object) -> bool:
        few = len(self._scanned) < self.scans
        if isinstance(name, str) and few and "lookup" not in self.__dict__:
            self._scanned.append(name)
            line = f"{name}\n".encode(errors="surrogatepass")
            if "\n" in name:
                return False
            return self.data.startswith(line) or b"\n" + line in self.data
        return super().__contains__(name)

    @cached_property
    def _scanned(self) -> list[str]:
        return []

    def texts(self) -> Iterator[str]:
        """See ``ArrayNames``."""
        return (line.decode() for line in self.lines())

    def lines(self) -> Iterator[bytes]:
        """See ``ArrayNames``."""
        start = 0
        while start < len(self.data):
            end = self.data.rfind(b"\n", start, start + (1 << 20)) + 1
            end = end or self.data.index(b"\n", start) + 1
            yield self.data[start:end]
            start = end

    @cached_property
    def _blocks(self) -> NDArray[np.int64]:
        """Where every 64th line begins, and where the last ends."""
        found, start, count = [np.zeros(1, np.int64)], 0, 0
        for part in self.lines():
            ends = np.flatnonzero(np.frombuffer(part, np.uint8) == LINE) + 1 + start
            found.append(ends[BLOCK - 1 - count % BLOCK :: BLOCK])
            start, count = start + len(part), count + len(ends)
        return np.concatenate([*found, [len(self.data)]])

    def _at(self, place: int) -> str:
        block = place // BLOCK
        lines = self.data[self._blocks[block] : self._blocks[block + 1]].split(b"\n")
        return lines[place % BLOCK].decode()

    def _name(self, row: int) -> str:
        return self._at(row)

    @cached_property
    def lookup(self) -> Index:
        """See ``ArrayNames``."""
        parts = [_hashes_of_lines(text) for text in self.texts()]
        return Index.of(np.concatenate([np.zeros(0, np.uint64), *parts]))


def changed(names: ArrayNames, change: Callable[[str], str]) -> LineNames:
    r"""Return the names after ``change``, a function of text that keeps every \n."""
    return LineNames(b"".join(change(text).encode() for text in names.texts()))


def code_points(text: str) -> NDArray[np.unsignedinteger]:
    """Return the code points of ``text``, (N,): uint8 if it is ASCII, else uint32."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _hashes_of_lines(text: str) -> NDArray[np.uint64]:
    points = code_points(text)
    return hashes(character_factors(points), np.diff(np.flatnonzero(points == LINE), prepend=-1))
