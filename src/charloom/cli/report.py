"""``charloom report``: a run as one page for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import data_option, draw_seed_option, reading_options, run_path_argument, say
from .watched import watched

if TYPE_CHECKING:
    from ..run import Run

SAMPLES = 10_000


@click.command("report")
@run_path_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    required=True,
    help="Output file, ending in .html.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE even if it is not a report.")
@data_option("measure")
@click.option(
    "--source",
    multiple=True,
    metavar="FILE",
    help="Text that RUN was trained on, to search for copies, if it has moved since; may be "
    "repeated.",
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    default=SAMPLES,
    show_default=True,
    help="Names to sample for the metrics; a text model always samples 20,000 characters.",
)
@click.option("--start", default="", help="Start of the samples, if the model needs one.")
@draw_seed_option
@reading_options
def command(
    run_path: Path,
    out: Path,
    force: bool,
    data: tuple[str, ...],
    source: tuple[str, ...],
    samples: int,
    start: str,
    seed: int,
    reading: dict[str, Any],
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
    if source and not run.is_text:
        raise click.UsageError("--source is for running text; RUN has its training names with it.")
    held_out = _read(data, run, reading) if data else None
    subject = subject_of(run, load(run))
    with watched() as progress:
        found = gather(
            subject,
            held_out=held_out,
            sources=source,
            encoding=reading.get("encoding"),
            samples=None if run.is_text else samples,
            seed=seed,
            start=start,
            progress=lambda what, share: progress(what, 0.7 * share),
        )
        content = illustrate(found, subject, lambda what, share: progress(what, 0.7 + 0.3 * share))
        size = write_page(content, out)
    for what, why in found.left_out.items():
        say(f"left out: {what}: {why}")
    say(f"Written to {out} ({kilobytes(size)})")


def _read(data: tuple[str, ...], run: Run, reading: dict[str, Any]) -> Any:
    if run.is_text:
        return _text(data, run, reading)
    from ..data.names import NameCorpus

    return NameCorpus.read(*data, unit=run.vocabulary.token_unit, **reading).names


def _text(files: tuple[str, ...], run: Run, reading: dict[str, Any]) -> Any:
    from ..data.text import TextCorpus
    from .text_output import refuse_options

    refuse_options(
        "running text, which RUN was trained on",
        ("run_path", "out", "force", "data", "source", "samples", "start", "seed", "encoding"),
    )
    unit, encoding = run.vocabulary.token_unit, reading.get("encoding")
    return TextCorpus.read(*files, unit=unit, encoding=encoding)
