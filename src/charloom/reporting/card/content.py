"""What a model card says, as plain data: a run's facts and measurements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...config import ModelConfig, TrainConfig
from ...errors import ConfigError
from ...run import Run
from ...training.recipe_file import MODEL, TRAINING, RecipeFile
from ..gathered import Gathered
from .limits import limits

PASSAGE = 400
"""Characters of generated text that are shown."""

UNUSUAL = (
    "begin", "text", "order", "freeze", "keep_epochs", "canaries", "seconds", "refit",
    "window", "label_dropout", "save_seconds", "save_steps", "keep_checkpoints", "base",
    "precision",
)  # fmt: skip
"""Settings that a recipe leaves out if they have their default value."""

COUNTED = ("kind", "order", "text", "begin", "held_out", "seed", "preparation", "canaries")
"""Settings that apply to models without a network."""


def card_data(found: Gathered) -> dict[str, Any]:
    """Return the data of a card, which JSON can hold, from what was gathered of a run."""
    run, facts = found.run, found.run.facts
    data: dict[str, Any] = {
        "name": found.name,
        "of": run.data_kind,
        "model": run.config.to_dict(),
        "parameters": run.parameters,
        "vocabulary": {
            "size": len(run.vocabulary.characters),
            "unit": str(run.vocabulary.token_unit),
            "unknown": run.vocabulary.has_unknown,
        },
        "labels": list(run.labels),
        "corpus": dict(facts.corpus),
        "trained_on": _size(facts.train_size, run.saved.train_names),
        "held_out": _size(facts.held_out_size, run.saved.held_out_names),
        "training": dict(facts.training),
        "recipe": _recipe(run),
        "versions": dict(facts.versions),
        "backend": facts.backend,
        "seconds": facts.seconds,
        "best": dict(facts.best),
        "ngram": dict(facts.ngram),
        "cross_validation": dict(facts.cross_validation),
        "kinds": dict(facts.kinds),
        "canaries": len(facts.canaries),
        "seed": found.seed,
        "samples": found.samples,
        "start": _start(run),
        "stores_list": run.training_set is not None,
        "examples_are_new": run.is_text or run.training_set is not None,
        "examples": [found.passage[:PASSAGE]] if found.passage else found.new_names,
        "measures": found.measurement.get("measures", []),
        "notes": found.measurement.get("notes", []),
        "memorisation": found.memorisation or None,
        "left_out": found.left_out,
        "rare": _rare(run),
    }
    return {**data, "limits": list(limits(data))}


def _size(stated: int | None, names: Sequence[str] | None) -> int | None:
    """Return the size of a part of the data, counted if the run does not state it."""
    return len(names) if stated is None and names is not None else stated


def _start(run: Run) -> str:
    """Return a start for samples, if the model cannot choose a first character."""
    if run.config.begin or not run.training_set:
        return ""
    return min(name[:1] for name in run.training_set[:1000] if name)


def _rare(run: Run) -> list[str]:
    """Return the characters that occur in fewer than ten of the training names."""
    if not run.training_set or len(run.training_set) > 1_000_000:
        return []
    counts = Counter(c for name in run.training_set for c in set(name))
    return [c for c in run.vocabulary.characters if 0 < counts[c] < 10]


def _recipe(run: Run) -> dict[str, Any] | None:
    """Return the settings of a recipe file that trains this model again."""
    training = run.facts.training
    settings = {k: v for k, v in run.config.to_dict().items() if k in MODEL}
    settings |= {k: v for k, v in training.items() if k in TRAINING}
    for name, default in {**ModelConfig().to_dict(), **TrainConfig().to_dict()}.items():
        if name in UNUSUAL and settings.get(name) == default:
            settings.pop(name, None)
    if not run.config.has_network:
        settings = {name: settings[name] for name in COUNTED if name in settings}
    if not training or training.get("scheduled_sampling", "none") != "none":  # of version 0.1.0
        return None
    try:
        RecipeFile(settings)
    except ConfigError:  # of another version's fields
        return None
    return settings
