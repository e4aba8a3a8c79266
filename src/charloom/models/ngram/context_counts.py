"""Counts of characters, of classes and in sparse contexts, for any part of some strings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import Vocabulary
from .alphabet import Alphabet, alphabet_of
from .context_arrays import CLASS_PREFIX
from .context_model import PSEUDO
from .contexts import Keyring, stream_states
from .counts import MOST_NODES, Counts, Step, Windows
from .smoothing import smoothed

if TYPE_CHECKING:
    from .context_fit import Smoothing

Ids = NDArray[np.integer]
Arrays = dict[str, NDArray[Any]]
Numbers = NDArray[np.float64]

CLASS_ORDER, MOST_CLASS_NODES = 8, 4_000
"""The largest order of the n-gram over classes, and the most contexts it may have."""

MOST_SPARSE = 3_000_000
"""Characters whose sparse contexts are counted."""

PRIOR_COUNT = 0.5
"""Added to the count of each character within its class."""


class ContextCorpus:
    """A stream, sorted so that the first strings of it are counted quickly."""

    def __init__(
        self, vocabulary: Vocabulary, stream: Ids, order: int, most_nodes: int = MOST_NODES
    ) -> None:
        """Sort a stream (N + 1,) of ids, as for ``counts.count``."""
        self.stream, self._vocabulary, self._most_nodes = stream, vocabulary, most_nodes
        classes = alphabet_of(vocabulary, stream[:1]).classes
        self._letters = Windows(stream, len(classes), order)
        self._classes = Windows(classes[stream], int(classes.max()) + 1, CLASS_ORDER)
        self._counted: tuple[int, ContextCounts] | None = None

    @property
    def order(self) -> int:
        """The largest order of the n-gram."""
        return self._letters.order

    def count(self, targets: int | None = None) -> ContextCounts:
        """Count the first ``targets`` targets; by default all. The last result is kept."""
        total = len(self.stream) - 1 if targets is None else targets
        if self._counted is None or self._counted[0] != total:
            self._counted = None  # its memory is free again
            stream = self.stream[: total + 1]
            letters = self._letters.count(self._most_nodes, total)
            found = self._classes.count(MOST_CLASS_NODES, total)
            classes = Counts(list(found.levels), found.size, found.cut, raw=True)
            alphabet = alphabet_of(self._vocabulary, stream)
            self._counted = total, ContextCounts(letters, classes, alphabet, stream)
        return self._counted[1]

    def arrays(self, smoothing: Smoothing, targets: int | None = None) -> Arrays:
        """Return the arrays of ``ngram.context_arrays``, for the first ``targets`` targets."""
        return self.count(targets).arrays(smoothing)


class ContextCounts:
    """The counts of some strings; created by ``ContextCorpus.count``."""

    def __init__(self, letters: Counts, classes: Counts, alphabet: Alphabet, stream: Ids) -> None:
        self.letters, self.classes, self.alphabet, self.stream = letters, classes, alphabet, stream

    @property
    def spelling(self) -> Numbers:
        """The probability of each id within its class, (V,)."""
        unigram = self.letters.used(0) + PRIOR_COUNT
        classes = self.alphabet.classes
        found: Numbers = unigram / np.bincount(classes, unigram)[classes]
        return found

    def without(self, stream: Ids, skipped: int, gone: NDArray[np.bool_]) -> ContextCounts:
        """Return the counts without some targets.

        Args:
            stream, skipped: as for ``Counts.without``.
            gone: (N,), which targets of the stream that was counted these are.
        """
        letters = self.letters.without(stream, skipped)
        classes = self.classes.without(self.alphabet.classes[stream], skipped)
        other = ContextCounts(letters, classes, self.alphabet, self.stream)
        arrays, size = self.sparse, len(self.alphabet.classes)
        matrix, offsets = Keyring(size).layout()
        gone = gone[:MOST_SPARSE]
        states = stream_states(self.stream[: len(gone) + 1], self.alphabet)[gone]
        keys = states.astype(np.int64) @ matrix + offsets[:-1]
        pairs = np.sort((keys * size + self.stream[1:][: len(gone)][gone, None]).ravel())
        lengths = np.diff(arrays["ngram.firsts"])
        every = np.repeat(arrays["ngram.keys"], lengths) * size + arrays["ngram.ids"]
        times = np.bincount(np.searchsorted(every, pairs), minlength=len(every))
        counts = arrays["ngram.counts"] - (times / PSEUDO).astype(np.float32)
        other.sparse = {**arrays, "ngram.counts": counts}
        return other

    def smoothed(self, smoothing: Smoothing) -> tuple[list[Any], list[Any]]:
        """Return what ``smoothing.smoothed`` does, for each length of context: of the letters,
        from one letter on, and of the classes."""
        letters = range(1, len(self.letters.levels))
        classes = range(len(self.classes.levels))
        return (
            [smoothed(self.letters, n, smoothing.letters[n - 1]) for n in letters],
            [smoothed(self.classes, n, smoothing.classes[n]) for n in classes],
        )

    def arrays(self, smoothing: Smoothing) -> Arrays:
        """Return the model's arrays, given its smoothing and exponents."""
        letters, classes = self.smoothed(smoothing)
        empty = np.zeros(len(self.spelling)), np.ones(1)
        named = {
            CLASS_PREFIX + name.removeprefix("ngram."): array
            for name, array in self.classes.arrays(len(classes), classes).items()
        }
        return {
            **self.letters.arrays(1 + len(letters), [empty, *letters]),
            "ngram.classes": self.alphabet.classes,
            "ngram.sounds": self.alphabet.sounds,
            "ngram.spelling": self.spelling.astype(np.float32),
            **named,
            **self.sparse,
            "ngram.weights": np.asarray(smoothing.weights, np.float32),
        }

    @cached_property
    def sparse(self) -> Arrays:
        """The arrays of the sparse contexts."""
        stream = self.stream[: MOST_SPARSE + 1]
        size = len(self.alphabet.classes)
        matrix, offsets = Keyring(size).layout()
        columns, targets = stream_states(stream, self.alphabet).T, stream[1:]
        keys, firsts, ids, counts = [], [], [], []
        total = 0
        for family, possible in enumerate(np.diff(offsets)):
            kind = np.int32 if possible * size < 2**31 else np.int64
            pairs: Any = targets.astype(kind)  # of key and target; they sort like (key, target)
            for column in np.flatnonzero(matrix[:, family]):
                pairs += columns[column] * kind(matrix[column, family] * size)
            pairs.sort()
            starts = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1]))
            distinct = pairs[starts]
            own = distinct // kind(size)
            first = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
            keys.append(own[first] + offsets[family])
            firsts.append(total + first)
            ids.append((distinct - own * kind(size)).astype(np.int32))
            counts.append((np.diff(starts, append=len(pairs)) / PSEUDO).astype(np.float32))
            total += len(distinct)
        return {
            "ngram.keys": np.concatenate(keys),
            "ngram.firsts": np.append(np.concatenate(firsts), total).astype(np.int32),
            "ngram.ids": np.concatenate(ids),
            "ngram.counts": np.concatenate(counts),
        }


def distributions(
    counts: Counts,
    walked: Sequence[Step],
    kept: NDArray[np.intp],
    parts: Sequence[tuple[Numbers, Numbers]],
    base: NDArray[np.float32],
) -> list[NDArray[np.float32]]:
    """Return the probabilities of all ids at targets of a stream, by contexts of each length.

    Args:
        counts: the counts.
        walked: what ``counts.walk`` yields for the stream.
        kept: (T,), the targets, sorted.
        parts: the discounted probabilities and backoff weights of the longest levels.
        base: (T, V), what the first of these backs off to.

    Returns:
        ``base``, and (T, V) for each of ``parts``.
    """
    found = [base]
    skipped = len(counts.levels) - len(parts)
    levels = zip(counts.levels[skipped:], walked[skipped:], parts, strict=True)
    for level, step, (own, left) in levels:
        rows, context, *_ = step.at(kept)
        first = np.searchsorted(level.context, context)
        lengths = np.searchsorted(level.context, context, side="right") - first
        entry = np.arange(lengths.sum()) + np.repeat(first - np.cumsum(lengths) + lengths, lengths)
        table = found[-1].copy()
        table[rows] *= left[context, None].astype(np.float32)
        table[np.repeat(rows, lengths), level.target[entry]] += own[entry].astype(np.float32)
        found.append(table)
    return found
