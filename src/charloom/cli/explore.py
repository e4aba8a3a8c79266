"""``charloom explore``: what a list of names looks like before a model is trained on it."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import aligned, json_option, path_option, say, to_json
from .sources import Source, form_option, reading_options, source_arguments

if TYPE_CHECKING:
    from rich.console import Console

    from ..data.statistics import Description

ROWS = 24
"""Bars of the histogram of lengths, at most."""

MOST, LEAST = 15, 8
"""Characters that are shown: so many of the most and of the least frequent."""

IDS = 300
"""Ids that are shown; a list in a large script may have thousands."""

REPEATED = 20
"""Names that are shown of those that occur more than once."""

LONGEST = 100
"""Code points of a name that are shown."""


@click.command("explore")
@source_arguments
@form_option
@path_option("--plot", help="Also plot lengths and frequencies to FILE: .png, .svg or .pdf.")
@reading_options
@json_option
def command(source: Source, plot: Path | None, as_json: bool) -> None:
    """Show what the names or the text in SOURCE look like: lengths, repeats, characters, their ids.

    SOURCE is read as in `charloom train`; by default it is the built-in list of dinosaurs.
    Character counts are of all names, repeats included, joined by newlines. Of running text, lines
    are counted instead of names.
    """
    if source.form == "text":
        if plot is not None:
            raise click.UsageError("--plot is for names, not for running text. Leave it out.")
        from .explore_text import show

        show(source, as_json=as_json)
        return
    if plot is not None:
        from ..reporting.plots import check

        check(plot)

    from ..data.names import NameCorpus, read_with_repeats
    from ..data.statistics import describe

    if source.paths:
        corpus = read_with_repeats(*source.paths, unit=source.unit, **source.how)
    else:
        corpus = dataclasses.replace(NameCorpus.builtin(repeats=True), unit=source.unit)
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


def captured_page(draw: Callable[[Console], None]) -> str:
    """Return what ``draw`` prints, without spaces at the ends of lines."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        draw(console)
    return "\n".join(line.rstrip() for line in captured.get().split("\n"))


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
    if d.repeated:
        title("Names that occur more than once")
        shown = [f"{_cut(name)} ({count:,})" for name, count in list(d.repeated.items())[:REPEATED]]
        text = ", ".join(shown) + _more(len(d.repeated) - len(shown))
        console.print(Padding(text, (0, 0, 0, 2)))
    title(f"Names by length in {d.unit}s")
    bins = binned(d.lengths, ROWS)
    spans = [f"{low:,}" if low == high else f"{low:,}-{high:,}" for low, high, _ in bins]
    wide = max(map(len, spans))
    _bars(
        console,
        [(f"{span:>{wide}}", n) for span, (*_, n) in zip(spans, bins, strict=True)],
        d.names,
    )
    print_characters(console, d.unit, d.frequencies, d.text_length, d.characters)


def print_characters(
    console: Console,
    unit: str,
    frequencies: Mapping[str, int],
    text_length: int,
    characters: Sequence[str],
) -> None:
    """Print the most and the least frequent characters, and the ids of all.

    Args:
        console: where to print.
        unit: what counts as a character.
        frequencies: the count of each, the most frequent first.
        text_length: the sum of the counts.
        characters: in the order of their ids.
    """
    from rich.columns import Columns
    from rich.padding import Padding

    from ..data.unicode import visible

    def title(text: str) -> None:
        console.print(f"\n{text}", style="bold", soft_wrap=True)

    pairs = [(visible(character), count) for character, count in frequencies.items()]
    if len(pairs) <= MOST + LEAST:
        title(f"{unit.capitalize()}s by frequency")
        _bars(console, pairs, text_length)
    else:
        title(f"Most frequent {unit}s")
        _bars(console, pairs[:MOST], text_length)
        title(f"Least frequent {unit}s")
        _bars(console, pairs[-LEAST:], text_length, longest=pairs[0][1])
    title(f"Ids of the {unit}s")
    cells = [f"{visible(character)} {i}" for i, character in enumerate(characters[:IDS])]
    table = Columns(cells, padding=(0, 2), equal=True, column_first=True)
    console.print(Padding(table, (0, 0, 0, 2)))
    if len(characters) > IDS:
        console.print(f" {_more(len(characters) - IDS)}")


def _bars(
    console: Console, counts: Sequence[tuple[str, int]], total: int, longest: int | None = None
) -> None:
    """Print for each label its count, its share of ``total``, and a bar as long as its count.

    ``longest`` is the count of the longest bar, by default the largest of ``counts``.
    """
    from rich.cells import cell_len

    longest = longest or max(count for _, count in counts)
    block = "#" if console.options.ascii_only else "\u2588"
    used = [cell_len(label) + len(f"{count:,}") for label, count in counts]
    space = max(8, min(console.width, 100) - max(used) - 16)
    rows = [
        # One block at least for what is there.
        (f"  {label}", f"{n:,}", f"{n / total:>6.1%}", block * math.ceil(space * n / longest))
        for label, n in counts
    ]
    for line in aligned(rows, right=(1, 2)):
        console.print(line, soft_wrap=True)


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."


def _more(count: int) -> str:
    return f" and {count:,} more (--json has all)" if count > 0 else ""
