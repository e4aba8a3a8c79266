"""The recipe for a corpus as it is: names or text, of its size, with its labels."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..config import ModelConfig, TrainConfig
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..errors import ConfigError
from ..run import SavedModel, find_state, holds_state
from .recipe_file import read_recipe
from .recipes import RECIPES, text_recipe
from .recipes import recipe as names_recipe

GENTLER = 0.3
"""Share of the recipe's learning rate with which a trained model goes on."""


def settings_for(
    corpus: NameCorpus | TextCorpus,
    recipe: str | Path | None = None,
    initial: SavedModel | None = None,
    **changes: Any,
) -> tuple[ModelConfig, TrainConfig]:
    """Return the model and the training for ``corpus``; see ``recipes``.

    Args:
        corpus: names or text.
        recipe: the name of a recipe for names, or a file that ``recipe_file`` reads, whose settings
            go before those for the size.
        initial: a model that goes on as it is, but for its dropout.
        changes: fields of either configuration that are to be others; ``None`` changes nothing.

    Raises:
        ConfigError: there is no such recipe or field, or a value lies outside what it may be.
    """
    characters, given, own = corpus.report.characters, _given(changes), {}
    name = str(recipe) if recipe in RECIPES else None
    if recipe is not None and name is None:
        own = _from_file(recipe, corpus)
        if given.get("kind") not in (None, own.get("kind")):
            own.pop("order", None)  # of an n-gram that there no longer is
    before = {} if initial is None else _as_it_is(initial.config)
    changes = {**own, **before, **given}
    if isinstance(corpus, TextCorpus):
        model, training = text_recipe(characters, name, **changes)
    else:
        labels = {*corpus.label_names, *(() if initial is None else initial.labels)}
        changes = {**changes, "labels": len(labels)}
        model, training = names_recipe(corpus.report.names, characters, name, **changes)
    if initial is not None and "learning_rate" not in given:
        training = training.replace(learning_rate=training.learning_rate * GENTLER)
    return model, training


def _from_file(path: str | Path, corpus: NameCorpus | TextCorpus) -> dict[str, Any]:
    """Return the settings of a recipe in a file."""
    if isinstance(path, str) and not Path(path).exists():
        raise ConfigError(
            f"no recipe is called {path!r:.80}, and there is no such file. "
            f"There is: {', '.join(RECIPES)}."
        )
    settings = dict(read_recipe(path).settings)
    text = isinstance(corpus, TextCorpus)
    if settings.get("text", text) != text:
        what = ("names", "text") if text else ("text", "names")
        raise ConfigError(
            f"recipe {path} is for {what[0]}, not for {what[1]}. Read the source as {what[0]} "
            "(--as), or leave the recipe out."
        )
    return settings


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
