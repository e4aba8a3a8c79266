"""How far a training is, and where one that is resumed goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from .events import Reason


@dataclass
class Progress:
    """How far a training is, beside the engine's own state.

    Attributes:
        epoch: epochs that are over.
        step_in_epoch, step: updates done in the epoch under way, and in all.
        epoch_nats, epoch_characters: the loss of the epoch under way so far.
        best_epoch: whose weights are kept; 0 while there are none.
        history: an entry an epoch: epoch, step, train_nats_per_char, held_out_nats_per_char,
            seconds (of training up to there), learning_rate (of its last step).
    """

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    epoch_nats: float = 0.0
    epoch_characters: float = 0.0
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def best(self) -> dict[str, Any] | None:
        """The history's entry of the best epoch."""
        return self.history[self.best_epoch - 1] if self.best_epoch else None


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """Where a training goes on.

    Attributes:
        arrays: the engine's state.
        progress: how far it is.
        best_weights: the weights that are kept so far.
        saved_epoch: the epoch whose weights are the folder's model; 0 if another training's are,
            or later ones, or damaged ones.
        backend: the one it was on.
        epochs: how many it was to have.
        buckets: of its batches; ``None`` if it was saved before that was recorded.
        damaged: why each later checkpoint could not be used.
    """

    arrays: dict[str, NDArray[Any]]
    progress: Progress
    best_weights: Mapping[str, NDArray[Any]]
    backend: str
    epochs: int
    buckets: int | None
    saved_epoch: int = 0
    damaged: tuple[str, ...] = ()

    def changes(self, backend: str, epochs: int, over: Reason | None) -> Iterator[str]:
        """Say what the user should know who goes on on ``backend``, with ``epochs`` in all.

        ``over`` is why there is nothing left to train, if so.
        """
        for problem in self.damaged:
            yield (
                f"a checkpoint is damaged: {problem} This training goes on from an earlier one, "
                f"at step {self.progress.step}; nothing but time is lost."
            )
        if self.backend != backend:
            yield (
                f"this training began on {self.backend} and goes on on {backend}: it is the "
                "same but for rounding, and for the draws of dropout."
            )
        if over is not None:
            option = "--epochs" if over == "epochs" else "--patience"
            yield (
                f"this training is finished, at epoch {self.progress.epoch}: nothing is left to "
                f"do. Raise {option} to go on."
            )
        elif self.epochs != epochs:
            yield (
                f"this training was to have {self.epochs} epochs, now {epochs}: the learning "
                "rate follows the new number, so the end is not bit for bit that of "
                f"{epochs} epochs from the start."
            )
