"""How far a training is, and the history of its losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ..models.gates import FEATURES, ROWS
from ..run.facts import epochs, known_facts
from .events import Evaluated

UNWEIGHTED = "unweighted_held_out_nats_per_char"
"""Name in the history of the held-out loss in which each name counts once, if names have weights:
it decides which epoch is best. The weighted loss depends on a few names, so mostly on chance."""


@dataclass
class Progress:
    """How far a training is, besides the engine's own state.

    Attributes:
        epoch: finished epochs.
        step_in_epoch, step: updates in the current epoch, and in all.
        epoch_nats, epoch_characters: the summed loss of the current epoch so far, and over how
            many characters.
        best_epoch: the epoch whose weights are kept; 0 while there are none.
        history: an entry for each epoch: epoch, step, train_nats_per_char,
            held_out_nats_per_char, seconds (of training until then), learning_rate (of its last
            step).
        networks: how many networks are trained to be distilled into one; 0 for one network only.
        pool: how many names are sampled from them.
        first_step, first_epoch, last_step: where distilling began, and where it ends; 0 before.
        chosen: what cross-validation chose (``Choice.to_dict``); empty if nothing, ``None`` if that
            has not been tried yet.
        kinds: shares of the kinds of names that the base model began with.
    """

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    epoch_nats: float = 0.0
    epoch_characters: float = 0.0
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    networks: int = 0
    pool: int = 0
    first_step: int = 0
    first_epoch: int = 0
    last_step: int = 0
    chosen: dict[str, Any] | None = field(default_factory=dict)
    kinds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Any) -> Progress:
        """Return the progress that a training state holds.

        Raises:
            TypeError, ValueError: a field is missing, unknown, or not of its type.
        """
        at = cls(**data)
        history = epochs(at.history)
        counts = [at.epoch, at.step_in_epoch, at.step, at.best_epoch]
        counts += [at.networks, at.pool, at.first_step, at.first_epoch, at.last_step]
        if not all(type(one) is int and 0 <= one < 2**53 for one in counts):
            raise ValueError("epochs and steps must be whole numbers")
        if not all(math.isfinite(one) for one in (at.epoch_nats, at.epoch_characters)):
            raise ValueError("the loss of an epoch must be a number")
        if history != at.history or at.best_epoch > len(history) or at.epoch > len(history):
            raise ValueError("the history must have an entry for each epoch")
        if at.chosen:
            choice = known_facts({"cross_validation": at.chosen})["cross_validation"]
            if (
                choice != at.chosen
                or len(at.chosen["exponents"]) not in (2, ROWS * FEATURES)
                or not at.chosen["epochs"]
            ):
                raise ValueError("what cross-validation chose must be numbers")
        if known_facts({"kinds": at.kinds}) != {"kinds": at.kinds}:
            raise ValueError("the base's kinds must have numbers")
        if any("train_nats_per_char" not in one for one in history):
            raise ValueError("an epoch of the history has no loss")
        return at

    @property
    def best(self) -> dict[str, Any] | None:
        """The history's entry of the best epoch."""
        return self.history[self.best_epoch - 1] if self.best_epoch else None

    @property
    def seconds(self) -> float:
        """How long the training had taken when its latest epoch ended."""
        return float(self.history[-1].get("seconds", 0.0)) if self.history else 0.0

    def losses(self, held_out: Mapping[str, float]) -> dict[str, Any]:
        """Return the entry of the epoch so far, whose ``held_out`` losses are given by name."""
        return {
            "step": self.step,
            "train_nats_per_char": self.epoch_nats / self.epoch_characters,
            "held_out_nats_per_char": None,
            **held_out,
        }

    def end_epoch(
        self, held_out: Mapping[str, float], seconds: float, rate: float, *, decides: bool
    ) -> bool:
        """Add the current epoch to the history; return whether it is the best so far.

        Without ``held_out`` losses, or if they do not decide, the latest epoch is the best.
        """
        before, loss = self.best, _deciding(held_out)
        self.epoch += 1
        entry = {"epoch": self.epoch, **self.losses(held_out)}
        entry |= {"seconds": round(seconds, 3), "learning_rate": rate}
        self.history.append(entry | ({"networks": self.networks} if self.last_step else {}))
        self.step_in_epoch, self.epoch_nats, self.epoch_characters = 0, 0.0, 0.0
        lowest = None if before is None else _deciding(before)
        best = lowest is None or loss is None or not decides or loss < lowest
        self.best_epoch = self.epoch if best else self.best_epoch
        return best

    def evaluated(self, weights: Mapping[str, NDArray[Any]], seconds: float) -> Evaluated:
        """Return the event of the latest epoch, which left these ``weights``."""
        return Evaluated(
            epoch=self.epoch,
            step=self.step,
            **event_losses(self.history[-1]),
            best=self.best_epoch == self.epoch,
            seconds=seconds,
            weights=weights,
        )


def _deciding(losses: Mapping[str, Any]) -> float | None:
    """Return the held-out loss by which an epoch is judged."""
    loss: float | None = losses.get(UNWEIGHTED, losses.get("held_out_nats_per_char"))
    return loss


def event_losses(losses: Mapping[str, Any]) -> dict[str, Any]:
    """Return the losses of a history's entry that events have."""
    names = ("train_nats_per_char", "held_out_nats_per_char", "held_out_window_nats_per_char")
    return {name: losses.get(name) for name in names}
