"""``charloom generate``: new names, or running text, from a trained model."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import MOST_CHARACTERS, MOST_NAMES, MOST_STREAMED, NAMES_TEMPERATURE
from .generate_options import (
    conditioning_options,
    load_conditioned,
    novelty_options,
    rule_options,
    rules_of,
    sampling_options,
)
from .options import Whole, json_option, run_argument, say, say_seed, to_line
from .sources import Source, reading_options, refuse_options

if TYPE_CHECKING:
    from ..generation import NameModel, Sample, TextModel
    from ..generation.search.request import Search
    from ..run import Run

CHARACTERS = 1000
"""New characters of text by default."""

FLUSH_EVERY = 0.01
"""Seconds between two flushes of text, at least: nobody sees the difference."""


@click.command("generate")
@run_argument
@click.option(
    "-n",
    "count",
    type=Whole(1, MOST_NAMES),
    default=10,
    show_default=True,
    help="Number of names.",
)
@click.option(
    "--characters",
    type=Whole(1, MOST_STREAMED),
    help=f"Characters of text to generate after the start; {CHARACTERS} by default.",
)
@sampling_options
@rule_options
@novelty_options
@conditioning_options
@reading_options
@click.option(
    "--explain",
    is_flag=True,
    help="Show each character's probability, the alternatives, and the nearest training name.",
)
@json_option
def command(
    run: Run,
    source: Source,
    characters: int | None,
    temperatures: tuple[float | tuple[float, ...], ...],
    labels: tuple[str, ...],
    guidance: float | None,
    other: str | None,
    seed: int | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Print new names from the model in RUN, one per line.

    Names are sampled from the model, conditioned on the constraints. No name is repeated, and none
    is in the training list or in a --forbid FILE. If there are fewer such names than -n, all of
    them are printed, with the reason, and the exit code is 1. With --json each line is an object:
    text, nats (negative log-likelihood), origin ("new" or "known"), seed, and the temperature if
    several were given. The seed is printed on stderr, too: --seed repeats the names.

    From a model of running text, --start is printed, followed by --characters of new text as they
    are sampled. --temperature, --top-k, --top-p, --min-p, --no-repeat-ngram-size, --seed, --with
    and --json apply. With --json the output is one object: text, characters (the number of new
    ones) and seed.
    """
    if options["beam"] is not None and not options["best"]:
        raise click.UsageError("--beam is for --best. Add that, or leave it out.")
    from ..generation import TextModel

    model = load_conditioned(run, labels, guidance, other)
    options["seed"] = int.from_bytes(os.urandom(6)) if seed is None else seed
    if isinstance(model, TextModel):
        with _telling(options["seed"]):
            _print_text(model, characters, temperatures, as_json, options)
        return 0
    if characters is not None:
        raise click.UsageError("--characters is for running text. RUN is a model of names: use -n.")
    source = source.alike(run)
    if options.pop("no_repeat_ngram_size") is not None:
        raise click.UsageError(
            "--no-repeat-ngram-size is for running text, and RUN is a model of names, of which "
            "none is repeated. Leave it out."
        )
    with nullcontext() if options["best"] else _telling(options["seed"]):
        return _print_names(model, source, temperatures, as_json, **options)


@contextmanager
def _telling(seed: int) -> Iterator[None]:
    """Tell the seed after what was drawn with it, all of it or up to an interruption."""
    try:
        yield
    except KeyboardInterrupt:
        say_seed(seed)
        raise
    say_seed(seed)


def _print_names(
    model: NameModel,
    source: Source,
    temperatures: Sequence[float | tuple[float, ...]],
    as_json: bool,
    count: int,
    best: bool,
    beam: int | None,
    forbid: tuple[Path, ...],
    explain: bool,
    **options: Any,
) -> int:
    """Print names at each temperature; return the exit code, which is 1 if there are too few."""
    forbidden: Set[str] = frozenset()
    if forbid:
        from ..generation.novelty import name_set

        names = Source(tuple(map(str, forbid)), source.how).unseen(model.vocabulary.token_unit)
        forbidden = name_set(names.names)
    options["rules"] = rules_of(options, source, bool(forbid))
    printed: list[str] = []
    code = 0
    for temperature in temperatures or (1.0 if best else NAMES_TEMPERATURE,):
        asked = {"temperature": temperature, "forbid": forbidden | frozenset(printed), **options}
        search = (
            model.stream_best(count, beam=beam, **asked) if best else model.stream(count, **asked)
        )
        fields: dict[str, Any] = {} if best else {"seed": options["seed"]}
        several = len(temperatures) > 1
        if several:
            fields["temperature"] = temperature
        samples = _with_bar(search, count)
        if several and not options["allow_repeats"]:
            samples = _noted(samples, printed)
        if explain:
            from .explained import print_explanations

            print_explanations(model, samples, as_json=as_json, fields=fields)
        else:
            for sample in samples:
                line = to_line(sample.to_dict() | fields) if as_json else f"{sample.text}\n"
                sys.stdout.write(line)
        sys.stdout.flush()
        for message in (search.note, search.reason):
            if message is not None:
                say(f"charloom: {message}.")
        code = 1 if search.reason is not None else code
    return code


def _noted(samples: Iterable[Sample], texts: list[str]) -> Iterator[Sample]:
    """Pass the samples on, and add their texts to ``texts``."""
    for sample in samples:
        texts.append(sample.text)
        yield sample


def _with_bar(search: Search, count: int) -> Iterator[Sample]:
    """Pass the samples on; show a progress bar where it takes a while and the terminal is free."""
    if count < 2000 or sys.stdout.isatty():
        yield from search
        return
    from .progress_bar import progress_bar

    with progress_bar("names", lambda: search.progress):
        yield from search


def _print_text(
    model: TextModel,
    characters: int | None,
    temperatures: Sequence[float | tuple[float, ...]],
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Print the start and new text, whose last line is ended; or one JSON object at the end.

    Raises:
        click.UsageError: an option was given that is not for text.
    """
    from ..formatting import without_controls

    refuse_options()
    if len(temperatures) > 1:
        raise click.UsageError("--temperature may be given only once for running text.")
    taken = ("start", "top_k", "top_p", "min_p", "no_repeat_ngram_size", "seed")
    settings = {name: options[name] for name in taken}
    if temperatures:
        settings["temperature"] = temperatures[0]
    if as_json and characters is not None and characters > MOST_CHARACTERS:
        raise click.UsageError(
            f"--characters may be {MOST_CHARACTERS} at most with --json, which holds all of them. "
            f"Received: {characters}"
        )
    stream = model.stream_text(CHARACTERS if characters is None else characters, **settings)
    if as_json:
        pieces = list(stream)
        new = len(pieces) - bool(options["start"])
        sys.stdout.write(
            to_line({"text": "".join(pieces), "characters": new, "seed": options["seed"]})
        )
        return
    flushed, piece = 0.0, ""
    for piece in stream:
        sys.stdout.write(without_controls(piece))
        if (now := time.monotonic()) - flushed >= FLUSH_EVERY:
            sys.stdout.flush()
            flushed = now
    if not piece.endswith("\n"):
        sys.stdout.write("\n")
    sys.stdout.flush()
