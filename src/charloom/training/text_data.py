"""Running text as a training learns from it: windows in order, its end held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from .ngram import NETWORK_ALONE, Counted

Weights = Mapping[str, NDArray[Any]]

MOST_HELD_OUT = 1_000_000
"""Characters of a text that are held out, at most: more would say no more."""


class TextMaterial:
    """Running text, in order: its end is held out; see ``material.Material``."""

    label_names: tuple[str, ...] = ()
    train_names: Sequence[str] | None = None
    held_out_names: Sequence[str] | None = None
    held_out_text: str | None
    buckets: int | None = None

    def __init__(
        self,
        text: TextCorpus,
        model: ModelConfig,
        training: TrainConfig,
    ) -> None:
        self._text, self._model, self._training = text, model, training
        self.vocabulary, self.digest = text.vocabulary, text.digest
        held_out = min(int((len(text) - 1) * training.held_out), MOST_HELD_OUT)
        self._stop = len(text) - held_out
        self.train_size, self.held_out_size = self._stop - 1, held_out
        self.held_out_decides = held_out > 0
        if self.train_size < 2:
            raise CorpusError(
                f"the text has {len(text) - 1} characters, which is too little to learn from. "
                "Give more of it."
            )
        ids = text.ids(self._stop, len(text))
        self._held_out_ids = np.concatenate([[0], ids])
        self.held_out_text = self.vocabulary.decode(ids) if held_out else None

    def facts(self) -> dict[str, Any]:
        """See ``Material``."""
        return {
            "corpus": self._text.report.to_dict(),
            "train_characters": self.train_size,
            "held_out_characters": self.held_out_size,
        }

    def batches(self, epochs: int) -> TextBatches:
        """See ``Material``."""
        training = self._training
        return TextBatches(
            self._text, self._stop, training.batch_size, training.window, training.seed
        )

    @cached_property
    def counted(self) -> Counted:
        """See ``Material``."""

        def stream() -> tuple[NDArray[np.int32], bool]:
            most = MOST_TARGETS + 1
            return self._text.ids(0, min(self._stop, most)), self._stop <= most

        held_out = self._held_out_ids if self.held_out_decides else None
        return Counted(self._model, stream, held_out, self.vocabulary.size)

    def measured(self, network: Weights) -> tuple[Weights, dict[str, float]]:
        """See ``Material``: losses with the carry all along, and in windows."""
        if self._model.kind != "mixture":
            return network, self.held_out_loss(network)
        if not self.held_out_size:
            return {**network, **self.counted.mixed(None)[0]}, {}
        nats = stream_target_nats(NumpyRNN(self._model, network), self._held_out_ids)
        more, loss = self.counted.mixed(np.exp(-nats))
        assert loss is not None  # something is held out
        weights = {**network, **more}
        losses = {"held_out_nats_per_char": loss, NETWORK_ALONE: float(nats.mean())}
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
