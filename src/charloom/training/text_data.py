"""Running text as training data: windows in order, the end of the text held out."""

from __future__ import annotations

from typing import Any, Literal

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
from .data import BatchPlan, TrainingData, Weights
from .warm_start import merged

MOST_HELD_OUT = 1_000_000
"""Most characters of a text that are held out: a longer part would not measure much better."""


class TextData(TrainingData):
    """Running text, in order; its methods are those of ``TrainingData``."""

    counted: Literal["characters"] = "characters"

    def __init__(
        self,
        corpus: TextCorpus,
        model: ModelConfig,
        training: TrainConfig,
        initial: SavedModel | None = None,
        most_targets: int = MOST_TARGETS,
    ) -> None:
        """Split the text; the arguments are those of ``NameData``."""
        super().__init__(model, training, most_targets)
        if initial is not None:
            corpus = corpus.within(merged(initial.vocabulary, corpus.vocabulary))
        self._text, self.vocabulary, self.digest = corpus, corpus.vocabulary, corpus.digest
        self.origin = corpus.origin
        held_out = min(int((len(corpus) - 1) * training.held_out), MOST_HELD_OUT)
        self._stop = len(corpus) - held_out
        self.train_size, self.held_out_size = self._stop - 1, held_out
        self.held_out_decides = held_out > 0
        if self.train_size < 2:
            raise CorpusError(
                f"the text has {len(corpus) - 1} characters, which is too little to train on. "
                "Give more of it."
            )
        ids = corpus.ids(self._stop, len(corpus))
        self._held_out_ids = np.concatenate([[0], ids])
        self.held_out_text = self.vocabulary.decode(ids) if held_out else None
        self.plan = self.plan_for(training.epochs)

    def facts(self) -> dict[str, Any]:
        return {
            "corpus": self._text.report.to_facts(),
            "train_characters": self.train_size,
            "held_out_characters": self.held_out_size,
        }

    def plan_for(self, epochs: int) -> BatchPlan:
        training = self._training
        return BatchPlan(batch_size=training.batch_size, seed=training.seed, window=training.window)

    def batches(self) -> TextBatches:
        plan = self.plan
        assert plan.window is not None
        return TextBatches(self._text, self._stop, plan.batch_size, plan.window, plan.seed)

    def train_stream(self) -> tuple[NDArray[np.int32], bool]:
        most = self._most_targets + 1
        return self._text.ids(0, min(self._stop, most)), self._stop <= most

    def held_out_stream(self) -> NDArray[np.int32]:
        return self._held_out_ids

    def target_nats(self, network: Weights) -> NDArray[np.float64]:
        return stream_target_nats(NumpyRNN(self._model, network), self._held_out_ids)

    def held_out_loss(self, weights: Weights) -> dict[str, float]:
        if not self.held_out_size:
            return {}
        nats = stream_nats(recurrence(self._model, weights), self._held_out_ids)
        losses = {"held_out_nats_per_char": nats / self.held_out_size}
        return {**losses, **self.further_losses(weights)}

    def further_losses(self, weights: Weights) -> dict[str, float]:
        nats = window_nats(recurrence(self._model, weights), self._held_out_ids)
        return {"held_out_window_nats_per_char": nats / self.held_out_size}
