"""``charloom compare``: several models on the same unseen names, or text, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import MOST_SAMPLES
from ..reporting.format import interval, number, p_value
from .options import Whole, aligned, json_option, put, sampling_seed_option, say, to_json
from .progress_bar import progress_bar
from .sources import Source, data_option, reading_options, refuse_options

if TYPE_CHECKING:
    from ..run import Run

SAMPLES = 2000


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
    from ..reporting.compared import compare_runs

    kinds = {run.is_text for run in runs.values()}
    if len(kinds) > 1:
        raise click.UsageError("some runs were trained on names, others on text. Pass one kind.")
    if kinds == {True} and not source.paths:
        refuse_options()
    return compare_runs(
        runs,
        {name: load(run.measured) for name, run in runs.items()},
        _given(runs, source) if source.paths else None,
        data=", ".join(source.paths),
        samples=samples,
        seed=seed,
        warn=lambda line: say(f"warning: {line}"),
        tell=tell,
    )


def _given(runs: Mapping[str, Run], source: Source) -> Sequence[str] | str:
    """Return the names, or the text, of ``--data``."""
    first = next(iter(runs.values()))
    if not first.is_text:
        return list(source.unseen("character").names)
    from ..data.text import decoded

    documents = first.facts.corpus.get("divided")
    text = source.text(first.vocabulary.token_unit, documents=documents)
    return decoded(text.vocabulary, text.ids(0, len(text)), ends=text.has_ends)


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
