"""Lists of names too long for a Python object a name: one pass to distinct names as ids.

What is kept, dropped and refused is exactly what ``gathering.Gatherer`` keeps, drops and refuses.
Lines are cut, stripped and counted by the array; only those that hold a character that may change
in NFC, or must not be there, are looked at one by one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...errors import CorpusError
from ..gathering import no_names
from ..sources import ReadOptions, check_lengths, label, read_pieces
from ..unicode import CODE_POINTS, ODD, SPACE, Kinds, clean_name, unprintable
from .cache import Entry, find, remember, remembered, stamps, writing
from .distinct import HASHES, IDS, LENGTHS, widen, write_distinct
from .hashes import Index, character_factors, hashes
from .ragged import Ragged
from .sequences import LINE, EncodedNames

FORMAT = 1
"""Of the arrays; goes into the key of an entry."""

STRIPS = 8
"""White spaces on one side of a line that are taken off by the array; more are for Python."""


@dataclass(frozen=True)
class Encoded:
    """What was read.

    Attributes:
        names: the distinct names, in the order of their first occurrence.
        sources: of each source, its lines, and how many of them are blank.
    """

    names: EncodedNames
    sources: tuple[tuple[int, int], ...]


def encode_names(
    sources: Sequence[str | Path], options: ReadOptions, stdin: BinaryIO | None = None
) -> Encoded:
    """Read sources of lines into the cache, or find them there.

    Raises:
        CorpusError: a source cannot be read or decoded, or holds a name with control characters,
            or no source holds a name; or the cache cannot be written.
    """
    asked = {"kind": "names", "format": FORMAT, **asdict(options)}
    key = remembered(sources, asked)
    entry = None if key is None else find(key)
    if entry is None:
        before = stamps(sources)
        with writing() as writer:
            seal = hashlib.sha256(json.dumps(asked).encode())
            with _Pass(writer.folder) as work:
                for source in sources:
                    work.read(source, options, stdin, seal)
            key = seal.hexdigest()
            if not work.names:
                raise no_names(map(label, sources))
            entry = find(key) or writer.finish(
                key, write_distinct(writer.folder, work.characters) | {"sources": work.counts}
            )
        remember(sources, asked, key, before)
    return Encoded(_names(entry), tuple((lines, blank) for lines, blank in entry.facts["sources"]))


def _names(entry: Entry) -> EncodedNames:
    facts = entry.facts
    arrays = {name: np.asarray(entry.array(name, kind)) for name, kind in facts["arrays"].items()}
    return EncodedNames(
        characters=facts["characters"],
        ids=Ragged(arrays["ids"], arrays["lengths"]),
        lookup=Index(arrays["hashes"], arrays["rows"]),
        digest=facts["digest"],
    )


class _Pass:
    """Sources to files in ``folder``, which ``write_distinct`` takes; a context that closes them.

    Attributes:
        names: how many were written, repeats included.
        characters: by id, from 1, in the order of their first appearance.
        counts: of each source, its lines and how many of them are blank.
    """

    def __init__(self, folder: Path) -> None:
        self.names = 0
        self.characters: list[str] = []
        self.counts: list[tuple[int, int]] = []
        self._files = {name: (folder / name).open("w+b") for name in (IDS, LENGTHS, HASHES)}
        self._kinds = Kinds()
        self._ids = np.zeros(CODE_POINTS, np.uint32)  # by code point, 0 for what did not appear yet
        self._factors = np.zeros(1, np.uint64)

    def __enter__(self) -> _Pass:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def read(
        self, source: str | Path, options: ReadOptions, stdin: BinaryIO | None, seal: Any
    ) -> None:
        """Take the names of ``source``; ``seal`` takes the text that they come from."""
        where, limit = label(source), options.max_line_bytes
        number, rest, lines, blank, size = 1, "", 0, 0, 0
        for number, piece in read_pieces(source, options, stdin=stdin):
            data = piece.encode("utf-8", "surrogatepass")
            seal.update(data)
            size += len(data)
            points = _points(text := rest + piece)
            ends = np.flatnonzero(points == LINE)
            longest = int(np.diff(ends, prepend=-1, append=len(text)).max())
            if 4 * longest > limit:  # it may be too long in UTF-8
                check_lengths(text.split("\n"), number, where, limit)
            blank += self._take(text, points, ends, number, where)
            lines += len(ends)
            rest = text[int(ends[-1]) + 1 :] if len(ends) else text
        if rest:
            number += len(ends)
            blank += self._take(rest, _points(rest), np.array([len(rest)]), number, where)
            lines += 1
        self.counts.append((lines, blank))
        seal.update(b"\0%d\0" % size)  # so that nothing moves from one source to the next unseen

    def _take(
        self,
        text: str,
        points: NDArray[np.unsignedinteger],
        ends: NDArray[np.int64],
        number: int,
        where: str,
    ) -> int:
        """Write the names of the lines of ``text`` up to ``ends``; return how many are blank.

        ``points`` are the code points of ``text``, and ``number`` is that of its first line.
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
            name = clean_name(text[bounds[row] : ends[row]])
            if not name.isprintable() and (problem := unprintable(name)):
                raise CorpusError(f"{where} line {number + row} {problem}")
            changed.append(_points(name).astype(points.dtype))
            low[row], high[row] = size, size + len(name)
            size += len(name)
        lengths = high - low
        kept = lengths > 0
        self._write(np.concatenate(changed), low[kept], lengths[kept])
        return len(ends) - int(kept.sum())

    def _write(
        self,
        points: NDArray[np.unsignedinteger],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
    ) -> None:
        """Write the names that begin at ``starts`` in ``points``."""
        shift = starts - (np.cumsum(lengths) - lengths)
        points = points[np.repeat(shift, lengths) + np.arange(int(lengths.sum()))]
        ids = self._ids[points]
        if not ids.all():
            self._meet(points[ids == 0])
            ids = self._ids[points]
        self.names += len(lengths)
        self._files[IDS].write(ids.astype(self._kind).data)
        self._files[LENGTHS].write(lengths.astype(np.uint32).data)
        self._files[HASHES].write(hashes(self._factors[ids], lengths).data)

    @property
    def _kind(self) -> np.dtype[np.unsignedinteger]:
        return np.min_scalar_type(len(self.characters))

    def _meet(self, points: NDArray[np.unsignedinteger]) -> None:
        """Give ids to the characters that these code points are the first appearance of."""
        new, first = np.unique(points, return_index=True)
        new, before = new[np.argsort(first)], self._kind
        self._ids[new] = np.arange(len(new)) + 1 + len(self.characters)
        self._factors = np.concatenate([self._factors, character_factors(new.astype(np.uint32))])
        self.characters += map(chr, new.tolist())
        if self._kind != before:
            widen(self._files[IDS], before, self._kind)


def _stripped(
    kinds: NDArray[np.uint8], low: NDArray[np.int64], high: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]:
    """Return where the lines from ``low`` to ``high`` begin and end without white space.

    And which have so much of it that it is not all off.
    """
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


def _points(text: str) -> NDArray[np.unsignedinteger]:
    """Return the text's code points, as bytes if it is ASCII."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
