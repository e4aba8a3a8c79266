"""A corpus cut into folds: each is held out once, and the others are trained on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .names import NameCorpus, Places
from .random import Stream, shuffler


@dataclass(frozen=True, repr=False)
class Fold(NameCorpus):
    """A corpus with a given split: the places in ``names`` to train on, and those held out."""

    train: Places = field(kw_only=True)
    held_out: Places = field(kw_only=True)

    def split_places(self, share: float = 0.1, seed: int = 0) -> tuple[Places, Places]:
        """Return the places of (train, held-out) names, whatever the share and the seed."""
        return self.train, self.held_out


def fold_of(corpus: NameCorpus, train: Places, held_out: Places) -> Fold:
    """Return a corpus with this split."""
    fold = Fold(
        corpus.names,
        corpus.unit,
        labels=corpus.labels,
        weights=corpus.weights,
        report=corpus.report,
        train=train,
        held_out=held_out,
    )
    fold.__dict__["vocabulary"] = corpus.vocabulary  # cached, and the same
    return fold


def fold_places(corpus: NameCorpus, folds: int, seed: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the places of (train, held-out) names of each fold.

    A name is in one fold with all its labels. Lengths are dealt evenly, because a loss depends on
    them, and because batches of equal shapes need not be compiled again.
    """
    rng = shuffler(Stream.FOLDS, seed)
    groups = name_groups(corpus, range(len(corpus.names)))
    rng.shuffle(groups)
    groups.sort(key=lambda group: len(corpus.names[group[0]]))
    parts: list[list[int]] = [[] for _ in range(folds)]
    for start in range(0, len(groups), folds):
        order = rng.sample(range(folds), folds)
        for k, group in zip(order, groups[start : start + folds], strict=False):
            parts[k] += group
    for k, part in enumerate(parts):
        yield flat(parts[:k] + parts[k + 1 :]), part


def name_groups(corpus: NameCorpus, places: Iterable[int]) -> list[list[int]]:
    """Return the places of equal names, sorted by name and label."""

    def key(i: int) -> tuple[str, str]:
        return corpus.names[i], corpus.labels[i] if corpus.labels else ""

    by_name = itertools.groupby(sorted(places, key=key), key=lambda i: corpus.names[i])
    return [list(group) for _, group in by_name]


def flat(groups: Iterable[list[int]]) -> list[int]:
    """Return all places of the groups."""
    return list(itertools.chain.from_iterable(groups))
