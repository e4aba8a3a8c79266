"""Running text on standard output, as it is drawn."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from ..generation import TextModel

CHARACTERS = 1000
"""New characters, if nothing else is asked for."""

FLUSH_EVERY = 0.01
"""Seconds between two flushes, at least: nobody sees the difference."""

DRAWING = ("start", "top_k", "top_p", "min_p", "seed")
OTHERS = ("run", "characters", "temperatures", "other", "as_json")
"""Options of ``generate`` that are for text too: those of ``stream_text``, and the others."""


def refuse_options(why: str, allowed: Collection[str]) -> None:
    """Refuse what was given to the command beside ``allowed``, the names of its parameters.

    Raises:
        UsageError: an option is there that makes no sense, ``why`` says to what.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        name = str(parameter.name)
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in allowed:
            option = max(parameter.opts, key=len)
            raise click.UsageError(f"{option} is not for {why}. Leave it out.")


def print_text(
    model: TextModel,
    characters: int | None,
    temperatures: Sequence[float | tuple[float, ...]],
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Print text of the model: its start, and new ``characters``; the last line is ended.

    Args:
        model: of text.
        characters: how many; ``None`` if nothing is said.
        temperatures: one at most.
        as_json: print an object at the end, and nothing before.
        options: all others of ``generate``, of which some must not be given.

    Raises:
        UsageError: an option is there that is not for text.
    """
    refuse_options("running text, which RUN was trained on", {*DRAWING, *OTHERS})
    if len(temperatures) > 1:
        raise click.UsageError("--temperature may be given once for running text.")
    how = {name: options[name] for name in DRAWING}
    if how["seed"] is None:
        how["seed"] = int.from_bytes(os.urandom(6))
    if temperatures:
        how["temperature"] = temperatures[0]
    stream = model.stream_text(CHARACTERS if characters is None else characters, **how)
    if as_json:
        pieces = list(stream)
        drawn = len(pieces) - bool(how["start"])
        fields = {"text": "".join(pieces), "characters": drawn, "seed": how["seed"]}
        sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
        return
    flushed, piece = 0.0, ""
    for piece in stream:
        sys.stdout.write(piece)
        if (now := time.monotonic()) - flushed >= FLUSH_EVERY:
            sys.stdout.flush()
            flushed = now
    if not piece.endswith("\n"):
        sys.stdout.write("\n")
    sys.stdout.flush()
