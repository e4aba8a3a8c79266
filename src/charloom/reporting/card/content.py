"""What a model card says, as plain data: from a run's facts, and measured anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...config import ModelConfig, TrainConfig
from ...data.text import TextCorpus
from ...errors import CharloomError, ConfigError, CorpusError
from ...generation import LanguageModel
from ...models.factory import parameters_of
from ...run import SavedModel, load_model
from ...training.recipe_file import MODEL, TRAINING, RecipeFile
from .limits import limits

Progress = Callable[[str], None]

SAMPLES = {"names": 10_000, "text": 20_000}
"""Names, or characters of text, that are drawn to measure by."""

EXAMPLES = 10
UNUSUAL = (
    "begin", "text", "order", "freeze", "keep_epochs", "canaries", "seconds",
    "window", "label_dropout", "save_seconds", "save_steps", "keep_checkpoints",
)  # fmt: skip
"""Settings that a recipe need not have where they are as ever."""

COUNTED = ("kind", "order", "text", "begin", "held_out", "seed", "preparation", "canaries")
"""Settings of what only counts; all others are a network's."""

PASSAGE = 400
"""Characters of drawn text that are shown."""


def gather(
    run: Path,
    model: LanguageModel,
    *,
    samples: int | None = None,
    seed: int = 0,
    sources: Sequence[str | Path] = (),
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Return what is known of a run, and what it is measured to be, as JSON can hold it.

    What cannot be measured is left out, and ``left_out`` says why. The same arguments give the
    same data.

    Args:
        run: its folder.
        model: as loaded from it.
        samples: names, or characters, drawn for the measures; 0 draws none, ``None`` ``SAMPLES``.
        seed: decides the draws and the intervals.
        sources: the files that a run of text learnt from, if they are no longer where they were.
        progress: is told what is being done.

    Raises:
        RunError: there is no sound run, or ``sources`` are not what it learnt from.
    """
    from ...evaluation.memorisation.text import training_text

    saved = load_model(run)
    facts, of = saved.facts, "text" if model.is_text else "names"
    samples = SAMPLES[of] if samples is None else samples
    text = training_text(run, sources) if sources else None  # what is named has to be right
    left_out: dict[str, str] = {}

    def attempt(what: str, work: Callable[[], Any]) -> Any:
        progress(what)
        try:
            return work()
        except CharloomError as error:
            left_out[what] = _without_paths(str(error), run, facts)
            return None

    data: dict[str, Any] = {
        "name": run.resolve().name,
        "of": of,
        "model": saved.config.to_dict(),
        "parameters": parameters_of(saved.config, saved.weights),
        "vocabulary": {
            "size": len(saved.vocabulary.characters),
            "unit": saved.vocabulary.unit,
            "unknown": saved.vocabulary.has_unknown,
        },
        "labels": list(saved.labels),
        "corpus": _mapping(facts.get("corpus")),
        "trained_on": _size(facts, "train", saved.train_names),
        "held_out": _size(facts, "held_out", saved.held_out_names),
        "training": _mapping(facts.get("training")),
        "recipe": _recipe(saved),
        "versions": _mapping(facts.get("versions")),
        "backend": facts.get("backend"),
        "seconds": facts.get("seconds"),
        "best": _mapping(facts.get("best")),
        "ngram": _mapping(facts.get("ngram")),
        "canaries": len(_canaries(facts)),
        "seed": seed,
        "samples": samples,
        "start": _start(model, saved),
        "examples_are_new": model.training_set is not None,
    }
    data["examples"] = attempt("examples", lambda: _examples(model, data["start"], seed)) or []
    measured = attempt("measures", lambda: _measured(model, saved, samples, seed))
    data["measures"] = (measured or {}).get("measures", [])
    data["notes"] = (measured or {}).get("notes", [])
    data["memorisation"] = attempt(
        "memorisation", lambda: _memorisation(run, model, saved, text, seed)
    )
    data["left_out"] = left_out
    data["rare"] = _rare(saved)
    data["limits"] = limits(data)
    return data


def _measured(model: LanguageModel, saved: SavedModel, samples: int, seed: int) -> dict[str, Any]:
    from ...evaluation import measure, measure_text

    if model.is_text:
        if not saved.held_out_text:
            raise CorpusError("the run held out no text to measure on.")
        return measure_text(model, saved.held_out_text, samples=samples, seed=seed).to_dict()
    return measure(
        model,
        saved.held_out_names or (),
        train=saved.train_names,
        canaries=_canaries(saved.facts),
        samples=samples,
        seed=seed,
    ).to_dict()


def _memorisation(
    run: Path,
    model: LanguageModel,
    saved: SavedModel,
    text: TextCorpus | None,
    seed: int,
) -> dict[str, Any]:
    from ...evaluation.memorisation.names import memorisation
    from ...evaluation.memorisation.text import text_memorisation, training_text

    if model.is_text:
        if not saved.held_out_text:
            raise CorpusError("the run held out no text to compare copies with.")
        text = training_text(run) if text is None else text
        return text_memorisation(model, text, saved.held_out_text, seed=seed).to_dict()
    if not saved.held_out_names or not saved.train_names:
        raise CorpusError("the run holds no training names, or no held-out ones to compare with.")
    return memorisation(
        model,
        saved.train_names,
        saved.held_out_names,
        canaries=_canaries(saved.facts),
        seed=seed,
    ).to_dict()


def _examples(model: LanguageModel, start: str, seed: int) -> list[str]:
    if model.is_text:
        return [model.text(PASSAGE, seed=seed)]
    return model.names(EXAMPLES, seed=seed, start=start, allow_known=model.training_set is None)


def _start(model: LanguageModel, saved: SavedModel) -> str:
    """Return what draws begin with, for a model that cannot begin by itself."""
    if model.rnn.config.begin or not saved.train_names:
        return ""
    return min(name[:1] for name in saved.train_names[:1000] if name)


def _rare(saved: SavedModel) -> list[str]:
    """Return the characters that occur in less than ten of the training names."""
    if not saved.train_names or len(saved.train_names) > 1_000_000:
        return []
    counts = Counter(c for name in saved.train_names for c in set(name))
    return [c for c in saved.vocabulary.characters if 0 < counts[c] < 10]


def _recipe(saved: SavedModel) -> dict[str, Any] | None:
    """Return the settings as a recipe file that trains such a model again."""
    training = _mapping(saved.facts.get("training"))
    settings = {k: v for k, v in saved.config.to_dict().items() if k in MODEL}
    settings |= {k: v for k, v in training.items() if k in TRAINING}
    for name, default in {**ModelConfig().to_dict(), **TrainConfig().to_dict()}.items():
        if name in UNUSUAL and settings.get(name) == default:
            settings.pop(name, None)
    if not saved.config.has_network:
        settings = {name: settings[name] for name in COUNTED if name in settings}
    if not training or training.get("scheduled_sampling", "none") != "none":  # of version 0.1.0
        return None
    try:
        RecipeFile(settings)
    except ConfigError:  # of another version's fields
        return None
    return settings


def _size(facts: Mapping[str, Any], part: str, names: Sequence[str] | None) -> int | None:
    for key in (f"{part}_names", f"{part}_characters"):
        if isinstance(facts.get(key), int):
            return int(facts[key])
    return None if names is None else len(names)


def _canaries(facts: Mapping[str, Any]) -> tuple[str, ...]:
    found = facts.get("canaries")
    return tuple(c for c in found if isinstance(c, str)) if isinstance(found, list) else ()


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _without_paths(message: str, run: Path, facts: Mapping[str, Any]) -> str:
    """Return a message for others' eyes, in which no folder of this machine is named."""
    named = _mapping(facts.get("corpus")).get("sources")
    for path in (str(run), *map(str, named if isinstance(named, list) else ())):
        message = message.replace(path, Path(path).resolve().name)
    return message
