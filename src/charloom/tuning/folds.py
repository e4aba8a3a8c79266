"""The splits of a search, the same for all trials, and fresh ones for the check."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data.folds import flat, fold_of, fold_places, name_groups
from ..data.names import NameCorpus, Places
from ..data.random import Stream, shuffler
from ..data.text import TextCorpus
from ..errors import CorpusError

SMALL = 3_000
"""With fewer names, a tenth of them is too few to tell good settings from lucky ones."""

FOLDS = 5
"""Folds of such a list."""

SHARE = 0.1
"""Share that is held out of a single split, and of each training in the check."""

LEAST = {"names": 10, "characters": 1_000}
"""What a search needs: fewer would leave nothing to measure on."""


@dataclass(frozen=True)
class Split:
    """A corpus for one training.

    Attributes:
        corpus: what to train on.
        seed: of the training, and of its held-out part if the corpus is not a ``Fold``.
        test: ids of names, or of blocks of text with the character before each, that the training
            does not see; ``None`` if its own held-out loss is the measure.
        labels: index of each of these names' label, from 1, or 0 for none.
        weights: how often each of these names counts; ``None``: once.
    """

    corpus: NameCorpus | TextCorpus
    seed: int
    test: Sequence[NDArray[np.int32]] | None = None
    labels: Sequence[int] | None = None
    weights: Sequence[float] | None = None


def fold_count(corpus: NameCorpus | TextCorpus, folds: int | None) -> int:
    """Return the number of folds: ``folds``, or what suits the corpus.

    Raises:
        CorpusError: the corpus is too small, or cannot have so many folds.
    """
    if isinstance(corpus, TextCorpus):
        what, size, one_split = "characters", len(corpus), True
    else:
        what, size, one_split = "names", corpus.report.names, corpus.is_large
    if size < LEAST[what]:
        raise CorpusError(
            f"a search needs at least {LEAST[what]:,} {what}. Received: {size:,}. Add more, or "
            "train without a search."
        )
    if one_split:
        if folds not in (None, 1):
            raise CorpusError("a text, or a list of this size, has one split. Leave --folds out.")
        return 1
    if folds is not None and folds > size // 2:
        raise CorpusError(f"{size} names give at most {size // 2} folds. Received: {folds}")
    return folds or (FOLDS if size < SMALL else 1)


def search_splits(corpus: NameCorpus | TextCorpus, folds: int, seed: int) -> list[Split]:
    """Return the splits that every trial is measured on; of a text without its last tenth."""
    if isinstance(corpus, TextCorpus):
        return [Split(corpus.until(_end(corpus)), seed)]
    if folds == 1:
        return [Split(corpus, seed)]
    parts = enumerate(fold_places(corpus, folds, seed))
    return [Split(fold_of(corpus, *places), 1000 * seed + k) for k, places in parts]


def fresh_splits(corpus: NameCorpus | TextCorpus, folds: int, seed: int) -> Iterator[Split]:
    """Yield new splits without end, each with a test part that its training does not see.

    The test part of a text is always the last tenth, and of encoded names what the training holds
    out: there only the seed is new.
    """
    if isinstance(corpus, TextCorpus):
        end, size = _end(corpus), len(corpus)
        count = min(64, max(1, (size - end) // 256))
        edges = np.linspace(end, size, count + 1).astype(int).tolist()
        blocks = [corpus.ids(a - 1, b) for a, b in itertools.pairwise(edges)]
        for repeat in itertools.count(1):
            yield Split(corpus.until(end), 1000 * seed + 100 + repeat, blocks)
        return
    for fresh in itertools.count(1000 * seed + 100, 100):
        if corpus.is_large:
            yield Split(corpus, fresh)
            continue
        parts: Iterable[tuple[Places, Places]] = [corpus.split_places(SHARE, fresh)]
        if folds > 1:
            parts = fold_places(corpus, folds, fresh)
        for k, (train, test) in enumerate(parts):
            groups = name_groups(corpus, train)  # a tenth of which chooses the best epoch
            shuffler(Stream.FOLDS, fresh + k).shuffle(groups)
            count = max(1, int(len(groups) * SHARE))
            yield Split(
                fold_of(corpus, flat(groups[count:]), flat(groups[:count])),
                fresh + k,
                [corpus.vocabulary.encode(corpus.names[i]) for i in test],
                [corpus.label_ids[i] for i in test] if corpus.label_ids else None,
                [corpus.weights[i] for i in test] if corpus.weights else None,
            )


def tested_share(folds: int) -> float:
    """Return the number of names in a test part divided by those trained on."""
    return SHARE / (1 - SHARE) if folds == 1 else 1 / (folds - 1)


def _end(text: TextCorpus) -> int:
    """Return where the part of a text begins that is kept for the check: before a document."""
    end = len(text) - int(len(text) * SHARE)
    if not text.has_ends:
        return end
    starts = text.starts()
    before = int(np.searchsorted(starts, end, "right")) - 1
    return int(starts[max(before, min(1, len(starts) - 1))])
