"""``charloom score``: how likely each string is."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import click

from .options import reading_options, run_argument


@click.command("score")
@run_argument
@click.argument("file", default="-", metavar="[FILE]")
@click.option(
    "--unknown",
    type=click.Choice(["error", "inf"]),
    default="error",
    show_default=True,
    help="A string with a character that the model never saw: stop, or print inf for it.",
)
@reading_options
def command(
    run: Path,
    file: str,
    unknown: str,
    reading: dict[str, Any],
) -> None:
    """Print the nats of each string of FILE, a tab, and the string.

    Nats are -log of the probability that the model in RUN gives the whole string, its end
    included: the lower, the likelier. FILE is read from standard input if it is - or left out.
    Blank lines are skipped; repeats stay.
    """
    from ..api import load
    from ..corpus import read_texts

    model = load(run)
    texts = read_texts(file, **reading)
    known = [not model.vocabulary.unknown(text) for text in texts] if unknown == "inf" else []
    scored = [t for t, good in zip(texts, known, strict=True) if good] if known else texts
    nats = iter(model.score(scored).tolist())
    out = sys.stdout
    for i, text in enumerate(texts):
        value = next(nats) if not known or known[i] else math.inf
        out.write(f"{value:.6f}\t{text}\n")
    out.flush()
