"""Progress of reading and training: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

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
from ..data.text import TextCorpus
from ..errors.formatting import escaped
from ..training.events import (
    Choosing,
    Chosen,
    Evaluated,
    Event,
    Finished,
    NextNetwork,
    Ready,
    Refitting,
    Started,
    Step,
    Warned,
)
from .lines import ProgressLines, clock
from .narrated import beginning, choice, choosing, duration, next_network, refitting, sampled

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
) -> Finished:
    """Show the events of a training on stderr as they arrive, and return the last.

    Args:
        events: what ``fit`` yields.
        corpus: the training corpus.
        unpacked: print lines, as the tutorial's loop does, instead of a bar.
    """
    console = Console(stderr=True, highlight=False)
    has_bar = console.is_terminal
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
                    say(beginning(event))
                case Ready():
                    if (message := duration(event)) is not None:
                        say(message)
                case Warned():
                    say(f"warning: {event.message}")
                case NextNetwork():
                    say(next_network(event))
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
                        say(choosing(event))
                    share = (event.fold - 1 + event.progress) / event.folds
                    bar.update(task, completed=share, epoch=f"of fold {event.fold}")
                    lines.update(f"cross-validation: {share:.0%}")
                case Chosen():
                    say(choice(event))
                case Refitting():
                    if event.step == 1:
                        say(refitting(event))
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
                    if event.step:
                        lines.offer(f"epoch {event.epoch:>3}  {losses}  {_left(seconds_left)}")
                    if has_bar and event.epoch % every == 0 and began is not None:
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
    found = sampled(began, event, corpus, names=SAMPLES, characters=CHARACTERS)
    return " ".join(found.split()) if isinstance(found, str) else ", ".join(found)


def _speed(event: Step) -> str:
    if event.names_per_second:
        return f"{event.names_per_second:,.0f} names/s"
    return f"{event.characters_per_second:,.0f} characters/s"
