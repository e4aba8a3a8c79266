"""``charloom card``: a run's model card, the README of its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import draw_seed_option, json_option, run_argument, say, to_json
from .watched import watched

if TYPE_CHECKING:
    from ..run import Run

README = "README.md"


@click.command("card")
@run_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Output file; RUN/README.md by default, - for standard output.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Overwrite FILE even if it is not a model card written by charloom.",
)
@click.option(
    "--source",
    multiple=True,
    metavar="FILE",
    help="Text that RUN was trained on, if it has moved since; may be repeated.",
)
@click.option(
    "--samples",
    type=click.IntRange(0),
    help="Number of samples; 10,000 names or 20,000 characters of text by default.",
)
@draw_seed_option
@json_option
def command(
    run: Run,
    out: Path | None,
    force: bool,
    source: tuple[str, ...],
    samples: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Write a model card of RUN: what it is, how good it is, and what it is not for.

    The card gives counts of the training data and none of its names. With --json, the card's data
    go to standard output and no file is written.
    """
    from ..api import load
    from ..reporting.card import card_data, check_place, to_markdown, write_card
    from ..reporting.gathered import gather
    from ..reporting.subject import subject_of

    model = load(run)
    if source and not run.is_text:
        raise click.UsageError("--source is for running text; RUN has its training names with it.")
    place = run.path / README if out is None else out
    prints = as_json or str(place) == "-"
    if not prints:
        check_place(place, force=force)
    with watched() as bar:
        found = gather(
            subject_of(run, model), sources=source, samples=samples, seed=seed, progress=bar
        )
    data = card_data(found)
    for what, why in data["left_out"].items():
        say(f"left out: {what}: {why}")
    if as_json:
        click.echo(to_json(data))
        return
    text = to_markdown(data)
    if prints:
        click.echo(text, nl=False)
        return
    write_card(place, text, force=force)
    say(f"Written to {place}")
