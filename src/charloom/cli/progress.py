"""Training as it is watched: a bar on a terminal's stderr, nothing elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..api import language_model
from ..config import ModelConfig
from ..corpus import Corpus
from ..events import Evaluated, Event, Finished, Started, Step, Warned
from ..generation import LanguageModel

SAMPLES = 4
"""New names that are shown after an epoch."""

BATCHES = 10
"""Batches between two lines of the unpacked loop, at most as many as the tutorial's 100."""

LINES = 15
"""Epochs that are shown with samples, at most; a training has between one and thousands."""


def show(
    events: Iterable[Event], corpus: Corpus, config: ModelConfig, *, unpacked: bool = False
) -> tuple[Finished, LanguageModel]:
    """Show the events of a training as they come; return the last, and the model.

    ``unpacked`` tells of it in lines, as the tutorial's own loop does, in place of the bar.
    """
    console = Console(stderr=True, highlight=False)
    bar = Progress(
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(bar_width=None),
        TextColumn("loss {task.fields[loss]}  held-out {task.fields[held_out]}"),
        TextColumn("{task.fields[speed]:,.0f} names/s"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        disable=unpacked or not console.is_terminal,
    )
    finished: Finished | None = None

    def tell(message: str) -> None:
        # Through the bar's console: it draws the bar anew below the message.
        console.print(message, markup=False, soft_wrap=True)

    with bar:
        task = bar.add_task("", total=1.0, epoch="-", loss="-", held_out="-", speed=0.0)
        every, steps, begun = 1, 1, time.monotonic()
        for event in events:
            match event:
                case Started():
                    every = max(1, event.epochs // LINES)
                    steps, begun = event.steps_per_epoch, time.monotonic()
                    tell(_beginning(event, config))
                case Warned():
                    tell(f"warning: {event.message}")
                case Step() if unpacked:
                    batch, loss = (event.step - 1) % steps, event.batch_nats_per_char
                    if batch % BATCHES == 0:
                        tell(f"Epoch {event.epoch} Batch {batch} Loss {loss:.4f}")
                case Evaluated() if unpacked:
                    tell(f"Epoch {event.epoch} Loss {event.train_nats_per_char:.4f}")
                    tell(f"Time taken for 1 epoch {time.monotonic() - begun:.2f} s\n")
                    begun = time.monotonic()
                case Step():
                    bar.update(
                        task,
                        completed=event.progress,
                        epoch=event.epoch,
                        loss=f"{event.nats_per_char:.3f}",
                        speed=event.names_per_second,
                    )
                case Evaluated():
                    held_out = event.held_out_nats_per_char
                    shown = "-" if held_out is None else f"{held_out:.3f}"
                    bar.update(task, held_out=shown)
                    if console.is_terminal and event.epoch % every == 0:
                        model = language_model(corpus, config, event.weights)
                        start = "" if config.begin else corpus.names[0][:1]
                        names = model.names(
                            SAMPLES, seed=event.epoch, allow_known=True, start=start
                        )
                        mean = f"{event.train_nats_per_char:.3f}"
                        bar.console.print(
                            f"epoch {event.epoch:>3}  loss {mean}  held-out {shown}  "
                            + ", ".join(names),
                            markup=False,
                            overflow="ellipsis",
                            no_wrap=True,
                        )
                case Finished():
                    finished = event
    assert finished is not None  # the last event of every training that does not raise
    return finished, language_model(corpus, config, finished.weights)


def _beginning(event: Started, config: ModelConfig) -> str:
    steps = event.steps_per_epoch
    return (
        f"{event.train_names:,} to train on, {event.held_out_names:,} held out; "
        f"{config.layers} x {config.cell.upper()} {config.units}, {event.parameters:,} parameters, "
        f"on {event.backend}; up to {event.epochs:,} epochs of {steps:,} steps"
    )
