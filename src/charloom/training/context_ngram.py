"""Fitting an n-gram with fitted smoothing to the training data, alone or beside a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig
from ..data.vocabulary import Vocabulary
from ..models.log_linear import EXPONENTS
from ..models.ngram.context_counts import ContextCorpus
from ..models.ngram.context_fit import ORDER, fit_corpus
from ..models.ngram.context_model import ContextNGram
from ..models.recent import EXPONENTS as RECENT_EXPONENTS
from ..models.recent import Memory
from ..models.rnn.numpy import NumpyRNN
from ..models.scoring.logits import target_contexts, target_log_probabilities, target_places
from .mixing import TYPICAL_SLOPES, TYPICAL_SLOPES_ADAPTED, Predicted, usual_exponents
from .ngram import NETWORK_ALONE
from .recent_fit import TYPICAL as TYPICAL_RECENT
from .recent_fit import RecentFit

TEXT_ORDER = 8
"""The order for text; names gain nothing from one above ``ORDER``."""

MOST_CELLS = 20_000_000
"""Numbers in a table of held-out log probabilities, at most."""

MOST_TRAIN = 50_000
"""Training characters whose loss is measured."""

SIZES = np.log([250, 8500, 80_000])
TYPICAL = np.array([[0.23, 0.83], [0.47, 0.55], [0.42, 0.55]])
"""The exponents of network and n-gram that suit lists of so many training characters: means over
place names, first names and surnames. Interpolated between, constant outside."""

TYPICAL_ADAPTED = np.array([[0.75, 0.22], [0.64, 0.36], [0.64, 0.36]])
"""The same where the network is adapted from a base: means over lists of eight kinds."""

SHAPE = np.array([0.3, 0.15]) / 0.25
"""The exponents g and h of an n-gram (``ngram.context_model``) beside an adapted network, which
has seen names of all shapes: 0.3 and 0.15, by way of a typical exponent of the n-gram. They were
chosen on lists of eight kinds: higher ones cost likelihood, lower ones let capitals and lengths
through that the list never shows."""

Stream = NDArray[np.int32]
Weights = Mapping[str, NDArray[Any]]


class ContextFit:
    """The n-gram of the training strings, and how it is mixed with a network.

    Attributes:
        arrays: the n-gram, which counts the training strings; its loss is measured on the others.
        refitted: the same n-gram, with the held-out names counted too; ``None`` where only a part
            of a corpus is counted, and for text.
        smoothing: what was fitted, to the training strings alone.
        exponents: those that were chosen otherwise than on held-out names; ``None`` for none.
        warnings: what the user should know.
    """

    def __init__(
        self,
        model: ModelConfig,
        vocabulary: Vocabulary,
        train: Callable[[], tuple[Stream, bool]],
        held_out: Stream,
        *,
        decides: bool,
        adapted: bool = False,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Fit the n-gram.

        Args:
            model: one that has an n-gram with fitted smoothing.
            vocabulary: the characters.
            train: returns the training stream (see ``models.ngram.counts``), and whether it is all.
            held_out: the held-out stream.
            decides: whether that is long enough to choose by.
            adapted: whether the network is adapted from a base.
            weights: of each held-out target; ``None``: 1.
        """
        self._weights = weights
        self._model, self._held_out = model, held_out if decides else None
        self._adapted = adapted
        self._stream, whole = train()
        self.warnings: list[str] = []
        self.exponents: NDArray[np.float64] | None = None
        usual = TEXT_ORDER if model.text else ORDER
        refitted = whole and len(held_out) > 1 and not model.text
        every = np.append(self._stream, held_out[1:]) if refitted else self._stream
        corpus, targets = (
            ContextCorpus(vocabulary, every, model.order or usual),
            len(self._stream) - 1,
        )
        smoothing = fit_corpus(corpus, targets)
        if adapted:
            smoothing = replace(smoothing, weights=np.append(smoothing.weights, SHAPE))
        self.smoothing = smoothing
        self.arrays = corpus.arrays(smoothing, targets)
        self.refitted = corpus.arrays(smoothing) if refitted else None
        if not whole:
            fitted = f"{len(self._stream) - 1:,} characters"
            self.warnings.append(f"the n-gram is fitted to {fitted}, not to the whole corpus.")

    @cached_property
    def _ngram(self) -> ContextNGram:
        return ContextNGram(self._model.replace(kind="ngram", recent=0), self.arrays)

    def alone(self) -> tuple[dict[str, NDArray[Any]], None]:
        """Return the n-gram's arrays."""
        if not self._model.recent:
            return self.arrays, None
        inner = None if self._held_out is None else self._by_ngram
        return {**self.arrays, RECENT_EXPONENTS: self._recent_exponents(inner)}, None

    def mixture(self, network: Weights) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
        """Return a mixture's arrays besides its network's, and held-out losses by name.

        These are its network's, and its own where all that is held out is in the table and has no
        weights.

        The exponents maximise the probability of the held-out strings, times a prior. If too little
        is held out, they are the usual ones.
        """
        chosen = self.exponents
        if chosen is None:
            chosen = usual_exponents(self.usual, self.slopes)
        losses: dict[str, float] = {}
        mixed = None
        if self._held_out is not None:
            predicted = self.predicted(network)
            chosen, targets = predicted.exponents(self.usual, self.slopes), predicted.targets
            losses[NETWORK_ALONE] = _mean_nats(predicted.network, targets, self._weights)
            if self._model.recent:
                mixed = predicted.mixed(chosen)
            whole = len(targets) == len(self._held_out) - 1
            if whole and not self._model.text and self._weights is None:
                losses["held_out_nats_per_char"] = predicted.nats(chosen)
        fitted = {**self.arrays, EXPONENTS: chosen.astype(np.float32)}
        if self._model.recent:
            fitted[RECENT_EXPONENTS] = self._recent_exponents(mixed)
        return fitted, losses

    def predicted(self, network: Weights) -> Predicted:
        """Return what network and n-gram predict at the held-out targets."""
        assert self._held_out is not None
        rnn = NumpyRNN(self._model.network_part(), network)
        by_network, targets = target_log_probabilities(rnn, self._held_out, self._most)
        return Predicted(by_network, self._by_ngram, self._features, targets)

    def _recent_exponents(self, inner: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Return the exponents of the recent characters.

        Args:
            inner: the other parts' log probabilities at each held-out target, (T, V), in the order
                of ``predicted``; ``None`` if nothing is held out.
        """
        if inner is None:
            return TYPICAL_RECENT.astype(np.float32)
        assert self._held_out is not None
        places = target_places(self._held_out, self._most)
        row_of = np.zeros(len(self._held_out), np.int64)
        row_of[places] = np.arange(len(places))
        found = self._recent.exponents(inner[row_of[self._recent.places]])
        return found.astype(np.float32)

    @cached_property
    def _recent(self) -> RecentFit:
        assert self._held_out is not None
        letters = self._ngram.alphabet.letters
        memory = Memory(self._model.recent, letters)
        return RecentFit(memory, len(letters), self._held_out)

    @property
    def _most(self) -> int:
        return max(1000, MOST_CELLS // (2 * self._ngram.vocabulary_size))

    @cached_property
    def _by_ngram(self) -> NDArray[np.float32]:
        assert self._held_out is not None
        return target_log_probabilities(self._ngram, self._held_out, self._most)[0]

    @cached_property
    def _features(self) -> NDArray[np.float32]:
        assert self._held_out is not None
        contexts = target_contexts(self._ngram, self._held_out, self._most)
        return self._ngram.features[contexts]

    @property
    def usual(self) -> NDArray[np.float64]:
        """The exponents that suit such lists, (2,)."""
        size = np.log(max(len(self._stream), 2))
        typical = TYPICAL_ADAPTED if self._adapted else TYPICAL
        return np.array([np.interp(size, SIZES, column) for column in typical.T])

    @property
    def slopes(self) -> NDArray[np.float64]:
        """How these usually depend on the context; see ``Predicted.exponents``."""
        return TYPICAL_SLOPES_ADAPTED if self._adapted else TYPICAL_SLOPES

    def train_nats(self, arrays: Weights) -> float:
        """Return the training nats per character of the n-gram, on at most MOST_TRAIN."""
        del arrays  # there is one order only
        table, targets = target_log_probabilities(self._ngram, self._stream, MOST_TRAIN)
        return _mean_nats(table, targets)


def _mean_nats(
    log_probabilities: NDArray[np.float32],
    targets: NDArray[np.int32],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Return the mean -log p of ``targets`` (T,), given (T, V) and weights of T or more."""
    found = log_probabilities[np.arange(len(targets)), targets]
    if weights is not None:
        return -float(np.average(found, weights=weights[: len(targets)]))
    return -float(found.mean(dtype=np.float64))
