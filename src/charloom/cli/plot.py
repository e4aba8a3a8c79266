"""``charloom plot``: figures of a run: its training, its names, what its model does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import CorpusError, RunError
from .drawing import Temperature
from .options import json_option, run_argument, say, to_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..checkpoint import SavedModel

Data = dict[str, Any]

FIGURES = {
    "loss": "the loss by epoch, in training and held out",
    "lengths": "how long the names are that the model learned from",
    "sweep": "how plausible and how new draws are, by temperature",
    "next": "how likely each next character was, along a name",
    "embedding": "a map of the characters, as the model tells them apart",
    "units": "hidden units along names",
}

FOR_NAMES = ("lengths", "sweep")
"""Figures of names, which running text has none of."""

OPTIONS = {
    "temperatures": ("sweep",),
    "n": ("sweep",),
    "start": ("sweep",),
    "text": ("next", "units"),
}
"""Which figures each option is for."""

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
DRAWS = 1000
PASSAGE = 60
"""Characters of text that a figure has room for in a row."""

SHOWN, READ = 8, 1000
"""Held-out names that units are drawn along; training names that choose the units, about."""


@click.command("plot")
@run_argument
@click.option(
    "--what", type=click.Choice(list(FIGURES)), help="The figure; without it, they are listed."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to draw it: .png, .svg or .pdf.",
)
@click.option(
    "--temperatures",
    type=Temperature(),
    help=f"sweep: those to draw at; {','.join(f'{t:g}' for t in TEMPERATURES)} if not given.",
)
@click.option("-n", "--n", type=int, help=f"sweep: draws at each; {DRAWS} if not given.")
@click.option("--start", help="sweep: what each draw begins with.")
@click.option(
    "--text",
    multiple=True,
    metavar="NAME",
    help="next, units: what to read; for units it may be repeated. What is held out if not given.",
)
@json_option
def command(run: Path, what: str | None, out: Path | None, as_json: bool, **options: Any) -> None:
    """Draw a figure of the training, the names or the model in RUN.

    Drawing needs the plotting extra. With --json the figure's data is printed, and --out may be
    left out.
    """
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in given:
        if what not in OPTIONS[name]:
            figures = " or ".join(OPTIONS[name])
            raise click.UsageError(f"--{name} is for --what {figures}. Add that, or leave it out.")
    if what is None and out is not None:
        raise click.UsageError(f"--out needs a figure: --what {', '.join(FIGURES)}.")
    if what is not None and out is None and not as_json:
        raise click.UsageError("a figure needs a file: --out FILE.png. Or --json, for its data.")
    if out is not None:
        from ..plots import check

        check(out)

    from ..checkpoint import load_model

    saved = load_model(run)
    if what is None:
        lines = "\n".join(f"{name:<11}{text}" for name, text in FIGURES.items())
        click.echo(to_json(FIGURES) if as_json else lines)
        return
    if saved.config.text and what in FOR_NAMES:
        others = ", ".join(figure for figure in FIGURES if figure not in FOR_NAMES)
        raise click.UsageError(
            f"--what {what} is for names, and RUN has learnt running text. It has {others}."
        )
    data = _DATA[what](run, saved, given)
    if out is not None:
        from ..plots import save

        save(_draw(what, data), out)
        say(f"Drawn to {out}")
    if as_json:
        click.echo(to_json(data))


def _loss(run: Path, saved: SavedModel, _given: Data) -> Data:
    from ..checkpoint import holds_state, load_state

    history = saved.facts.get("history")  # up to the best epoch
    if holds_state(run):  # up to the last one
        progress = load_state(run)[1].get("progress")
        longer = progress.get("history") if isinstance(progress, dict) else None
        if isinstance(longer, list) and longer[: len(history or ())] == (history or []):
            history = longer
    if not isinstance(history, list) or not history or not all(map(_is_epoch, history)):
        raise RunError(f"{run} has no history of losses: no epoch was finished. Train on.")
    return {"history": history}


def _is_epoch(entry: Any) -> bool:
    losses = "train_nats_per_char", "held_out_nats_per_char"
    if not isinstance(entry, dict) or not isinstance(entry.get("epoch"), int):
        return False
    return all(isinstance(entry.get(key), float | None) for key in losses)


def _lengths(run: Path, saved: SavedModel, _given: Data) -> Data:
    from ..vocabulary import split_units

    if not saved.train_names:
        raise RunError(f"{run} has no training names. Restore its train_names.txt.")
    unit = saved.vocabulary.unit
    lengths = Counter(len(split_units(name, unit)) for name in saved.train_names)
    return {"unit": unit, "lengths": [list(pair) for pair in sorted(lengths.items())]}


def _sweep(run: Path, saved: SavedModel, given: Data) -> Data:
    from ..api import load
    from ..evaluation import likelihood, temperature_sweep

    model, heat = load(run), given.get("temperatures", TEMPERATURES)
    draws = temperature_sweep(
        model,
        [heat] if isinstance(heat, float) else heat,
        given.get("n", DRAWS),
        start=given.get("start", ""),
    )
    names = saved.held_out_names
    real = likelihood(model, names).nats_per_char if names else None
    return {"draws": [draw.to_dict() for draw in draws], "real_nats_per_char": real}


def _next(run: Path, saved: SavedModel, given: Data) -> Data:
    from ..api import load
    from ..evaluation import next_characters

    texts = given.get("text") or _passages(saved, 1) or (saved.train_names or ())[:1]
    if len(texts) > 1:
        raise click.UsageError("--what next reads one string. Give one --text.")
    if not texts:
        raise _nameless(run)
    found = next_characters(load(run), texts[0])
    return {
        "text": texts[0],
        "targets": list(found.targets),
        "characters": list(found.characters),
        "probabilities": _plain(found.probabilities),
    }


def _embedding(run: Path, saved: SavedModel, _given: Data) -> Data:
    from ..evaluation import embedding_map, kind, symbols

    found = embedding_map(saved.weights["embedding"])
    characters = list(symbols(saved.vocabulary, text=saved.config.text))
    return {
        "characters": characters,
        "kinds": list(map(kind, characters)),
        "points": _plain(found.points),
        "explained": list(found.explained),
    }


def _units(run: Path, saved: SavedModel, given: Data) -> Data:
    from ..api import load
    from ..evaluation import activity, notable_units, simple_features
    from ..generation.novelty import normalise
    from ..vocabulary import split_units

    texts = given.get("text") or _passages(saved, SHOWN)
    if not texts:
        raise _nameless(run)
    model, unit = load(run), saved.vocabulary.unit
    train = _passages(saved, READ) if saved.config.text else saved.train_names
    train = train or texts
    shown = activity(model, texts)  # (T, H) a name
    read = train[:: max(1, len(train) // READ)]  # of 100,000, all would take gigabytes
    chosen = notable_units(activity(model, read), simple_features(read, unit))
    if not chosen:
        raise CorpusError("no name has a second character, so no unit can be told. Train on more.")
    return {
        "names": [split_units(normalise(text), unit) for text in texts],
        "units": [
            {**asdict(u), "activities": [_plain(h[:, u.unit]) for h in shown]} for u in chosen
        ],
    }


_DATA: dict[str, Callable[[Path, SavedModel, Data], Data]] = dict(
    zip(FIGURES, (_loss, _lengths, _sweep, _next, _embedding, _units), strict=True)
)
"""From a run and the options that were given, what each figure shows, as JSON holds it."""


def _draw(what: str, data: Data) -> Figure:
    import numpy as np

    from .. import plots

    match what:
        case "loss":
            return plots.losses_figure(data["history"])
        case "lengths":
            return plots.lengths_figure(dict(data["lengths"]), data["unit"])
        case "sweep":
            return plots.sweep_figure(data["draws"], data["real_nats_per_char"])
        case "next":
            shares = np.array(data["probabilities"])
            return plots.next_figure(data["targets"], data["characters"], shares)
        case "embedding":
            return plots.embedding_figure(**data)
    units = data["units"]
    titles = [f"unit {u['unit']}: {u['feature']} ({u['correlation']:+.2f})" for u in units]
    names = zip(*(u["activities"] for u in units), strict=True)  # of each name (T,) a unit
    activities = [np.column_stack(columns) for columns in names]
    return plots.units_figure(data["names"], activities, dict(enumerate(titles)))


def _plain(numbers: Any) -> list[Any]:
    """Return an array as lists of numbers that are short to read."""
    return numbers.astype(float).round(6).tolist()  # type: ignore[no-any-return]


def _passages(saved: SavedModel, count: int) -> Sequence[str]:
    """Return held-out names, or of held-out text as many passages as a figure has room for."""
    if not saved.config.text:
        return (saved.held_out_names or ())[:count]
    text = (saved.held_out_text or "")[: PASSAGE * count]
    return tuple(text[i : i + PASSAGE] for i in range(0, len(text), PASSAGE))


def _nameless(run: Path) -> CorpusError:
    return CorpusError(f"{run} has nothing held out to read. Give something: --text TEXT.")
