"""What training needs to know of its data, names or text, and how that becomes batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from ..config import ModelConfig, TrainConfig
from ..data.batches.names import Batch
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError
from .ngram import NgramFit

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


class TrainingData(Protocol):
    """A corpus as a model is trained on it: its parts, batches and losses.

    Attributes:
        vocabulary: its characters.
        label_names: the labels of its names.
        digest: stands for the corpus.
        train_names, held_out_names: the parts; ``None`` for text.
        held_out_text: what is held out of a text; ``None`` for names.
        train_size, held_out_size: names, or characters of text, in each part.
        held_out_decides: whether enough is held out to choose the best epoch by.
        plan: how it is divided into batches.
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
    plan: BatchPlan

    @property
    def ngrams(self) -> NgramFit:
        """The n-grams of the training part, counted when they are first asked for."""

    def facts(self) -> dict[str, Any]:
        """Return what a model's facts say of its corpus."""

    def plan_for(self, epochs: int) -> BatchPlan:
        """Return the plan that suits a training of ``epochs``."""

    def batches(self) -> Batches:
        """Return the batches of ``plan``."""

    def measured(self, network: Weights) -> tuple[Weights, dict[str, float]]:
        """Return the model's weights, where its network's are ``network``, and their losses.

        The losses are those on what is held out, by name; none if nothing is.
        """


def check_corpus_kind(*, text: bool, model: ModelConfig, training: TrainConfig) -> None:
    """Raise ConfigError unless the settings are for such a corpus, ``text`` or names."""
    if model.text != text or (training.preparation == "text") != text:
        raise ConfigError(
            "ModelConfig.text and TrainConfig.preparation must fit the corpus, which is "
            f"{'text' if text else 'names'}. Received: {model.text} and {training.preparation!r}"
        )
