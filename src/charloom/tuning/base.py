"""The recipe that a search begins with, and others as what they change of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..config import ModelConfig, TrainConfig
from ..training.recipe_file import MODEL, TRAINING

KEPT = ("batch_size", "epochs", "learning_rate", "warmup", "final", "weight_decay", "clip_norm",
        "patience", "preparation")  # fmt: skip
"""What of a training belongs to a recipe; the rest is of one run: its seed, what it saves."""

SELDOM = ("label_dropout", "seconds")
"""What belongs to it too where it is not as ever."""

OURS = ("seed", "held_out", "labels", "text", "preparation", "begin", "freeze", "canaries",
        "keep_epochs", "save_seconds", "save_steps", "keep_checkpoints")  # fmt: skip
"""What a search sets, or has no use for, and no recipe of it could hold."""


@dataclass(frozen=True)
class Base:
    """The default recipe for a corpus, with what is fixed."""

    model: ModelConfig
    training: TrainConfig

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that a recipe file holds of it."""
        model, training = self.model.to_dict(), self.training.to_dict()
        del model["labels"], model["begin"]
        if not self.model.order:
            del model["order"]
        names = [*KEPT, *(["window"] if self.model.text else [])]
        usual = TrainConfig()
        names += [n for n in SELDOM if getattr(self.training, n) != getattr(usual, n)]
        return model | {name: training[name] for name in names}

    def configs(self, settings: Mapping[str, Any]) -> tuple[ModelConfig, TrainConfig]:
        """Return the configurations with ``settings`` in place of its own."""
        model = {name: value for name, value in settings.items() if name in MODEL}
        training = {name: value for name, value in settings.items() if name in TRAINING}
        return self.model.replace(**model), self.training.replace(**training)
