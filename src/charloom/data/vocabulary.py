"""Characters to ids and back; id 0 is the boundary: begin as an input, end as an output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from unicodedata import combining

import numpy as np
from numpy.typing import NDArray

from ..config.arguments import as_whole, shown
from ..config.arguments import text as text_of
from ..errors import VocabularyError
from .tokens import UNITS, Tokens, Unit
from .unicode import decomposed, name_character, normalise, split_units

BOUNDARY = 0
"""Id of the symbol that a string begins with (as an input) and ends with (as an output)."""


@dataclass(frozen=True, init=False)
class Vocabulary:
    """The characters that a model knows, in sorted order; ``characters[i]`` has the id i + 1.

    Attributes:
        characters: distinct, sorted.
        token_unit: unit of text: a code point ("character"), a "grapheme" or ``Tokens``.
        has_unknown: whether the last id is the unknown symbol, which stands for all other
            characters; without it they are errors.

    Example:
        >>> vocabulary = Vocabulary.of(["Ulm", "Bonn"])
        >>> vocabulary.encode("Bonn").tolist()
        [1, 6, 5, 5]
    """

    characters: tuple[str, ...]
    token_unit: Unit
    has_unknown: bool

    def __init__(
        self, characters: tuple[str, ...], unit: Unit = "character", unknown: bool = False
    ) -> None:
        object.__setattr__(self, "characters", characters)
        object.__setattr__(self, "token_unit", unit)
        object.__setattr__(self, "has_unknown", unknown)
        own = unit if isinstance(unit, Tokens) else None
        rule = f"a vocabulary's unit must be one of {UNITS}, or Tokens"
        _check(unit in UNITS or own is not None, rule, unit)
        for one in characters:
            text = isinstance(one, str) and one != ""
            _check(text, "a vocabulary's characters must be non-empty strings", one)
            single = len(one) == 1 or (unit != "character" and len(split_units(one, unit)) == 1)
            parts = _PARTS.get(str(unit), "tokens one by one")
            _check(single, f"a vocabulary of {unit}s must list {parts}", one)
        if list(characters) != sorted(set(characters)):
            raise VocabularyError("a vocabulary must list distinct characters in sorted order.")
        rule = "whether a vocabulary has the unknown symbol must be true or false"
        _check(unknown in (True, False), rule, unknown)

    @classmethod
    def of(cls, names: Iterable[str], unit: Unit = "character") -> Vocabulary:
        """Collect the characters of ``names``."""
        parts = names if unit == "character" else (split_units(name, unit) for name in names)
        return cls(tuple(sorted(set().union(*parts))), unit)

    @property
    def unit(self) -> Unit:
        """Earlier name of ``token_unit``."""
        return self.token_unit

    @property
    def size(self) -> int:
        """V: the characters, the boundary and, if there is one, the unknown symbol."""
        return len(self.characters) + 1 + self.has_unknown

    @property
    def unknown_id(self) -> int | None:
        """Id of the unknown symbol, the last; ``None`` without one."""
        return len(self.characters) + 1 if self.has_unknown else None

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {character: i for i, character in enumerate(self.characters, start=1)}

    @cached_property
    def _table(self) -> NDArray[np.int32]:
        """Ids by code point, 0 if it has none; the last row stands for all larger code points."""
        points = [ord(character) for character in self.characters]
        table = np.zeros(max(points, default=0) + 2, np.int32)
        table[points] = np.arange(1, len(points) + 1)
        return table

    @cached_property
    def alike(self) -> NDArray[np.int32]:
        """For each id, the id of the first character with the same base letter, (V,).

        The base letter has no case and no accents: A, a, á and Å are alike, and of tokens so are
        Sz and sz. What has no base letter, such as the boundary and the unknown symbol, is alike
        only to itself.
        """
        first: dict[str, int] = {}
        ids = np.arange(self.size, dtype=np.int32)
        several = isinstance(self.token_unit, Tokens)
        for character, i in self._ids.items():
            letter = decomposed(character)
            base = "".join(one for one in letter if not combining(one)) if several else letter[0]
            if base.isalpha() and (several or all(map(combining, letter[1:]))):
                ids[i] = first.setdefault(base.casefold(), i)
        return ids

    @cached_property
    def may_be_invisible(self) -> bool:
        """Whether it has characters that names are cleaned of (``charloom.data.invisible``)."""
        joined = "".join(self.characters)
        if joined.isascii():
            return False
        from .invisible import has_suspects  # late: few vocabularies need it

        return has_suspects(joined)

    def normalised(self, text: str) -> str:
        """Return a name, or a part of one, in NFC, as the vocabulary spells it.

        Invisible characters that the vocabulary lacks are removed, spaces and hyphens that it
        lacks are the ordinary ones: ``charloom.data.invisible`` says which, and where they stay.
        With the unknown symbol, nothing is lacking.
        """
        if text.isascii() or self.has_unknown:
            return normalise(text)
        from .invisible import clean

        return normalise(clean(text, self._points))

    @cached_property
    def _points(self) -> frozenset[str]:
        """The code points of its characters."""
        return frozenset("".join(self.characters))

    def unknown(self, text: str) -> list[str]:
        """Return the units of ``text`` that the vocabulary lacks, in order, with repeats."""
        return [unit for unit in split_units(text, self.token_unit) if unit not in self._ids]

    def encode(self, text: str) -> NDArray[np.int32]:
        """Return the ids of ``text``'s characters, shape (T,), without boundaries.

        Raises:
            VocabularyError: ``text`` contains a character that the vocabulary lacks, and there
                is no unknown symbol.
        """
        text = text_of("text", text)
        units, unknown = split_units(text, self.token_unit), self.unknown_id
        try:
            if unknown is None:
                ids = [self._ids[unit] for unit in units]
            else:
                ids = [self._ids.get(unit, unknown) for unit in units]
        except KeyError:
            raise unseen(text, self.unknown(text)[0]) from None
        return np.array(ids, dtype=np.int32)

    def encode_all(self, names: Iterable[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the ids of all names end to end, shape (characters,), and their lengths, (N,).

        Raises:
            VocabularyError: as ``encode``.
        """
        names = list(names)
        if self.token_unit != "character":
            rows = [self.encode(name) for name in names]
            lengths = np.fromiter(map(len, rows), np.int64, len(rows))
            return np.concatenate([np.zeros(0, np.int32), *rows]), lengths
        lengths = np.fromiter(map(len, names), np.int64, len(names))
        text = "".join(names).encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(text, "<u4")  # (characters,)
        ids = self._table[np.minimum(points, len(self._table) - 1)]
        if self.unknown_id is not None:
            ids[ids == 0] = self.unknown_id
        elif not ids.all():
            first = np.searchsorted(np.cumsum(lengths), np.argmin(ids), side="right")
            self.encode(names[first])  # raises, and names the character
        return ids, lengths

    def decode(self, ids: Sequence[int] | NDArray[np.integer]) -> str:
        """Return the text of ``ids``, shape (T,); boundaries add nothing, unknown symbols U+FFFD.

        Raises:
            VocabularyError: an id lies outside [0, V).
        """
        table = ("", *self.characters, *["\ufffd"] * self.has_unknown)
        values = (
            np.asarray(ids).tolist() if isinstance(ids, np.ndarray) else list(map(as_whole, ids))
        )
        if any(i is None or not 0 <= i < len(table) for i in values):
            rule = f"ids must lie in [0, {len(table)}). Received: "
            raise VocabularyError(f"{rule}{shown(values[:20])}")
        return "".join(table[i] for i in values if i is not None)


def unseen(text: str, character: str) -> VocabularyError:
    """Return the error that ``text`` has a character that the model never saw."""
    return VocabularyError(
        f"{text[:40]!r} contains {name_character(character)}, which the model never saw. "
        "Leave it out, or train on text that contains it."
    )


_PARTS = {"character": "single code points", "grapheme": "grapheme clusters one by one"}


def _check(valid: bool, rule: str, received: object) -> None:
    if not valid:
        raise VocabularyError(f"{rule}. Received: {received!r:.40}")
