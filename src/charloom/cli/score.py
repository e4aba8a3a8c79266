"""``charloom score``: how likely each string is."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

import click

from .options import json_option, reading_options, run_argument

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
    help="For a string with a character that the model never saw: stop, or print inf.",
)
@click.option(
    "--explain",
    "explaining",
    is_flag=True,
    help="Print each character's probability, the alternatives, and the nearest training string.",
)
@reading_options
@json_option
def command(
    run: Run,
    file: str,
    unknown: str,
    reading: dict[str, Any],
    explaining: bool,
    as_json: bool,
) -> None:
    """Print the negative log-likelihood of each string in FILE, a tab, and the string.

    The unit is nats: -log of the probability that the model in RUN gives the whole string, its end
    included. Lower is likelier. FILE is read from standard input if it is - or left out. Blank
    lines are skipped, repeats are kept. With --json each line is an object: text and nats (null for
    inf); with --explain also given (a first character that the model cannot predict), steps and
    nearest.

    A model of running text scores how likely a text is to begin with the string; use evaluate to
    measure it on whole texts.
    """
    from ..api import load
    from ..data.names import read_texts

    model = load(run)
    texts = read_texts(file, **reading)
    known = [not model.vocabulary.unknown(text) for text in texts] if unknown == "inf" else []
    if explaining:
        from .explained import print_explanations

        for text in texts if unknown == "error" else ():
            model.vocabulary.encode(text)  # refuses before anything is printed
        print_explanations(model, texts, as_json=as_json)
        return
    scored = [t for t, good in zip(texts, known, strict=True) if good] if known else texts
    nats = iter(model.nll(scored).tolist())
    out = sys.stdout
    for i, text in enumerate(texts):
        value = next(nats) if not known or known[i] else None
        if as_json:
            fields = {"text": text, "nats": None if value is None else round(value, 6)}
            out.write(json.dumps(fields, ensure_ascii=False) + "\n")
        else:
            out.write(f"{math.inf if value is None else value:.6f}\t{text}\n")
    out.flush()
