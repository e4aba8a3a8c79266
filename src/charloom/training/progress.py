"""How far a training is, and what its latest epoch and its end report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ..run import SavedModel
from .events import Evaluated, Finished, Reason

Weights = Mapping[str, NDArray[Any]]


@dataclass
class Progress:
    """How far a training is, beside the engine's own state.

    Attributes:
        epoch: finished epochs.
        step_in_epoch, step: updates in the current epoch, and in all.
        epoch_nats, epoch_characters: the summed loss of the current epoch so far, and over how
            many characters.
        best_epoch: the epoch whose weights are kept; 0 while there are none.
        history: an entry for each epoch: epoch, step, train_nats_per_char,
            held_out_nats_per_char, seconds (of training until then), learning_rate (of its last
            step).
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

    @property
    def seconds(self) -> float:
        """How long the training had taken when its latest epoch ended."""
        return float(self.history[-1].get("seconds", 0.0)) if self.history else 0.0

    def evaluated(self, weights: Weights, seconds: float) -> Evaluated:
        """Return the event of the latest epoch, which left these ``weights``."""
        losses = self.history[-1]
        return Evaluated(
            epoch=self.epoch,
            step=self.step,
            train_nats_per_char=losses["train_nats_per_char"],
            held_out_nats_per_char=losses["held_out_nats_per_char"],
            held_out_window_nats_per_char=losses.get("held_out_window_nats_per_char"),
            best=self.best_epoch == self.epoch,
            seconds=seconds,
            weights=weights,
        )

    def finished(
        self, reason: Reason, saved: SavedModel, losses: Mapping[str, Any], seconds: float
    ) -> Finished:
        """Return the event of the end, where the model that is kept reached ``losses``."""
        return Finished(
            reason=reason,
            epoch=self.epoch,
            step=self.step,
            best_epoch=self.best_epoch,
            train_nats_per_char=losses["train_nats_per_char"],
            held_out_nats_per_char=losses["held_out_nats_per_char"],
            held_out_window_nats_per_char=losses.get("held_out_window_nats_per_char"),
            seconds=seconds,
            saved=saved,
        )
