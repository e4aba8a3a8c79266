"""Running text as training data: windows in order, the end of the text held out.

Documents that have an end are held out whole: the boundary after each is one of its targets.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..data.batches.windows import TextBatches
from ..data.text import TextCorpus, decoded
from ..data.vocabulary import BOUNDARY
from ..errors import ConfigError, CorpusError
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
        if model.documents != corpus.has_ends:
            raise ConfigError(
                "ModelConfig.documents must fit the corpus, whose documents have "
                f"{'an' if corpus.has_ends else 'no'} end. Received: {model.documents}"
            )
        if initial is not None:
            corpus = corpus.within(merged(initial.vocabulary, corpus.vocabulary))
        self._text, self.vocabulary, self.digest = corpus, corpus.vocabulary, corpus.digest
        self.origin = corpus.origin
        self._ends = corpus.has_ends
        self._stop = _stop(corpus, training.held_out)
        held_out = len(corpus) - self._stop
        self.train_size, self.held_out_size = self._stop - (not self._ends), held_out
        self.held_out_decides = held_out > 0
        if self.train_size < 2:
            raise CorpusError(
                f"the text has {len(corpus) - 1} characters, which is too little to train on. "
                "Give more of it."
            )
        ids = corpus.ids(self._stop, len(corpus))
        # Held-out documents begin with their own boundary, and the last one has to end.
        self._held_out_ids = np.insert(ids, len(ids) if self._ends else 0, BOUNDARY)
        self.held_out_text = decoded(self.vocabulary, ids, ends=self._ends) if held_out else None
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

    def batches(self, rows: range | None = None) -> TextBatches:
        plan = self.plan
        assert plan.window is not None
        return TextBatches(
            self._text, self._stop, plan.batch_size, plan.window, plan.seed, self._ends, rows
        )

    def train_stream(self) -> tuple[NDArray[np.int32], bool]:
        most = self._most_targets + 1
        ids, whole = self._text.ids(0, min(self._stop, most)), self._stop <= most
        return (np.append(ids, np.int32(BOUNDARY)) if self._ends and whole else ids), whole

    def held_out_stream(self) -> NDArray[np.int32]:
        return self._held_out_ids

    def target_nats(self, network: Weights) -> NDArray[np.float64]:
        return stream_target_nats(
            NumpyRNN(self._model, network), self._held_out_ids, apart=self._ends
        )

    def held_out_loss(self, weights: Weights) -> dict[str, float]:
        if not self.held_out_size:
            return {}
        rnn = recurrence(self._model, weights)
        nats = stream_nats(rnn, self._held_out_ids, apart=self._ends)
        losses = {"held_out_nats_per_char": nats / self.held_out_size}
        return {**losses, **self.further_losses(weights)}

    def further_losses(self, weights: Weights) -> dict[str, float]:
        rnn = recurrence(self._model, weights)
        nats = window_nats(rnn, self._held_out_ids, apart=self._ends)
        return {"held_out_window_nats_per_char": nats / self.held_out_size}


def _stop(corpus: TextCorpus, share: float) -> int:
    """Return where the held-out ``share`` of a corpus begins; documents are in one part."""
    held_out = min(int((len(corpus) - 1) * share), MOST_HELD_OUT)
    if not corpus.has_ends or not held_out:
        return len(corpus) - held_out
    starts = corpus.starts()[1:]
    if not len(starts):  # a single document
        return len(corpus)
    fitting = starts[starts >= len(corpus) - held_out]
    return int(fitting[0] if len(fitting) else starts[-1])
