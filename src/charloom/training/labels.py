"""Whether labels can be learnt in the way that is asked for."""

from __future__ import annotations

from ..config import ModelConfig, TrainConfig
from ..errors import ConfigError
from .engines.base import Loop


def check_labels(
    labels: tuple[str, ...], model: ModelConfig, training: TrainConfig, loop: Loop
) -> None:
    """Raise ConfigError unless the model has the corpus's labels, and the way of training can."""
    if model.labels != (count := len(labels)):
        raise ConfigError(
            f"the model's labels must be as many as the corpus's, {count}. Received: {model.labels}"
        )
    hindrances = {
        "the tutorial's preparation": training.preparation == "tutorial",
        "scheduled sampling": training.scheduled_sampling != "none",
        "an unpacked loop": loop != "fit",
    }
    for what, there in hindrances.items():
        if count and there:
            raise ConfigError(
                f"labels cannot be learnt with {what}. Leave it out, or read no labels."
            )
