"""``charloom explore --as text``: what running text looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..data.text_statistics import TextDescription, describe_text
from .explore_page import captured_page, print_characters
from .options import say, to_json
from .sources import Source

if TYPE_CHECKING:
    from rich.console import Console


def show(source: Source, *, as_json: bool) -> None:
    """Read the text and print its statistics, for people or as JSON.

    Raises:
        click.UsageError: there is no SOURCE, or an option for names was given.
    """
    if not source.paths:
        raise click.UsageError("--as text needs a SOURCE; the built-in list holds names.")
    corpus = source.text(source.unit or "character", documents=source.documents)
    description = describe_text(corpus)
    for warning in corpus.report.warnings:
        say(f"warning: {warning}")
    if as_json:
        click.echo(to_json(description.to_dict()))
    else:
        click.echo(captured_page(lambda console: _print(console, description)), nl=False)


def _print(console: Console, d: TextDescription) -> None:
    console.print(f"Text from {', '.join(d.sources)}", style="bold", soft_wrap=True)
    facts = {
        "text": f"{d.text_length:,} {d.unit}s, {len(d.characters):,} distinct",
        "documents": f"{d.documents:,}",
        "lines": f"{d.lines:,}, {d.empty_lines:,} of them empty",
        "longest": f"{d.longest:,} {d.unit}s",
        "mean length": f"{d.mean:.2f}, of lines that are not empty",
    }
    for name, value in facts.items():
        console.print(f"  {name:<11}  {value}", soft_wrap=True)
    print_characters(console, d.unit, d.frequencies, d.text_length, ["boundary", *d.characters])
