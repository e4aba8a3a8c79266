"""Fits an n-gram with classes and sparse contexts to strings.

Smoothing and exponents are fitted by cross-validation: a part of the strings is counted, and what
the rest then says decides. The model that is returned counts all strings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_ORDER
from ...data.random import Stream, generator
from ...data.vocabulary import BOUNDARY, Vocabulary
from ...errors import ConfigError
from ..threads import one_blas_thread, run
from .context_counts import CLASS_ORDER, Arrays, ContextCorpus, ContextCounts, distributions
from .context_model import TINY
from .contexts import SparseContexts, stream_states
from .counts import MOST_NODES
from .smoothing import (
    CLASSES_PRIOR,
    LETTERS_PRIOR,
    Evidence,
    Numbers,
    evidence,
    fit,
    joined,
    minimum,
)

Ids = NDArray[np.integer]

ORDER = 7

FOLDS, FEW, MANY = 5, 10, 300_000
"""Parts to cut the strings into; the fewest strings to cut; characters from which on a part is
held out only once, and is no larger than needed."""

MOST_EVIDENCE, MOST_CELLS = 60_000, 10_000_000
"""Characters to fit the smoothing to, and numbers of a table to fit the exponents to."""

WEIGHTS_PRIOR = np.array(
    [0.82, 0.11, -0.18, 0.05, 0.0, 0.03, 0.03, -0.09, 0.11, 0.01, 0.18], np.float64
)
"""The exponents before anything is fitted: means over lists of names (``benchmarks``)."""

PRIOR_NATS = 200.0
"""Nats that an exponent costs when it moves by 1 from the prior."""

BLOCK = 256
"""Characters whose part of the curvature is computed at once: few enough for the cache."""


@dataclass(frozen=True, eq=False)
class Smoothing:
    """What is fitted rather than counted: with it, counting strings gives a model.

    Attributes:
        letters: discounts and concentration for each length of context, (order - 1, 4); see
            ``smoothing.smoothed``.
        classes: the same of the n-gram over classes, (CLASS_ORDER, 4).
        weights: the exponents of the parts, (3 + F,), or (5 + F,) with those of the shapes.
    """

    letters: Numbers
    classes: Numbers
    weights: Numbers

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the numbers as plain data that JSON can hold exactly."""
        return {name: getattr(self, name).tolist() for name in ("letters", "classes", "weights")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Smoothing:
        """Read what ``to_dict`` returned.

        Raises:
            ConfigError: a part is missing, has another shape, or holds a number that is negative
                where it must not be, or not finite.
        """
        try:
            one = cls(*(np.array(data[n], np.float64) for n in ("letters", "classes", "weights")))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"smoothing must have three arrays of numbers: {error}") from error
        exponents = len(WEIGHTS_PRIOR) + 2 * (one.weights.size > len(WEIGHTS_PRIOR))
        shapes = one.letters.shape, one.classes.shape, one.weights.shape
        expected = (len(one.letters), 4), (CLASS_ORDER, 4), (exponents,)
        if shapes != expected or len(one.letters) >= MOST_ORDER:
            raise ConfigError(f"smoothing must have the shapes {expected}. Received: {shapes}")
        rows = np.concatenate([one.letters, one.classes])
        if not (np.isfinite(rows).all() and (rows >= 0).all() and np.isfinite(one.weights).all()):
            raise ConfigError(f"smoothing must be finite and not negative. Received: {data!r:.80}")
        return one


def fit_contexts(
    vocabulary: Vocabulary,
    stream: Ids,
    order: int = ORDER,
    most_nodes: int = MOST_NODES,
) -> Arrays:
    """Fit the model to a stream (N + 1,) of ids, as for ``counts.count``.

    Returns:
        The arrays of ``ngram.context_arrays``.
    """
    corpus = ContextCorpus(vocabulary, stream, order, most_nodes)
    return corpus.arrays(fit_corpus(corpus))


def count_contexts(
    vocabulary: Vocabulary, stream: Ids, smoothing: Smoothing, most_nodes: int = MOST_NODES
) -> Arrays:
    """Return the arrays of ``ngram.context_arrays`` for a stream, without fitting anything."""
    order = len(smoothing.letters) + 1
    return ContextCorpus(vocabulary, stream, order, most_nodes).arrays(smoothing)


def fit_smoothing(
    vocabulary: Vocabulary, stream: Ids, order: int = ORDER, most_nodes: int = MOST_NODES
) -> Smoothing:
    """Fit smoothing and exponents to a stream by cross-validation; see ``fit_contexts``."""
    return fit_corpus(ContextCorpus(vocabulary, stream, order, most_nodes))


def fit_corpus(corpus: ContextCorpus, targets: int | None = None) -> Smoothing:
    """Fit smoothing and exponents to the first ``targets`` targets of a corpus; default: to all."""
    counts = corpus.count(targets)
    rng = generator(Stream.NGRAM, len(counts.stream))
    folds = list(_folds(counts.stream))
    most = MOST_EVIDENCE // max(1, len(folds))
    chosen = []
    for fold in folds:
        total = len(fold.held_out) - 1
        chosen.append(np.sort(rng.choice(total, min(most, total), replace=False)))
    parts = run(lambda one: _Part(counts, *one), list(zip(folds, chosen, strict=True)))
    letters = np.tile(LETTERS_PRIOR, (corpus.order - 1, 1))
    classes = np.tile(CLASSES_PRIOR, (CLASS_ORDER, 1))
    if not parts:
        return Smoothing(letters, classes, WEIGHTS_PRIOR)
    with one_blas_thread():
        letters, classes = _fit_smoothing(parts, letters, classes)
        weights = _fit_weights(parts, Smoothing(letters, classes, WEIGHTS_PRIOR))
    return Smoothing(letters, classes, weights)


class _Fold(NamedTuple):
    """What is held out in one way to cut the strings.

    Attributes:
        held_out: a stream of it.
        counted, skipped: how it was counted with the rest, as for ``Counts.without``.
        places: (N,), which targets of all these are.
    """

    held_out: Ids
    counted: Ids
    skipped: int
    places: NDArray[np.bool_]


class _Part:
    """What is counted in one way to cut the strings, and what is held out.

    Attributes:
        counts: the counts.
        stream: what is held out.
        kept: the targets of ``stream`` that are used, sorted.
    """

    def __init__(self, counts: ContextCounts, fold: _Fold, kept: NDArray[np.intp]) -> None:
        self.counts = counts.without(fold.counted, fold.skipped, fold.places)
        self.stream, self.kept = fold.held_out, kept
        self.letters = list(self.counts.letters.walk(self.stream))
        self.classes = list(self.counts.classes.walk(counts.alphabet.classes[self.stream]))

    def evidence(self) -> tuple[list[Evidence], list[Evidence]]:
        """Return what the held-out targets say about letters and classes."""
        return (
            evidence(self.counts.letters, self.letters, self.kept),
            evidence(self.counts.classes, self.classes, self.kept),
        )

    def base(self, smoothing: Numbers, items: list[Evidence]) -> Numbers:
        """Return p(class) p(character | class) of the targets, given the evidence of classes."""
        low = np.full(len(self.kept), 1 / self.counts.classes.size)
        for one, (d1, d2, d3, theta) in zip(items, smoothing, strict=False):
            taken = np.select([one.count == 0, one.count == 1, one.count == 2], [0, d1, d2], d3)
            left = d1 * one.ones + d2 * one.twos + d3 * one.more + theta
            low = np.where(
                one.total > 0, (one.count - taken + left * low) / (one.total + theta), low
            )
        return low * self.counts.spelling[self.stream[1:][self.kept]]

    def features(self, smoothing: Smoothing, every: int) -> tuple[NDArray[np.float32], Ids]:
        """Return what the exponents multiply at each ``every``-th target, (T, 3 + F, V), and
        these targets."""
        counts, kept = self.counts, self.kept[::every]
        letters, classes = counts.smoothed(smoothing)
        of, size = counts.alphabet.classes, len(counts.alphabet.classes)
        even = np.full((len(kept), counts.classes.size), 1 / counts.classes.size, np.float32)
        by_class = distributions(counts.classes, self.classes, kept, classes, even)[-1]
        base = by_class[:, of] * counts.spelling.astype(np.float32)
        chain = distributions(counts.letters, self.letters, kept, letters, base)
        pair = np.maximum(chain[min(1, len(letters))], TINY)
        table = np.empty((len(kept), len(WEIGHTS_PRIOR), size), np.float32)
        table[:, 0] = np.log(np.maximum(chain[-1], TINY))
        table[:, 1] = np.log(np.maximum(by_class, TINY))[:, of]
        table[:, 2:] = np.log(pair)[:, None]
        states = stream_states(self.stream, counts.alphabet)[kept]
        cells, lengths, numbers, families = SparseContexts(counts.sparse, size).find(
            states.astype(np.int32, copy=False)
        )
        place = cells // size * (len(WEIGHTS_PRIOR) - 1) + 3 + np.repeat(families, lengths)
        numbers /= pair.ravel()[cells]
        table.reshape(-1)[place * size + cells] += np.log1p(numbers, out=numbers)
        return table, self.stream[1:][kept]


def _fit_smoothing(
    parts: list[_Part], letters: Numbers, classes: Numbers
) -> tuple[Numbers, Numbers]:
    """Return the rows of ``letters`` and ``classes`` fitted, those of unknown lengths as given."""
    found = run(_Part.evidence, parts)
    total = sum(len(part.kept) for part in parts)
    even = np.full(total, 1 / parts[0].counts.classes.size)
    fitted = fit(joined([shape for _, shape in found]), even, CLASSES_PRIOR)
    classes = np.concatenate([fitted, classes[len(fitted) :]])
    base = [part.base(classes, shape) for part, (_, shape) in zip(parts, found, strict=True)]
    fitted = fit(joined([one for one, _ in found])[1:], np.concatenate(base), LETTERS_PRIOR)
    return np.concatenate([fitted, letters[len(fitted) :]]), classes


def _fit_weights(parts: list[_Part], smoothing: Smoothing) -> Numbers:
    """Return the exponents of maximum likelihood, times their prior."""
    size = len(parts[0].counts.spelling)
    most = max(100, MOST_CELLS // (size * len(WEIGHTS_PRIOR)))
    every = [max(1, -(-len(part.kept) * len(parts) // most)) for part in parts]
    found = run(
        lambda one: one[0].features(smoothing, one[1]), list(zip(parts, every, strict=True))
    )
    table, targets = found[0]
    if len(found) > 1:
        table, targets = (np.concatenate(one) for one in zip(*found, strict=True))
    return maximum(table, targets, WEIGHTS_PRIOR, PRIOR_NATS)


def maximum(table: NDArray[np.float32], targets: Ids, prior: Numbers, nats: float) -> Numbers:
    """Return the exponents that maximise the likelihood of a log-linear model, times a prior.

    Args:
        table: (T, K, V), the logarithms that K exponents multiply.
        targets: (T,), what occurred.
        prior: (K,), the exponents' means beforehand.
        nats: what it costs an exponent to move by 1.
    """
    here = np.arange(len(targets))
    observed = table[here, :, targets].sum(axis=0, dtype=np.float64)

    def probabilities(weights: Numbers, rows: slice) -> tuple[NDArray[np.float32], float]:
        """Return p (T, V), and the nats of the targets."""
        logits = np.matmul(weights.astype(np.float32), table[rows])
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[here[: len(logits)], targets[rows]].sum(dtype=np.float64)
        np.exp(logits, out=logits)
        sums = logits.sum(axis=1, keepdims=True)
        logits /= sums
        return logits, float(np.log(sums).sum(dtype=np.float64) - chosen)

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        p, total = probabilities(weights, slice(None))
        expected = np.matmul(table, p[:, :, None]).sum(axis=(0, 2), dtype=np.float64)
        away = weights - prior
        return total + nats * float(away @ away), expected - observed + 2 * nats * away

    with one_blas_thread():  # others would mostly wait for each other
        curvature = 2 * nats * np.eye(len(prior))
        for first in range(0, len(targets), BLOCK):  # the covariances of the table's rows
            rows = slice(first, first + BLOCK)
            p, part = probabilities(prior, rows)[0][:, None], table[rows]
            weighted = part * p
            means = weighted.sum(axis=2)
            curvature += np.tensordot(weighted, part, ([0, 2], [0, 2])) - means.T @ means
        return minimum(loss, prior, curvature)


def _folds(stream: Ids) -> Iterator[_Fold]:
    """Cut a stream (N + 1,) into what is counted and what is held out, in several ways."""
    total = len(stream) - 1
    places = np.arange(total)
    if stream[-1] != BOUNDARY:  # a text, which has no end
        end = total - min(total // 10, MOST_EVIDENCE)
        if total - end > FEW:
            held_out = np.append(stream[:1], stream[end + 1 :])
            yield _Fold(held_out, stream[end - MOST_ORDER :], MOST_ORDER, places >= end)
        return
    starts = np.flatnonzero(stream == BOUNDARY)  # the last is where the stream ends
    if len(starts) <= FEW:
        return
    if total > MANY:
        every = max(FOLDS, -(-total // MOST_EVIDENCE))
        gone = np.repeat(np.arange(len(starts) - 1) % every == 0, np.diff(starts))
        held_out = np.append(stream[:-1][gone], stream[-1:])
        yield _Fold(held_out, held_out, 0, gone)
        return
    edges = starts[np.linspace(0, len(starts) - 1, FOLDS + 1).astype(int)]
    for low, high in pairwise(edges):
        held_out = stream[low : high + 1]
        yield _Fold(held_out, held_out, 0, (places >= low) & (places < high))
