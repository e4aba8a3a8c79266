"""``charloom report``: a run as one page for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..config import MOST_SAMPLES
from .options import Whole, path_option, run_path_argument, sampling_seed_option, say
from .progress_bar import progress_bar
from .sources import Source, data_option, reading_options

if TYPE_CHECKING:
    from ..data.text import TextCorpus
    from ..run import Run

SAMPLES = 10_000

source_option = click.option(
    "--source",
    "source_files",
    multiple=True,
    metavar="FILE",
    help="Text that RUN was trained on, to search for copies, if its file has moved; may be "
    "repeated.",
)


@click.command("report")
@run_path_argument
@path_option("--out", required=True, help="Output file, ending in .html.")
@click.option("--force", is_flag=True, help="Overwrite FILE even if it is not a report.")
@data_option("measure")
@source_option
@click.option(
    "--samples",
    type=Whole(1, MOST_SAMPLES),
    default=SAMPLES,
    show_default=True,
    help="Names to sample for the measures; from a text model, 20,000 characters are always "
    "sampled.",
)
@click.option("--start", default="", help="Start of the samples, if the model needs one.")
@sampling_seed_option
@reading_options
def command(
    run_path: Path,
    out: Path,
    force: bool,
    source: Source,
    source_files: tuple[str, ...],
    samples: int,
    start: str,
    seed: int,
) -> None:
    """Write a page about RUN: its training data, quality, samples and internals.

    The page is a single file that works offline. It needs the plot extra. The same run and options
    give the same page.
    """
    from ..api import load
    from ..reporting.format import kilobytes
    from ..reporting.gathered import gather
    from ..reporting.plots import check_library
    from ..reporting.report import check_out, illustrate, write_page
    from ..reporting.subject import subject_of
    from ..run import Run

    check_out(out, force=force)
    check_library()
    run = Run.open(run_path)
    check_source(run, source_files)
    held_out: TextCorpus | Sequence[str] | None = None
    if source.paths:
        unit = run.vocabulary.token_unit
        if run.is_text:
            held_out = source.text(unit, documents=run.facts.corpus.get("divided"))
        else:
            held_out = source.alike(run).unseen(unit).names
    subject = subject_of(run, load(run.measured if held_out is None else run))
    with progress_bar() as progress:
        found = gather(
            subject,
            held_out=held_out,
            sources=source_files,
            encoding=source.how.get("encoding"),
            samples=None if run.is_text else samples,
            seed=seed,
            start=start,
            progress=lambda what, share: progress(what, 0.7 * share),
        )
        content = illustrate(found, subject, lambda what, share: progress(what, 0.7 + 0.3 * share))
        size = write_page(content, out)
    say_left_out(found.left_out)
    say(f"Written to {out} ({kilobytes(size)})")


def check_source(run: Run, files: Sequence[str]) -> None:
    """Refuse ``--source`` for names.

    Raises:
        click.UsageError: as said.
    """
    if files and not run.is_text:
        raise click.UsageError("--source is for running text. RUN holds its own training names.")


def say_left_out(left_out: Mapping[str, str]) -> None:
    """Say what could not be measured, and why."""
    for what, why in left_out.items():
        say(f"left out: {what}: {why}")
