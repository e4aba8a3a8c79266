"""Options and arguments that several commands share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def run_argument(function: F) -> F:
    """The run folder of a trained model."""
    return click.argument("run", type=click.Path(path_type=Path), metavar="RUN")(function)


def json_option(function: F) -> F:
    """Print JSON for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(
        function
    )


def reading_options(function: F) -> F:
    """How a source is read."""
    options = (
        click.option("--column", help="Column of a .csv or .tsv: its name or number."),
        click.option("--field", help="Field of a .jsonl's objects."),
        click.option("--encoding", help="Encoding of the text; UTF-8 if not given."),
        click.option(
            "--max-line",
            type=click.IntRange(1),
            metavar="BYTES",
            help="Longest line that is accepted; 65536 if not given.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def reading(
    column: str | None, field: str | None, encoding: str | None, max_line: int | None
) -> dict[str, Any]:
    """Return the options of ``reading_options`` as arguments for ``Corpus.read``."""
    given = {"column": column, "field": field, "encoding": encoding, "max_line_bytes": max_line}
    return {name: value for name, value in given.items() if value is not None}


def to_json(data: Any) -> str:
    """Write plain data as JSON that people can read too, text as it is."""
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)


def say(message: str) -> None:
    """Tell the user something that is not a result: on stderr."""
    click.echo(message, err=True)
