"""How ``charloom explore`` prints characters and bars, of names and of text alike."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .options import aligned

if TYPE_CHECKING:
    from rich.console import Console

MOST, LEAST = 15, 8
"""Characters that are shown: so many of the most and of the least frequent."""

IDS = 300
"""Ids that are shown; a list in a large script may have thousands."""


def captured_page(draw: Callable[[Console], None]) -> str:
    """Return what ``draw`` prints, without spaces at the ends of lines."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        draw(console)
    return "\n".join(line.rstrip() for line in captured.get().split("\n"))


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
        print_bars(console, pairs, text_length)
    else:
        title(f"Most frequent {unit}s")
        print_bars(console, pairs[:MOST], text_length)
        title(f"Least frequent {unit}s")
        print_bars(console, pairs[-LEAST:], text_length, longest=pairs[0][1])
    title(f"Ids of the {unit}s")
    cells = [f"{visible(character)} {i}" for i, character in enumerate(characters[:IDS])]
    table = Columns(cells, padding=(0, 2), equal=True, column_first=True)
    console.print(Padding(table, (0, 0, 0, 2)))
    if len(characters) > IDS:
        console.print(f" {more(len(characters) - IDS)}")


def print_bars(
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


def more(count: int) -> str:
    return f" and {count:,} more (--json has all)" if count > 0 else ""
