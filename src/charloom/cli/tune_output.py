"""A search as it is watched, and what it says at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..tuning import Began, Remeasured, Training, Tried, Tuned, TuneEvent
from ..tuning.compared import Compared
from ..tuning.importance import ENOUGH

SHOWN = ("kind", "order", "cell", "layers", "units", "embedding", "dropout", "batch_size",
         "window", "epochs", "learning_rate", "weight_decay")  # fmt: skip
"""Settings that are shown, in this order."""


def show(
    events: Iterable[TuneEvent], started: float, minutes: float | None, trials: int | None
) -> tuple[Began, Tuned]:
    """Show a search on a terminal's stderr; return what it began with and came to."""
    console = Console(stderr=True, highlight=False)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("best {task.fields[best]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    began = tuned = None
    default: Mapping[str, Any] = {}
    budget = None if minutes is None and trials is not None else 60 * (minutes or 10)
    with bar:
        task = bar.add_task("beginning", total=1.0, best="-")
        done = 0
        for event in events:
            share = done / trials if trials else 0.0
            if budget is not None:
                share = max(share, (time.monotonic() - started) / budget)
            match event:
                case Began():
                    began, done, default = event, event.tried, event.default
                    console.print(_beginning(event), markup=False, soft_wrap=True)
                case Training():
                    where = f"fold {event.fold}/{event.folds}"
                    if event.what == "check":
                        where = ("best" if event.fold == 1 else "default") + " again"
                    text = f"{event.what} {event.number}, {where}, {event.progress:4.0%}"
                    bar.update(task, description=text, completed=share)
                    if event.best is not None:
                        bar.update(task, best=f"{event.best:.4f}")
                case Tried():
                    done += event.outcome != "out of time"
                    if console.is_terminal:
                        bar.console.print(
                            _line(event, default), markup=False, no_wrap=True, overflow="ellipsis"
                        )
                case Remeasured():
                    if console.is_terminal:
                        said = f"fresh split {event.number}: best {event.best:.4f}, default "
                        bar.console.print(f"{said}{event.default:.4f}", markup=False)
                case Tuned():
                    tuned = event
    assert began is not None and tuned is not None  # of every search that does not raise
    return began, tuned


def _beginning(event: Began) -> str:
    knobs = "; ".join(f"{name} {values}" for name, values in event.knobs.items())
    folds = f"{event.folds} folds" if event.folds > 1 else "one split"
    before = f"; continuing after {event.tried} trials" if event.tried else ""
    return f"Each trial is measured on {folds}{before}. Searched: {knobs}"


def _line(event: Tried, default: Mapping[str, Any]) -> str:
    """Say in a line what a trial tried and what came of it."""
    loss = "-" if event.loss is None else f"{event.loss:.4f}"
    changed = [f"{k} {event.settings[k]}" for k in SHOWN if event.settings.get(k) != default.get(k)]
    what = "the default recipe" if event.default else ", ".join(changed)
    star = "*" if event.outcome == "complete" and event.loss == event.best else " "
    number, seconds = f"trial {event.number:>3}{star}", f"{event.seconds:5.1f} s"
    return f"{number} {loss:>7}  {event.outcome:<11} {seconds}  {what}"


def found(corpus: NameCorpus | TextCorpus, began: Began, tuned: Tuned, seed: int) -> dict[str, Any]:
    """Return what a recipe file says of how it was found."""
    size = {"characters": corpus.report.characters}
    if isinstance(corpus, NameCorpus):
        size = {"names": corpus.report.names, **size}
    return {
        "corpus": {"digest": corpus.digest, **size},
        "folds": began.folds,
        "seed": seed,
        "trials": tuned.trials,
        "complete_trials": tuned.complete,
        "held_out_nats_per_char": {"best": tuned.best, "default": tuned.default},
        "in_search": tuned.search.to_dict(),
        "on_fresh_splits": None if tuned.check is None else tuned.check.to_dict(),
        "gain_is_real": tuned.real,
    }


def tell(tuned: Tuned, options: str, recipe: Path) -> None:
    """Print the result: the settings, their losses, how sure that is, and what mattered.

    Args:
        tuned: the result.
        options: of ``charloom train``, to train with it.
        recipe: its file.
    """
    many = "trial" if tuned.trials == 1 else "trials"
    click.echo(
        f"{tuned.trials} {many} ({tuned.complete} on every fold, {tuned.pruned} cut short), "
        f"{tuned.seconds:.0f} s; a whole one took {tuned.trial_seconds:.1f} s"
    )
    click.echo(f"{'held-out nats/char':<28}{'default':>9}{'best':>9}  best - default (95 %)")
    click.echo(_losses("in the search", tuned.search))
    if tuned.check is not None:
        many = "split" if tuned.check.parts == 1 else "splits"
        click.echo(_losses(f"on {tuned.check.parts} fresh {many}", tuned.check))
    click.echo(verdict(tuned))
    click.echo()
    for name in SHOWN:
        if name in tuned.settings:
            click.echo(f"  {name:<15}{tuned.settings[name]}")
    if tuned.importance:
        click.echo("\nWhat explains the differences between the trials' losses:")
        for name, share in tuned.importance.items():
            click.echo(f"  {name:<15}{share:5.0%}  {'#' * round(30 * share)}".rstrip())
    elif tuned.trials >= ENOUGH:
        click.echo("\nNo setting stands out: how the trials differ could be chance.")
    click.echo(f"\nWritten to {recipe}. To train with it: charloom train SOURCE {options}")


def verdict(tuned: Tuned) -> str:
    """Say in a sentence whether what was found is worth having."""
    check = tuned.check
    if tuned.search.difference == 0:
        return "Nothing better than the default recipe was found; the file holds its settings."
    if check is None:
        return (
            "The best was not measured once more on fresh splits, and the best of many looks "
            "better than it is. The file holds its settings; the default recipe may be as good. "
            "The same command with more time, or without a stop, continues and tells."
        )
    if check.difference >= 0:
        return (
            "On fresh splits the best is no better than the default recipe: the gain was luck. "
            "The file holds the default's settings."
        )
    gain = f"{-check.difference:.4f} nats/char"
    if tuned.real and check.over == "items":
        return (
            f"The gain is {gain} on what the search never measured on; the interval leaves out how "
            "a training varies with its seed. Search for longer to be sure."
        )
    if tuned.real:
        return f"The gain is real: {gain} on what the search never measured on."
    return (
        f"On fresh splits the best gains {gain}, which may be chance: the default recipe is as "
        "good a choice."
    )


def _losses(what: str, losses: Compared) -> str:
    if losses.best == losses.default:  # the default with itself
        return f"{what:<28}{losses.default:>9.4f}{losses.best:>9.4f}"
    interval = "too few parts to tell"
    if losses.low is not None and losses.high is not None:
        interval = f"{losses.low:+.4f} to {losses.high:+.4f}"
    change = f"{losses.difference:+.4f} ({interval})"
    return f"{what:<28}{losses.default:>9.4f}{losses.best:>9.4f}  {change}"
