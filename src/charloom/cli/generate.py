"""``charloom generate``: new names from a trained model."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from .options import json_option, run_argument, say


class Temperature(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A number, or several with commas between them."""

    name = "number[,...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return a float or a tuple of floats."""
        if not isinstance(value, str):
            return value
        try:
            numbers = tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a number, nor several with commas between them.")
        return numbers[0] if len(numbers) == 1 else numbers


@click.command("generate")
@run_argument
@click.option("-n", "count", type=int, default=10, show_default=True, help="How many names.")
@click.option("--start", default="", help="What each name begins with.")
@click.option(
    "--temperature",
    type=Temperature(),
    default=1.0,
    show_default=True,
    help="Below 1 more typical, above 1 bolder; 0 always takes the likeliest character. Several, "
    "as in 0.5,1.2, take turns along the name.",
)
@click.option("--top-k", type=int, help="Choose among the k likeliest characters only.")
@click.option("--top-p", type=float, help="Choose among the likeliest that make up p in all.")
@click.option(
    "--min-p", type=float, help="Choose among those at least p times as likely as the best."
)
@click.option(
    "--max-length",
    type=int,
    help="Longest name; one that has not ended by then is dropped, never cut.",
)
@click.option("--seed", type=int, help="Repeat a draw: the same seed gives the same names.")
@click.option(
    "--forbid",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Names that must not come out, beside the training list.",
)
@click.option("--allow-known", is_flag=True, help="Let names of the training list come out.")
@click.option("--allow-repeats", is_flag=True, help="Let a name come out more than once.")
@json_option
def command(
    run: Path,
    count: int,
    start: str,
    temperature: float | tuple[float, ...],
    top_k: int | None,
    top_p: float | None,
    min_p: float | None,
    max_length: int | None,
    seed: int | None,
    forbid: tuple[Path, ...],
    allow_known: bool,
    allow_repeats: bool,
    as_json: bool,
) -> int:
    """Print new names from the model in RUN, one a line.

    They are in neither the training list nor a --forbid FILE, and without repeats, unless you
    say otherwise. If the model cannot give enough of them, what it has is printed, and the exit
    code is 1. With --json each line is an object: text, nats (-log of its probability), and
    origin ("new" or "known").
    """
    from ..api import load
    from ..config import SampleConfig

    config = SampleConfig(
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        max_length=max_length,
        seed=int.from_bytes(os.urandom(6)) if seed is None else seed,
    )
    model = load(run)
    forbidden: list[str] = []
    if forbid:
        from ..corpus import Corpus

        forbidden += Corpus.read(*forbid, unit=model.vocabulary.unit).names
    search = model.stream(
        count,
        start=start,
        config=config,
        forbid=forbidden,
        allow_known=allow_known,
        allow_repeats=allow_repeats,
    )
    out = sys.stdout
    for sample in search:
        if as_json:
            fields = {"text": sample.text, "nats": round(sample.nats, 6), "origin": sample.origin}
            out.write(json.dumps(fields, ensure_ascii=False) + "\n")
        else:
            out.write(sample.text + "\n")
    out.flush()
    if search.reason is not None:
        say(f"charloom: {search.reason}.")
        return 1
    return 0
