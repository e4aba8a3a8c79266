"""What training reports; the caller decides how to show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from ..config import ModelConfig
from ..data.vocabulary import Vocabulary

if TYPE_CHECKING:
    from ..run import SavedModel

Reason = Literal["epochs", "early stopping", "seconds", "interrupted", "callback", "diverged"]


@dataclass(frozen=True, kw_only=True)
class Started:
    """Training is about to take its first step.

    Attributes:
        model, vocabulary, labels: what is trained; later events have its weights.
        backend: Keras' backend (``jax``, ``tensorflow`` or ``torch``); ``numpy`` for n-grams.
        parameters: of the network; of the n-gram, if there is no network.
        counted: what the sizes count: ``names``, or ``characters`` of text.
        train_size, held_out_size: how many of them are in each part.
        steps_per_epoch, epochs: how long training takes at most; n-grams take no steps.
        padded_share: share of the batches' cells that is padding.
        first_epoch: 1, or the epoch at which a resumed run continues.
        base: the model whose weights are adapted, as in ``TrainConfig.base``.
        kinds: the kinds of names that it begins with, and their shares.
        precision: the number format of matrix products.
    """

    model: ModelConfig
    vocabulary: Vocabulary
    labels: tuple[str, ...]
    backend: str
    counted: Literal["names", "characters"]
    parameters: int
    train_size: int
    held_out_size: int
    steps_per_epoch: int
    epochs: int
    padded_share: float
    first_epoch: int = 1
    base: str = "none"
    kinds: Mapping[str, float] = field(default_factory=dict)
    precision: str = "float32"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Everything is compiled, and a long training takes its first step.

    Attributes:
        seconds: how long the steps will take, at most; estimated from the time of one.
    """

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """One update of the weights is done.

    Attributes:
        epoch, step: both count from 1; ``step`` counts over the whole run.
        progress: of the schedule, in (0, 1], by steps or by the clock.
        nats_per_char: a running mean of the training loss, end symbols counted, padding not.
        batch_nats_per_char: the loss of the latest batch that is computed: this step's with an
            unpacked loop, else usually that of the step before.
        learning_rate: the rate of this step.
        names_per_second, characters_per_second: means so far; for text, there are no names.
        seconds_left: an estimate.
    """

    epoch: int
    step: int
    progress: float
    nats_per_char: float
    batch_nats_per_char: float
    learning_rate: float
    names_per_second: float
    characters_per_second: float
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """An epoch is over.

    Attributes:
        epoch, step: finished epochs and steps.
        train_nats_per_char: mean training loss of the epoch (dropout on).
        held_out_nats_per_char: held-out loss (dropout off), for text with the carry kept
            throughout; ``None`` if nothing is held out.
        held_out_window_nats_per_char: for text, in windows of 256, each from a zero carry.
        best: whether this is the best so far; without held-out names, or with too few to tell, the
            latest is the best.
        seconds: since training began.
        weights: the weights that were evaluated, by the names of ``models.factory.recurrence``.
    """

    epoch: int
    step: int
    train_nats_per_char: float
    held_out_nats_per_char: float | None
    best: bool
    seconds: float
    weights: Mapping[str, NDArray[Any]]
    held_out_window_nats_per_char: float | None = None


@dataclass(frozen=True, kw_only=True)
class NextNetwork:
    """One network is trained, and there is time for more: the next one begins.

    Attributes:
        number: of the network, from 2; ``networks`` + 1 is the one that they are distilled into.
        networks: how many there are to distil.
    """

    number: int
    networks: int


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The run folder now holds the complete model of ``epoch``."""

    folder: Path
    epoch: int


@dataclass(frozen=True, kw_only=True)
class Warned:
    """Something that the user should know; training continues."""

    message: str


@dataclass(frozen=True, kw_only=True)
class Choosing:
    """No names are held out: epochs and exponents are chosen by cross-validation.

    Attributes:
        fold, folds: which fold is held out, from 1, and of how many.
        progress: of the training on the others, in (0, 1].
    """

    fold: int
    folds: int
    progress: float


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What cross-validation chose.

    Attributes:
        epochs: after how many epochs training stops; its schedule stays as long as it is.
        exponents: of the mixture's network and n-gram.
        nats_per_char: the loss of the folds on the names that they did not see.
    """

    epochs: int
    exponents: tuple[float, float]
    nats_per_char: float


@dataclass(frozen=True, kw_only=True)
class Refitting:
    """The best epoch is known, and the network is trained again on all names.

    Attributes:
        names: how many these are.
        step, steps: updates so far, from 1, and in all.
        seconds_left: an estimate.
    """

    names: int
    step: int
    steps: int
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Training is over.

    Attributes:
        reason: why it ended.
        epoch, step: finished epochs and steps.
        best_epoch: the epoch whose weights were kept.
        train_nats_per_char, held_out_nats_per_char, held_out_window_nats_per_char: the losses of
            that epoch.
        seconds: since training began.
        saved: the kept model with its facts and data, as in a run folder. What could be fitted to
            all names afterwards was; the losses are those of before.
    """

    reason: Reason
    epoch: int
    step: int
    best_epoch: int
    train_nats_per_char: float
    held_out_nats_per_char: float | None
    seconds: float
    saved: SavedModel
    held_out_window_nats_per_char: float | None = None

    @property
    def weights(self) -> Mapping[str, NDArray[Any]]:
        """The kept weights, by name."""
        return self.saved.weights


Event = (
    Started
    | Ready
    | Step
    | Evaluated
    | NextNetwork
    | Saved
    | Warned
    | Choosing
    | Chosen
    | Refitting
    | Finished
)
