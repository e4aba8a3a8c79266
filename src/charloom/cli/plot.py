"""``charloom plot``: figures of a run: its training, its names, what its model does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..reporting.figures import FIGURES
from ..reporting.figures.model import DRAWS, TEMPERATURES
from .drawing import Temperature
from .options import json_option, run_path_argument, say, to_json

COMPARED = ("letters", "pairs", "drawn-lengths", "distances")
"""Figures of what is drawn, beside what is real."""

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
    help="Figure to plot; without it, the figures are listed.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Output file: .png, .svg or .pdf.",
)
@click.option(
    "--temperatures",
    type=Temperature(),
    help=f"sweep: those to draw at; {','.join(f'{t:g}' for t in TEMPERATURES)} if not given.",
)
@click.option(
    "-n", "--n", type=int, help=f"Draws; for sweep at each temperature, {DRAWS} if not given."
)
@click.option("--start", help="Start of each sample, for figures of samples.")
@click.option(
    "--text",
    multiple=True,
    metavar="NAME",
    help="next, units: strings to read; for units it may be repeated. Held-out strings by default.",
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
        raise click.UsageError("--what next reads one string. Give one --text.")
    if what is None and out is not None:
        raise click.UsageError(f"--out needs a figure: --what {', '.join(FIGURES)}.")
    if what is not None and out is None and not as_json:
        raise click.UsageError("a figure needs a file: --out FILE.png. Or --json, for its data.")
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
    data = figure_data(subject_of(run, load(run)), what, **given)
    if out is not None:
        from ..reporting.plots import save

        save(draw(what, data), out)
        say(f"Drawn to {out}")
    if as_json:
        click.echo(to_json(data))
