"""``charloom card``: a run's model card, the README of its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import MOST_SAMPLES
from .options import (
    Whole,
    json_option,
    path_option,
    run_argument,
    sampling_seed_option,
    say,
    to_json,
)
from .progress_bar import progress_bar
from .report import check_source, say_left_out, source_option

if TYPE_CHECKING:
    from ..run import Run

README = "README.md"


@click.command("card")
@run_argument
@path_option("--out", help="Output file; RUN/README.md by default, - for standard output.")
@click.option(
    "--force",
    is_flag=True,
    help="Overwrite FILE even if it is not a model card written by charloom.",
)
@source_option
@click.option(
    "--samples",
    type=Whole(0, MOST_SAMPLES),
    help="Number of samples; 10,000 names or 20,000 characters of text by default.",
)
@sampling_seed_option
@json_option
def command(
    run: Run,
    out: Path | None,
    force: bool,
    source_files: tuple[str, ...],
    samples: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Write a model card of RUN: what it is, how good it is, and what it is not for.

    The card counts the training names but quotes none of them. With --json, the card's data are
    printed and no file is written.
    """
    from ..api import load
    from ..reporting.card import card_data, check_place, to_markdown, write_card
    from ..reporting.gathered import gather
    from ..reporting.subject import subject_of

    model = load(run.measured)
    check_source(run, source_files)
    place = run.path / README if out is None else out
    prints = as_json or str(place) == "-"
    if not prints:
        check_place(place, force=force)
    with progress_bar() as bar:
        found = gather(
            subject_of(run, model), sources=source_files, samples=samples, seed=seed, progress=bar
        )
    data = card_data(found)
    say_left_out(data["left_out"])
    text = to_json(data) + "\n" if as_json else to_markdown(data)
    if prints:
        click.echo(text, nl=False)
        return
    write_card(place, text, force=force)
    say(f"Written to {place}")
