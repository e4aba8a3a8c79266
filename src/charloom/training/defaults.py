"""The recipe for a corpus as it is: names or text, of its size, with its labels."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..checkpoint import SavedModel, find_state, holds_state
from ..config import ModelConfig, TrainConfig
from ..corpus import Corpus
from ..recipes import recipe as names_recipe
from ..recipes import text_recipe
from ..text import Text

GENTLER = 0.3
"""Share of the recipe's learning rate with which a trained model goes on."""


def settings_for(
    corpus: Corpus | Text,
    recipe: str | None = None,
    initial: SavedModel | None = None,
    **changes: Any,
) -> tuple[ModelConfig, TrainConfig]:
    """Return the model and the training for ``corpus``; see ``recipes``.

    Args:
        corpus: names or text.
        recipe: the name of a recipe for names.
        initial: a model that goes on as it is, but for its dropout.
        changes: fields of either configuration that are to be others; ``None`` changes nothing.

    Raises:
        ConfigError: there is no such recipe or field, or a value lies outside what it may be.
    """
    characters = corpus.report.characters
    if initial is not None:
        changes = {**_as_it_is(initial.config), **_given(changes)}
    if isinstance(corpus, Text):
        model, training = text_recipe(characters, recipe, **changes)
    else:
        labels = {*corpus.label_names, *(() if initial is None else initial.labels)}
        changes = {**changes, "labels": len(labels)}
        model, training = names_recipe(corpus.report.names, characters, recipe, **changes)
    if initial is not None and changes.get("learning_rate") is None:
        training = training.replace(learning_rate=training.learning_rate * GENTLER)
    return model, training


def settings_before(run: Path, options: Collection[str]) -> dict[str, Any]:
    """Return what ``options`` were for the training that ``run`` holds; nothing if it holds none.

    A text's recipe follows from the budget, so a training that goes on with another one must not
    take its settings from there anew.

    Raises:
        RunError: its state is damaged.
    """
    if not holds_state(run):
        return {}
    data = find_state(run).data
    parts = (data.get("model"), data.get("training"))
    before = {k: v for part in parts if isinstance(part, dict) for k, v in part.items()}
    return {name: before[name] for name in options if before.get(name) is not None}


def _as_it_is(config: ModelConfig) -> dict[str, Any]:
    """Return the settings of a model that are not chosen anew when it is trained further."""
    return {k: v for k, v in config.to_dict().items() if k not in ("dropout", "labels")}


def _given(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if value is not None}
