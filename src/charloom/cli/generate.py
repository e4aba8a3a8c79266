"""``charloom generate``: new names, or running text, from a trained model."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from ..config import MOST_UNIQUE, NAMES_TEMPERATURE
from .generate_in_parts import check_parts, parts_options, seed_of_job, write_names
from .generate_options import (
    FOR_TEXT,
    conditioning_options,
    load_conditioned,
    novelty_options,
    rule_options,
    rules_of,
    sampling_options,
    start_of,
    text_options,
)
from .options import Whole, json_option, run_argument, say, say_seed, to_line
from .sources import Source, given_options, reading_options, refuse_options, warn

if TYPE_CHECKING:
    from ..generation import NameModel, Sample
    from ..generation.search.request import Search
    from ..run import Run

NAMES = 10
"""Names by default."""


@click.command("generate")
@run_argument
@click.option(
    "-n",
    "count",
    type=Whole(1, MOST_UNIQUE),
    help=f"Number of names, {NAMES} by default; or of texts, 1 by default.",
)
@text_options
@sampling_options
@rule_options
@novelty_options
@conditioning_options
@parts_options
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
    count: int | None,
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
    are sampled. --stop ends it earlier; text of a model of documents (train --documents) ends where
    a document does. -n texts are separated by a blank line, or by what divided the documents.
    --temperature, --top-k, --top-p, --min-p, --no-repeat-ngram-size, --seed, --with and --json
    apply. With --json the output is one object for each text: text, characters (the number of new
    ones) and seed; ended_by is "stop", "end" (of the document) or "length" where it may end before
    --characters.
    """
    if options["beam"] is not None and not options["best"]:
        raise click.UsageError("--beam is for --best. Add that, or leave it out.")
    if options["best"] and options["allow_repeats"]:
        raise click.UsageError("--best finds different names. Leave out --allow-repeats.")
    check_parts({**options, "as_json": as_json}, len(temperatures))
    from ..generation import TextModel

    model = load_conditioned(run, labels, guidance, other)
    if seed is None:
        seed = seed_of_job(options["out"])
    options["seed"] = int.from_bytes(os.urandom(6)) if seed is None else seed
    options["start"] = start_of(options.pop("start"), options.pop("start_file"), source)
    for_text = {name: options.pop(name) for name in FOR_TEXT}
    in_parts = {name: options.pop(name) for name in ("out", "workers", "scheduler", "parquet")}
    if isinstance(model, TextModel):
        from .generate_text import print_texts

        refuse_options()
        if in_parts["out"] is not None:
            raise click.UsageError("--out is for names. RUN was trained on running text.")
        with _telling(options["seed"]):
            print_texts(model, run, count, temperatures, as_json, {**options, **for_text})
        return 0
    for option in given_options(FOR_TEXT):
        raise click.UsageError(f"{option} is for running text. RUN is a model of names: use -n.")
    source = source.alike(run)
    if options.pop("no_repeat_ngram_size") is not None:
        raise click.UsageError(
            "--no-repeat-ngram-size is for running text, and RUN is a model of names, of which "
            "none is repeated. Leave it out."
        )
    _read_lists(options, model, source)
    if in_parts["out"] is not None:
        conditioned = {"labels": labels, "guidance": guidance, "with": other}
        for name in ("best", "beam", "explain"):
            del options[name]
        options["temperature"] = (temperatures or (NAMES_TEMPERATURE,))[0]
        with _telling(options["seed"]):
            return write_names(model, run, count or NAMES, as_json, in_parts, conditioned, options)
    with nullcontext() if options["best"] else _telling(options["seed"]):
        return _print_names(model, temperatures, as_json, count=count or NAMES, **options)


@contextmanager
def _telling(seed: int) -> Iterator[None]:
    """Tell the seed after what was drawn with it, all of it or up to an interruption."""
    try:
        yield
    except KeyboardInterrupt:
        say_seed(seed)
        raise
    say_seed(seed)


def _read_lists(options: dict[str, Any], model: NameModel, source: Source) -> None:
    """Read the names to exclude, and take the constraints out of the options."""
    files, options["forbid"] = options["forbid"], frozenset()
    if files:
        from ..data.gathering import NoNamesError
        from ..data.sources.folders import files_of
        from ..generation.novelty import name_set

        how = source.how  # no file of a folder may be missed
        files_of(files, how.get("pattern"), how.get("encoding"), strict=False)
        listed = Source(tuple(map(str, files)), how)
        try:
            options["forbid"] = name_set(listed.unseen(model.vocabulary.token_unit).names)
        except NoNamesError as error:  # none is taken yet
            for note in error.notes:
                warn(note)
    options["rules"] = rules_of(options, source, bool(files))


def _print_names(
    model: NameModel,
    temperatures: Sequence[float | tuple[float, ...]],
    as_json: bool,
    count: int,
    best: bool,
    beam: int | None,
    forbid: Set[str],
    explain: bool,
    **options: Any,
) -> int:
    """Print names at each temperature; return the exit code, which is 1 if there are too few."""
    printed: list[str] = []
    code = 0
    for temperature in temperatures or (1.0 if best else NAMES_TEMPERATURE,):
        asked = {"temperature": temperature, "forbid": forbid | frozenset(printed), **options}
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
