"""Several runs on names, or text, that none of them was trained on, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import CharloomError, CorpusError
from ..generation import NameModel, TextModel
from . import describe

if TYPE_CHECKING:
    from ..run import Run

FEW = 30
"""Names below which a comparison says little."""

NEEDLESS = ("nats_per_char", "bits_per_char", "perplexity_per_char")
"""How the names of measures begin that the comparison itself gives, and pairwise."""

REMEDY = "Pass --data FILE with {} that no run was trained on."


def compare_runs(
    runs: Mapping[str, Run],
    loaded: Mapping[str, NameModel | TextModel],
    given: Sequence[str] | str | None = None,
    *,
    data: str = "",
    samples: int,
    seed: int = 0,
    remedy: str = REMEDY,
    warn: Callable[[str], None] = lambda line: None,
    tell: Callable[[str, float], None] = lambda what, share: None,
) -> dict[str, Any]:
    """Compare two runs or more, all of names or all of text.

    Args:
        runs: by what they are called.
        loaded: the models of ``Run.measured``, called alike.
        given: names or text to compare on, instead of what every run held out.
        data: what ``given`` is called.
        samples: names sampled from each model for the other measures; 0 for none.
        seed: random seed of samples and intervals.
        remedy: what helps where the runs held out nothing in common; {} is names or text.
        warn: called with what makes the comparison less fair, in a line.
        tell: called with the current task and the progress, from 0 to 1.

    Raises:
        CorpusError: there is nothing that no run was trained on.
        ConfigError: the models split text in different ways.
    """
    from ..evaluation.compare import compare_names, compare_text, spelt_by_all

    for name, run in runs.items():
        if run.labels:
            warn(f"{name} was trained with labels; with them it would predict better.")
        if describe.is_weighted(run.facts):
            warn(f"{name} was trained with weights; here each name counts once.")
    texts = {name: model for name, model in loaded.items() if isinstance(model, TextModel)}
    models = {name: model for name, model in loaded.items() if isinstance(model, NameModel)}
    measures: dict[str, dict[str, Any]] = {}
    tell("likelihood", 0.0)
    if texts:
        comparison = compare_text(texts, _text(runs, given, warn, remedy.format("text")), seed=seed)
    else:
        unseen = _names(runs, given, warn, remedy.format("names"))
        comparison = compare_names(models, unseen, seed=seed)
        if comparison.items < FEW:
            some = "1 name is" if comparison.items == 1 else f"{comparison.items} names are"
            warn(f"{some} too few to compare models well.")
        unseen = spelt_by_all(models, unseen)
        for place, (name, model) in enumerate(models.items() if samples else ()):
            tell(name, (1 + place) / (1 + len(models)))
            measures[name] = _measures(name, model, unseen, runs[name], samples, seed, warn)
    result = comparison.to_dict()
    for one in result["models"]:
        run = runs[one["name"]]
        one |= {"run": str(run.path), "kind": run.config.kind, "measures": [], "notes": []}
        one |= measures.get(one["name"], {})
    return {
        "of": "blocks of text" if texts else "names",
        "data": data or "held out by every run",
    } | result


def _names(
    runs: Mapping[str, Run],
    given: Sequence[str] | None,
    warn: Callable[[str], None],
    remedy: str,
) -> Sequence[str]:
    """Return names that no run was trained on."""
    from ..generation.novelty import name_set

    if given is not None:
        names = given
    else:
        first, *others = (run.held_out_names for run in runs.values())
        common = set(first).intersection(*others)
        names = [name for name in first if name in common]
        if not names:
            raise CorpusError(f"the runs have no held-out name in common. {remedy}")
    for name, run in runs.items():
        if run.training_set is None:
            warn(f"{name} has no training list; it may have been trained on the names.")
            continue
        trained, before = name_set(run.training_set), len(names)
        names = [one for one in names if one not in trained]
        if left_out := before - len(names):
            warn(f"{left_out:,} names are left out: {name} was trained on them.")
    if not names:
        raise CorpusError(f"some run was trained on every one of the names. {remedy}")
    return names


def _text(
    runs: Mapping[str, Run],
    given: Sequence[str] | str | None,
    warn: Callable[[str], None],
    remedy: str,
) -> str:
    """Return text that no run was trained on."""
    if isinstance(given, str):
        warn("it is not checked whether a run was trained on some of the text.")
        return given
    texts = {run.held_out_text for run in runs.values()}
    if len(texts) > 1 or texts == {""}:
        raise CorpusError(f"the runs did not hold out the same text. {remedy}")
    return texts.pop()


def _measures(
    name: str,
    model: NameModel,
    names: Sequence[str],
    run: Run,
    samples: int,
    seed: int,
    warn: Callable[[str], None],
) -> dict[str, Any]:
    """Return the other measures of a model, and the notes on them."""
    from ..evaluation import measure

    train, canaries = run.training_set, run.facts.canaries
    try:
        found = measure(model, names, train=train, canaries=canaries, samples=samples, seed=seed)
    except CharloomError as error:
        warn(f"{name} has no other measures: {error}")
        return {}
    data = found.to_dict()
    shown = [one for one in data["measures"] if not one["name"].startswith(NEEDLESS)]
    return {"measures": shown, "notes": data["notes"]}
