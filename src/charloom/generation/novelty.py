"""Whether a string is new: not in the training set, not forbidden, and not too similar to these."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Literal

import numpy as np

from ..config import Unit
from ..data.encoded.array_names import ArrayNames
from ..data.unicode import is_normal, normalise, split_units

Origin = Literal["new", "known", "unknown"]
Cause = Literal["known", "forbidden", "near", "empty", "denormalised"]

CELLS = 1 << 22
"""Pairs of strings whose distances are computed at once."""

BLOCK = 1 << 16
"""Names of a ``NameSet`` of arrays that are turned into strings at once."""


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """What a string is compared with, and how.

    Attributes:
        known: the training set, normalised, as ``name_set`` makes it; ``None`` without one.
        forbidden: strings that are not allowed, normalised.
        allow_known: whether strings of the training set are allowed.
        fold_case: whether strings that differ only in case count as the same.
        min_edits: edits (insertions, deletions and substitutions of units) that a string must
            be away from every forbidden one, and from every known one unless these may come out.
        unit: of the vocabulary.
    """

    known: Set[str] | None
    forbidden: frozenset[str] = frozenset()
    allow_known: bool = False
    fold_case: bool = False
    min_edits: int = 1
    unit: Unit = "character"

    def judge(self, texts: Sequence[str]) -> list[Origin | Cause]:
        """Return each text's origin if it is allowed, or else why it is not."""
        other: Origin = "unknown" if self.known is None and not self.forbidden else "new"
        verdicts: list[Origin | Cause] = []
        for text in texts:
            key = text.casefold() if self.fold_case else text
            if not text:
                verdicts.append("empty")
            elif not text.isascii() and normalise(text) != text:
                # Its normal form is another string of the model, so it would be a repeat of that.
                verdicts.append("denormalised")
            elif key in self._forbidden:
                verdicts.append("forbidden")
            elif key in self._known:
                verdicts.append("known")
            else:
                verdicts.append(other)
        if self.min_edits > 1:
            self._judge_distance(texts, verdicts)
        return verdicts

    def may_come(self, verdict: Origin | Cause) -> bool:
        """Say whether a text with this verdict is allowed."""
        return verdict in ("new", "unknown") or (verdict == "known" and self.allow_known)

    def _judge_distance(self, texts: Sequence[str], verdicts: list[Origin | Cause]) -> None:
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cdist

        asked = [i for i, verdict in enumerate(verdicts) if self.may_come(verdict)]
        for against in self._kept_away():
            step = max(1, CELLS // max(len(against), 1))
            for start in range(0, len(asked) if against else 0, step):
                rows = asked[start : start + step]
                distances = cdist(
                    [self._units(texts[i]) for i in rows],
                    against,
                    scorer=Levenshtein.distance,
                    score_cutoff=self.min_edits - 1,
                    dtype=np.int32,
                    workers=-1,
                )
                for i in np.flatnonzero(distances.min(axis=1) < self.min_edits).tolist():
                    verdicts[rows[i]] = "near"

    def _units(self, text: str) -> Any:
        """Return what edits are counted in."""
        folded = text.casefold() if self.fold_case else text
        return folded if self.unit == "character" else split_units(folded, self.unit)

    def _folded(self, texts: Set[str] | None) -> Set[str]:
        if not self.fold_case or texts is None:
            return texts or frozenset()
        return folded(texts)

    @cached_property
    def _known(self) -> Set[str]:
        return self._folded(self.known)

    @cached_property
    def _forbidden(self) -> Set[str]:
        return self._folded(self.forbidden)

    def _kept_away(self) -> Iterator[list[Any]]:
        """Yield the strings to measure distances from; in memory at once if they are few."""
        if isinstance(self._known, NameSet) and not self.allow_known:
            for block in blocks(self._known | self._forbidden):
                yield [self._units(text) for text in block]
        else:
            yield self._few_kept_away

    @cached_property
    def _few_kept_away(self) -> list[Any]:
        known = frozenset[str]() if self.allow_known else self._known
        return [self._units(text) for text in sorted(self._forbidden | known)]


def name_set(*parts: Sequence[str]) -> Set[str]:
    """Return the names of all ``parts`` as one set.

    Sequences of arrays (``data.encoded``) become a ``NameSet``, others a frozenset.
    """
    arrays = [part for part in parts if isinstance(part, ArrayNames)]
    strings = frozenset[str]().union(*(p for p in parts if not isinstance(p, ArrayNames)))
    return NameSet([*arrays, strings]) if arrays else strings


class NameSet(Set[str]):
    """A set of names without a Python object for each: found by their hashes, then compared.

    Args:
        parts: collections with a fast ``in``; a name may be in several.
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

    def __or__(self, other: Set[object]) -> NameSet:
        parts = other._parts if isinstance(other, NameSet) else [frozenset(map(str, other))]
        return NameSet([*self._parts, *parts])

    __ror__ = __or__

    @classmethod
    def _from_iterable(cls, names: Iterator[str]) -> Set[str]:  # type: ignore[override]
        return frozenset(names)

    def changed(self, change: Callable[[str], str]) -> NameSet:
        """Return the names after ``change``, which may be applied to many lines of them at once."""
        from ..data.encoded.sequences import changed  # late: few lists are so long

        return NameSet(
            [
                changed(p, change) if isinstance(p, ArrayNames) else frozenset(map(change, p))
                for p in self._parts
            ]
        )

    def normal(self) -> NameSet:
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
    return names.normal() if isinstance(names, NameSet) else frozenset(map(normalise, names))


def folded(names: Set[str]) -> Set[str]:
    """Return the names with their case folded."""
    if isinstance(names, NameSet):
        return names.changed(str.casefold)
    return frozenset(map(str.casefold, names))


def blocks(names: Set[str]) -> Iterator[list[str]]:
    """Yield the names: sorted and all at once, or block by block if they are a ``NameSet``."""
    if not isinstance(names, NameSet):
        yield sorted(names)
        return
    each = iter(names)
    while block := list(islice(each, BLOCK)):
        yield block
