"""``charloom score``: how likely each string is."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click

from .options import json_option, run_argument, to_line
from .sources import Source, reading_options, warn

if TYPE_CHECKING:
    from ..run import Run


@click.command("score")
@run_argument
@click.argument("file", default="-", metavar="[FILE]")
@click.option(
    "--unknown",
    type=click.Choice(["error", "inf"]),
    default="error",
    show_default=True,
    help="What to do with a string that has a character the model never saw: stop with an error, "
    "or print inf.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Print each character's probability, the alternatives, and the nearest training string.",
)
@reading_options
@json_option
def command(
    run: Run, file: str, source: Source, unknown: str, explain: bool, as_json: bool
) -> None:
    """Print the negative log-likelihood of each string in FILE, a tab, and the string.

    The score is -log p in nats, where p is the probability of the whole string, its end included,
    under the model in RUN. Lower means more likely. Without FILE, or with -, standard input is
    read. Blank lines are skipped, repeats are kept. With --json each line is an object: text and
    nats (null for inf); with --explain also given (a first character that the model cannot
    predict), steps and nearest.

    For a model of running text, p is the probability that a text begins with the string; to
    measure the model on whole texts, use `charloom evaluate`.
    """
    from ..api import load
    from ..data.lists import read_texts

    model, source = load(run), source.alike(run)
    texts = read_texts(file, warn=warn, **source.how)
    if explain:
        from .explained import print_explanations

        for text in map(model.vocabulary.normalised, texts if unknown == "error" else ()):
            model.vocabulary.encode(text)  # refuses before anything is printed
        print_explanations(model, texts, as_json=as_json)
        return
    spelled = map(model.vocabulary.normalised, texts)
    seen = [unknown == "error" or not model.vocabulary.unknown(text) for text in spelled]
    nats = iter(model.nll([text for text, good in zip(texts, seen, strict=True) if good]).tolist())
    out = sys.stdout
    for text, good in zip(texts, seen, strict=True):
        value = next(nats) if good else math.inf
        if as_json:
            out.write(to_line({"text": text, "nats": round(value, 6) if good else None}))
        else:
            out.write(f"{value:.6f}\t{text}\n")
    out.flush()
