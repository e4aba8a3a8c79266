"""``charloom generate``: new names, or running text, from a trained model."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .drawing import drawing_options, novelty_options, rule_options, rules_of
from .options import json_option, run_argument, say
from .steering import load_steered, steering_options

if TYPE_CHECKING:
    from ..generation import Sample
    from ..generation.search.request import Search
    from ..run import Run


@click.command("generate")
@run_argument
@click.option("-n", "count", type=int, default=10, show_default=True, help="How many names.")
@click.option(
    "--characters",
    type=int,
    help="For a model of running text: how many characters after the start; 1000 by default.",
)
@drawing_options
@rule_options
@novelty_options
@steering_options
@click.option(
    "--explain",
    is_flag=True,
    help="Show each character's probability, the alternatives, and the nearest training name.",
)
@json_option
def command(
    run: Run,
    count: int,
    characters: int | None,
    temperatures: tuple[float | tuple[float, ...], ...],
    best: bool,
    beam: int | None,
    forbid: tuple[Path, ...],
    labels: tuple[str, ...],
    guidance: float | None,
    other: str | None,
    explain: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Print new names from the model in RUN, one per line.

    No name is repeated, and none is in the training list or in a --forbid FILE. All obey the
    constraints. They are sampled from the model, conditioned on all of this. If there are not
    enough such names, those that exist are printed with the reason, and the exit code is 1. With
    --json each line is an object: text, nats (negative log-likelihood), origin ("new" or "known"),
    and the temperature if several were given.

    A model of running text prints --start and --characters more, as they are sampled.
    --temperature, the top-k, top-p and min-p filters, --seed, --with and --json apply. With --json
    the output is one object: text, characters (the new ones) and seed.
    """
    if beam is not None and not best:
        raise click.UsageError("--beam is for --best. Add that, or leave it out.")
    from ..generation import TextModel

    model = load_steered(run, labels, guidance, other)
    if isinstance(model, TextModel):
        from .text_output import print_text

        print_text(model, characters, temperatures, as_json=as_json, **options)
        return 0
    if characters is not None:
        raise click.UsageError(
            "--characters is for running text. RUN is a model of names: pass -n."
        )
    rules = rules_of(options)
    seed = options.pop("seed")
    options["seed"] = int.from_bytes(os.urandom(6)) if seed is None else seed
    forbidden: list[str] = []
    if forbid:
        from ..data.names import NameCorpus

        forbidden += NameCorpus.read(*forbid, unit=model.vocabulary.token_unit).names
    code = 0
    for temperature in temperatures or (1.0,):
        asked = {"temperature": temperature, "rules": rules, "forbid": forbidden, **options}
        search = (
            model.stream_best(count, beam=beam, **asked) if best else model.stream(count, **asked)
        )
        block = temperature if len(temperatures) > 1 else None
        samples = _watched(search, count)
        if block is not None and not options["allow_repeats"]:
            samples = _noted(samples, forbidden)
        if explain:
            from .explained import print_explanations

            print_explanations(model, samples, as_json=as_json)
        else:
            for sample in samples:
                sys.stdout.write(_line(sample, as_json, block) + "\n")
        sys.stdout.flush()
        for message in (search.note, search.reason):
            if message is not None:
                say(f"charloom: {message}.")
        code = 1 if search.reason is not None else code
    return code


def _line(sample: Sample, as_json: bool, temperature: float | tuple[float, ...] | None) -> str:
    if not as_json:
        return sample.text
    fields = sample.to_dict()
    if temperature is not None:
        fields["temperature"] = temperature
    return json.dumps(fields, ensure_ascii=False)


def _noted(samples: Iterable[Sample], texts: list[str]) -> Iterator[Sample]:
    """Hand the samples on, and add their texts to ``texts``."""
    for sample in samples:
        texts.append(sample.text)
        yield sample


def _watched(search: Search, count: int) -> Iterator[Sample]:
    """Hand the samples on; show on a terminal how far it is, where it takes a while."""
    if count < 2000 or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from search
        return
    import threading

    from rich.console import Console
    from rich.progress import Progress

    ended = threading.Event()
    # The bar must not catch what is printed meanwhile: that is the result.
    bar = Progress(
        console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    )
    with bar:
        task = bar.add_task("names", total=1.0)

        def follow() -> None:
            while not ended.wait(0.2):
                bar.update(task, completed=search.progress)

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        try:
            yield from search
        finally:
            ended.set()
            follower.join()
