"""The progress of a search, and its result in words."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..reporting.lines import ProgressLines, clock
from ..tuning import (
    Remeasured,
    SearchEvent,
    SearchFinished,
    SearchStarted,
    TrainingProgress,
    TrialFinished,
)
from ..tuning.events import Compared
from ..tuning.importance import ENOUGH

SHOWN = ("kind", "order", "cell", "layers", "units", "embedding", "dropout", "batch_size",
         "window", "epochs", "learning_rate", "weight_decay")  # fmt: skip
"""Settings that are shown, in this order."""


def show(
    events: Iterable[SearchEvent], started: float, minutes: float | None, trials: int | None
) -> tuple[SearchStarted, SearchFinished]:
    """Show a search on stderr, with a progress bar on a terminal, lines elsewhere; return its first
    and last event."""
    console = Console(stderr=True, highlight=False)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("best {task.fields[best]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    budget = None if minutes is None and trials is not None else 60 * (minutes or 10)
    first = last = None
    lines = ProgressLines(
        lambda text: console.print(text, markup=False, soft_wrap=True), disable=console.is_terminal
    )
    with bar, lines:
        task, done = bar.add_task("starting", total=1.0, best="-"), 0
        for event in events:
            line = ""
            match event:
                case SearchStarted():
                    first, done = event, event.finished_trials
                    console.print(_beginning(event), markup=False, soft_wrap=True)
                case TrainingProgress():
                    share = done / trials if trials else 0.0
                    if budget is not None:
                        share = max(share, (time.monotonic() - started) / budget)
                    best = "-" if event.best is None else f"{event.best:.4f}"
                    bar.update(task, description=_place(event), completed=share, best=best)
                    left = ""
                    if budget is not None:
                        left = f", up to {clock(started + budget - time.monotonic())} left"
                    lines.update(f"{_place(event)}, best {best}, {share:.0%} done{left}")
                case TrialFinished():
                    done += event.outcome != "out of time"
                    line = _line(event, first.default if first else {})
                case Remeasured():
                    losses = f"best {event.best:.4f}, default {event.default:.4f}"
                    line = f"fresh split {event.number}: {losses}"
                case SearchFinished():
                    last = event
                    lines.finish()
            if line:
                lines.offer(line)
            if line and console.is_terminal:
                bar.console.print(line, markup=False, no_wrap=True, overflow="ellipsis")
    assert first is not None and last is not None  # of every search that does not raise
    return first, last


def _beginning(event: SearchStarted) -> str:
    parameters = "; ".join(f"{name} {values}" for name, values in event.parameters.items())
    folds = f"{event.folds} folds" if event.folds > 1 else "one split"
    before = f"; continuing after {event.finished_trials} trials" if event.finished_trials else ""
    return f"Each trial is measured on {folds}{before}. Searched: {parameters}"


def _place(event: TrainingProgress) -> str:
    place = f"fold {event.fold}/{event.folds}"
    if event.stage == "check":
        place = ("best" if event.fold == 1 else "default") + " again"
    return f"{event.stage} {event.number}, {place}, {event.progress:4.0%}"


def _line(event: TrialFinished, default: Mapping[str, Any]) -> str:
    """Return a line about a trial: its loss, how it ended, and what it changed."""
    trial, settings = event.trial, event.trial.user_attrs["settings"]
    losses = trial.user_attrs["losses"]
    seconds = trial.duration.total_seconds() if trial.duration else 0.0
    loss = f"{statistics.fmean(losses):.4f}" if losses else "-"
    changed = [f"{k} {settings[k]}" for k in SHOWN if settings.get(k) != default.get(k)]
    what = ", ".join(changed) or "the default recipe"
    star = "*" if event.outcome == "complete" and trial.value == event.best else " "
    number = f"trial {trial.number + 1:>3}{star}"
    return f"{number} {loss:>7}  {event.outcome:<11} {seconds:5.1f} s  {what}"


def found(
    corpus: NameCorpus | TextCorpus, first: SearchStarted, result: SearchFinished, seed: int
) -> dict[str, Any]:
    """Return what a recipe file says about how it was found."""
    size = {"characters": corpus.report.characters}
    if isinstance(corpus, NameCorpus):
        size = {"names": corpus.report.names, **size}
    return {
        "corpus": {"digest": corpus.digest, **size},
        "folds": first.folds,
        "seed": seed,
        "trials": result.trials,
        "complete_trials": result.complete,
        "held_out_nats_per_char": {"best": result.best, "default": result.default},
        "in_search": asdict(result.search),
        "on_fresh_splits": asdict(result.check) if result.check else None,
        "gain_is_real": result.real,
    }


def summary(result: SearchFinished) -> str:
    """Return the result: losses, how certain the gain is, the settings, and what mattered."""
    lines = [
        f"{_count(result.trials, 'trial')} ({result.complete} on every fold, {result.pruned} cut "
        f"short), {result.seconds:.0f} s; a complete one took {result.trial_seconds:.1f} s",
        f"{'held-out nats/char':<28}{'default':>9}{'best':>9}  best - default (95 %)",
        _losses("in the search", result.search),
    ]
    if result.check is not None:
        lines.append(_losses(f"on {_count(result.check.parts, 'fresh split')}", result.check))
    lines += [_verdict(result), ""]
    lines += [f"  {name:<15}{result.settings[name]}" for name in SHOWN if name in result.settings]
    if result.importance:
        lines.append("\nWhat explains the differences between the trials' losses:")
        for name, share in result.importance.items():
            lines.append(f"  {name:<15}{share:5.0%}  {'#' * round(30 * share)}".rstrip())
    elif result.trials >= ENOUGH:
        lines.append("\nNo setting stands out: the differences between trials may be chance.")
    return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _verdict(result: SearchFinished) -> str:
    """Say in a sentence or two whether the settings found are worth using."""
    check = result.check
    if result.search.difference == 0:
        return "Nothing better than the default recipe was found; the file has its settings."
    if check is None:
        return (
            "The best trial was not compared again on fresh splits, and the best of many trials "
            "looks better than it is: the default recipe may be as good. The file has the best "
            "trial's settings. To resume the search, run the command again with more time."
        )
    if check.difference >= 0:
        return (
            "On fresh splits the best is no better than the default recipe: the gain was chance. "
            "The file has the settings of the default recipe."
        )
    gain = f"{-check.difference:.4f} nats/char"
    if not result.real:
        return (
            f"On fresh splits the best gains {gain}, which may be chance: the default recipe is as "
            "good a choice."
        )
    if check.over == "items":
        return (
            f"The gain is {gain} on data the search never measured on; the interval ignores how "
            "a training varies with its seed. Search longer to be certain."
        )
    return f"The gain is real: {gain} on data the search never measured on."


def _losses(what: str, losses: Compared) -> str:
    row = f"{what:<28}{losses.default:>9.4f}{losses.best:>9.4f}"
    if losses.best == losses.default:  # the default compared with itself
        return row
    interval = "too few parts to tell"
    if losses.low is not None and losses.high is not None:
        interval = f"{losses.low:+.4f} to {losses.high:+.4f}"
    return f"{row}  {losses.difference:+.4f} ({interval})"
