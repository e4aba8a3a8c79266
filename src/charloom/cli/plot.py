"""``charloom plot``: figures of a run: its training, its names, what its model does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..config import MOST_SAMPLES
from ..reporting.figures import FIGURES
from ..reporting.figures.model import DRAWS, TEMPERATURES
from .options import Numbers, Whole, json_option, path_option, run_path_argument, say, to_json

COMPARED = ("letters", "pairs", "drawn-lengths", "distances")
"""Figures that compare samples with real names."""

OPTIONS = {
    "temperatures": ("sweep",),
    "n": ("sweep", *COMPARED),
    "start": ("sweep", *COMPARED),
    "text": ("next", "units"),
}
"""Which figures each option is for."""


@click.command("plot")
@run_path_argument
@click.option(
    "--what",
    type=click.Choice(list(FIGURES)),
    help="Figure to plot; without it, all figures are listed.",
)
@path_option("--out", help="Output file: .png, .svg or .pdf.")
@click.option(
    "--temperatures",
    type=Numbers("[0, 100]"),
    help=f"sweep: sampling temperatures; by default {','.join(f'{t:g}' for t in TEMPERATURES)}.",
)
@click.option(
    "-n",
    "--n",
    type=Whole(1, MOST_SAMPLES),
    help=f"Number of samples; sweep: at each temperature, {DRAWS} by default.",
)
@click.option("--start", help="Start of each sample, in figures of samples.")
@click.option(
    "--text",
    multiple=True,
    metavar="NAME",
    help="next, units: string to show the model on; may be repeated for units. By default held-out "
    "strings.",
)
@json_option
def command(
    run_path: Path, what: str | None, out: Path | None, as_json: bool, **options: Any
) -> None:
    """Plot a figure of the training, the names or the model in RUN.

    Plotting needs the plot extra. With --json the figure's data are printed, and --out may be left
    out.
    """
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in given:
        if what not in OPTIONS[name]:
            figures = " or ".join(OPTIONS[name])
            raise click.UsageError(f"--{name} is for --what {figures}. Add that, or leave it out.")
    if what == "next" and len(given.get("text", ())) > 1:
        raise click.UsageError("--what next takes one string. Pass one --text.")
    if what is None and out is not None:
        raise click.UsageError(f"--out needs a figure: --what {', '.join(FIGURES)}.")
    if what is not None and out is None and not as_json:
        raise click.UsageError("--what needs --out FILE.png, or --json for the figure's data.")
    if out is not None:
        from ..reporting.plots import check

        check(out)

    from ..api import load
    from ..reporting.figures import draw, figure_data
    from ..reporting.subject import subject_of
    from ..run import Run

    run = Run.open(run_path)
    if what is None:
        lines = "\n".join(f"{name:<15}{text}" for name, text in FIGURES.items())
        click.echo(to_json(FIGURES) if as_json else lines)
        return
    data = figure_data(subject_of(run, load(run.measured)), what, **given)
    if out is not None:
        from ..reporting.plots import save

        save(draw(what, data), out)
        say(f"Written to {out}")
    if as_json:
        click.echo(to_json(data))
