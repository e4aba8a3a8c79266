"""``charloom score``: how likely each string is."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click

from ..errors import VocabularyError
from .options import Whole, files, json_option, run_argument, to_line
from .sources import Source, reading_options, warn

if TYPE_CHECKING:
    from ..generation.model import LanguageModel
    from ..run import Run

MOST_WORKERS = 4096
"""Threads that may be asked for, at most."""

BLOCK = 1 << 18
"""Strings that are scored before their scores are printed."""


@click.command("score")
@run_argument
@click.argument("file", default="-", metavar="[FILE]", shell_complete=files)
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
@click.option(
    "--workers",
    type=Whole(1, MOST_WORKERS),
    metavar="N",
    help="Threads that score strings, one for each core by default. The scores are the same.",
)
@reading_options
@json_option
def command(
    run: Run,
    file: str,
    source: Source,
    unknown: str,
    explain: bool,
    workers: int | None,
    as_json: bool,
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
    if explain and workers is not None:
        raise click.UsageError("--workers is for scores alone. Leave out --explain.")
    if unknown == "error":  # refused before anything is printed
        try:
            for low in range(0, len(texts), BLOCK):
                spelled = map(model.vocabulary.normalised, texts[low : low + BLOCK])
                model.vocabulary.encode_all(spelled)
        except VocabularyError as error:
            raise VocabularyError(f"{error} Or add --unknown inf, which prints inf.") from None
    if explain:
        from .explained import print_explanations

        print_explanations(model, texts, as_json=as_json)
        return
    if len(texts) <= BLOCK:
        _print_scores(model, texts, unknown, workers, as_json=as_json)
        return
    from .progress_bar import progress_bar

    with progress_bar("scoring") as show:
        for low in range(0, len(texts), BLOCK):
            show("scoring", low / len(texts))
            block = texts[low : low + BLOCK]
            _print_scores(model, block, unknown, workers, as_json=as_json)


def _print_scores(
    model: LanguageModel, texts: list[str], unknown: str, workers: int | None, *, as_json: bool
) -> None:
    """Print the score of each string, or what stands for that of one with unknown characters."""
    spelled = map(model.vocabulary.normalised, texts)
    seen = [unknown == "error" or not model.vocabulary.unknown(text) for text in spelled]
    known = [text for text, good in zip(texts, seen, strict=True) if good]
    nats = iter(model.nll(known, workers).tolist())
    out = sys.stdout
    for text, good in zip(texts, seen, strict=True):
        value = next(nats) if good else math.inf
        if as_json:
            out.write(to_line({"text": text, "nats": round(value, 6) if good else None}))
        else:
            out.write(f"{value:.6f}\t{text}\n")
    out.flush()
