"""An n-gram with character classes and sparse contexts, mixed log-linearly, as a recurrence.

    p(w) ∝ p_chain(w)^a  p(class of w)^b  p_pair(w)^(c + Σ e_f)  Π_f (1 + n_f(w) / p_pair(w))^e_f
           p(class of w | not the end)^g, or for the end (p(end) / p(not the end))^h

- p_chain is an n-gram (``ngram.smoothing``) whose empty context backs off to
  p(class of w | classes before) p(w | class of w), so that shapes which the training strings never
  show, such as a capital within a word, stay improbable.
- p_pair is the same with the last character as its only context.
- n_f(w) counts w in the sparse context of family f (``ngram.contexts``), divided by ``PSEUDO``:
  the factor is p_f(w) / p_pair(w) for p_f(w) = (count + PSEUDO p_pair(w)) / (total + PSEUDO),
  except for a constant. So a context that never occurred changes nothing.

- g and h are 0 in an n-gram alone. In a mixture they give the list's shapes and lengths more say
  than the n-gram has as a whole.

Log-linear mixing (Klakow 1998, "Log-linear interpolation of language models"); the exponents are
``ngram.weights``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ...config import ModelConfig
from ..gates import features
from ..interface import NEVER, Excluding, Floats
from .alphabet import Alphabet
from .arrays import TYPES, Arrays, level_ends
from .context_arrays import check_context_arrays, class_arrays
from .contexts import FAMILIES, GROUPS, STATE, Keyring, SparseContexts, advance
from .model import NGram
from .row_cache import RowCache

PSEUDO = 4.0
"""The pseudo-counts that a sparse context gives to the pair's distribution."""

TINY = np.float32(1e-30)
"""A lower bound for probabilities in float32, so that their logarithms are finite: where every
context is frequent, the product of the backoff weights can be smaller."""

MOST_CERTAIN = np.float32(1 - 1e-6)
"""An upper bound for the probability of the end, so that the others' is above 0."""

EXPONENTS = 3 + len(FAMILIES)
"""How many exponents there are before g and h."""

COLUMNS = 12
"""The numbers of a string's carry: its two nodes, and its state."""

LAST = 2 + STATE.index("last")
"""The place of the last character in the carry."""

PAIR = 1
"""The group of terms that those of p_pair and of the class belong to."""

BASES = 1 << 20
"""The most probabilities, of all characters at all nodes of the class n-gram, to keep; and of all
characters after each other at all of these nodes."""

FEW_ROWS = 64
"""Rows for which all terms are computed: to find those that were computed before takes longer."""

CACHE_BYTES = 1 << 25
"""Memory for rows of terms that were computed before."""

LARGEST_KEY = 1 << 53
"""Above it, float64 has not all whole numbers."""

_ALL = slice(None)

_WANTED = np.arange(max(GROUPS) + 1)[:, None] == GROUPS
"""(groups, F), which families belong to each group."""

_GROUP_OF = np.array(GROUPS)
"""(F,), the group of each."""

Ids = NDArray[np.integer]


@dataclass(frozen=True)
class Buffers:
    """Memory that a step of up to ``rows`` rows writes to."""

    carry: Floats  # (1, rows, COLUMNS)
    logits: Floats  # (rows, V)


class ContextNGram(Excluding):
    """The model as a ``Recurrence``; its carry, (1, B, COLUMNS), holds integers."""

    def __init__(self, config: ModelConfig, weights: Arrays) -> None:
        """Build the model from the arrays of ``ngram.context_arrays``.

        Raises:
            ConfigError: an array is missing, unknown or invalid.
        """
        size = len(weights.get("ngram.classes", ()))
        check_context_arrays(weights, size)
        self.config, self.vocabulary_size = config, size
        self.alphabet = Alphabet(weights["ngram.classes"], weights["ngram.sounds"])
        self._arrays = {name: weights[name] for name in TYPES}
        self._chain = NGram(config, self._arrays, base=0.0)
        self._classes = NGram(config, class_arrays(weights))
        self._spelling = weights["ngram.spelling"]
        self._left = backoff_products(weights["ngram.left"], weights["ngram.backoff"])
        self._bases: Floats | None = None
        if self._classes.contexts * size <= BASES:
            self._bases = self._base(np.arange(self._classes.contexts, dtype=np.int32))
        self._pairs = weights["ngram.next"][:size]
        self._sparse = SparseContexts(weights, size)
        exponents = weights["ngram.weights"]
        self._exponents, (g, h) = exponents[:EXPONENTS], [*exponents[EXPONENTS:], 0.0, 0.0][:2]
        self._few_exponents = np.tile(self._exponents[3:], FEW_ROWS)
        self._pair_exponent = self._exponents[2:].sum()
        self._shape = np.float32(g), np.float32(h)
        self._all_pairs: tuple[Floats, Floats] | None = None  # by class node and last character
        if self._classes.contexts * size**2 <= BASES:
            nodes = np.arange(self._classes.contexts, dtype=np.int32).repeat(size)
            last = np.arange(len(nodes)) % size
            pair = self._backed_off(self._pairs[last], self._base(nodes))
            self._all_pairs = pair, self._pair_terms(pair, nodes)
        self._begin_cache()
        self._banned: list[int] = []

    def _begin_cache(self) -> None:
        """Prepare the cache of the terms of logits, and the keys by which they are found there.

        A key is a whole number made of the columns of the carry that a group's terms depend on.
        """
        keyring, classes = Keyring(self.vocabulary_size), self._classes.contexts
        by_group = [
            {"class": classes, **keyring.group_radices(group)} for group in range(len(_WANTED))
        ]
        columns = ("chain", "class", *STATE)
        self._radices = np.zeros((len(columns), len(by_group)))
        self._first_keys = np.full(len(by_group), -1, np.int64)  # of those that are never kept
        end = 1
        for group, radices in enumerate(by_group):
            strides = np.cumprod([1, *map(float, radices.values())])
            if end + strides[-1] < LARGEST_KEY:
                rows = [columns.index(name) for name in radices]
                self._radices[rows, group] = strides[:-1]
                self._first_keys[group] = end
                end += int(strides[-1])
        self._cacheable = self._first_keys > 0
        self._cache = RowCache(self.vocabulary_size, CACHE_BYTES)

    @property
    def contexts(self) -> int:
        """The number of contexts of the n-gram, including the empty one."""
        return self._chain.contexts

    @cached_property
    def features(self) -> Floats:
        """What a mixture's exponents depend on, of each context; see ``gates.features``."""
        return features(self._arrays)

    def initial_carry(self, rows: int) -> Floats:
        """Return the carry before the first step, (1, rows, COLUMNS): zeros."""
        return np.zeros((1, rows, COLUMNS), np.float32)

    def buffers(self, rows: int, carry: Floats | None = None) -> Buffers:
        """Allocate memory for steps of up to ``rows`` rows; ``carry``, if given, is part of it."""
        return Buffers(
            carry=self.initial_carry(rows) if carry is None else carry,
            logits=np.empty((rows, self.vocabulary_size), np.float32),
        )

    def step(self, ids: Ids, carry: Floats, out: Buffers | None = None) -> tuple[Floats, Floats]:
        """Read one character a row; see ``NumpyRNN.step``. The logits are not normalised."""
        out = out or self.buffers(len(ids))
        after, logits = out.carry[:, : len(ids)], out.logits[: len(ids)]
        self.read(ids, carry[0], after[0])
        self.logits(after[0], logits)
        if self._banned:
            logits[:, self._banned] = NEVER
        return logits, after

    def read(self, ids: Ids, carry: Floats, after: Floats) -> None:
        """Write the carry (B, COLUMNS) after reading ``ids`` (B,) to ``after``."""
        numbers, found = carry.view(np.int32), after.view(np.int32)
        chain = self._chain.after(numbers[:, 0], ids)
        classes = self._classes.after(numbers[:, 1], self.alphabet.classes.take(ids))
        found[:, 2:] = advance(numbers[:, 2:], ids, self.alphabet)
        found[:, 0], found[:, 1] = chain, classes

    def logits(self, carry: Floats, out: Floats) -> Floats:
        """Write the logits (B, V) of the next character at ``carry`` (B, COLUMNS) to ``out``."""
        numbers = carry.view(np.int32)
        self._backed_off(numbers[:, 0], self._base(numbers[:, 1]), out)
        np.log(out, out=out)
        out *= self._exponents[0]
        if len(out) <= FEW_ROWS:
            for term in self._terms(numbers):
                out += term
            return out
        keys = (numbers.astype(np.float64) @ self._radices).astype(np.int64)  # (B, groups)
        keys += self._first_keys
        places, known = self._cache.find(keys)
        rows, groups = np.nonzero(~known)
        made = None
        if len(rows):
            made = self._some_terms(numbers[rows], _WANTED[groups], np.flatnonzero(groups == PAIR))
        term = np.empty_like(out)
        for group in range(keys.shape[1]):
            self._cache.rows(places[:, group], term)
            if made is not None:
                here = np.flatnonzero(groups == group)
                term[rows[here]] = made[here]
            out += term
        if made is not None:
            kept = self._cacheable[groups]
            self._cache.add(keys[rows, groups][kept], made[kept])
        return out

    def _terms(self, numbers: NDArray[np.int32]) -> Floats:
        """Return the terms of each group of the logits at B carries, (groups, B, V)."""
        pair, of_pair = self._pairs_at(numbers, _ALL)
        groups, first_cells = len(_WANTED), _first_cells(*pair.shape)
        cells, lengths, counts = self._sparse.find_all(numbers[:, 2:], first_cells)
        exponents = self._few_exponents[: len(lengths)].repeat(lengths)
        parts = self._added(counts, pair.take(cells, mode="wrap"), exponents)
        terms = np.bincount(cells, parts, groups * pair.size).astype(np.float32)
        found = terms.reshape(groups, *pair.shape)
        found[PAIR] += of_pair
        return found

    def _some_terms(
        self, numbers: NDArray[np.int32], wanted: NDArray[np.bool_], pairs: NDArray[np.intp]
    ) -> Floats:
        """Return sums of terms of the logits at P carries, (P, V).

        Args:
            numbers: (P, COLUMNS), the carries.
            wanted: (P, F), the sparse contexts whose terms are added.
            pairs: the rows to which those of p_pair and of the class are added.
        """
        pair, of_pair = self._pairs_at(numbers, pairs)
        cells, lengths, counts, families = self._sparse.find(numbers[:, 2:], wanted)
        exponents = self._exponents[3:].take(families).repeat(lengths)
        parts = self._added(counts, pair.take(cells), exponents)
        terms: Floats = np.bincount(cells, parts, pair.size).reshape(pair.shape).astype(np.float32)
        terms[pairs] += of_pair
        return terms

    @staticmethod
    def _added(counts: Floats, pair: Floats, exponents: Floats) -> Floats:
        """Return what each of N characters in sparse contexts adds to the logits, in ``counts``."""
        counts /= pair  # 1 / PSEUDO at least, so that log is exact enough
        counts += 1
        np.log(counts, out=counts)
        counts *= exponents
        return counts

    def _pairs_at(
        self, numbers: NDArray[np.int32], rows: NDArray[np.intp] | slice
    ) -> tuple[Floats, Floats]:
        """Return p_pair at carries, (P, V), and for ``rows`` the terms of p_pair and the class."""
        nodes, last = numbers[:, 1], numbers[:, LAST]
        if self._all_pairs is not None:
            place = nodes * self.vocabulary_size + last
            pair, terms = self._all_pairs
            return pair.take(place, 0), terms.take(place[rows], 0)
        pair = self._backed_off(self._pairs.take(last), self._base(nodes))
        return pair, self._pair_terms(pair[rows], nodes[rows])

    def _pair_terms(self, pair: Floats, nodes: NDArray[np.int32]) -> Floats:
        """Return the terms of p_pair (P, V) and of the class at nodes of the class n-gram."""
        terms: Floats = np.log(pair)
        terms *= self._pair_exponent
        by_class = np.maximum(self._classes.probabilities(nodes), TINY)
        terms += self._by_class(by_class).take(self.alphabet.classes, axis=1)
        return terms

    def _by_class(self, probabilities: Floats) -> Floats:
        """Return what the classes add to the logits, (B, K), given their probabilities (B, K)."""
        logs = np.log(probabilities)
        found: Floats = self._exponents[1] * logs
        g, h = self._shape
        if g or h:
            logs -= np.log1p(-np.minimum(probabilities[:, :1], MOST_CERTAIN))
            logs[:, 0] *= h
            logs[:, 1:] *= g
            found += logs
        return found

    def _base(self, nodes: NDArray[np.int32]) -> Floats:
        """Return p(class) p(character | class) at nodes (B,) of the class n-gram: (B, V)."""
        if self._bases is not None:
            return self._bases.take(nodes, 0)
        base: Floats = self._classes.probabilities(nodes)[:, self.alphabet.classes]
        base *= self._spelling
        return base

    def _backed_off(
        self, nodes: NDArray[np.int32], base: Floats, out: Floats | None = None
    ) -> Floats:
        """Return the probabilities at ``nodes`` (B,), which back off to ``base``: (B, V)."""
        found = self._chain.probabilities(nodes, out)
        found += self._left.take(nodes)[:, None] * base
        return np.maximum(found, TINY, out=found)

    def one_row(self) -> OneContext:
        """Return the model for a single string."""
        return OneContext(self)


class OneContext:
    """A ``ContextNGram`` that reads a single string."""

    def __init__(self, model: ContextNGram) -> None:
        self._model = model
        self._buffers = model.buffers(1)
        self._carry = model.initial_carry(1)

    @property
    def context(self) -> int:
        """The number of the longest known context of what was read."""
        return int(self._carry.view(np.int32)[0, 0, 0])

    def read(self, character: int) -> Floats:
        """Read an id in [0, V); return the next one's logits (V,), valid until the next call."""
        logits, carry = self._model.step(np.array([character]), self._carry, self._buffers)
        self._carry = carry.copy()
        row: Floats = logits[0]
        return row


@lru_cache(FEW_ROWS)
def _first_cells(rows: int, size: int) -> NDArray[np.intp]:
    """Return the cells of id 0 in a table (groups, rows, V), (rows * F,): a row's contexts in
    order."""
    cells: NDArray[np.intp] = np.arange(rows)[:, None] * size + _GROUP_OF * (rows * size)
    return cells.ravel()


def backoff_products(left: Floats, backoff: NDArray[np.int32]) -> Floats:
    """Return, for each node, the weight of what the empty context backs off to, (M,)."""
    products = left.copy()
    low = 1
    for end in level_ends(backoff)[1:]:
        products[low:end] *= products[backoff[low:end]]
        low = end
    return products
