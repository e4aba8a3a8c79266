"""Names as training data: batches by length, some names held out, canaries and labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..data.batches.names import NameBatches, bucket_count, encode
from ..data.batches.tutorial import PaddedBatches, padded_rows
from ..data.encoded.ragged import Ragged
from ..data.encoded.sequences import EncodedIds
from ..data.names import NameCorpus
from ..data.tokens import plain
from ..data.weights import shares
from ..errors import ConfigError
from ..models.factory import recurrence
from ..models.ngram.counts import MOST_TARGETS, stream_of
from ..models.rnn.numpy import NumpyRNN
from ..models.rnn.shapes import parameter_count
from ..models.scoring.names import score, score_labelled, target_nats
from ..run import SavedModel
from .base_model import NO_BASE
from .data import ENOUGH_HELD_OUT, Batches, BatchPlan, TrainingData, Weights
from .progress import UNWEIGHTED
from .warm_start import merged, with_tokens_of

CELLS = 1 << 22
"""Ids of encoded names that are read at once, padding included."""


class NameData(TrainingData):
    """Names, one by one; its methods are those of ``TrainingData``."""

    counted: Literal["names"] = "names"
    _shares: NDArray[np.float64] | None = None  # how often each training name counts
    train_names: Sequence[str]
    held_out_names: Sequence[str]

    def __init__(
        self,
        corpus: NameCorpus,
        model: ModelConfig,
        training: TrainConfig,
        initial: SavedModel | None = None,
        most_targets: int = MOST_TARGETS,
        canaries: tuple[str, ...] = (),
    ) -> None:
        """Split the names, and choose how they become batches.

        The characters and labels of ``initial`` are added to the corpus's, unless it is a base to
        adapt; n-grams are fitted to at most ``most_targets`` characters; ``canaries`` are added
        where the settings ask for none.
        """
        super().__init__(model, training, most_targets)
        fine_tunes = initial is not None and training.base == NO_BASE
        if initial is not None and fine_tunes:
            corpus = with_tokens_of(corpus, initial.vocabulary.token_unit)
        self.corpus, self.digest, self.origin = corpus, corpus.digest, corpus.origin
        self.vocabulary, self.label_names = corpus.vocabulary, corpus.label_names
        if initial is not None and fine_tunes:
            self.vocabulary = merged(initial.vocabulary, corpus.vocabulary)
            self.label_names = tuple(sorted({*initial.labels, *corpus.label_names}))
        self._check_labels()
        train, held_out = corpus.split(training.held_out, training.seed)
        self.train_names, self.held_out_names = train, held_out
        self.train_size, self.held_out_size = len(train), len(held_out)
        self.held_out_decides = self.held_out_size >= ENOUGH_HELD_OUT
        self._train_labels = self._held_out_labels = None
        if corpus.weights is not None:
            self._take_weights(np.array(corpus.weights))
        if model.labels:
            self._train_labels, self._held_out_labels = self._split_labels()
        self._initial, self._canaries = initial, canaries
        if training.canaries:
            self._canaries = self._new_canaries(train)
        if self._canaries:
            self._add_canaries(train)
        self.plan = self.plan_for(training.epochs)

    def _take_weights(self, weights: NDArray[np.float64]) -> None:
        """Keep how often each training name counts, and the weights of those held out."""
        if self._training.preparation == "tutorial":
            raise ConfigError(
                "weights cannot be trained with the tutorial's preparation. Leave it out, or read "
                "no weights."
            )
        train, held_out = self.corpus.split_places(self._training.held_out, self._training.seed)
        self._shares, self.held_out_weights = shares(weights[list(train)]), weights[list(held_out)]

    def _check_labels(self) -> None:
        count = len(self.label_names)
        if self._model.labels != count:
            raise ConfigError(
                f"the model's labels must be as many as the corpus's, {count}. "
                f"Received: {self._model.labels}"
            )
        if count and self._training.preparation == "tutorial":
            raise ConfigError(
                "labels cannot be trained with the tutorial's preparation. Leave it out, or read "
                "no labels."
            )

    def on_all(self, training: TrainConfig) -> NameData:
        """Return the same names and canaries for a network alone, with none held out.

        ``training`` holds out no names, and has no canaries of its own.
        """
        model = self._model.network_part()
        return NameData(
            self.corpus, model, training, self._initial, self._most_targets, self._canaries
        )

    def _new_canaries(self, train: Sequence[str]) -> tuple[str, ...]:
        """Return as many random strings as the settings ask for."""
        from .canaries import canaries  # late: few trainings have any

        if self.corpus.is_large:
            raise ConfigError(
                "canaries cannot be added to a list this long, which is read as arrays. Leave "
                "them out, or train on a part of the list."
            )
        lengths = [len(self.vocabulary.encode(name)) for name in train]
        count, seed = self._training.canaries, self._training.seed
        return canaries(self.vocabulary, lengths, count, seed, set(self.corpus.names))

    def _add_canaries(self, train: Sequence[str]) -> None:
        """Add them to the training names, each once, and without a label."""
        self.train_names = (*train, *self._canaries)
        if self._train_labels is not None:
            none = np.zeros(len(self._canaries), np.int32)
            self._train_labels = np.append(self._train_labels, none)
        if self._shares is not None:
            self._shares = np.append(self._shares, np.ones(len(self._canaries)))

    def _split_labels(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the label of each name of either part, k + 1 for the model's k, 0 for none."""
        corpus, training = self.corpus, self._training
        own = [0, *(1 + self.label_names.index(name) for name in corpus.label_names)]
        places = corpus.label_ids or [0] * len(corpus.names)
        ids = np.array(own, np.int32)[np.array(places, np.int32)]
        train, held_out = corpus.split_places(training.held_out, training.seed)
        return ids[list(train)], ids[list(held_out)]

    @property
    def reading(self) -> dict[str, Any]:
        return {
            "unit": plain(self.corpus.unit),
            "keep_invisible": self.corpus.report.keep_invisible,
        }

    def facts(self) -> dict[str, Any]:
        return {
            "corpus": self.corpus.report.to_facts(),
            "train_names": self.train_size,
            "held_out_names": self.held_out_size,
            "longest": self.corpus.report.longest,
            **({"canaries": list(self._canaries)} if self._canaries else {}),
        }

    @cached_property
    def _ids(self) -> Ragged | EncodedIds:
        return encode(self.train_names, self.vocabulary)

    def plan_for(self, epochs: int) -> BatchPlan:
        training, buckets = self._training, None  # the more to compute, the more buckets pay
        if training.preparation == "names" and self._model.has_network:
            parameters = parameter_count(self._model, self.vocabulary.size)
            buckets = bucket_count(self._ids.lengths, parameters, epochs)
        return BatchPlan(batch_size=training.batch_size, seed=training.seed, buckets=buckets)

    def batches(self, rows: range | None = None) -> Batches:
        plan = self.plan
        if plan.buckets is None:
            every = padded_rows(self.train_names, self.vocabulary)
            return PaddedBatches(every, plan.batch_size, plan.seed, rows)
        return NameBatches(
            self._ids,
            plan.batch_size,
            plan.seed,
            plan.buckets,
            labels=self._train_labels,
            label_dropout=self._training.label_dropout,
            weights=self._shares,
            rows=rows,
        )

    @cached_property
    def _held_out_ids(self) -> list[NDArray[np.int32]]:
        return [self.vocabulary.encode(name) for name in self.held_out_names]

    def held_out_stream(self) -> NDArray[np.int32]:
        return stream_of(*self.vocabulary.encode_all(self.held_out_names))

    def train_stream(self) -> tuple[NDArray[np.int32], bool]:
        ids, most = self._ids, self._most_targets
        lengths = ids.lengths
        if isinstance(ids, Ragged):
            stream = stream_of(ids.values, lengths)
            return stream[: most + 1], len(stream) <= most + 1
        every = max(1, -(-int(lengths.sum(dtype=np.int64) + len(lengths)) // most))
        places = np.arange(0, len(lengths), every)
        parts, rows_each = [], max(1, CELLS // int(lengths.max()))
        for low in range(0, len(places), rows_each):
            some = places[low : low + rows_each]
            rows = ids.padded(some, int(lengths[some].max()))
            parts.append(rows[np.arange(rows.shape[1]) < lengths[some, None]])
        return stream_of(np.concatenate(parts), lengths[places]), every == 1

    def target_nats(self, network: Weights) -> NDArray[np.float64]:
        return np.concatenate(target_nats(NumpyRNN(self._model, network), self._held_out_ids))

    def held_out_target_weights(self) -> NDArray[np.float64] | None:
        if self.held_out_weights is None:
            return None
        return np.repeat(self.held_out_weights, [len(ids) + 1 for ids in self._held_out_ids])

    def held_out_loss(self, weights: Weights) -> dict[str, float]:
        if not self.held_out_size:
            return {}
        if self._held_out_labels is None:
            nats = score(recurrence(self._model, weights), self._held_out_ids)
        else:
            rnn = NumpyRNN(self._model, weights)
            nats = score_labelled(rnn, self._held_out_ids, self._held_out_labels)
        end = 1 if self._model.begin else 0
        lengths = np.array([len(ids) + end for ids in self._held_out_ids])
        mean = float(nats.sum()) / int(lengths.sum())
        if (often := self.held_out_weights) is None:
            return {"held_out_nats_per_char": mean}
        weighted = float(often @ nats) / float(often @ lengths)
        return {"held_out_nats_per_char": weighted, UNWEIGHTED: mean}
