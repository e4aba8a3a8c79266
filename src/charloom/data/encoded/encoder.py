"""Characters to ids in one pass: the k-th distinct character to appear has the id k.

So the vocabulary need not be known in advance; a small table converts these ids to those of a
sorted vocabulary without the rare characters. Id 0 is the boundary that each document begins with.
Lists of names are encoded here too.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CorpusError
from ..sources.streams import binary
from ..tokens import Tokens, Unit, plain
from ..unicode import may_change, name_character, normalise, split_units
from .store import Store

FORMAT = 1
"""Version of the encoding; it increases when the same text gets other ids."""

MOST_JOINED = 1 << 20
"""Most code points that may form one character."""


class Encoder:
    """Converts the text of one document after another to ids, for ``store``.

    At most ``most_joined`` code points may form one character, as a letter and its accents do.
    """

    def __init__(self, unit: Unit, store: Store, most_joined: int = MOST_JOINED) -> None:
        self.unit, self.store, self.most_joined = unit, store, most_joined
        self._ids: dict[str, int] = {}  # of characters, in order of appearance, from 1
        self._table = np.zeros(0x110000, store.dtype)  # the same by code point, 0 if unseen
        self._counts = np.zeros(256, np.int64)  # of characters so far, by id
        self._pairs, self._paired = (
            np.zeros(0, "<u2"),
            0,
        )  # ids of two bytes; of how many characters
        self._buffer = np.empty(0, np.intp)
        self._documents: list[tuple[bool, str, int]] = []
        self._empty: list[int] = []

    @property
    def characters(self) -> Sequence[str]:
        """All characters so far; the first has the id 1."""
        return list(self._ids)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each of the characters occurs, (V,)."""
        counts = np.zeros(len(self._ids) + 1, np.int64)
        counts[: len(self._counts)] = self._counts[: len(counts)]
        return counts[1:]

    def begin(self, name: str) -> None:
        """Begin a document, which errors call ``name``."""
        self.name, self._rest, self._begun = name, "", False
        self._lines_before = self._line_ends()

    def line(self) -> int:
        """Return the number of the line of the document in which its next text begins."""
        return 1 + self._line_ends() - self._lines_before + self._rest.count("\n")

    def _line_ends(self) -> int:
        return int(self._counts[self._ids.get("\n", 0)])

    def add(self, text: str, final: bool = False) -> None:
        r"""Take text whose lines end in \n.

        Characters that may combine with what comes next are held back, unless ``final``.
        """
        text = self._rest + text
        cut = len(text) if final else _safe_cut(text)
        self._rest = text[cut:]
        own = self.unit if isinstance(self.unit, Tokens) else None
        if own is None and text.isascii():
            self.add_ascii(np.frombuffer(text.encode("ascii"), np.uint8)[:cut])
            return
        head = normalise(text[:cut])
        units: Sequence[str] = head
        if self.unit == "grapheme" and head:
            units = split_units(head, "grapheme")
            if not final:
                last = units.pop()
                self._rest = last + self._rest
                head = head[: len(head) - len(last)]
        if own is not None:
            units = own.split(head) if final else own.settled(head)
            done = sum(map(len, units))
            head, self._rest = head[:done], head[done:] + self._rest
        if len(self._rest) > self.most_joined:
            raise CorpusError(
                f"{self.name} has over {self.most_joined:,} code points that hang together as one "
                "character. Give a text that people can read."
            )
        if len(units) == len(head):
            points = head.encode("utf-32-le", "surrogatepass")
            self.add_points(np.frombuffer(points, "<u4"))
        else:
            self._add_units(units)

    def end(self, packed: bool, digest: str, size: int) -> None:
        """End the document; its bytes, packed or not, have this hash and size."""
        self.add("", final=True)
        if not self._begun:
            self._empty.append(len(self._documents))
        self._documents.append((packed, digest, size))

    def facts(self, codec: str) -> tuple[str, dict[str, Any]]:
        """Return the key of the text, and the facts about it that are stored with its ids."""
        content = json.dumps([FORMAT, plain(self.unit), codec, self._documents])
        return hashlib.sha256(content.encode("ascii")).hexdigest(), {
            "characters": self.characters,
            "counts": self.counts.tolist(),
            "documents": len(self._documents) - len(self._empty),
            "empty": self._empty,
            "bytes": sum(size for _, _, size in self._documents),
        }

    def add_points(self, points: NDArray[Any]) -> NDArray[Any]:
        """Add characters by their code points, (n,), and return their ids, (n,)."""
        index = self._wide(points)
        ids = self._table.take(index, mode="clip")  # the fastest mode; no index is out of range
        if not ids.all():
            self._register_all(points[ids == 0])
            ids = self._table.take(index, mode="clip")
        self._append(ids)
        return ids

    def know(self, characters: Iterable[str]) -> None:
        """Give the next ids to those of ``characters`` that are new, in order; another encoder has
        met them, so that they are fit."""
        fresh = [character for character in characters if character not in self._ids]
        self._ids.update(zip(fresh, itertools.count(len(self._ids) + 1), strict=False))
        while len(self._ids) > np.iinfo(self.store.dtype).max:
            self._widen()
        single = [character for character in fresh if len(character) == 1]
        self._table[[*map(ord, single)]] = [*map(self._ids.__getitem__, single)]

    def add_ids(
        self, ids: NDArray[Any], characters: Sequence[str], counts: NDArray[np.int64]
    ) -> None:
        """Add text that another encoder has encoded.

        Args:
            ids: (N,) its ids, without boundaries.
            characters: those of the other encoder; the first has the id 1.
            counts: how often each occurs, (V,).
        """
        self.know(characters)
        places = [*map(self._ids.__getitem__, characters)]
        if places != list(range(1, len(places) + 1)) or ids.dtype != self.store.dtype:
            ids = np.array([0, *places], self.store.dtype).take(ids)
        by_id = np.zeros(len(self._ids) + 1, np.int64)
        by_id[places] = counts
        self._append(ids, by_id)

    def add_ascii(self, points: NDArray[np.uint8]) -> None:
        """As ``add_points``, but two at a time: nearly twice as fast while an id is one byte."""
        even = len(points) // 2 * 2
        pairs = self._wide(points[:even].view("<u2"))
        table = np.bincount(pairs, minlength=65536).reshape(256, 256)
        counts = table.sum(0) + table.sum(1)
        present = np.flatnonzero(counts)
        if not self._table[present].all():
            self._register_all(points[self._table[points] == 0])
        if self.store.dtype.itemsize > 1:
            self.add_points(points)
            return
        if self._paired != len(self._ids):
            self._paired = len(self._ids)
            one = self._table[:256].astype("<u2")
            self._pairs = (one + 256 * one[:, None]).ravel()
        ids = self._pairs.take(pairs, mode="clip").view(np.uint8)
        by_id = np.zeros(256, np.int64)
        by_id[self._table[present]] = counts[present]
        self._append(ids, by_id)
        self.add_points(points[even:])

    def _add_units(self, units: Sequence[str]) -> None:
        for unit in units:
            if unit not in self._ids:
                self._register(unit)
        ids = map(self._ids.__getitem__, units)
        self._append(np.fromiter(ids, self.store.dtype, len(units)))

    def _register_all(self, points: NDArray[Any]) -> None:
        """Give ids to the new characters with these code points, in order."""
        fresh, first = np.unique(points, return_index=True)
        for point in fresh[np.argsort(first)].tolist():
            self._register(chr(point))

    def _register(self, unit: str) -> None:
        """Give the next id to a character."""
        if "\0" in unit:
            raise binary(self.name)
        if any("\ud800" <= point <= "\udfff" for point in unit):
            raise CorpusError(
                f"{self.name} contains a lone surrogate, {name_character(unit)}. Remove it."
            )
        place = self._ids[unit] = len(self._ids) + 1
        if place > np.iinfo(self.store.dtype).max:
            self._widen()
        if len(unit) == 1:
            self._table[ord(unit)] = place

    def _widen(self) -> None:
        self.store.widen(f"<u{2 * self.store.dtype.itemsize}")
        self._table = self._table.astype(self.store.dtype)

    def _append(self, ids: NDArray[Any], counts: NDArray[np.int64] | None = None) -> None:
        """Store ids, and count them if ``counts`` are not given."""
        if not len(ids):
            return
        if not self._begun:
            self._begun = True
            self.store.append(np.zeros(1, self.store.dtype))
        self.store.append(ids)
        if counts is None:
            counts = np.bincount(self._wide(ids))
        if len(counts) > len(self._counts):
            self._counts = np.pad(self._counts, (0, 2 * len(counts) - len(self._counts)))
        self._counts[: len(counts)] += counts

    def _wide(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """Return ``values`` as NumPy's type of indices, valid until the next call.

        They share one buffer: new memory pages each time would take as long as everything else.
        """
        if len(values) > len(self._buffer):
            self._buffer = np.empty(2 * len(values), np.intp)
        self._buffer[: len(values)] = values
        return self._buffer[: len(values)]


def _safe_cut(text: str) -> int:
    """Return the last place where ``text`` can be cut without changing its NFC."""
    cut = len(text) - 1
    while cut > 0 and may_change(text[cut]):
        cut -= 1
    return max(cut, 0)
