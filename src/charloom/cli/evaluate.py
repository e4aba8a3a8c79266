"""``charloom evaluate``: a model's likelihood on names, or on text, that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import json_option, reading_options, run_argument, to_json

if TYPE_CHECKING:
    from ..generation import LanguageModel


@click.command("evaluate")
@run_argument
@click.option(
    "--data",
    multiple=True,
    metavar="FILE",
    help="Names, or text, to measure on (also .gz; - is standard input); may be repeated; what the "
    "run itself held out if not given.",
)
@reading_options
@json_option
def command(
    run: Path,
    data: tuple[str, ...],
    reading: dict[str, Any],
    as_json: bool,
) -> None:
    """Measure the model in RUN on names, or on running text, that it has not seen.

    A name's end counts as a character. Names with characters that the model never saw have no
    finite likelihood: they are counted and left out.

    Text is measured with all that came before each character, and once more in windows of 256
    characters that are read on their own. Characters that the model never saw are counted; it
    reads the text as if they were not there, unless it has learnt of rare ones (--min-count).
    """
    from ..api import load

    model = load(run)
    result = (_of_text if model.is_text else _of_names)(run, model, data, reading)
    if as_json:
        click.echo(to_json(result))
        return
    width = max(map(len, result))
    for name, value in result.items():
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
        click.echo(f"{name.replace('_', ' '):<{width}}  {shown:>12}")


def _of_names(
    run: Path, model: LanguageModel, data: tuple[str, ...], reading: dict[str, Any]
) -> dict[str, Any]:
    from ..api import held_out_names
    from ..corpus import Corpus
    from ..evaluation import likelihood

    if not data:
        return likelihood(model, held_out_names(run)).to_dict()
    return likelihood(
        model, Corpus.read(*data, unit=model.vocabulary.unit, **reading).names
    ).to_dict()


def _of_text(
    run: Path, model: LanguageModel, data: tuple[str, ...], reading: dict[str, Any]
) -> dict[str, Any]:
    from ..api import held_out_text
    from ..evaluation import text_likelihood
    from ..text import Text
    from .text_output import refuse_options

    refuse_options("running text, which RUN has learnt", ("run", "data", "encoding", "as_json"))
    if not data:
        return text_likelihood(model, held_out_text(run)).to_dict()
    from .progress import reading as watched

    unit, encoding = model.vocabulary.unit, reading.get("encoding")
    with watched() as progress:
        text = Text.read(*data, unit=unit, encoding=encoding, progress=progress)
    return text_likelihood(model, text).to_dict()
