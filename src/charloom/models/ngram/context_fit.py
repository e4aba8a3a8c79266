"""Fits an n-gram with classes and sparse contexts to strings.

Smoothing and exponents are fitted by cross-validation: a part of the strings is counted, and what
the rest then says decides. The model that is returned counts all strings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_ORDER, ModelConfig
from ...data.random import Stream, generator
from ...data.vocabulary import BOUNDARY, Vocabulary
from ...errors import ConfigError
from ..threads import run
from .alphabet import Alphabet, alphabet_of
from .context_arrays import CLASS_PREFIX
from .context_model import PSEUDO, ContextNGram
from .contexts import FAMILIES, Keyring, stream_states
from .counts import MOST_NODES, Counts, count
from .smoothing import (
    CLASSES_PRIOR,
    LETTERS_PRIOR,
    Evidence,
    Numbers,
    evidence,
    fit,
    joined,
    minimum,
    smoothed,
)

Ids = NDArray[np.integer]
Arrays = dict[str, NDArray[Any]]

ORDER = 7
CLASS_ORDER, MOST_CLASS_NODES = 8, 4_000
"""The largest order of the n-gram over classes, and the most contexts it may have."""

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

MOST_SPARSE = 3_000_000
"""Characters whose sparse contexts are counted."""

PRIOR_COUNT = 0.5
"""Added to the count of each character within its class."""


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
    smoothing = fit_smoothing(vocabulary, stream, order, most_nodes)
    return count_contexts(vocabulary, stream, smoothing, most_nodes)


def count_contexts(
    vocabulary: Vocabulary, stream: Ids, smoothing: Smoothing, most_nodes: int = MOST_NODES
) -> Arrays:
    """Return the arrays of ``ngram.context_arrays`` for a stream, without fitting anything."""
    alphabet = alphabet_of(vocabulary, stream)
    whole = _Counted(stream, alphabet, len(smoothing.letters) + 1, most_nodes)
    return whole.arrays([smoothing.letters, smoothing.classes], smoothing.weights)


def fit_smoothing(
    vocabulary: Vocabulary, stream: Ids, order: int = ORDER, most_nodes: int = MOST_NODES
) -> Smoothing:
    """Fit smoothing and exponents to a stream by cross-validation; see ``fit_contexts``."""
    alphabet = alphabet_of(vocabulary, stream)
    parts = list(_folds(stream))
    counted = run(lambda part: _Counted(part[0], alphabet, order, most_nodes), parts)
    rng = generator(Stream.NGRAM, len(stream))
    kept = []
    for _, held_out in parts:
        most = MOST_EVIDENCE // len(parts)
        total = len(held_out) - 1
        kept.append(np.sort(rng.choice(total, min(most, total), replace=False)))
    rows = [np.tile(LETTERS_PRIOR, (order - 1, 1)), np.tile(CLASSES_PRIOR, (CLASS_ORDER, 1))]
    if parts:
        rows = _fit_smoothing(parts, counted, kept, rows)
    weights = WEIGHTS_PRIOR
    models = run(lambda one: ContextNGram(_CONFIG, one.arrays(rows, weights)), counted)
    if parts:
        weights = _fit_weights(models, parts, counted, kept)
    letters, classes = rows
    return Smoothing(letters, classes, weights)


_CONFIG = ModelConfig(kind="ngram")


class _Counted:
    """The counts of a stream: of characters, of classes, and in sparse contexts."""

    def __init__(self, stream: Ids, alphabet: Alphabet, order: int, most_nodes: int) -> None:
        size = len(alphabet.classes)
        self.alphabet, self.stream = alphabet, stream
        self.letters = count(stream, size, order, most_nodes)
        classes = int(alphabet.classes.max()) + 1
        shape = alphabet.classes[stream]
        found = count(shape, classes, CLASS_ORDER, MOST_CLASS_NODES)
        self.classes = Counts(list(found.levels), classes, found.cut, raw=True)
        unigram = self.letters.used(0) + PRIOR_COUNT
        self.spelling = unigram / np.bincount(alphabet.classes, unigram)[alphabet.classes]

    def arrays(self, smoothing: list[Numbers], weights: Numbers) -> Arrays:
        """Return the model's arrays, given its smoothing and exponents."""
        letters, classes = self.letters, self.classes
        size = len(self.alphabet.classes)
        empty = np.zeros(size), np.ones(1)
        higher = [
            smoothed(letters, number, smoothing[0][number - 1])
            for number in range(1, len(letters.levels))
        ]
        shape = [
            smoothed(classes, number, smoothing[1][number]) for number in range(len(classes.levels))
        ]
        named = {
            CLASS_PREFIX + name.removeprefix("ngram."): array
            for name, array in classes.arrays(len(shape), shape).items()
        }
        return {
            **letters.arrays(len(letters.levels), [empty, *higher]),
            "ngram.classes": self.alphabet.classes,
            "ngram.sounds": self.alphabet.sounds,
            "ngram.spelling": self.spelling.astype(np.float32),
            **named,
            **_sparse(self.stream[: MOST_SPARSE + 1], self.alphabet),
            "ngram.weights": np.asarray(weights, np.float32),
        }

    def base(self, smoothing: Numbers, stream: Ids, kept: NDArray[np.intp]) -> Numbers:
        """Return p(class) p(character | class) of the targets ``kept`` of a stream."""
        alphabet = self.alphabet
        items = evidence(self.classes, alphabet.classes[stream], kept)
        low = np.full(len(kept), 1 / self.classes.size)
        for one, (d1, d2, d3, theta) in zip(items, smoothing, strict=False):
            taken = np.select([one.count == 0, one.count == 1, one.count == 2], [0, d1, d2], d3)
            left = d1 * one.ones + d2 * one.twos + d3 * one.more + theta
            low = np.where(
                one.total > 0, (one.count - taken + left * low) / (one.total + theta), low
            )
        return low * self.spelling[stream[1:][kept]]


def _fit_smoothing(
    parts: list[tuple[Ids, Ids]],
    counted: list[_Counted],
    kept: list[NDArray[np.intp]],
    prior: list[Numbers],
) -> list[Numbers]:
    def gathered(kind: str) -> list[Evidence]:
        found = []
        for one, (_, held_out), keep in zip(counted, parts, kept, strict=True):
            stream = one.alphabet.classes[held_out] if kind == "classes" else held_out
            found.append(evidence(getattr(one, kind), stream, keep))
        return joined(found)

    shape = gathered("classes")
    total = sum(map(len, kept))
    classes = fit(shape, np.full(total, 1 / counted[0].classes.size), CLASSES_PRIOR)
    base = np.concatenate(
        [
            one.base(classes, held_out, keep)
            for one, (_, held_out), keep in zip(counted, parts, kept, strict=True)
        ]
    )
    letters = fit(gathered("letters")[1:], base, LETTERS_PRIOR)
    return [_longer(letters, prior[0]), _longer(classes, prior[1])]


def _longer(fitted: Numbers, prior: Numbers) -> Numbers:
    """Return the fitted rows, and the prior's where no context was so long."""
    return np.concatenate([fitted, prior[len(fitted) :]])


def _fit_weights(
    models: list[ContextNGram],
    parts: list[tuple[Ids, Ids]],
    counted: list[_Counted],
    kept: list[NDArray[np.intp]],
) -> Numbers:
    """Return the exponents of maximum likelihood, times their prior."""
    size = models[0].vocabulary_size
    most = max(100, MOST_CELLS // (size * len(WEIGHTS_PRIOR)))
    tables, targets = [], []
    for model, (_, held_out), one, keep in zip(models, parts, counted, kept, strict=True):
        some = keep[:: max(1, -(-len(keep) * len(models) // most))]
        states = stream_states(held_out, one.alphabet)[some]
        chain = one.letters.nodes(held_out)[some]
        classes = one.classes.nodes(one.alphabet.classes[held_out])[some]
        numbers = np.column_stack([chain, classes, states]).astype(np.int32)
        tables.append(_features(model, numbers))
        targets.append(held_out[1:][some])
    return maximum(np.concatenate(tables), np.concatenate(targets), WEIGHTS_PRIOR, PRIOR_NATS)


def _features(model: ContextNGram, numbers: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return what the exponents multiply, (T, 3 + F, V)."""
    chain, by_class, pair = model.parts(numbers)
    table = np.empty((len(numbers), len(WEIGHTS_PRIOR), model.vocabulary_size), np.float32)
    table[:, 0] = np.log(chain)
    table[:, 1] = np.log(by_class)[:, model.alphabet.classes]
    table[:, 2:] = np.log(pair)[:, None]
    cells, lengths, counts, families = model.sparse(numbers)
    rows, ids = np.divmod(cells, model.vocabulary_size)
    table[rows, 3 + np.repeat(families, lengths), ids] += np.log1p(counts / pair[rows, ids])
    return table


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

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        logits = np.matmul(weights.astype(np.float32), table)
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[here, targets].sum(dtype=np.float64)
        np.exp(logits, out=logits)
        sums = logits.sum(axis=1, keepdims=True)
        logits /= sums
        expected = np.matmul(table, logits[:, :, None]).sum(axis=(0, 2), dtype=np.float64)
        away = weights - prior
        total = float(np.log(sums).sum(dtype=np.float64)) - chosen + nats * float(away @ away)
        return total, expected - observed + 2 * nats * away

    return minimum(loss, prior)


def _sparse(stream: Ids, alphabet: Alphabet) -> Arrays:
    """Return the arrays of the sparse contexts of a stream."""
    matrix, offsets = Keyring(len(alphabet.classes)).layout()
    states, targets = stream_states(stream, alphabet), stream[1:].astype(np.int64)
    size = len(alphabet.classes)
    keys, firsts, ids, counts = [], [], [], []
    total = 0
    for family in range(len(FAMILIES)):
        pairs = targets.copy()  # of key and target; they sort like (key, target)
        for column in np.flatnonzero(matrix[:, family]):
            pairs += states[:, column] * (matrix[column, family] * size)
        pairs.sort()
        new = np.append(True, pairs[1:] != pairs[:-1])
        own, target = np.divmod(pairs[new], size)
        first = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
        keys.append(own[first] + offsets[family])
        firsts.append(total + first)
        ids.append(target)
        counts.append(np.diff(np.append(np.flatnonzero(new), len(pairs))) / PSEUDO)
        total += len(target)
    return {
        "ngram.keys": np.concatenate(keys),
        "ngram.firsts": np.append(np.concatenate(firsts), total).astype(np.int32),
        "ngram.ids": np.concatenate(ids).astype(np.int32),
        "ngram.counts": np.concatenate(counts).astype(np.float32),
    }


def _folds(stream: Ids) -> Iterator[tuple[Ids, Ids]]:
    """Cut a stream into what is counted and what is held out, in several ways."""
    total = len(stream) - 1
    if stream[-1] != BOUNDARY:  # a text, which has no end
        end = total - min(total // 10, MOST_EVIDENCE)
        if total - end > FEW:
            yield stream[: end + 1], np.append(stream[:1], stream[end + 1 :])
        return
    starts = np.flatnonzero(stream == BOUNDARY)  # the last is where the stream ends
    if len(starts) <= FEW:
        return
    if total > MANY:
        every = max(FOLDS, -(-total // MOST_EVIDENCE))
        held_out = np.repeat(np.arange(len(starts) - 1) % every == 0, np.diff(starts))
        yield _some(stream, ~held_out), _some(stream, held_out)
        return
    edges = starts[np.linspace(0, len(starts) - 1, FOLDS + 1).astype(int)]
    for low, high in pairwise(edges):
        yield np.append(stream[:low], stream[high:]), stream[low : high + 1]


def _some(stream: Ids, chosen: NDArray[np.bool_]) -> Ids:
    """Return the strings of a stream (N + 1,) whose places (N,), all of them, are chosen."""
    return np.append(stream[:-1][chosen], stream[-1:])
