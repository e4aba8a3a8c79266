"""Names of sources as ids: NumPy splits, strips and counts lines, and finds those that need more.

Only lines with characters that NFC may change, or that are not allowed, are processed one by one.
The names of tables and JSON become such lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..gathering import checked
from ..invisible import Tally
from ..sources.look import read_pieces
from ..sources.options import ReadOptions
from ..sources.records import check_lengths
from ..sources.streams import label
from ..sources.tables import Records
from ..unicode import ODD, SPACE, Kinds
from .cache import Entry
from .encoder import Encoder
from .hashes import LINE, character_factors, digest, hashes
from .ragged import Ragged, distinct
from .sequences import code_points
from .store import Store
from .workers import worker_count

FIRST = 10
"""Names that are kept as they come, repeats included."""

CROWDED = 1 << 15
"""Names in one piece of a source that are so many, and so short, that most are repeats."""

PIECE = 1 << 20
"""Characters of names from records that are encoded at once."""

STRIPS = 8
"""NumPy strips so many characters from each side of a line; Python handles lines with more."""


@dataclass
class Lines:
    """How many lines were read, and how many of them are blank."""

    count: int = 0
    blank: int = 0


@dataclass(frozen=True)
class Part:
    """What a reader has read of a source.

    Attributes:
        ids, characters, occurrences: the arguments of ``Encoder.add_ids``.
        lengths: (N,) of the names, repeats included.
        hashes: (N,) of the names.
        counts: (N,) how often each occurs.
        first: the first names.
        lines: those read.
        invisible: what a ``Tally`` counted.
    """

    ids: NDArray[Any]
    characters: list[str]
    occurrences: NDArray[np.int64]
    lengths: NDArray[np.uint32]
    hashes: NDArray[np.uint64]
    counts: NDArray[np.uint32]
    first: list[str]
    lines: Lines
    invisible: dict[str, Any]


class Reader:
    """Encodes the names of one source after another as one text, each followed by a line feed."""

    def __init__(
        self, store: Store, keep_invisible: bool, content: Any, known: Sequence[str] = ()
    ) -> None:
        self.counts: list[tuple[int, int]] = []  # records of each source, and how many are blank
        self.notes: list[str] = []
        self._content = content  # the hash of the sources' text
        self.lengths: list[NDArray[np.uint32]] = []  # of the names, repeats included
        self._hashes: list[NDArray[np.uint64]] = []
        self._counts: list[NDArray[np.uint32]] = []  # how often each name occurs
        self._first: list[str] = []
        self._store, self._encoder = store, Encoder("character", store)
        self._encoder.begin("names")
        self._encoder.add_points(np.array([LINE], np.uint8))  # so that its id is 1
        self._encoder.know(known)
        self._kinds, self._tally = Kinds(keep_invisible), Tally(keep_invisible)
        self._factors = np.zeros(2, np.uint64)  # by id

    @property
    def characters(self) -> Sequence[str]:
        """All characters so far, that which ends a line first."""
        return self._encoder.characters

    def read(self, source: str | Path, options: ReadOptions, stdin: BinaryIO | None) -> None:
        """Add the names of ``source``, a list of lines."""
        size = 0

        def hashed(pieces: Iterator[str]) -> Iterator[str]:
            nonlocal size
            for piece in pieces:
                size += self.hash(piece)
                yield piece

        lines = Lines()
        pieces = read_pieces(source, options, stdin, lambda: lines.count + 1)
        self.read_lines(hashed(pieces), label(source), options.max_line_bytes, lines)
        self.end(lines.count, lines.blank, size)

    def hash(self, piece: str) -> int:
        """Add text to the hash of the sources; return its bytes."""
        data = piece.encode("utf-8", "surrogatepass")
        self._content.update(data)
        return len(data)

    def read_lines(
        self, pieces: Iterator[str], where: str, limit: int, lines: Lines, *, last: bool = True
    ) -> None:
        """Add the names in pieces of text, and count them in ``lines`` as they are read.

        Args:
            pieces: of text.
            where: what messages call the source.
            limit: bytes of the longest accepted line.
            lines: those before.
            last: whether the text ends with the pieces; else a line that has no end is left out.
        """
        rest = ""
        for piece in pieces:
            points = code_points(text := rest + piece)
            ends = np.flatnonzero(points == LINE)
            longest = int(np.diff(ends, prepend=-1, append=len(text)).max())
            if 4 * longest > limit:  # it may be too long in UTF-8
                check_lengths(text.split("\n"), lines.count + 1, where, limit)
            numbers = range(lines.count + 1, lines.count + 1 + len(ends))
            lines.blank += self._take(text, points, ends, numbers, where)
            lines.count += len(ends)
            rest = text[int(ends[-1]) + 1 :] if len(ends) else text
        if rest and last:
            lines.count += 1
            ends = np.array([len(rest)])
            lines.blank += self._take(rest, code_points(rest), ends, [lines.count], where)

    def read_records(self, source: str | Path, records: Records) -> None:
        """Add the names of ``source``, one a record."""
        where, count, blank, size = label(source), 0, 0, 0
        for numbers, names in _pieces(records):
            if any("\n" in name for name in names):  # stripped at an end, refused elsewhere
                names = [
                    checked(name, f"{where} line", number, self._tally)
                    for number, name in zip(numbers, names, strict=True)
                ]
            text = "\n".join([*names, ""])
            size += self.hash(text)
            points = code_points(text)
            blank += self._take(text, points, np.flatnonzero(points == LINE), numbers, where)
            count += len(names)
        self.end(count, blank, size)

    def end(self, count: int, blank: int, size: int) -> None:
        """Note that a source ends; text that moves to the next one changes the hash."""
        self.counts.append((count, blank))
        self._content.update(b"\0%d\0" % size)

    def part(self, lines: Lines) -> Part:
        """Return all that was read, for ``join``."""
        return Part(
            self._store.ids()[2:],
            list(self._encoder.characters),
            self._encoder.counts,
            np.concatenate([np.zeros(0, np.uint32), *self.lengths]),
            np.concatenate([np.zeros(0, np.uint64), *self._hashes]),
            np.concatenate([np.zeros(0, np.uint32), *self._counts]),
            self._first,
            lines,
            self._tally.to_dict(),
        )

    def join(self, part: Part) -> None:
        """Add what another reader, of the next part of the source, has read."""
        self._encoder.add_ids(part.ids, part.characters, part.occurrences)
        if len(part.lengths):
            self.lengths.append(part.lengths)
            self._hashes.append(part.hashes)
            self._counts.append(part.counts)
        self._first += part.first[: FIRST - len(self._first)]
        self._tally.add(part.invisible)

    def finish(self, key: str) -> Entry:
        """Return the entry ``key`` of the distinct names."""
        lengths = np.concatenate(self.lengths)
        self.lengths.clear()  # frees memory
        total = int(lengths.sum(dtype=np.int64)) + len(lengths)
        starts = np.cumsum(lengths, dtype=np.min_scalar_type(total + 2))
        starts += np.arange(2, len(starts) + 2, dtype=starts.dtype)  # after ids 0 and 1
        starts -= lengths
        names = Ragged(self._store.ids(), starts, lengths)
        counts = np.concatenate(self._counts)
        self._counts.clear()
        kept, ordered, rows = distinct(names, self._joined_hashes(), counts, worker_count())
        del names
        counts = counts[kept]
        starts, lengths = starts[kept], lengths[kept]
        arrays = {
            "starts": starts,
            "lengths": lengths.astype(np.min_scalar_type(int(lengths.max()))),
            "hashes": ordered,
            "rows": rows.astype(np.min_scalar_type(len(rows))),
            "counts": counts.astype(np.min_scalar_type(int(counts.max()))),
        }
        facts = {
            "characters": "".join(self._encoder.characters[1:]),
            "arrays": {name: array.dtype.name for name, array in arrays.items()},
            "digest": digest(ordered),
            "sources": self.counts,
            "invisible": self._tally.to_dict(),
            "first": self._first,
            "notes": self.notes,
        }
        return self._store.finish(key, facts, **arrays)

    def _joined_hashes(self) -> NDArray[np.uint64]:
        joined = np.concatenate(self._hashes)
        self._hashes.clear()
        return joined

    def _take(
        self,
        text: str,
        points: NDArray[Any],
        ends: NDArray[np.int64],
        numbers: Sequence[int],
        where: str,
    ) -> int:
        """Encode the lines of ``text`` that have ``ends``, and these ``numbers`` in the source.

        Returns how many are blank.
        """
        if not len(ends):
            return 0
        bounds = np.concatenate([[0], ends + 1])
        kinds = self._kinds.of(points[: ends[-1]])
        low, high, unstripped = _stripped(kinds, bounds[:-1], ends)
        odd = np.searchsorted(ends, np.flatnonzero(kinds & ODD))
        rows = np.unique(np.concatenate([odd, unstripped]))
        changed, size = [points], len(points)
        for row in rows.tolist():
            line = text[bounds[row] : ends[row]]
            name = checked(line, f"{where} line", numbers[row], self._tally)
            changed.append(code_points(name).astype(points.dtype))
            low[row], high[row] = size, size + len(name)
            size += len(name)
        kept = low < high
        if kept.any():
            self._add(np.concatenate(changed), low[kept], high[kept])
        return len(ends) - int(kept.sum())

    def _add(
        self, points: NDArray[np.unsignedinteger], low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> None:
        """Encode the names between ``low`` and ``high`` in ``points``."""
        for a, b in zip(low[: FIRST - len(self._first)], high, strict=False):
            self._first.append("".join(map(chr, points[a:b].tolist())))
        counts = np.ones(len(low), np.uint32)
        if len(low) > CROWDED:
            low, high, counts = _distinct_of(points, low, high)
        self._counts.append(counts)
        sizes = high - low + 1
        ends = np.cumsum(sizes)
        places = np.repeat(low - ends + sizes, sizes) + np.arange(ends[-1])
        points = points.take(places, mode="clip")
        points[ends - 1] = LINE
        ids = self._encoder.add_points(points)
        if new := self._encoder.characters[len(self._factors) - 1 :]:
            more = character_factors(np.array(list(map(ord, new)), np.uint32))
            self._factors = np.concatenate([self._factors, more])
        self.lengths.append((high - low).astype(np.uint32))
        self._hashes.append(hashes(self._factors[ids], sizes))


def _pieces(records: Records) -> Iterator[tuple[list[int], list[str]]]:
    """Yield the numbers and names of so many records as have ``PIECE`` characters together."""
    numbers: list[int] = []
    names: list[str] = []
    size = 0
    for number, name, _, _ in records:
        numbers.append(number)
        names.append(name)
        size += len(name) + 1
        if size >= PIECE:
            yield numbers, names
            numbers, names, size = [], [], 0
    if names:
        yield numbers, names


def _distinct_of(
    points: NDArray[np.unsignedinteger], low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint32]]:
    """Return the bounds of the distinct names in order, and how often each occurs."""
    ended = np.append(points, points.dtype.type(LINE))  # the last line may have no end
    names, sizes = Ragged(ended, low, high - low), high - low + 1
    factors = character_factors(names.end_to_end(np.arange(len(low)), more=1))
    factors[np.cumsum(sizes) - 1] = 0
    counts = np.ones(len(low), np.uint32)
    kept, *_ = distinct(names, hashes(factors, sizes), counts)
    return low[kept], high[kept], counts[kept]


def _stripped(
    kinds: NDArray[np.uint8], low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]:
    """Strip the lines from ``low`` to ``high``; return their bounds and which need more work."""
    low, high, last = low.copy(), high.copy(), max(len(kinds) - 1, 0)
    space = np.append(kinds & SPACE > 0, False)
    for _ in range(STRIPS):
        full = low < high
        left = full & space[np.minimum(low, last)]
        right = full & ~left & space[np.maximum(high - 1, 0)]
        if not left.any() and not right.any():
            return low, high, np.zeros(0, np.intp)
        low, high = low + left, high - right
    return low, high, np.flatnonzero(left | right)
