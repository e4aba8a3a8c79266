"""Untuned is tuned: which model and training fit a corpus of a given size."""

from __future__ import annotations

import dataclasses
from typing import Any

from .config import ModelConfig, TrainConfig
from .errors import ConfigError

_MODEL = {field.name for field in dataclasses.fields(ModelConfig)}
_TRAINING = {field.name for field in dataclasses.fields(TrainConfig)}


def recipe(names: int, characters: int, **changes: Any) -> tuple[ModelConfig, TrainConfig]:
    """Return the model and the training for a corpus of ``names`` with ``characters`` in all.

    Args:
        names, characters: the corpus's size.
        changes: fields of either configuration that are to be others; ``None`` changes nothing.

    Raises:
        ConfigError: there is no such field, or its value lies outside what it may be.
    """
    changes = {name: value for name, value in changes.items() if value is not None}
    if unknown := sorted(set(changes) - _MODEL - _TRAINING):
        raise ConfigError(f"no setting is called {unknown[0]}. See ModelConfig and TrainConfig.")
    model = {name: value for name, value in changes.items() if name in _MODEL}
    training = {name: value for name, value in changes.items() if name in _TRAINING}
    return ModelConfig().replace(**model), TrainConfig().replace(**training)
