"""Progress of reading and training: a bar in a terminal or a notebook, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ..data.names import NameCorpus
from ..data.summary import counted
from ..data.text import TextCorpus
from ..formatting import escaped
from ..generation import NameModel, TextModel
from ..models.factory import recurrence
from ..training.events import (
    Choosing,
    Chosen,
    Evaluated,
    Event,
    Finished,
    NextNetwork,
    Refitting,
    Started,
    Step,
    Warned,
)
from . import describe
from .lines import ProgressLines, clock

SAMPLES = 4
"""New names that are shown after an epoch."""

CHARACTERS = 80
"""Characters of new text that are shown after an epoch."""

BATCHES = 10
"""Batches between two lines of the unpacked loop; the tutorial prints every 100."""

LINES = 15
"""Epochs shown with samples, at most; there may be thousands."""


@contextmanager
def reading() -> Iterator[Callable[[int, int], None]]:
    """Show a bar in a terminal, lines elsewhere; yields a function of the bytes read and the total,
    0 if unknown."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("reading"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not console.is_terminal,
    )
    with bar, ProgressLines(_writer(console), disable=console.is_terminal) as lines:
        task = bar.add_task("", total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)
            of = f" of {total / 1e6:,.0f}" if total else ""
            lines.update(f"reading: {done / 1e6:,.0f}{of} MB")

        yield update


def show(
    events: Iterable[Event],
    corpus: NameCorpus | TextCorpus,
    *,
    unpacked: bool = False,
    notebook: bool = False,
) -> Finished:
    """Show the events of a training on stderr as they arrive, and return the last.

    Args:
        events: what ``fit`` yields.
        corpus: the training corpus.
        unpacked: print lines, as the tutorial's loop does, instead of a bar.
        notebook: show them in the notebook's output: one line per epoch, and a bar if ipywidgets,
            which Rich needs for it, is installed.
    """
    console = Console(stderr=not notebook, highlight=False, force_jupyter=notebook or None)
    has_bar = find_spec("ipywidgets") is not None if notebook else console.is_terminal
    bar = Progress(
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(bar_width=None),
        TextColumn("loss {task.fields[loss]}  held-out {task.fields[held_out]}"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        disable=unpacked or not has_bar,
    )
    finished: Finished | None = None
    began: Started | None = None

    say = _writer(console)  # the bar's console, which redraws the bar below the message
    with bar, ProgressLines(say, disable=unpacked or has_bar) as lines:
        lines.update("preparing")
        seconds_left = 0.0
        task = bar.add_task("", total=1.0, epoch="-", loss="-", held_out="-", speed="")
        every, steps, begun, chosen = 1, 1, time.monotonic(), False
        for event in events:
            match event:
                case Started():
                    began = event
                    every = max(1, event.epochs // LINES)
                    steps, begun = event.steps_per_epoch, time.monotonic()
                    say(_beginning(event))
                case Warned():
                    say(f"warning: {event.message}")
                case NextNetwork():
                    say(_next_network(event))
                case Step() if unpacked:
                    batch, loss = (event.step - 1) % steps, event.batch_nats_per_char
                    if batch % BATCHES == 0:
                        say(f"Epoch {event.epoch} Batch {batch} Loss {loss:.4f}")
                case Evaluated() if unpacked:
                    say(f"Epoch {event.epoch} Loss {event.train_nats_per_char:.4f}")
                    say(f"Time taken for 1 epoch {time.monotonic() - begun:.2f} s\n")
                    begun = time.monotonic()
                case Step():
                    bar.update(
                        task,
                        completed=event.progress,
                        epoch=event.epoch,
                        loss=f"{event.nats_per_char:.3f}",
                        speed=_speed(event),
                    )
                    seconds_left = event.seconds_left
                    lines.update(
                        f"epoch {event.epoch}, step {event.step:,}, loss "
                        f"{event.nats_per_char:.3f}, {_speed(event)}, {_left(seconds_left)}"
                    )
                case Choosing():
                    if (event.fold, chosen) == (1, False):
                        chosen = True
                        say(
                            "no names are held out: choosing epochs and exponents by "
                            f"cross-validation with {event.folds} folds"
                        )
                    share = (event.fold - 1 + event.progress) / event.folds
                    bar.update(task, completed=share, epoch=f"of fold {event.fold}")
                    lines.update(f"cross-validation: {share:.0%}")
                case Chosen():
                    network, ngram = event.exponents
                    say(
                        f"chosen: {event.epochs} epochs, exponents {network:.2f} (network) and "
                        f"{ngram:.2f} (n-gram); cross-validated loss {event.nats_per_char:.3f} "
                        "nats/char"
                    )
                case Refitting():
                    if event.step == 1:
                        say(
                            f"training the network again, on all {event.names:,} names: "
                            f"{event.steps:,} steps"
                        )
                    bar.update(task, completed=event.step / event.steps, epoch="all", speed="")
                    lines.update(
                        f"on all names: step {event.step:,} of {event.steps:,}, "
                        f"{_left(event.seconds_left)}"
                    )
                case Evaluated():
                    held_out = event.held_out_nats_per_char
                    shown = "-" if held_out is None else f"{held_out:.3f}"
                    bar.update(task, held_out=shown)
                    losses = f"loss {event.train_nats_per_char:.3f}  held-out {shown}"
                    if not notebook and event.step:
                        lines.offer(f"epoch {event.epoch:>3}  {losses}  {_left(seconds_left)}")
                    if (has_bar or notebook) and event.epoch % every == 0 and began is not None:
                        bar.console.print(
                            f"epoch {event.epoch:>3}  {losses}  " + _sample(began, event, corpus),
                            markup=False,
                            overflow="ellipsis",
                            no_wrap=True,
                        )
                case Finished():
                    finished = event
                    lines.finish()
    assert finished is not None  # the last event of every training that does not raise
    return finished


def _writer(console: Console) -> Callable[[str], None]:
    """Return a function that prints a line as it is."""
    return lambda line: console.print(escaped(line, keep="\n"), markup=False, soft_wrap=True)


def _left(seconds: float) -> str:
    return f"up to {clock(seconds)} left"


def _sample(began: Started, event: Evaluated, corpus: NameCorpus | TextCorpus) -> str:
    """Return a line of what the model generates after this epoch."""
    rnn, seed = recurrence(began.model, event.weights), event.epoch
    if not isinstance(corpus, NameCorpus):
        text = TextModel(rnn, began.vocabulary).text(CHARACTERS, seed=seed)
        return " ".join(text.split())
    report = corpus.report
    model = NameModel(
        rnn, began.vocabulary, longest=report.longest, keep_invisible=report.keep_invisible
    )
    start = "" if began.model.begin else corpus.names[0][:1]
    return ", ".join(model.names(SAMPLES, seed=seed, allow_known=True, start=start))


def _next_network(event: NextNetwork) -> str:
    if event.number > event.networks:
        return f"distilling {event.networks} networks into one"
    return f"there is time for {event.networks} networks; training network {event.number}"


def _speed(event: Step) -> str:
    if event.names_per_second:
        return f"{event.names_per_second:,.0f} names/s"
    return f"{event.characters_per_second:,.0f} characters/s"


def _beginning(event: Started) -> str:
    steps, config = event.steps_per_epoch, event.model
    what = "characters " if event.counted == "characters" else ""
    sizes = f"{event.train_size:,} {what}to train on, {event.held_out_size:,} held out; "
    if not config.has_network:
        return f"{sizes}{describe.kind(config, {})}; {event.parameters:,} parameters"
    return (
        f"{sizes}{'mixed with an n-gram: ' if config.has_ngram else ''}"
        f"{describe.network(config)}, {event.parameters:,} parameters, "
        f"{f'adapted from {base}, ' if (base := describe.base(event.base)) else ''}"
        f"on {event.backend}; up to {counted(event.epochs, 'epoch')} of {counted(steps, 'step')}"
    )
