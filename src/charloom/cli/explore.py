"""``charloom explore``: what a list of names looks like before a model is trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .explore_page import captured_page, more, print_bars, print_characters
from .options import json_option, path_option, say, to_json
from .sources import (
    Source,
    documents_option,
    form_option,
    reading_options,
    source_arguments,
    weight_options,
)

if TYPE_CHECKING:
    from rich.console import Console

    from ..data.statistics import Description

ROWS = 24
"""Bars of the histogram of lengths, at most."""

REPEATED = 20
"""Names that are shown of those that occur more than once."""

LONGEST = 100
"""Code points of a name that are shown."""


@click.command("explore")
@source_arguments
@form_option
@documents_option
@path_option("--plot", help="Also plot lengths and frequencies to FILE: .png, .svg or .pdf.")
@weight_options
@reading_options
@json_option
def command(source: Source, plot: Path | None, as_json: bool) -> None:
    """Show what the names or the text in SOURCE look like: lengths, repeats, characters, their ids.

    SOURCE is read as in `charloom train`; by default it is the built-in list of dinosaurs.
    Character counts are of all names, repeats included, joined by newlines. Of running text, lines
    are counted instead of names. With weights, the heaviest names are listed, and each name counts
    once.
    """
    if source.form == "text":
        if plot is not None:
            raise click.UsageError("--plot is for names, not for running text. Leave it out.")
        from .explore_text import show

        show(source, as_json=as_json)
        return
    if source.documents is not None:
        raise click.UsageError("--documents is for text. Add --as text.")
    if plot is not None:
        from ..reporting.plots import check

        check(plot)

    from ..data.names import NameCorpus, read_with_repeats
    from ..data.statistics import describe

    if source.has_weights:
        corpus = source.names(source.unit)
    elif source.paths:
        corpus = read_with_repeats(*source.paths, unit=source.unit, **source.how)
    else:
        corpus = NameCorpus.builtin(unit=source.unit, repeats=True)
    description = describe(corpus)
    for warning in corpus.report.warnings:
        say(f"warning: {warning}")
    if plot is not None:
        from ..reporting.plots import explore_figure, save

        save(explore_figure(description), plot)
        say(f"Written to {plot}")
    click.echo(to_json(description.to_dict()) if as_json else _page(description), nl=as_json)


def _page(description: Description) -> str:
    """Return what people read; the titles are bold on a terminal."""
    return captured_page(lambda console: _print(console, description))


def _print(console: Console, d: Description) -> None:
    from rich.padding import Padding

    from ..data.statistics import binned

    def title(text: str) -> None:
        console.print(f"\n{text}", style="bold", soft_wrap=True)

    facts = {
        "text": f"{d.text_length:,} {d.unit}s, {d.distinct:,} distinct (newline counted)",
        "names": f"{d.names:,}, {d.distinct_names:,} distinct; "
        f"{d.duplicates:,} duplicate, {d.blank:,} blank lines left out",
        "longest": f"{d.longest:,} {d.unit}s, {d.longest_row:,} with its end: "
        f"{_cut(d.longest_name)}",
        "shortest": f"{d.shortest:,}",
        "mean length": f"{d.mean:.2f}",
    }
    console.print(f"Names from {', '.join(d.sources)}", style="bold", soft_wrap=True)
    for name, value in facts.items():
        console.print(f"  {name:<11}  {value}", soft_wrap=True)
    title("First lines")
    for line in d.first_lines:
        console.print(f"  {_cut(line)}", soft_wrap=True)
    if d.weights:
        title(f"Names by weight, {sum(d.weights.values()):,.6g} in all")
        heaviest = list(d.weights.items())[:REPEATED]
        shown = [f"{_cut(name)} ({weight:,.6g})" for name, weight in heaviest]
        text = ", ".join(shown) + more(len(d.weights) - len(shown))
        console.print(Padding(text, (0, 0, 0, 2)))
    if d.repeated:
        title("Names that occur more than once")
        shown = [f"{_cut(name)} ({count:,})" for name, count in list(d.repeated.items())[:REPEATED]]
        text = ", ".join(shown) + more(len(d.repeated) - len(shown))
        console.print(Padding(text, (0, 0, 0, 2)))
    title(f"Names by length in {d.unit}s")
    bins = binned(d.lengths, ROWS)
    spans = [f"{low:,}" if low == high else f"{low:,}-{high:,}" for low, high, _ in bins]
    wide = max(map(len, spans))
    print_bars(
        console,
        [(f"{span:>{wide}}", n) for span, (*_, n) in zip(spans, bins, strict=True)],
        d.names,
    )
    print_characters(console, d.unit, d.frequencies, d.text_length, d.characters)


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."
