"""Running text as training data: windows in order, the end of the text held out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..data.batches.windows import TextBatches
from ..data.text import TextCorpus
from ..errors import CorpusError
from ..models.factory import recurrence
from ..models.ngram.counts import MOST_TARGETS
from ..models.rnn.numpy import NumpyRNN
from ..models.scoring.text import stream_nats, stream_target_nats, window_nats
from ..run import SavedModel
from .data import BatchPlan, Weights, check_corpus_kind
from .ngram import NgramFit
from .warm_start import merged

MOST_HELD_OUT = 1_000_000
"""Characters of a text that are held out, at most: more would say no more."""


class TextData:
    """Running text, in order; see ``TrainingData``."""

    label_names: tuple[str, ...] = ()
    train_names: Sequence[str] | None = None
    held_out_names: Sequence[str] | None = None
    held_out_text: str | None

    def __init__(
        self,
        text: TextCorpus,
        model: ModelConfig,
        training: TrainConfig,
        initial: SavedModel | None = None,
        most_targets: int = MOST_TARGETS,
    ) -> None:
        """Split the text.

        Args:
            text: the corpus.
            model, training: the settings.
            initial: a model whose characters are added to the corpus's.
            most_targets: characters that n-grams are fitted to, at most.

        Raises:
            ConfigError: the settings are not for text.
            CorpusError: there is too little text.
        """
        check_corpus_kind(text=True, model=model, training=training)
        if initial is not None:
            text = text.within(merged(initial.vocabulary, text.vocabulary))
        self._text, self._model, self._training = text, model, training
        self._most_targets = most_targets
        self.vocabulary, self.digest = text.vocabulary, text.digest
        held_out = min(int((len(text) - 1) * training.held_out), MOST_HELD_OUT)
        self._stop = len(text) - held_out
        self.train_size, self.held_out_size = self._stop - 1, held_out
        self.held_out_decides = held_out > 0
        if self.train_size < 2:
            raise CorpusError(
                f"the text has {len(text) - 1} characters, which is too little to train on. "
                "Give more of it."
            )
        ids = text.ids(self._stop, len(text))
        self._held_out_ids = np.concatenate([[0], ids])
        self.held_out_text = self.vocabulary.decode(ids) if held_out else None
        self.plan = self.plan_for(training.epochs)

    def facts(self) -> dict[str, Any]:
        """See ``TrainingData``."""
        return {
            "corpus": self._text.report.to_dict(),
            "train_characters": self.train_size,
            "held_out_characters": self.held_out_size,
        }

    def plan_for(self, epochs: int) -> BatchPlan:
        """See ``TrainingData``."""
        training = self._training
        return BatchPlan(batch_size=training.batch_size, seed=training.seed, window=training.window)

    def batches(self) -> TextBatches:
        """See ``TrainingData``."""
        plan = self.plan
        assert plan.window is not None
        return TextBatches(self._text, self._stop, plan.batch_size, plan.window, plan.seed)

    @cached_property
    def ngrams(self) -> NgramFit:
        """See ``TrainingData``."""

        def stream() -> tuple[NDArray[np.int32], bool]:
            most = self._most_targets + 1
            return self._text.ids(0, min(self._stop, most)), self._stop <= most

        held_out = self._held_out_ids if self.held_out_decides else None
        return NgramFit(self._model, stream, held_out, self.vocabulary.size)

    def measured(self, network: Weights) -> tuple[Weights, dict[str, float]]:
        """See ``TrainingData``: losses with the carry all along, and in windows."""
        if self._model.kind != "mixture":
            return network, self.held_out_loss(network)
        if not self.held_out_size:
            return {**network, **self.ngrams.mixture(None)[0]}, {}
        nats = stream_target_nats(NumpyRNN(self._model, network), self._held_out_ids)
        ngram, losses = self.ngrams.mixture(nats)
        weights = {**network, **ngram}
        return weights, {**losses, **self._in_windows(weights)}

    def held_out_loss(self, weights: Weights) -> dict[str, float]:
        """Return the losses on what is held out, by name; nothing if nothing is."""
        if not self.held_out_size:
            return {}
        nats = stream_nats(recurrence(self._model, weights), self._held_out_ids)
        return {"held_out_nats_per_char": nats / self.held_out_size, **self._in_windows(weights)}

    def _in_windows(self, weights: Weights) -> dict[str, float]:
        nats = window_nats(recurrence(self._model, weights), self._held_out_ids)
        return {"held_out_window_nats_per_char": nats / self.held_out_size}
