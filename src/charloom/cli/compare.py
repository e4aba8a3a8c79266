"""``charloom compare``: several models on the same unseen names, or text, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import MOST_SAMPLES
from ..errors import CharloomError, CorpusError
from ..reporting import describe
from ..reporting.format import interval, number, p_value
from .options import Whole, aligned, json_option, put, sampling_seed_option, say, to_json
from .progress_bar import progress_bar
from .sources import Source, data_option, reading_options, refuse_options

if TYPE_CHECKING:
    from ..generation import NameModel
    from ..run import Run

SAMPLES = 2000
FEW = 30
"""Names below which a comparison says little."""

NEEDLESS = ("nats_per_char", "bits_per_char", "perplexity_per_char")
"""How the names of measures begin that the comparison itself gives, and pairwise."""


@click.command("compare")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="RUN_A RUN_B...")
@data_option("compare", held_out="every run")
@click.option(
    "--samples",
    type=Whole(0, MOST_SAMPLES),
    default=SAMPLES,
    show_default=True,
    help="Names sampled from each model for the other measures; 0: none.",
)
@sampling_seed_option
@reading_options
@json_option
def command(
    paths: tuple[Path, ...], source: Source, samples: int, seed: int, as_json: bool
) -> None:
    """Find out which of several runs best predicts names, or text, that none was trained on.

    All runs are measured on the same names: those in --data FILE, or those that every run held out.
    Names that a run was trained on would favour it and are left out. Differences from the best run
    are paired, name by name. An n-gram that was refitted to all names is measured as it was before.
    A run is called the best only if it differs significantly from every
    other run.
    """
    from ..run import Run

    if len(paths) < 2:
        raise click.UsageError(f"a comparison needs two runs or more. Received: {len(paths)}")
    if len({path.resolve() for path in paths}) < len(paths):
        raise click.UsageError("the same run is given twice. Pass each run once.")
    runs = dict(zip(_short(paths), map(Run.open, paths), strict=True))
    source = source.alike(*runs.values())
    with progress_bar() as tell:
        result = _compare(runs, source, samples, seed, tell)
    if as_json:
        click.echo(to_json(result))
    else:
        _show(result)


def _compare(
    runs: Mapping[str, Run],
    source: Source,
    samples: int,
    seed: int,
    tell: Callable[[str, float], None],
) -> dict[str, Any]:
    """Compare the runs; return what ``--json`` prints."""
    from ..api import load
    from ..evaluation.compare import compare_names, compare_text, spelt_by_all
    from ..generation import NameModel, TextModel

    for name, run in runs.items():
        if run.labels:
            say(f"warning: {name} was trained with labels; with them it would predict better.")
        if describe.is_weighted(run.facts):
            say(f"warning: {name} was trained with weights; here each name counts once.")
    loaded = {name: load(run.measured) for name, run in runs.items()}
    texts = {name: model for name, model in loaded.items() if isinstance(model, TextModel)}
    models = {name: model for name, model in loaded.items() if isinstance(model, NameModel)}
    if texts and models:
        raise click.UsageError("some runs were trained on names, others on text. Pass one kind.")
    measures: dict[str, dict[str, Any]] = {}
    if texts:
        comparison = compare_text(texts, _text(runs, source), seed=seed)
    else:
        unseen = _names(runs, source)
        tell("likelihood", 0.0)
        comparison = compare_names(models, unseen, seed=seed)
        if comparison.items < FEW:
            some = "1 name is" if comparison.items == 1 else f"{comparison.items} names are"
            say(f"warning: {some} too few to compare models well.")
        unseen = spelt_by_all(models, unseen)
        for place, name in enumerate(models if samples else ()):
            tell(name, (1 + place) / (1 + len(models)))
            measures[name] = _measures(name, models[name], unseen, runs[name], samples, seed)
    result = comparison.to_dict()
    for one in result["models"]:
        run = runs[one["name"]]
        one |= {"run": str(run.path), "kind": run.config.kind, "measures": [], "notes": []}
        one |= measures.get(one["name"], {})
    data = ", ".join(source.paths) or "held out by every run"
    return {"of": "blocks of text" if texts else "names", "data": data} | result


def _names(runs: Mapping[str, Run], source: Source) -> Sequence[str]:
    """Return names that no run was trained on."""
    from ..generation.novelty import name_set

    remedy = "Pass --data FILE with names that no run was trained on."
    if source.paths:
        names = list(source.unseen("character").names)
    else:
        first, *others = (run.held_out_names for run in runs.values())
        common = set(first).intersection(*others)
        names = [name for name in first if name in common]
        if not names:
            raise CorpusError(f"the runs have no held-out name in common. {remedy}")
    for name, run in runs.items():
        if run.training_set is None:
            say(f"warning: {name} has no training list; it may have been trained on the names.")
            continue
        trained, before = name_set(run.training_set), len(names)
        names = [one for one in names if one not in trained]
        if left_out := before - len(names):
            say(f"warning: {left_out:,} names are left out: {name} was trained on them.")
    if not names:
        raise CorpusError(f"some run was trained on every one of the names. {remedy}")
    return names


def _text(runs: Mapping[str, Run], source: Source) -> str:
    """Return text that no run was trained on."""
    if source.paths:
        from ..data.text import decoded

        first = next(iter(runs.values()))
        documents = first.facts.corpus.get("divided")
        text = source.text(first.vocabulary.token_unit, documents=documents)
        say("warning: it is not checked whether a run was trained on some of the text.")
        return decoded(text.vocabulary, text.ids(0, len(text)), ends=text.has_ends)
    refuse_options()
    texts = {run.held_out_text for run in runs.values()}
    if len(texts) > 1 or texts == {""}:
        raise CorpusError(
            "the runs did not hold out the same text. Pass --data FILE with text that no run was "
            "trained on."
        )
    return texts.pop()


def _measures(
    name: str, model: NameModel, names: Sequence[str], run: Run, samples: int, seed: int
) -> dict[str, Any]:
    """Return the other measures of a model, and the notes on them."""
    from ..evaluation import measure

    train, canaries = run.training_set, run.facts.canaries
    try:
        found = measure(model, names, train=train, canaries=canaries, samples=samples, seed=seed)
    except CharloomError as error:
        say(f"warning: {name} has no other measures: {error}")
        return {}
    data = found.to_dict()
    shown = [one for one in data["measures"] if not one["name"].startswith(NEEDLESS)]
    return {"measures": shown, "notes": data["notes"]}


def _show(result: dict[str, Any]) -> None:
    """Print one column a run, one row a measure, and what follows."""
    models = result["models"]
    rows: list[tuple[str, ...]] = [
        ("", *(model["name"] for model in models)),
        ("kind", *(model["kind"] for model in models)),
        ("nats/char", *(_estimate(model["nats_per_char"], "nats") for model in models)),
        ("above the best", *(_estimate(m["difference"], "nats", "best") for m in models)),
        ("p", *("" if m["p"] is None else p_value(m["p"]) for m in models)),
    ]
    kinds = {one["name"]: one for model in models for one in model["measures"]}
    for key, one in kinds.items():
        unit = one["unit"]
        found = [{m["name"]: m for m in model["measures"]}.get(key) for model in models]
        reals = [_value(f["real"], unit) if f and f["real"] else "" for f in found]
        alike = len(set(reals)) == 1
        title = one["title"] + (f" (real: {reals[0]})" if alike and reals[0] else "")
        rows.append((title, *(_estimate(f, unit, "-") for f in found)))
        if not alike:  # such as chance's part in each one's own calibration
            rows.append(("  real", *reals))
    of, count = result["of"], result["items"]
    of = of.replace("names", "name").replace("blocks", "block") if count == 1 else of
    put(f"on {count:,} {of}, {result['data']}; {result['characters']:,} characters")
    if result["without_first"]:
        click.echo("first characters are given, because a run cannot predict them")
    if result["left_out"]:
        what = "names" if result["of"] == "names" else "characters"
        click.echo(f"{result['left_out']:,} {what} left out: a run has not seen their characters")
    put("\n" + "\n".join(aligned(rows)) + "\n")
    for note in dict.fromkeys(note for model in models for note in model["notes"]):
        put(note)
    put(result["verdict"])
    if len(models) > 2:
        click.echo("Intervals are of single pairs; p is corrected for all pairs (Holm).")


def _estimate(estimate: Mapping[str, float] | None, unit: str, none: str = "") -> str:
    """Format a value with its interval; ``none`` if there is no value."""
    if estimate is None:
        return none
    ends = interval(estimate["low"], estimate["high"], unit, exact=True)
    return f"{_value(estimate, unit)} ({ends})"


def _value(estimate: Mapping[str, float], unit: str) -> str:
    return number(estimate["value"], unit, exact=True)


def _short(runs: Sequence[Path]) -> list[str]:
    """Return what to call each run: the shortest end of its path that no other run has."""
    parts = [run.resolve().parts for run in runs]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return list(map(str, runs))
