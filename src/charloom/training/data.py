"""What a training learns from, names or text: its batches, what is held out, and its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..data.batches.names import Batch, NameBatches, bucket_count, encode
from ..data.batches.tutorial import PaddedBatches, padded_rows
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError
from ..models.factory import recurrence
from ..models.ngram.counts import MOST_TARGETS, stream_of
from ..models.rnn.numpy import NumpyRNN
from ..models.rnn.shapes import parameter_count
from ..models.scoring.names import score, score_labelled, target_nats
from ..run import SavedModel
from .engines.base import Loop
from .labels import check_labels
from .ngram import NETWORK_ALONE, Counted
from .text_data import TextMaterial
from .warm_start import merged

Weights = Mapping[str, NDArray[Any]]

ENOUGH_HELD_OUT = 5
"""Below this many held-out names their loss is chance: it is reported, but decides nothing."""

CELLS = 1 << 22
"""Ids of encoded names that are read at once, padding included."""


class Batches(Protocol):
    """All batches of a training, each a pure function of (seed, epoch, step)."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""

    @property
    def times(self) -> list[int]:
        """Every T that a batch may have."""

    @property
    def characters_per_batch(self) -> float:
        """Targets of a mean batch."""

    @property
    def padded_share(self) -> float:
        """Share of the cells that is padding."""

    def batch(self, epoch: int, step: int) -> Batch:
        """Return batch ``step`` (from 0) of ``epoch``."""


class Material(Protocol):
    """What ``fit`` needs to know of a corpus.

    Attributes:
        vocabulary: its characters.
        label_names: the kinds of its names.
        digest: tells it from any other corpus.
        train_names, held_out_names: the parts; ``None`` for text.
        held_out_text: what is held out of a text; ``None`` for names.
        train_size, held_out_size: names, or characters of text, in each part.
        held_out_decides: whether there is enough held out to choose the best epoch by.
        buckets: how many lengths the batches have at most; ``None`` where they have just one.
        counted: the n-grams of what is trained on, counted when they are first asked for.
    """

    vocabulary: Vocabulary
    label_names: tuple[str, ...]
    digest: str
    train_names: Sequence[str] | None
    held_out_names: Sequence[str] | None
    held_out_text: str | None
    train_size: int
    held_out_size: int
    held_out_decides: bool
    buckets: int | None

    @property
    def counted(self) -> Counted:
        """See above."""

    def facts(self) -> dict[str, Any]:
        """Return what a model's facts say of its corpus."""

    def batches(self, epochs: int) -> Batches:
        """Return the batches for a training of ``epochs``."""

    def measured(self, network: Weights) -> tuple[Weights, dict[str, float]]:
        """Return the model's weights, as of now its network's are, and their losses.

        The losses are those on what is held out, by name; nothing if nothing is.
        """


def material_of(
    corpus: NameCorpus | TextCorpus,
    model: ModelConfig,
    training: TrainConfig,
    loop: Loop,
    initial: SavedModel | None = None,
) -> Material:
    """Return ``corpus`` as ``model`` and ``training`` use it.

    What ``initial``, a model that is trained further, knew already, stays in the vocabulary and
    among the labels.

    Raises:
        ConfigError: the settings are not for such a corpus.
        CorpusError: there is too little text.
    """
    text = isinstance(corpus, TextCorpus)
    if model.text != text or (training.preparation == "text") != text:
        raise ConfigError(
            "text is for models of text, and names for the others: ModelConfig.text and "
            f"TrainConfig.preparation must fit the corpus. Received: {model.text} and "
            f"{training.preparation!r}"
        )
    if isinstance(corpus, TextCorpus):
        if initial is not None:
            corpus = corpus.within(merged(initial.vocabulary, corpus.vocabulary))
        return TextMaterial(corpus, model, training)
    labels = corpus.label_names
    vocabulary = corpus.vocabulary
    if initial is not None:
        labels = tuple(sorted({*initial.labels, *labels}))
        vocabulary = merged(initial.vocabulary, vocabulary)
    check_labels(labels, model, training, loop)
    return NamesMaterial(corpus, model, training, vocabulary, labels)


class NamesMaterial:
    """Names, one by one; see ``Material``."""

    train_names: Sequence[str] | None
    held_out_names: Sequence[str] | None
    held_out_text: str | None = None

    def __init__(
        self,
        corpus: NameCorpus,
        model: ModelConfig,
        training: TrainConfig,
        vocabulary: Vocabulary,
        labels: tuple[str, ...],
    ) -> None:
        self._corpus, self._model, self._training = corpus, model, training
        self._train, self._held_out = corpus.split(training.held_out, training.seed)
        self._train_labels = self._held_out_labels = None
        if model.labels:
            self._train_labels, self._held_out_labels = self._labels(labels)
        self.train_size, self.held_out_size = len(self._train), len(self._held_out)
        self._canaries: tuple[str, ...] = ()
        if training.canaries:
            self._add_canaries(vocabulary)
        self.train_names, self.held_out_names = self._train, self._held_out
        self.vocabulary, self.label_names, self.digest = vocabulary, labels, corpus.digest
        self.held_out_decides = self.held_out_size >= ENOUGH_HELD_OUT
        self.buckets: int | None = None

    def _add_canaries(self, vocabulary: Vocabulary) -> None:
        """Learn random strings along, each once, and without a label."""
        from .canaries import canaries  # late: few trainings have any

        if self._corpus.encoded is not None:
            raise ConfigError(
                "canaries cannot be learnt along with a list that is read as arrays, since it is "
                "too long for a tuple. Leave them out, or train on a part of the list."
            )
        lengths = [len(vocabulary.encode(name)) for name in self._train]
        count, seed = self._training.canaries, self._training.seed
        self._canaries = canaries(vocabulary, lengths, count, seed, set(self._corpus.names))
        self._train = (*self._train, *self._canaries)
        if self._train_labels is not None:
            self._train_labels = np.append(self._train_labels, np.zeros(count, np.int32))

    def _labels(self, labels: tuple[str, ...]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return each part's labels as places among the model's, which may be more than ours."""
        corpus, training = self._corpus, self._training
        there = np.array([0, *(1 + labels.index(name) for name in corpus.label_names)], np.int32)
        ids = there[np.array(corpus.label_ids or [0] * len(corpus.names), np.int32)]
        train, held_out = corpus.split_places(training.held_out, training.seed)
        return ids[list(train)], ids[list(held_out)]

    def facts(self) -> dict[str, Any]:
        """See ``Material``."""
        return {
            "corpus": self._corpus.report.to_dict(),
            "train_names": self.train_size,
            "held_out_names": self.held_out_size,
            "longest": self._corpus.report.longest,
            **({"canaries": list(self._canaries)} if self._canaries else {}),
        }

    def batches(self, epochs: int) -> Batches:
        """See ``Material``; sets ``buckets``, unless it is set."""
        training = self._training
        if training.preparation == "tutorial":
            rows = padded_rows(self._train, self.vocabulary)
            return PaddedBatches(rows, training.batch_size, training.seed)
        ids, lengths = encode(self._train, self.vocabulary)
        if self.buckets is None:
            parameters = parameter_count(self._model, self.vocabulary.size)
            self.buckets = bucket_count(lengths, parameters, epochs)
        return NameBatches(
            ids,
            lengths,
            training.batch_size,
            training.seed,
            self.buckets,
            labels=self._train_labels,
            label_dropout=training.label_dropout,
        )

    @cached_property
    def _held_out_ids(self) -> list[NDArray[np.int32]]:
        return [self.vocabulary.encode(name) for name in self._held_out]

    @cached_property
    def counted(self) -> Counted:
        """See ``Material``."""
        held_out = None
        if self.held_out_decides:
            held_out = stream_of(*self.vocabulary.encode_all(self._held_out))
        return Counted(self._model, self._stream, held_out, self.vocabulary.size)

    def _stream(self) -> tuple[NDArray[np.int32], bool]:
        """Return the names to count, all or evenly many of them, and whether they are all."""
        ids, lengths = encode(self._train, self.vocabulary)
        if isinstance(ids, np.ndarray):
            stream = stream_of(ids, lengths)
            return stream[: MOST_TARGETS + 1], len(stream) <= MOST_TARGETS + 1
        every = max(1, -(-int(lengths.sum(dtype=np.int64) + len(lengths)) // MOST_TARGETS))
        places = np.arange(0, len(lengths), every)
        parts, rows_each = [], max(1, CELLS // int(lengths.max()))
        for low in range(0, len(places), rows_each):
            some = places[low : low + rows_each]
            rows = ids.padded(some, int(lengths[some].max()))
            parts.append(rows[np.arange(rows.shape[1]) < lengths[some, None]])
        return stream_of(np.concatenate(parts), lengths[places]), every == 1

    def measured(self, network: Weights) -> tuple[Weights, dict[str, float]]:
        """See ``Material``."""
        if self._model.kind != "mixture":
            return network, self.held_out_loss(network)
        if not self.held_out_decides:
            weights: Weights = {**network, **self.counted.mixed(None)[0]}
            return weights, self.held_out_loss(weights)
        nats = np.concatenate(target_nats(NumpyRNN(self._model, network), self._held_out_ids))
        more, loss = self.counted.mixed(np.exp(-nats))
        assert loss is not None  # there are enough names to tell
        losses = {"held_out_nats_per_char": loss, NETWORK_ALONE: float(nats.mean())}
        return {**network, **more}, losses

    def held_out_loss(self, weights: Weights) -> dict[str, float]:
        """Return the losses on what is held out, by name; nothing if nothing is."""
        if not self.held_out_size:
            return {}
        characters = sum(map(len, self._held_out_ids))
        characters += self.held_out_size if self._model.begin else 0
        if self._held_out_labels is None:
            nats = score(recurrence(self._model, weights), self._held_out_ids)
        else:
            rnn = NumpyRNN(self._model, weights)
            nats = score_labelled(rnn, self._held_out_ids, self._held_out_labels)
        return {"held_out_nats_per_char": float(nats.sum()) / characters}
