"""What a model card says, as plain data: from a run's facts, and measured again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...config import ModelConfig, TrainConfig
from ...data.text import TextCorpus
from ...errors import CharloomError, ConfigError, CorpusError
from ...generation import NameModel, TextModel
from ...run import Run
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
    run: Run,
    model: NameModel | TextModel,
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
        run: the run.
        model: as loaded from it.
        samples: names, or characters, drawn for the measures; 0 draws none, ``None`` ``SAMPLES``.
        seed: decides the draws and the intervals.
        sources: the files that a run of text trained on, if they are no longer where they were.
        progress: is told what is being done.

    Raises:
        RunError: there is no sound run, or ``sources`` are not what it was trained on.
    """
    from ...evaluation.memorisation.text import training_text

    saved, facts, of = run.saved, run.facts, run.data_kind
    samples = SAMPLES[of] if samples is None else samples
    text = training_text(run, sources) if sources else None  # what is named has to be right
    left_out: dict[str, str] = {}

    def attempt(what: str, work: Callable[[], Any]) -> Any:
        progress(what)
        try:
            return work()
        except CharloomError as error:
            left_out[what] = _without_paths(str(error), run)
            return None

    data: dict[str, Any] = {
        "name": run.path.resolve().name,
        "of": of,
        "model": saved.config.to_dict(),
        "parameters": run.parameters,
        "vocabulary": {
            "size": len(saved.vocabulary.characters),
            "unit": saved.vocabulary.unit,
            "unknown": saved.vocabulary.has_unknown,
        },
        "labels": list(saved.labels),
        "corpus": dict(facts.corpus),
        "trained_on": _size(facts.train_size, saved.train_names),
        "held_out": _size(facts.held_out_size, saved.held_out_names),
        "training": dict(facts.training),
        "recipe": _recipe(run),
        "versions": dict(facts.versions),
        "backend": facts.backend,
        "seconds": facts.seconds,
        "best": dict(facts.best),
        "ngram": dict(facts.ngram),
        "canaries": len(facts.canaries),
        "seed": seed,
        "samples": samples,
        "start": _start(run),
        "examples_are_new": run.is_text or saved.train_names is not None,
    }
    data["examples"] = attempt("examples", lambda: _examples(model, data["start"], seed)) or []
    measured = attempt("measures", lambda: _measured(model, run, samples, seed))
    data["measures"] = (measured or {}).get("measures", [])
    data["notes"] = (measured or {}).get("notes", [])
    data["memorisation"] = attempt("memorisation", lambda: _memorisation(run, model, text, seed))
    data["left_out"] = left_out
    data["rare"] = _rare(run)
    data["limits"] = limits(data)
    return data


def _measured(model: NameModel | TextModel, run: Run, samples: int, seed: int) -> dict[str, Any]:
    from ...evaluation import measure, measure_text

    if isinstance(model, TextModel):
        if not run.held_out_text:
            raise CorpusError("the run held out no text to measure on.")
        return measure_text(model, run.held_out_text, samples=samples, seed=seed).to_dict()
    return measure(
        model,
        run.held_out_names,
        train=run.training_set,
        canaries=run.facts.canaries,
        samples=samples,
        seed=seed,
    ).to_dict()


def _memorisation(
    run: Run, model: NameModel | TextModel, text: TextCorpus | None, seed: int
) -> dict[str, Any]:
    from ...evaluation.memorisation.names import names_memorisation
    from ...evaluation.memorisation.text import text_memorisation, training_text

    if isinstance(model, TextModel):
        if not run.held_out_text:
            raise CorpusError("the run held out no text to compare copies with.")
        text = training_text(run) if text is None else text
        return text_memorisation(model, text, run.held_out_text, seed=seed).to_dict()
    if not run.held_out_names or not run.training_set:
        raise CorpusError("the run holds no training names, or no held-out ones to compare with.")
    return names_memorisation(
        model, run.training_set, run.held_out_names, canaries=run.facts.canaries, seed=seed
    ).to_dict()


def _examples(model: NameModel | TextModel, start: str, seed: int) -> list[str]:
    if isinstance(model, TextModel):
        return [model.text(PASSAGE, seed=seed)]
    return model.names(EXAMPLES, seed=seed, start=start, allow_known=model.training_set is None)


def _start(run: Run) -> str:
    """Return what samples start with, for a model that cannot choose a first character."""
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
    """Return the settings as a recipe file that trains such a model again."""
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


def _size(said: int | None, names: Sequence[str] | None) -> int | None:
    return said if said is not None or names is None else len(names)


def _without_paths(message: str, run: Run) -> str:
    """Return a message for others to read, which names no folder of this machine."""
    named = run.facts.corpus.get("sources")
    for path in (str(run.path), *map(str, named if isinstance(named, list) else ())):
        message = message.replace(path, Path(path).resolve().name)
    return message
