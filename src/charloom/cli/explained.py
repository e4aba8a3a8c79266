"""Explanations of strings, for people or as JSON."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from ..data.unicode import visible
from ..generation import LanguageModel, Sample
from ..generation.explain import END, Explanation, explain
from ..reporting.format import probability
from .options import to_line

CHUNK = 64
"""Strings that are explained together: results come early, and memory stays small."""

STYLES = (
    (0.5, "#2a7ae2"),  # blue: expected
    (0.2, "#00877d"),
    (0.05, "#767676"),
    (0.01, "#b06a00"),
    (0.0, "#d43d2a"),  # red: a surprise
)
"""Colours by least probability: each has a contrast of 4:1 with both black and white."""


def print_explanations(
    model: LanguageModel,
    strings: Iterable[str | Sample],
    *,
    as_json: bool = False,
    fields: Mapping[str, Any] | None = None,
    out: TextIO | None = None,
) -> None:
    """Print an explanation of each string as soon as it is there.

    Each is a table, in colour on a terminal; or a line of JSON, for samples with ``origin``. A
    string with a character that the model never saw has an infinite negative log-likelihood.

    Args:
        model: the model whose probabilities are shown.
        strings: may be endless; they are explained in chunks.
        as_json: print JSON.
        fields: are added to each line of JSON.
        out: standard output if not given.
    """
    out = out or sys.stdout
    console = plain_console(out)
    for number, (string, explanation) in enumerate(_explained(model, strings)):
        origin = string.origin if isinstance(string, Sample) else None
        if as_json:
            data = (
                explanation.to_dict() | ({"origin": origin} if origin else {}) | dict(fields or {})
            )
            out.write(to_line(data))
            continue
        if number:
            console.print()
        for line in _page(explanation, origin):
            console.print(line, soft_wrap=True)
    out.flush()


def plain_console(out: TextIO | None = None) -> Console:
    """Return a console that uses colours only on a terminal and only where asked to."""
    return Console(file=out or sys.stdout, highlight=False, markup=False, emoji=False)


def style(probability: float) -> str:
    """Return the colour of a probability."""
    return next(colour for least, colour in STYLES if probability >= least)


def choices(pairs: Iterable[tuple[str, float]]) -> Text:
    """Format characters with their probabilities, each in its colour."""
    return Text(", ").join(Text(f"{show(c)} {probability(p)}", style(p)) for c, p in pairs)


def show(character: str) -> str:
    """Return how a character, or the end, is shown alone."""
    return character if character == END else visible(character)


def _explained(
    model: LanguageModel, strings: Iterable[str | Sample]
) -> Iterator[tuple[str | Sample, Explanation]]:
    rest = iter(strings)
    while chunk := list(islice(rest, CHUNK)):
        texts = [str(string) for string in chunk]
        reads_all = model.vocabulary.has_unknown
        spelled = map(model.vocabulary.normalised, texts)
        possible = [reads_all or not model.vocabulary.unknown(text) for text in spelled]
        found = iter(explain(model, [t for t, good in zip(texts, possible, strict=True) if good]))
        for string, good in zip(chunk, possible, strict=True):
            yield string, next(found) if good else Explanation(str(string), "", (), math.inf, None)


def _page(explanation: Explanation, origin: str | None) -> Iterator[Text]:
    """Yield the lines about a string: itself, its characters, and the nearest training string."""
    steps = explanation.steps
    if explanation.nats == math.inf:
        yield Text(f"{explanation.text}  inf nats: it has a character that the model never saw")
        return
    head = Text(explanation.given)
    for step in steps:
        if step.character != END:
            c = step.character
            head.append(c if len(c) > 1 or c.isprintable() else visible(c), style(step.probability))
    head.append(f"  {explanation.nats:.2f} nats" + (f", {origin}" if origin else ""))
    yield head
    if explanation.given:
        yield Text(f"  {set_cell_size(show(explanation.given), len(END))}  given")
    names = [show(step.character) for step in steps]
    shares = [probability(step.probability) for step in steps]
    wide, digits = max(map(cell_len, names), default=0), max(map(len, shares), default=0)
    for step, name, share in zip(steps, names, shares, strict=True):
        own = f"  {set_cell_size(name, wide)}  {share:>{digits}}", style(step.probability)
        yield Text.assemble(own, "  ", choices(step.alternatives))
    if explanation.nearest is not None:
        near, distance = explanation.nearest
        edits = "itself" if not distance else f"{near}, {distance} edit{'s' * (distance > 1)}"
        yield Text(f"  nearest training string: {edits}")
