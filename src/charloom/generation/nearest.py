"""The nearest name of each string, by edit distance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.given import Names, names_of
from ..data.tokens import Unit
from ..data.unicode import check_unit, split_units
from ..errors import CorpusError
from ..models.threads import checked_threads, usable_cores

CELLS = 1 << 23  # pairs of strings to compare at once
FEW = 20_000_000  # pairs up to which comparing all at once is faster than choosing among them
SMALL = 200_000  # pairs up to which one thread is faster than several

Ints = NDArray[np.int64]


def nearest(
    queries: Names,
    names: Names,
    threads: int | None = None,
    *,
    unit: Unit = "character",
) -> tuple[Ints, Ints]:
    """Return each query's smallest edit distance to a name, and that name: the first if equal.

    The Levenshtein distance, exact: insertions, deletions and substitutions of one unit each.
    Of many names, those of similar length are compared first: the difference of two lengths is a
    lower bound of their distance, so most names are never compared.

    Args:
        queries: N strings.
        names: to compare them with.
        threads: at most this many; the result is the same.
        unit: what an edit changes.

    Returns:
        distances (N,) and indices into ``names`` (N,).

    Raises:
        CorpusError: there is no name.
    """
    from rapidfuzz.distance import Levenshtein  # late: few calls compare
    from rapidfuzz.process import cdist

    queries, names = names_of("queries", queries), names_of("names", names)
    check_unit(unit)
    if not len(names):
        raise CorpusError("there are no names to compare with. Pass at least one.")
    workers = checked_threads(threads) or usable_cores()
    slots: dict[str, int] = {}
    slot_of = np.array([slots.setdefault(text, len(slots)) for text in queries], np.int64)
    texts = [_units(text, unit) for text in slots]
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        first.setdefault(name, index)
    different = [_units(name, unit) for name in first]
    index_of = np.fromiter(first.values(), np.int64, len(first))

    distances = np.full(len(texts), np.iinfo(np.int64).max)
    indices = np.zeros(len(texts), np.int64)
    for place, text in enumerate(slots):
        if text in first:
            distances[place], indices[place] = 0, first[text]

    def compare(places: Ints, others: Ints, candidates: list[Any]) -> None:
        """Update ``distances`` and ``indices`` where a name is nearer, or an earlier equal."""
        rows = max(1, CELLS // len(candidates))
        longest = max(max(map(len, candidates)), max((len(texts[i]) for i in places), default=0))
        for start in range(0, len(places), rows):
            part = places[start : start + rows]
            found = cdist(
                [texts[i] for i in part],
                candidates,
                scorer=Levenshtein.distance,
                dtype=np.uint8 if longest < 256 else np.int32,
                workers=workers if len(part) * len(candidates) > SMALL else 1,
            )
            columns = found.argmin(axis=1)
            least = found[np.arange(len(part)), columns].astype(np.int64)
            index = index_of[others[columns]]
            equal = (least == distances[part]) & (index < indices[part])
            better = (least < distances[part]) | equal
            distances[part[better]], indices[part[better]] = least[better], index[better]

    few = len(texts) * len(first) <= FEW
    shelves = _by_length(different, few)
    for length, (places, _) in _by_length(texts, few).items():
        for other in sorted(shelves, key=lambda size: abs(size - length)):
            open_ = places[distances[places] >= max(1, abs(other - length))]
            compare(open_, *shelves[other])
    return distances[slot_of], indices[slot_of]


def _units(text: str, unit: Unit) -> Sequence[Hashable]:
    return text if unit == "character" else split_units(text, unit)


def _by_length(
    texts: Sequence[Sequence[Hashable]], few: bool
) -> dict[int, tuple[Ints, list[Sequence[Hashable]]]]:
    """Return the places of the texts of each length, ascending, and the texts.

    A ``few`` are all under one length: choosing among them would take longer.
    """
    places = defaultdict(list)
    for place, text in enumerate(texts):
        places[0 if few else len(text)].append(place)
    return {
        length: (np.array(found), [texts[i] for i in found]) for length, found in places.items()
    }
