"""Whether a string is new: not in the training set, not forbidden, not too similar to either."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Literal

import numpy as np

from ..data.encoded.array_names import ArrayNames
from ..data.tokens import Unit
from ..data.unicode import is_normal, normalise, split_units
from ..errors import GenerationError

Origin = Literal["new", "known", "unknown"]
Cause = Literal["known", "forbidden", "near", "empty", "denormalised", "respelled"]

CELLS = 1 << 22  # pairs of strings to compare at once
BLOCK = 1 << 16  # names of a ``NameSet`` to turn into strings at once


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """What a string is compared with, and how.

    Attributes:
        known: the training set, in NFC, as ``name_set`` makes it; ``None`` without one.
        forbidden: strings that are not allowed, in NFC.
        allow_known: whether strings of the training set are allowed.
        fold_case: whether strings that differ only in case count as the same.
        min_edits: the least edit distance (insertions, deletions and substitutions of units) to
            the forbidden strings, and to the training set unless it is allowed.
        unit: the vocabulary's.
        clean: whether strings with invisible characters (``charloom.data.invisible``) are not
            allowed, because they look like others.
    """

    known: Set[str] | None
    forbidden: Set[str] = frozenset()
    allow_known: bool = False
    fold_case: bool = False
    min_edits: int = 1
    unit: Unit = "character"
    clean: bool = False

    def judge(self, texts: Sequence[str]) -> list[Origin | Cause]:
        """Return each text's origin, or why it is not new."""
        other: Origin = "unknown" if self.known is None and not self.forbidden else "new"
        verdicts: list[Origin | Cause] = []
        for text in texts:
            key = text.casefold() if self.fold_case else text
            if not text:
                verdicts.append("empty")
            elif not text.isascii() and (normalise(text) != text or self._looks_alike(text)):
                # Its NFC is another string of the model, so this would repeat it.
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

    def _looks_alike(self, text: str) -> bool:
        """Return whether ``text`` looks like another string."""
        if not self.clean:
            return False
        from ..data.invisible import clean  # late: few vocabularies need it

        return clean(text) != text

    def may_come(self, verdict: Origin | Cause) -> bool:
        """Return whether a text with this verdict is allowed."""
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

    def check_distance(self, longest: int, widest: int) -> None:
        """Refuse a ``min_edits`` that no string can reach.

        A string is at most as many edits away from another as the longer of the two has units.

        Args:
            longest: units of the longest string, before its case is folded.
            widest: characters of the longest unit.

        Raises:
            GenerationError: no string is so far from all that are excluded.
        """
        most = 3 * longest * widest if self.fold_case else longest  # folding at most triples
        if self.min_edits <= most:
            return
        lengths = (len(text) for block in self._kept_away() for text in block)
        shortest = min(lengths, default=None)
        if shortest is not None and self.min_edits > max(most, shortest):
            raise GenerationError(
                f"--min-edits must be at most {max(most, shortest):,} here: strings have up to "
                f"{most:,} characters, and the shortest excluded one has {shortest:,}. Received: "
                f"{self.min_edits:,}. Lower --min-edits or raise --max-length"
            )

    def _units(self, text: str) -> Any:
        """Return the units that edits are counted in."""
        folded = text.casefold() if self.fold_case else text
        return folded if self.unit == "character" else split_units(folded, self.unit)

    @cached_property
    def _known(self) -> Set[str]:
        known = self.known or frozenset[str]()
        return folded(known) if self.fold_case else known

    @cached_property
    def _forbidden(self) -> Set[str]:
        return folded(self.forbidden) if self.fold_case else self.forbidden

    def _kept_away(self) -> Iterator[list[Any]]:
        """Yield the strings to measure distances from: block by block if there are very many."""
        known: Set[str] = frozenset() if self.allow_known else self._known
        if isinstance(known, NameSet) or isinstance(self._forbidden, NameSet):
            texts = map(self._units, NameSet([known, self._forbidden]))
            while block := list(islice(texts, BLOCK)):
                yield block
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
        self.parts = sorted(filter(len, parts), key=len, reverse=True)

    def __contains__(self, name: object) -> bool:
        return any(name in part for part in self.parts)

    def __iter__(self) -> Iterator[str]:
        for i in range(len(self.parts)):
            yield from self._added(i)

    def _added(self, i: int) -> Iterator[str]:
        """Yield the names of part ``i`` that no part before has."""
        before = self.parts[:i]
        return (name for name in self.parts[i] if not any(name in part for part in before))

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __len__(self) -> int:
        return self._size

    @cached_property
    def _size(self) -> int:
        more = sum(1 for i in range(1, len(self.parts)) for _ in self._added(i))
        return sum(map(len, self.parts[:1])) + more

    def __or__(self, other: Set[object]) -> NameSet:
        parts = other.parts if isinstance(other, NameSet) else [frozenset(map(str, other))]
        return NameSet([*self.parts, *parts])

    __ror__ = __or__

    @classmethod
    def _from_iterable(cls, names: Iterator[str]) -> Set[str]:  # type: ignore[override]
        return frozenset(names)

    def abnormal(self) -> Iterator[str]:
        """Yield the texts that may not be in NFC."""
        for part in self.parts:
            if not isinstance(part, ArrayNames):
                yield from part
            elif not part.normal:
                yield from part.texts()


def normalised(names: Set[str]) -> Set[str]:
    """Return the names in NFC: a ``NameSet`` that already is in NFC itself."""
    if isinstance(names, NameSet) and all(map(is_normal, names.abnormal())):
        return names
    return _changed(names, normalise)


def folded(names: Set[str]) -> Set[str]:
    """Return the names with their case folded."""
    return _changed(names, str.casefold)


def _changed(names: Set[str], change: Callable[[str], str]) -> Set[str]:
    """Return the names after ``change``, which may be applied to many lines at once."""
    if not isinstance(names, NameSet):
        return frozenset(map(change, names))
    from ..data.encoded.sequences import changed  # late: few lists are so long

    return NameSet(
        [
            changed(p, change) if isinstance(p, ArrayNames) else frozenset(map(change, p))
            for p in names.parts
        ]
    )
