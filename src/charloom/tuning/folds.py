"""Which names a trial trains on and which it is measured on: the same for every trial."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..data.names import NameCorpus, Places
from ..data.random import Stream, shuffler
from ..data.text import TextCorpus
from ..errors import CorpusError

SMALL = 3_000
"""Below so many names, a tenth of them is too few to tell good settings from lucky ones."""

FOLDS = 5
"""Parts of such a list, each held out once."""

SHARE = 0.1
"""Held out where there is just one split, and of each training in a check."""

LEAST = 10
"""Names that a search needs: fewer would leave none to measure on."""

LEAST_TEXT = 1_000
"""Characters that it needs of a text, for the same reason."""


@dataclass(frozen=True)
class Fold(NameCorpus):
    """A corpus that knows what of it is trained on and what is held out, whatever is asked for.

    Attributes:
        train, held_out: places in ``names``.
        test: places of names that a training does not see at all.
    """

    train: tuple[int, ...] = field(default=(), repr=False, kw_only=True)
    held_out: tuple[int, ...] = field(default=(), repr=False, kw_only=True)
    test: tuple[int, ...] = field(default=(), repr=False, kw_only=True)

    def split_places(self, share: float = 0.1, seed: int = 0) -> tuple[Places, Places]:
        """Return the places of (train, held-out) names: always the fold's own."""
        return self.train, self.held_out

    def split(self, share: float = 0.1, seed: int = 0) -> tuple[Sequence[str], Sequence[str]]:
        """Return (train, held-out) names: always the fold's own."""
        names = self.names
        return tuple(names[i] for i in self.train), tuple(names[i] for i in self.held_out)


@dataclass(frozen=True)
class Split:
    """A corpus for one training, with that training's seed.

    Attributes:
        corpus: what ``fit`` takes; with ``held_out`` as its share, if it knows no better.
        seed: of the training.
        test: what is measured on afterwards, which the training does not see: ids of each name,
            or of each block of text with the character before it; ``None`` where the training's
            own held-out loss is the measure.
        labels: of each of these names the place of its label, from 1, or 0 for none; ``None``
            where nothing has any.
    """

    corpus: NameCorpus | TextCorpus
    seed: int
    test: Sequence[NDArray[np.int32]] | None = None
    labels: Sequence[int] | None = None


def fold_count(corpus: NameCorpus | TextCorpus, folds: int | None) -> int:
    """Return how many folds a search has: ``folds``, or what suits the corpus.

    Raises:
        CorpusError: there is too little to search on.
    """
    if isinstance(corpus, TextCorpus):
        if folds not in (None, 1):
            raise CorpusError("a text has one split, its end. Leave --folds out.")
        if len(corpus) < LEAST_TEXT:
            raise CorpusError(
                f"a search needs {LEAST_TEXT:,} characters at least. Received: {len(corpus):,}. "
                "Give more, or train without a search."
            )
        return 1
    names = corpus.report.names
    if names < LEAST:
        raise CorpusError(
            f"a search needs {LEAST} names at least. Received: {names}. Give more, or train "
            "without a search."
        )
    if corpus.encoded is not None:
        if folds not in (None, 1):
            raise CorpusError("a list of this size has one split. Leave --folds out.")
        return 1
    most = names // 2
    if folds is not None and folds > most:
        raise CorpusError(f"{names} names give {most} folds at most. Received: {folds}")
    return (FOLDS if names < SMALL else 1) if folds is None else folds


def search_splits(corpus: NameCorpus | TextCorpus, folds: int, seed: int) -> list[Split]:
    """Return the splits that every trial is measured on.

    Of text, the last tenth is none of a search's business: it is kept for the check.
    """
    if isinstance(corpus, TextCorpus):
        return [Split(corpus.until(_end(corpus)), seed)]
    if folds == 1:
        return [Split(corpus, seed)]
    parts = _parts(corpus, folds, seed)
    return [
        Split(_fold(corpus, _others(parts, k), parts[k]), 1000 * seed + k) for k in range(folds)
    ]


def fresh_splits(
    corpus: NameCorpus | TextCorpus, folds: int, seed: int
) -> Generator[Split, None, None]:
    """Yield ever new splits, each with a test part that its training does not see.

    Of text the test part is always the last tenth, and of encoded lists the training's held-out
    names: there only the seeds are new, or those names.
    """
    if isinstance(corpus, TextCorpus):
        end, size = _end(corpus), len(corpus)
        count = min(64, max(1, (size - end) // 256))
        edges = np.linspace(end, size, count + 1).astype(int).tolist()
        blocks = [corpus.ids(a - 1, b) for a, b in itertools.pairwise(edges)]
        for repeat in range(1, 1_000):
            yield Split(corpus.until(end), 1000 * seed + 100 + repeat, blocks)
        return
    for repeat in range(1, 1_000):
        fresh = 1000 * seed + 100 * repeat
        if corpus.encoded is not None:
            yield Split(corpus, fresh)
            continue
        if folds == 1:
            train, test = corpus.split_places(SHARE, fresh)
            parts = [list(test), list(train)]
        else:
            parts = _parts(corpus, folds, fresh)
        for k in range(1 if folds == 1 else folds):
            yield Split(
                _nested(corpus, _others(parts, k), parts[k], fresh + k),
                fresh + k,
                [corpus.vocabulary.encode(corpus.names[i]) for i in parts[k]],
                [corpus.label_ids[i] for i in parts[k]] if corpus.label_ids else None,
            )


def tested_share(folds: int) -> float:
    """Return the names in a part over those that are trained on."""
    return SHARE / (1 - SHARE) if folds == 1 else 1 / (folds - 1)


def _fold(
    corpus: NameCorpus, train: Sequence[int], held_out: Sequence[int], test: Sequence[int] = ()
) -> Fold:
    fold = Fold(
        corpus.names,
        corpus.unit,
        labels=corpus.labels,
        report=corpus.report,
        train=tuple(train),
        held_out=tuple(held_out),
        test=tuple(test),
    )
    fold.__dict__["vocabulary"] = corpus.vocabulary  # cached, and the same
    return fold


def _nested(corpus: NameCorpus, train: Sequence[int], test: Sequence[int], seed: int) -> Fold:
    """Hold out a tenth of ``train`` to choose the best epoch by, so that ``test`` is unseen."""
    groups = _groups(corpus, train)
    shuffler(Stream.FOLDS, seed).shuffle(groups)
    held_out = max(1, int(len(groups) * SHARE))
    return _fold(
        corpus,
        [i for group in groups[held_out:] for i in group],
        [i for group in groups[:held_out] for i in group],
        test,
    )


def _parts(corpus: NameCorpus, folds: int, seed: int) -> list[list[int]]:
    """Deal the names, each with all its labels, into parts of like lengths; the seed decides.

    Lengths are dealt evenly, since a loss depends on them, and since batches of equal shapes
    need not be compiled again.
    """
    rng = shuffler(Stream.FOLDS, seed)
    groups = _groups(corpus, range(len(corpus.names)))
    rng.shuffle(groups)
    groups.sort(key=lambda group: len(corpus.names[group[0]]))
    parts: list[list[int]] = [[] for _ in range(folds)]
    for start in range(0, len(groups), folds):
        order = rng.sample(range(folds), folds)
        for k, group in zip(order, groups[start : start + folds], strict=False):
            parts[k] += group
    return parts


def _others(parts: list[list[int]], k: int) -> list[int]:
    return [i for j, part in enumerate(parts) if j != k for i in part]


def _groups(corpus: NameCorpus, places: Sequence[int]) -> list[list[int]]:
    """Gather the places of equal names, in the names' order."""
    groups: dict[str, list[int]] = {}
    for i in sorted(
        places, key=lambda i: (corpus.names[i], corpus.labels[i] if corpus.labels else "")
    ):
        groups.setdefault(corpus.names[i], []).append(i)
    return list(groups.values())


def _end(text: TextCorpus) -> int:
    """Return where the part of a text begins that is kept for the check."""
    return len(text) - int(len(text) * SHARE)
