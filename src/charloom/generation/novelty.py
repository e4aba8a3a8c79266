"""Whether a string may come out: neither in the training list nor forbidden, nor too near to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..config import Unit
from ..data.unicode import normalise, split_units
from .known import KnownNames, blocks, folded

Origin = Literal["new", "known", "unknown"]
Cause = Literal["known", "forbidden", "near", "empty", "denormalised"]

CELLS = 1 << 22
"""Pairs of strings whose distances are computed at once."""


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """What a string is compared with, and how.

    Attributes:
        known: the training list, normalised, as ``known.known_names`` makes it; ``None`` if there
            is none.
        forbidden: strings that may not come out, normalised.
        allow_known: whether strings of the training list may come out.
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
        """Return each text's origin if it may come out, or else why it may not."""
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
        """Tell whether a verdict lets a text come out."""
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
        """Yield what distances are measured from: kept, if it is not too much to keep."""
        if isinstance(self._known, KnownNames) and not self.allow_known:
            for block in blocks(self._known | self._forbidden):
                yield [self._units(text) for text in block]
        else:
            yield self._few_kept_away

    @cached_property
    def _few_kept_away(self) -> list[Any]:
        known = frozenset[str]() if self.allow_known else self._known
        return [self._units(text) for text in sorted(self._forbidden | known)]
