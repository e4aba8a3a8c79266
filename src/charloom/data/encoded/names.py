"""Lists too large for a Python object per name: encoded text, and where each name begins.

The names are those that ``gathering.Gatherer`` would keep. NumPy splits, strips and counts the
lines; only lines with characters that NFC may change, or that are not allowed, are processed one by
one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..gathering import checked, no_names
from ..invisible import Tally
from ..sources.look import read_pieces
from ..sources.options import ReadOptions
from ..sources.records import check_lengths
from ..sources.streams import label
from ..unicode import ODD, SPACE, Kinds
from .cache import Entry, recall, remember, stamps
from .encoder import Encoder
from .hashes import LINE, Index, character_factors, digest, hashes
from .ragged import Ragged, distinct
from .sequences import EncodedNames, code_points
from .store import Store, ids_of

FORMAT = 4
"""Version of the arrays, which is part of an entry's key."""

FIRST = 10
"""Names that are kept as they come, repeats included."""

CROWDED = 1 << 15
"""Names in one piece of a source that are so many, and so short, that most are repeats."""

STRIPS = 8
"""NumPy strips so many characters from each side of a line; Python handles lines with more."""


def encode_names(
    sources: Sequence[str | Path], options: ReadOptions, stdin: BinaryIO | None = None
) -> tuple[EncodedNames, list[tuple[int, int]], dict[str, Any]]:
    """Read sources of lines into the cache, or find them there.

    Returns:
        The distinct names, in the order of their first occurrence; for each source its number of
        lines, and how many of them are blank; and what a ``Tally`` counted.

    Raises:
        CorpusError: a source cannot be read or decoded, a name contains control characters, there
            are no names, or the cache cannot be written.
    """
    asked = {"kind": "names", "format": FORMAT, **asdict(options)}
    entry = recall(sources, asked)
    if entry is None:
        before = stamps(sources)
        with Store(in_memory_bytes=0) as store:
            reader, content = (
                _Reader(store, options.keep_invisible),
                hashlib.sha256(json.dumps(asked).encode()),
            )
            for source in sources:
                reader.read(source, options, stdin, content)
            if not reader.lengths:
                raise no_names(map(label, sources))
            entry = reader.finish(content.hexdigest())
        remember(sources, asked, entry.key, before)
    facts = entry.facts
    arrays = {name: np.asarray(entry.array(name, kind)) for name, kind in facts["arrays"].items()}
    names = EncodedNames(
        characters=facts["characters"],
        ids=Ragged(np.asarray(ids_of(entry)), arrays["starts"], arrays["lengths"]),
        lookup=Index(arrays["hashes"], arrays["rows"]),
        digest=facts["digest"],
        counts=arrays["counts"],
        first=tuple(facts["first"]),
    )
    return names, facts["sources"], facts["invisible"]


class _Reader:
    """Encodes the names of one source after another as one text, each followed by a line feed."""

    def __init__(self, store: Store, keep_invisible: bool) -> None:
        self.counts: list[tuple[int, int]] = []  # lines of each source, and how many are blank
        self.lengths: list[NDArray[np.uint32]] = []  # of the names, repeats included
        self._hashes: list[NDArray[np.uint64]] = []
        self._counts: list[NDArray[np.uint32]] = []  # how often each name occurs
        self._first: list[str] = []
        self._store, self._encoder = store, Encoder("character", store)
        self._encoder.begin("names")
        self._encoder.add_points(np.array([LINE], np.uint8))  # so that its id is 1
        self._kinds, self._tally = Kinds(keep_invisible), Tally(keep_invisible)
        self._factors = np.zeros(2, np.uint64)  # by id

    def read(
        self, source: str | Path, options: ReadOptions, stdin: BinaryIO | None, content: Any
    ) -> None:
        """Add the names of ``source``, and its text to the hash ``content``."""
        where, limit = label(source), options.max_line_bytes
        rest, lines, blank, size = "", 0, 0, 0
        pieces = read_pieces(source, options, stdin, lambda: lines + 1)
        for piece in pieces:
            data = piece.encode("utf-8", "surrogatepass")
            content.update(data)
            size += len(data)
            points = code_points(text := rest + piece)
            ends = np.flatnonzero(points == LINE)
            longest = int(np.diff(ends, prepend=-1, append=len(text)).max())
            if 4 * longest > limit:  # it may be too long in UTF-8
                check_lengths(text.split("\n"), lines + 1, where, limit)
            blank += self._take(text, points, ends, lines + 1, where)
            lines += len(ends)
            rest = text[int(ends[-1]) + 1 :] if len(ends) else text
        if rest:
            lines += 1
            blank += self._take(rest, code_points(rest), np.array([len(rest)]), lines, where)
        self.counts.append((lines, blank))
        content.update(b"\0%d\0" % size)  # text that moves to the next source changes the hash

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
        kept, ordered, rows = distinct(names, self._joined_hashes(), counts)
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
        }
        return self._store.finish(key, facts, **arrays)

    def _joined_hashes(self) -> NDArray[np.uint64]:
        joined = np.concatenate(self._hashes)
        self._hashes.clear()
        return joined

    def _take(
        self, text: str, points: NDArray[Any], ends: NDArray[np.int64], number: int, where: str
    ) -> int:
        """Encode the lines of ``text`` that have ``ends``, from line ``number`` of the source.

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
            name = checked(line, f"{where} line", number + row, self._tally)
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
