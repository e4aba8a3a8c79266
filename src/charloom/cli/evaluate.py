"""``charloom evaluate``: a model's likelihood on names that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import json_option, reading_options, run_argument, to_json


@click.command("evaluate")
@run_argument
@click.option(
    "--data",
    metavar="FILE",
    help="Names to measure on (- is standard input); the run's own held-out names if not given.",
)
@reading_options
@json_option
def command(
    run: Path,
    data: str | None,
    reading: dict[str, Any],
    as_json: bool,
) -> None:
    """Measure the model in RUN on names that it has not seen.

    A name's end counts as a character. Names with characters that the model never saw have no
    finite likelihood: they are counted and left out.
    """
    from ..api import held_out_names, load
    from ..corpus import Corpus
    from ..evaluation import likelihood

    model = load(run)
    if data is None:
        names = held_out_names(run)
    else:
        names = Corpus.read(data, unit=model.vocabulary.unit, **reading).names
    result = likelihood(model, names).to_dict()
    if as_json:
        click.echo(to_json(result))
        return
    width = max(map(len, result))
    for name, value in result.items():
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
        click.echo(f"{name.replace('_', ' '):<{width}}  {shown:>12}")
