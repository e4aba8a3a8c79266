"""``charloom compare``: several models on the same unseen names, or text, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..reporting.format import interval, number, p_value
from .options import (
    data_option,
    draw_seed_option,
    json_option,
    reading_options,
    say,
    to_json,
)
from .watched import watched

if TYPE_CHECKING:
    from ..evaluation.compare import Comparison
    from ..generation import NameModel
    from ..run import Run

SAMPLES = 2000
FEW = 30
"""Names below which a comparison tells little."""

NEEDLESS = ("nats_per_char", "bits_per_char", "perplexity_per_char")
"""How the names of measures begin that the comparison itself gives, and pairwise."""


@click.command("compare")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="RUN_A RUN_B...")
@data_option("compare", held_out="every run")
@click.option(
    "--samples",
    type=click.IntRange(0),
    default=SAMPLES,
    show_default=True,
    help="Names sampled from each model for the other metrics; 0: none.",
)
@draw_seed_option
@reading_options
@json_option
def command(
    paths: tuple[Path, ...],
    data: tuple[str, ...],
    samples: int,
    seed: int,
    reading: dict[str, Any],
    as_json: bool,
) -> None:
    """Find out which of several runs best predicts names, or text, that none was trained on.

    All runs are measured on the same names: those in FILE, or those that every run held out. Names
    that a run was trained on would favour it and are left out. Differences to the best run are
    paired, name by name. A run is called the best only if its difference to every other run is
    significant.
    """
    from ..run import Run

    if len(paths) < 2:
        raise click.UsageError("there must be two runs to compare, or more.")
    if len({path.resolve() for path in paths}) < len(paths):
        raise click.UsageError("a run is named twice. Name each once.")
    runs = dict(zip(_short(paths), map(Run.open, paths), strict=True))
    with watched() as tell:
        result = _compare(runs, data, samples, seed, reading, tell)
    if as_json:
        click.echo(to_json(result))
        return
    _show(result)


def _compare(
    runs: Mapping[str, Run],
    data: tuple[str, ...],
    samples: int,
    seed: int,
    reading: dict[str, Any],
    tell: Callable[[str, float], None],
) -> dict[str, Any]:
    from ..api import load
    from ..evaluation.compare import compare_names, compare_text, spelt_by_all
    from ..generation import NameModel, TextModel

    for name, run in runs.items():
        if run.labels:
            say(f"warning: {name} was trained with labels; with them it would predict better.")
    if len({run.is_text for run in runs.values()}) > 1:
        raise click.UsageError("some runs were trained on names and some text. Compare one kind.")
    loaded = {name: load(run) for name, run in runs.items()}
    if texts := {name: model for name, model in loaded.items() if isinstance(model, TextModel)}:
        text, source = _text(runs, data, reading)
        return _result(runs, compare_text(texts, text, seed=seed), {}, source)
    models = {name: model for name, model in loaded.items() if isinstance(model, NameModel)}
    unseen, source = _names(runs, data, reading)
    tell("likelihood", 0.0)
    comparison = compare_names(models, unseen, seed=seed)
    unseen = spelt_by_all(models, unseen)
    if comparison.items < FEW:
        some = "one name is" if comparison.items == 1 else f"{comparison.items} names are"
        say(f"warning: {some} few to tell models apart by.")
    measures: dict[str, dict[str, Any]] = {}
    for place, name in enumerate(models if samples else ()):
        tell(name, (1 + place) / (1 + len(models)))
        measures[name] = _measures(name, models[name], unseen, runs[name], samples, seed)
    return _result(runs, comparison, measures, source)


def _names(
    runs: Mapping[str, Run], data: tuple[str, ...], reading: dict[str, Any]
) -> tuple[list[str], str]:
    """Return names that no run was trained on, and where they come from."""
    from ..data.names import NameCorpus
    from ..errors import CorpusError
    from ..generation.novelty import name_set

    if data:
        names, source = list(NameCorpus.read(*data, **reading).names), ", ".join(data)
    else:
        first, *others = (run.held_out_names for run in runs.values())
        common = [set(names) for names in others]
        names = [name for name in first if all(name in other for other in common)]
        source = "held out by every run"
        if not names:
            raise CorpusError(
                "there is no name that every run held out. Pass --data FILE with names that "
                "none has seen."
            )
    dropped: dict[str, int] = {}
    for run, one in runs.items():
        if one.training_set is None:
            say(f"warning: {run} does not say what it was trained on. It may know the names.")
            continue
        trained = name_set(one.training_set)
        kept = [name for name in names if name not in trained]
        if len(kept) < len(names):
            dropped[run] = len(names) - len(kept)
        names = kept
    for run, count in dropped.items():
        say(f"warning: {count:,} of the names are left out, for {run} was trained on them.")
    if not names:
        raise CorpusError(
            "every one of the names was trained on by a run. Pass --data FILE with names that "
            "none has seen."
        )
    return names, source


def _text(
    runs: Mapping[str, Run], data: tuple[str, ...], reading: dict[str, Any]
) -> tuple[str, str]:
    """Return text that no run was trained on, and where it comes from."""
    from ..data.text import TextCorpus
    from ..errors import CorpusError
    from .text_output import refuse_options

    allowed = ("paths", "data", "encoding", "samples", "seed", "as_json")
    refuse_options("running text, which the runs were trained on", allowed)
    if data:
        unit = next(iter(runs.values())).vocabulary.token_unit
        text = TextCorpus.read(*data, unit=unit, encoding=reading.get("encoding"))
        say("warning: whether a run was trained on some of the text is not checked.")
        return text.vocabulary.decode(text.ids(0, len(text))), ", ".join(data)
    texts = {run.held_out_text for run in runs.values()}
    if len(texts) > 1 or texts == {""}:
        raise CorpusError(
            "the runs did not hold out the same text. Pass --data FILE with text that none has "
            "seen."
        )
    return texts.pop(), "held out by every run"


def _measures(
    name: str,
    model: NameModel,
    names: Sequence[str],
    run: Run,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """Return the other measures of a model, and what is to be said of them."""
    from ..errors import CharloomError
    from ..evaluation import measure

    try:
        found = measure(
            model,
            names,
            train=run.training_set,
            canaries=run.facts.canaries,
            samples=samples,
            seed=seed,
        ).to_dict()
    except CharloomError as error:
        say(f"warning: {name} has no other measures: {error}")
        return {}
    return {
        "measures": [one for one in found["measures"] if not one["name"].startswith(NEEDLESS)],
        "notes": found["notes"],
    }


def _result(
    runs: Mapping[str, Run],
    comparison: Comparison,
    measures: Mapping[str, dict[str, Any]],
    source: str,
) -> dict[str, Any]:
    result = comparison.to_dict()
    for one in result["models"]:
        run = runs[one["name"]]
        one["run"] = str(run.path)
        one["kind"] = run.config.kind
        one |= {"measures": [], "notes": []} | measures.get(one["name"], {})
    text = any(run.is_text for run in runs.values())
    return {"of": "blocks of text" if text else "names", "data": source} | result


def _show(result: dict[str, Any]) -> None:
    """Print one column a run, one row a measure, and what follows."""
    models = result["models"]
    rows: list[tuple[str, list[str]]] = [
        ("", [model["name"] for model in models]),
        ("kind", [model["kind"] for model in models]),
        ("nats/char", [_interval(model["nats_per_char"], "nats") for model in models]),
        (
            "above the best",
            [_interval(m["difference"], "nats") if m["difference"] else "best" for m in models],
        ),
        ("p", ["" if m["p"] is None else p_value(m["p"]) for m in models]),
    ]
    kinds = {one["name"]: one for model in models for one in model["measures"]}
    for key, one in kinds.items():
        found = [{m["name"]: m for m in model["measures"]}.get(key) for model in models]
        reals = [_value(f["real"], f["unit"]) if f and f["real"] else "" for f in found]
        alike = len(set(reals)) == 1
        title = one["title"] + (f" (real: {reals[0]})" if alike and reals[0] else "")
        rows.append((title, ["-" if f is None else _interval(f, f["unit"]) for f in found]))
        if not alike:  # such as chance's part in each one's own calibration
            rows.append(("  real", reals))
    widths = [max(len(cells[i]) for _, cells in rows) for i in range(len(models))]
    title_width = max(len(title) for title, _ in rows)
    of, count = result["of"], result["items"]
    of = of.replace("names", "name").replace("blocks", "block") if count == 1 else of
    click.echo(f"on {count:,} {of}, {result['data']}; {result['characters']:,} characters")
    if result["without_first"]:
        click.echo("first characters are given, for a run cannot choose them")
    if result["left_out"]:
        what = "names" if result["of"] == "names" else "characters"
        click.echo(f"{result['left_out']:,} {what} left out, which a run cannot read")
    click.echo()
    for title, cells in rows:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo(f"{title:<{title_width}}  {'  '.join(padded)}".rstrip())
    click.echo()
    for note in dict.fromkeys(note for model in models for note in model["notes"]):
        click.echo(note)
    click.echo(result["verdict"])
    if len(models) > 2:
        click.echo("Intervals are of single pairs; p is corrected for all of them (Holm).")


def _interval(estimate: Mapping[str, float], unit: str) -> str:
    ends = interval(estimate["low"], estimate["high"], unit, exact=True)
    return f"{_value(estimate, unit)} ({ends})"


def _value(estimate: Mapping[str, float], unit: str) -> str:
    return number(estimate["value"], unit, exact=True)


def _short(runs: Sequence[Path]) -> list[str]:
    """Return what to call each run: the end of its path that tells it from the others."""
    parts = [run.resolve().parts for run in runs]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return list(map(str, runs))
