"""A corpus as a model is trained on it: its parts, its batches and its held-out loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..data.batches.names import Batch
from ..data.sources.origin import Origin
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError
from .base_model import NO_BASE
from .context_ngram import ContextFit
from .events import Started
from .ngram import DEFAULT_WEIGHT, NETWORK_ALONE, NgramFit

Weights = Mapping[str, NDArray[Any]]

ENOUGH_HELD_OUT = 5
"""With fewer held-out names their loss is chance: it is reported, but decides nothing."""


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """How the data is divided into batches: the same plan gives the same batches.

    It is saved with the training's state, so that a resumed training keeps its batches.

    Attributes:
        batch_size: names in a batch, or streams of text, B.
        seed: decides the order.
        window: characters of a stream in a batch, T; for text only.
        buckets: how many different T batches of names have at most; ``None`` where there is one.
    """

    batch_size: int
    seed: int
    window: int | None = None
    buckets: int | None = None


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


class TrainingData(ABC):
    """A corpus as a model is trained on it.

    Attributes:
        counted: what its sizes count.
        vocabulary: its characters.
        label_names: the labels of its names.
        digest: stands for the corpus.
        origin: the files that it was read from; ``None`` for strings.
        train_names, held_out_names: the parts; ``None`` for text.
        held_out_weights: the weight of each held-out name; ``None``: 1.
        held_out_text: the held-out part of a text; ``None`` for names.
        train_size, held_out_size: names, or characters of text, in each part.
        held_out_decides: whether enough is held out to choose the best epoch by.
        plan: how it is divided into batches.
    """

    counted: Literal["names", "characters"]
    vocabulary: Vocabulary
    label_names: tuple[str, ...] = ()
    digest: str
    origin: Origin | None = None
    train_names: Sequence[str] | None = None
    held_out_names: Sequence[str] | None = None
    held_out_weights: NDArray[np.float64] | None = None
    held_out_text: str | None = None
    train_size: int
    held_out_size: int
    held_out_decides: bool
    plan: BatchPlan

    def __init__(self, model: ModelConfig, training: TrainConfig, most_targets: int) -> None:
        """Keep the settings, if they are for such a corpus."""
        text = self.counted == "characters"
        if model.text != text or (training.preparation == "text") != text:
            raise ConfigError(
                "ModelConfig.text and TrainConfig.preparation must fit the corpus, which is "
                f"{'text' if text else 'names'}. Received: {model.text} and "
                f"{training.preparation!r}"
            )
        self._model, self._training, self._most_targets = model, training, most_targets

    @property
    def reading(self) -> dict[str, Any]:
        """How names were read, where that must not change when training is resumed."""
        return {}

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what a model's facts say of its corpus."""

    @abstractmethod
    def plan_for(self, epochs: int) -> BatchPlan:
        """Return the plan that suits a training of ``epochs``."""

    @abstractmethod
    def batches(self, rows: range | None = None) -> Batches:
        """Return the batches of ``plan``; only ``rows`` of each, where processes share them."""

    @abstractmethod
    def train_stream(self) -> tuple[NDArray[np.int32], bool]:
        """Return the ids to fit n-grams to, at most ``most_targets``, and whether that is all."""

    @abstractmethod
    def held_out_stream(self) -> NDArray[np.int32]:
        """Return the held-out ids."""

    def held_out_target_weights(self) -> NDArray[np.float64] | None:
        """Return the weight of each held-out target, (N,); ``None``: 1."""
        return None

    @abstractmethod
    def target_nats(self, network: Weights) -> NDArray[np.float64]:
        """Return the network's nats at each held-out target, (N,)."""

    @abstractmethod
    def held_out_loss(self, weights: Weights) -> dict[str, float]:
        """Return the losses on what is held out, by name in the history; none if nothing is."""

    def further_losses(self, weights: Weights) -> dict[str, float]:
        """Return held-out losses besides the nats per character."""
        return {}

    @cached_property
    def ngrams(self) -> NgramFit | ContextFit:
        """The n-grams of the training part, fitted when they are first asked for."""
        held_out, decides = self.held_out_stream(), self.held_out_decides
        if self._model.smoothing == "fitted":
            return ContextFit(
                self._model,
                self.vocabulary,
                self.train_stream,
                held_out,
                decides=decides,
                adapted=self._training.base != NO_BASE,
                weights=self.held_out_target_weights(),
            )
        chosen_on = held_out if decides else None
        return NgramFit(self._model, self.train_stream, chosen_on, self.vocabulary.size)

    def refitted(self, weights: Weights) -> tuple[Weights, dict[str, Any]]:
        """Return ``weights`` with the n-gram of all names, and what the model's facts say of it.

        What was measured on the held-out names can be rebuilt from these facts: ``Run.measured``.
        """
        if not self._model.has_ngram or not isinstance(self.ngrams, ContextFit):
            return weights, {}
        if self.ngrams.refitted is None:
            return weights, {}
        return {**weights, **self.ngrams.refitted}, {"ngram": self.ngrams.smoothing.to_dict()}

    def measured(self, network: Weights) -> tuple[Weights, dict[str, float]]:
        """Return the model's weights, where its network's are ``network``, and held-out losses."""
        if self._model.kind != "mixture":
            return network, self.held_out_loss(network)
        if isinstance(self.ngrams, ContextFit):
            fitted, alone = self.ngrams.mixture(network)
            weights: Weights = {**network, **fitted}
            if "held_out_nats_per_char" in alone:
                return weights, alone
            return weights, {**self.held_out_loss(weights), **alone}
        if not self.held_out_decides:
            weights = {**network, **self.ngrams.mixture(None)[0]}
            return weights, self.held_out_loss(weights)
        nats = self.target_nats(network)
        ngram, losses = self.ngrams.mixture(nats)
        weights = {**network, **ngram}
        if (often := self.held_out_target_weights()) is not None:
            network_nats = float(np.average(nats, weights=often))
            return weights, {**self.held_out_loss(weights), NETWORK_ALONE: network_nats}
        return weights, {**losses, **self.further_losses(weights)}

    def started(self, **training: Any) -> Started:
        """Return the event of a start; ``training`` are the fields that do not follow from here."""
        return Started(
            model=self._model,
            vocabulary=self.vocabulary,
            labels=self.label_names,
            counted=self.counted,
            train_size=self.train_size,
            held_out_size=self.held_out_size,
            **training,
        )

    def warnings(self) -> Iterator[str]:
        """Yield what the user should know before the first step."""
        if self.held_out_size and not self.held_out_decides:
            yield (
                f"too few names are held out ({self.held_out_size}) to choose the best epoch by: "
                "the last one is kept."
            )
        if self._model.kind == "mixture":
            yield from self.ngrams.warnings
            few = "too few held-out names to choose the mixture"
            if self.held_out_decides:
                return
            if isinstance(self.ngrams, NgramFit):
                yield f"{few} weight: using {DEFAULT_WEIGHT:g}."
            elif self.ngrams.exponents is None:
                yield f"{few}'s exponents: using those that are usual for such lists."
