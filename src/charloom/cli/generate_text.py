"""What ``charloom generate`` prints from a model of running text."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..config import MOST_CHARACTERS
from ..data.unicode import split_units
from ..errors.formatting import without_controls
from .options import say, to_line

if TYPE_CHECKING:
    from ..generation import TextModel
    from ..generation.endings import Ending, Pieces
    from ..run import Run

CHARACTERS = 1000
"""New characters of text by default."""

MOST_DEFAULT = 100_000
"""The most characters of a document by default."""

FLUSH_EVERY = 0.01
"""Seconds between two flushes of text, at least: nobody sees the difference."""


def print_texts(
    model: TextModel,
    run: Run,
    count: int | None,
    temperatures: Sequence[float | tuple[float, ...]],
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Print texts, each its start and what is new, or a JSON object each.

    Blank lines separate them, or what divided the documents that the model was trained on.

    Args:
        model: the model of ``run``, perhaps blended with another.
        run: says how long documents are.
        count: how many texts; ``None`` for one.
        temperatures: one at most.
        as_json: whether to print JSON.
        options: the other options of the command.

    Raises:
        click.UsageError: options exclude each other, or there is too much text for JSON.
    """
    if len(temperatures) > 1:
        raise click.UsageError("--temperature may be given only once for running text.")
    names = (
        "start", "top_k", "top_p", "min_p", "no_repeat_ngram_size", "seed", "stop", "stop_at_end",
    )  # fmt: skip
    settings = {name: options[name] for name in names}
    if (records := options["records"]) is not None:
        if count is not None or options["stop_at_end"] is False:
            other = "--no-stop-at-end" if count is None else "-n"
            raise click.UsageError(f"--records and {other} exclude each other. Leave one out.")
        count, settings["stop_at_end"] = records, True
    if temperatures:
        settings["temperature"] = temperatures[0]
    ends = settings["stop_at_end"] is not False and model.rnn.config.documents
    most = options["characters"] or (_longest(run) if ends else CHARACTERS)
    if as_json and most > MOST_CHARACTERS:
        raise click.UsageError(
            f"--characters may be {MOST_CHARACTERS} at most with --json, which holds all of them. "
            f"Received: {most}"
        )
    for stop in settings["stop"]:
        if missing := sorted(set(stop) - set("".join(model.vocabulary.characters))):
            say(f"warning: --stop {stop!r:.40} never occurs: the model has no {missing[0]!r}.")
    cut, between = 0, _between(run.facts.corpus.get("divided"))
    for number, pieces in enumerate(model.stream_texts(count or 1, most, **settings)):
        if as_json:
            ending = _print_object(model, pieces, settings, ends)
        else:
            sys.stdout.write(between if number else "")
            ending = _print_as_sampled(pieces)
        cut += ends and ending == "length"
    if cut:
        some = "1 document was" if cut == 1 else f"{cut:,} documents were"
        say(f"charloom: {some} cut at {most:,} characters. --characters allows more.")


def _between(divided: Any) -> str:
    """Return what to print between texts, of which each ends with a line break."""
    if not isinstance(divided, str) or divided in ("", "file", "blank-line", "record"):
        return "\n"
    return "" if divided == "line" else divided.strip("\n") + "\n"


def _longest(run: Run) -> int:
    """Return how many characters a document may have by default."""
    longest = run.facts.corpus.get("longest") or 0
    return int(min(max(CHARACTERS, 2 * longest + 10), MOST_DEFAULT))


def _print_object(model: TextModel, pieces: Pieces, settings: dict[str, Any], ends: bool) -> Ending:
    """Print a text as a JSON object; return why it ended."""
    found: list[str] = []
    ending = _each(pieces, found.append)
    new = len(found) - bool(settings["start"])
    if settings["stop"]:  # what was held back is not single characters
        new = len(split_units("".join(found[-new:] if new else []), model.vocabulary.token_unit))
    data = {"text": "".join(found), "characters": new, "seed": settings["seed"]}
    if ends or settings["stop"]:
        data["ended_by"] = ending
    sys.stdout.write(to_line(data))
    return ending


def _print_as_sampled(pieces: Pieces) -> Ending:
    """Print a text as it is sampled, and end its last line; return why it ended."""
    flushed, last = 0.0, ""

    def put(piece: str) -> None:
        nonlocal flushed, last
        sys.stdout.write(without_controls(piece))
        last = piece
        if (now := time.monotonic()) - flushed >= FLUSH_EVERY:
            sys.stdout.flush()
            flushed = now

    ending = _each(pieces, put)
    if not last.endswith("\n"):
        sys.stdout.write("\n")
    sys.stdout.flush()
    return ending


def _each(pieces: Pieces, do: Callable[[str], None]) -> Ending:
    """Call ``do`` for each piece; return why the text ended."""
    while True:
        try:
            piece = next(pieces)
        except StopIteration as end:
            ending: Ending = end.value
            return ending
        do(piece)
