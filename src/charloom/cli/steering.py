"""Options that make another model of a trained one: labels, guidance, a second run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..generation import NameModel, TextModel
    from ..run import Run

F = TypeVar("F", bound=Callable[..., Any])


def steering_options(function: F) -> F:
    """Options for labels, guidance and blending."""
    options = (
        click.option(
            "--label",
            "labels",
            multiple=True,
            metavar="LABEL[=WEIGHT]",
            help="Label of the names to generate; several are mixed, as in --label Greek=0.7 "
            "--label Welsh=0.3.",
        ),
        click.option(
            "--guidance",
            type=float,
            help="Strength of the labels: 0 none, 1 as trained, above 1 stronger; 2 by default.",
        ),
        click.option(
            "--with",
            "other",
            metavar="RUN=WEIGHT",
            help="Blend with the model of another run and its weight, as in --with runs/elves=0.5.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def load_steered(
    run: Run, labels: Sequence[str], guidance: float | None, other: str | None
) -> NameModel | TextModel:
    """Load the model of ``run`` as the options say."""
    from ..api import load
    from ..generation import TextModel

    model = load(run)
    if guidance is not None and not labels:
        raise click.UsageError("--guidance is for --label. Add one, or leave it out.")
    if labels:
        if isinstance(model, TextModel):
            raise click.UsageError(
                "--label is for names. RUN was trained on running text, which has none."
            )
        weights: dict[str, float] = {}
        for label in labels:
            name, weight = (label, 1.0) if label in model.labels else _split(label)
            weights[name] = weights.get(name, 0.0) + weight
        options = {} if guidance is None else {"guidance": guidance}
        model = model.condition(weights, **options)
    if other is not None:
        path, weight = _split(other, otherwise=0.5)
        return _blend(model, load(path), weight)
    return model


def _blend(
    model: NameModel | TextModel, other: NameModel | TextModel, weight: float
) -> NameModel | TextModel:
    from ..generation import NameModel, TextModel

    if isinstance(model, NameModel) and isinstance(other, NameModel):
        return model.blend_with(other, weight)
    if isinstance(model, TextModel) and isinstance(other, TextModel):
        return model.blend_with(other, weight)
    raise click.UsageError("models that are blended must both be of names, or both of text.")


def _split(text: str, otherwise: float = 1.0) -> tuple[str, float]:
    """Read ``NAME=NUMBER``, or just a name, whose number is ``otherwise``."""
    name, sign, number = text.rpartition("=")
    if not sign:
        return text, otherwise
    try:
        value = float(number)
    except ValueError:
        return text, otherwise
    if not name or not math.isfinite(value):
        raise click.UsageError(f"a name must stand before =, and a number after it: {text!r:.60}.")
    return name, value
