"""Recipes: the model and training settings that suit a corpus of a given size."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..config import ModelConfig, TrainConfig
from ..config.arguments import AnyPath
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..data.tokens import Tokens
from ..errors import ConfigError, RunError
from ..run import SavedModel, find_state, holds_model, holds_state, load_model
from ..run.begun import find_begun
from .base_model import LATIN, NO_BASE, SHAPE, fits, latin_base, suits
from .recipe_file import MODEL, TRAINING, read_recipe

SIZES = (5e2, 3e3, 1.8e4, 3.2e4, 1e5, 2e5, 8e5, 1e7)
"""Characters of the corpora that the recipes were tuned on, but for the last, an extrapolation.
Settings in between are interpolated along the logarithm of the size."""

UNITS = (128, 176, 128, 301, 376, 421, 512, 512)
DROPOUT = (0.5, 0.55, 0.4, 0.53, 0.46, 0.38, 0.2, 0.1)
BATCH_SIZE = (8, 16, 32, 38, 47, 53, 64, 128)
LEARNING_RATE = (5e-3, 5e-3, 1e-2, 4.6e-3, 4e-3, 3.7e-3, 3e-3, 2e-3)
WEIGHT_DECAY = (1.0, 0.1, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01)
EPOCHS = (12, 14, 15, 13, 20, 18, 7, 2)
MIXED = 5e6
"""Characters up to which the model is a mixture of a network and an n-gram."""

SMALL = 2e5
"""Characters up to which an LSTM with a wider embedding models names better than the GRU."""

BRIEF = 3.2e4
"""Characters up to which Nesterov's momentum gains; longer lists are trained in more steps, and
then it gains nothing."""

LONG_TEXT = 3e5
"""Characters above which text is trained in larger batches and, since it is read a few times only,
with Nesterov's momentum."""

RECENT = 8192
"""Characters of its own past that a model of text adapts to, if it has a fitted n-gram."""

WITH_NGRAM = ("mixture", "ngram")
"""Kinds of model whose n-gram is smoothed."""

HELD_OUT = 3000
"""Names that are held out of a list at most: enough to choose by, and to measure a loss to 0.01
nats per character; the others are worth more in training."""

LEAST_STEPS = 80
"""A training has at least so many steps, even on a handful of names."""

TUTORIAL: dict[str, Any] = {
    "kind": "network",
    "cell": "gru",
    "embedding": 256,
    "units": 1024,
    "dropout": 0.0,
    "begin": False,
    "epochs": 20,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "warmup": 0.0,
    "final": 1.0,
    "weight_decay": 0.0,
    "clip_norm": 1e6,
    "nesterov": False,
    "patience": 0,
    "held_out": 0.0,
    "preparation": "tutorial",
    "keep_epochs": 1,
}
"""The settings of "Character-Level Language Modeling with RNN": stock Adam, which neither decays
nor clips (no gradient comes near this norm), at a constant rate, and no name held out."""

CHARACTERS_PER_SECOND = 2e4
"""Characters of text that a GRU of 512 units is trained on in a second, on two cores."""

ADAPTED: dict[str, tuple[float, ...]] = {
    "learning_rate": (5e-4, 7e-4, 1.4e-3),
    "epochs": (12, 12, 14),
}
"""Settings of a model that is trained from a base, on lists of ADAPTED_SIZES characters; chosen on
languages, French places, Italian and Finnish surnames, chemical elements, scripts and words of
equal endings."""

ADAPTED_SIZES = (3e2, 1e3, 3e3)
ADAPTED_DROPOUT = 0.45

GENTLER = 0.3
"""Share of the recipe's learning rate at which a trained model is trained further."""

RECIPES: dict[str, dict[str, Any]] = {"tutorial": TUTORIAL}


def keeps_repeats(recipe: AnyPath | None, held_out: float | None) -> bool:
    """Return whether a recipe keeps repeated names, as the tutorial does.

    Not if names are held out: a repeated one would be in both parts.
    """
    return recipe == "tutorial" and not held_out


def recipe(
    names: int, characters: int, recipe: str | None = None, **changes: Any
) -> tuple[ModelConfig, TrainConfig]:
    """Return the model and the training for a corpus of ``names`` with ``characters`` in all.

    Small corpora get small networks mixed with an n-gram, much decay and many epochs; large ones
    large networks, little dropout and few epochs.

    Args:
        names, characters: the corpus's size.
        recipe: a key of ``RECIPES``, whose settings replace those for the size.
        changes: fields of either configuration to set; ``None`` changes nothing.

    Raises:
        ConfigError: there is no such recipe or field, or a value is out of range.
    """
    if recipe is not None and recipe not in RECIPES:
        raise ConfigError(f"no recipe is called {recipe!r:.40}. There is: {', '.join(RECIPES)}.")
    changes = _given(changes)
    batch_size = 8 * round(_between(BATCH_SIZE, characters) / 8)
    steps = max(1, math.ceil(names / batch_size))
    model: dict[str, Any] = {
        "units": 32 * round(_between(UNITS, characters) / 32),
        "dropout": round(_between(DROPOUT, characters), 2),
    }
    if characters <= SMALL:
        model |= {"cell": "lstm", "embedding": 128}
    # n-grams take neither labels nor a given first character.
    if characters <= MIXED and not changes.get("labels") and changes.get("begin", True):
        model["kind"] = "mixture"
    training: dict[str, Any] = {
        "batch_size": batch_size,
        "learning_rate": float(f"{_between(LEARNING_RATE, characters):.2g}"),
        "weight_decay": float(f"{_between(WEIGHT_DECAY, characters, math.log, math.exp):.2g}"),
        "epochs": max(round(_between(EPOCHS, characters)), math.ceil(LEAST_STEPS / steps)),
        "nesterov": characters <= BRIEF,
    }
    if names > 10 * HELD_OUT:
        training["held_out"] = float(f"{HELD_OUT / names:.2g}")
    if changes.get("base", NO_BASE) != NO_BASE:
        chosen = {k: _between(v, characters, sizes=ADAPTED_SIZES) for k, v in ADAPTED.items()}
        model["dropout"] = ADAPTED_DROPOUT
        training["learning_rate"] = float(f"{chosen['learning_rate']:.2g}")
        training["epochs"] = max(round(chosen["epochs"]), math.ceil(LEAST_STEPS / steps))
    return _settings(model, training, {**RECIPES.get(recipe or "", {}), **changes})


def text_recipe(
    characters: int, recipe: str | None = None, **changes: Any
) -> tuple[ModelConfig, TrainConfig]:
    """Return the model and the training for running text of so many ``characters``.

    No named recipe is for text. ``changes`` and errors are those of ``recipe``; ``seconds`` also
    decides how large the model is. The hidden size grows from 128 at 10,000 characters to 512 at
    a million.
    """
    if recipe is not None:
        raise ConfigError(f"recipe {recipe!r:.40} is for names, not for text. Leave it out.")
    changes = _given(changes)
    seconds = changes.get("seconds")
    passes = max(1.0, min(30.0, 6 * math.sqrt(1e6 / max(characters, 1))))
    share = (math.log10(max(characters, 1)) - 4) / 2
    units = 64 * round(128 * 4.0 ** min(1.0, max(0.0, share)) / 64)
    if seconds is not None:
        passes = seconds * CHARACTERS_PER_SECOND * (512 / units) ** 2 / max(characters, 1)
        if passes > 12 and units >= 512:  # a larger model pays
            units, passes = 768, passes / 2
    is_long = characters > LONG_TEXT
    quick = is_long and units <= 512
    # The more often each character is seen, the more dropout.
    dropout = min(0.5, max(0.0, 0.1 + 0.2 * math.log(max(passes, 0.5)) / math.log(6)))
    model: dict[str, Any] = {
        "units": units,
        "embedding": 128,
        "dropout": round(dropout, 2),
        "text": True,
        "kind": "mixture" if characters <= MIXED else "network",
    }
    training: dict[str, Any] = {
        "preparation": "text",
        # With a budget the clock decides, unless more epochs would not help.
        "epochs": max(1, round(passes if seconds is None else min(40.0, 3 * passes + 1))),
        "batch_size": 48 if is_long else 16,
        "window": 32,
        "learning_rate": 7e-3 if units > 512 or quick else 1e-2,
        "nesterov": quick,
        "weight_decay": 0.1,
    }
    return _settings(model, training, changes)


def _given(changes: dict[str, Any]) -> dict[str, Any]:
    """Drop what changes nothing; refuse what is no setting."""
    changes = {name: value for name, value in changes.items() if value is not None}
    if unknown := sorted(set(changes) - MODEL - TRAINING - {"labels", "documents"}):
        raise ConfigError(f"no setting is called {unknown[0]}. See ModelConfig and TrainConfig.")
    return changes


def _settings(
    model: dict[str, Any], training: dict[str, Any], changes: dict[str, Any]
) -> tuple[ModelConfig, TrainConfig]:
    training = training | {name: value for name, value in changes.items() if name in TRAINING}
    model = model | {name: value for name, value in changes.items() if name not in TRAINING}
    if model.get("kind") in WITH_NGRAM:
        model = {"smoothing": "fitted", **model}
        if model.get("text") and model["smoothing"] == "fitted":
            model = {"recent": RECENT, **model}
    return ModelConfig(**model), TrainConfig(**training)


def _between(
    values: tuple[float, ...],
    size: float,
    there: Any = float,
    back: Any = float,
    sizes: tuple[float, ...] = SIZES,
) -> float:
    """Interpolate linearly in log(size), and in ``there`` of the value; constant outside."""
    found = np.interp(math.log(max(size, 1)), np.log(sizes), [there(value) for value in values])
    return float(back(float(found)))


names_recipe = recipe


def settings_for(
    corpus: NameCorpus | TextCorpus,
    recipe: AnyPath | None = None,
    initial: SavedModel | None = None,
    **changes: Any,
) -> tuple[ModelConfig, TrainConfig]:
    """Return the model and the training for ``corpus``; see ``recipes``.

    Args:
        corpus: names or text.
        recipe: the name of a recipe for names, or a recipe file, whose settings replace those for
            the size.
        initial: a trained model, whose settings are kept except for its dropout; with a ``base``
            among the changes only those of its network.
        changes: fields of either configuration to set; ``None`` changes nothing. Without a
            ``base``, a short list is trained from the one that comes with charloom.

    Raises:
        ConfigError: there is no such recipe or field, or a value is out of range.
    """
    characters, given, own = corpus.report.characters, _given(changes), {}
    name = str(recipe) if recipe in RECIPES else None
    if recipe is not None and name is None:
        own = _from_file(recipe, corpus)
        if given.get("kind") not in (None, own.get("kind")):
            own.pop("order", None)  # these belong to the recipe's kind of model
            own.pop("smoothing", None)
            own.pop("recent", None)
        if given.get("smoothing") == "kneser-ney":
            own.pop("recent", None)
    base = {**own, **given}.get("base")
    if base is None:
        by_default = recipe is None and initial is None
        base = LATIN if by_default and _suits(corpus, given) else NO_BASE
    if base == LATIN and initial is None:
        initial = latin_base()
    before = _settings_of(initial, base, given)
    changes = {**own, **before, **given, "base": base}
    if isinstance(corpus, TextCorpus):
        changes |= {"documents": corpus.has_ends}
        model, training = text_recipe(characters, name, **changes)
    else:
        labels = {*corpus.label_names}
        if initial is not None and base == NO_BASE:
            labels |= {*initial.labels}
        changes = {**changes, "labels": len(labels)}
        model, training = names_recipe(corpus.report.names, characters, name, **changes)
    if initial is not None and base == NO_BASE and "learning_rate" not in given:
        training = training.replace(learning_rate=training.learning_rate * GENTLER)
    return model, training


def _suits(corpus: NameCorpus | TextCorpus, given: dict[str, Any]) -> bool:
    """Say whether the base model suits a corpus; if it is damaged, warn, and train without it."""
    try:
        return suits(corpus, given)
    except RunError as error:
        warnings.warn(f"{error} Training starts without the base model.", stacklevel=4)
        return False


def _settings_of(initial: SavedModel | None, base: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that a model keeps of the one it starts from.

    Raises:
        ConfigError: the base's network has another shape than is ``given``.
    """
    if initial is None:
        return {}
    before = initial.config.to_dict()
    if base != NO_BASE:
        if not fits(initial.config, given):
            shape = ", ".join(f"{name} {before[name]}" for name in SHAPE)
            received = ", ".join(f"{name} {given[name]}" for name in SHAPE if name in given)
            raise ConfigError(
                f"a model that is trained from a base has its {shape}. Received: {received}. "
                "Leave that out, or train with --base none."
            )
        return {name: before[name] for name in SHAPE}
    before = {k: v for k, v in before.items() if k not in ("dropout", "labels", "documents")}
    if before.get("kind") not in WITH_NGRAM or given.get("kind", "mixture") not in WITH_NGRAM:
        before.pop("smoothing", None)
        before.pop("recent", None)
    if given.get("smoothing") == "kneser-ney":
        before.pop("recent", None)
    return before


def _from_file(path: AnyPath, corpus: NameCorpus | TextCorpus) -> dict[str, Any]:
    """Return the settings of a recipe in a file."""
    if isinstance(path, str) and not Path(path).exists():
        raise ConfigError(
            f"no recipe is called {path!r:.80}, and there is no such file. "
            f"There is: {', '.join(RECIPES)}."
        )
    settings = dict(read_recipe(path).settings)
    if "learning_rate" in settings:  # chosen before there was Nesterov's momentum, unless it says
        settings.setdefault("nesterov", False)
    text = isinstance(corpus, TextCorpus)
    if settings.get("text", text) != text:
        what = ("names", "text") if text else ("text", "names")
        raise ConfigError(
            f"recipe {path} is for {what[0]}, not for {what[1]}. Read the source as {what[0]} "
            "(--as), or leave the recipe out."
        )
    return settings


def settings_before(run: Path) -> dict[str, Any]:
    """Return the settings of the training that ``run`` holds; nothing if it holds none.

    A training that is resumed keeps them, unless others are given.

    Raises:
        RunError: its state is damaged.
    """
    if holds_state(run):
        data = find_state(run).data
        parts = (data.get("model"), data.get("training"))
    elif (begun := find_begun(run)).model:
        parts = (dict(begun.model), dict(begun.training))
    else:
        return {}
    before: dict[str, Any]  # as it was before they were choices
    before = {"smoothing": "kneser-ney", "recent": 0, "base": NO_BASE, "nesterov": False}
    before |= {k: v for part in parts if isinstance(part, dict) for k, v in part.items()}
    return {
        name: before[name]
        for name in MODEL | TRAINING
        if before.get(name) is not None
        and (ModelConfig.allows(name, before[name]) or TrainConfig.allows(name, before[name]))
    }


def reading_before(run: Path) -> dict[str, Any]:
    """Return how the names of the training that ``run`` holds were read: ``unit`` and
    ``keep_invisible``; nothing if it holds none.

    Raises:
        RunError: its state, or its model, is damaged.
    """
    if holds_state(run):
        found = find_state(run).data.get("reading")
        before = {"unit": "character", "keep_invisible": True}  # all there was before it was saved
        if not isinstance(found, dict):
            return before
        unit = found.get("unit")
        return found | {"unit": Tokens(tuple(unit))} if isinstance(unit, list) else found
    if not holds_model(run):
        return {}
    saved = load_model(run)
    return {"unit": saved.vocabulary.token_unit, "keep_invisible": saved.keep_invisible}


def digest_before(run: Path) -> object:
    """Return the digest of the corpus of the training that ``run`` holds; ``None`` for none.

    Raises:
        RunError: its state is damaged.
    """
    return find_state(run).data.get("corpus") if holds_state(run) else None
