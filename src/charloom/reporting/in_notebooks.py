"""Progress of training in a notebook: one output that is updated, beside whatever a cell prints."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from ..data.given import Names, corpus_of
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
from .lines import clock
from .narrated import beginning, choice, choosing, duration, next_network, refitting, sampled

EVERY = 0.3
"""Seconds between two updates."""

LINES = 15
"""Epochs in the table, about; there may be thousands."""

SAMPLES, CHARACTERS = 4, 80
"""New names, or characters of new text, that are shown after an epoch."""


def in_notebook() -> bool:
    """Say whether the code runs in a notebook's cell."""
    shell = sys.modules.get("IPython")
    kinds = () if shell is None else type(shell.get_ipython()).__mro__  # Colab has one of its own
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in kinds)


def watch(events: Iterable[Event], corpus: Names | TextCorpus | None = None) -> Iterator[Event]:
    """Pass the events of a training on, and show its progress in a notebook.

    It is one output of the cell, which is updated: a bar, and a table of the epochs. What the cell
    prints stays apart. Outside notebooks, nothing is shown.

    Args:
        events: what ``fit`` yields.
        corpus: what is trained on, as ``fit`` takes it: then the table shows what the model
            generates after an epoch.

    Example:
        ::

            for event in watch(fit(corpus), corpus):
                ...
    """
    shown = None
    if in_notebook():
        shown = _Progress(None if corpus is None else corpus_of(corpus))
    try:
        for event in events:
            if shown is not None:
                shown.take(event)
            yield event
    finally:
        close = getattr(events, "close", None)  # so that an abandoned training ends at once
        if close is not None:
            close()


class _Progress:
    """What is known of a training so far, and the output that shows it."""

    def __init__(self, corpus: NameCorpus | TextCorpus | None) -> None:
        self._corpus = corpus
        self._lines: list[str] = []
        self._rows: list[tuple[str, ...]] = []
        self._now, self._share = "preparing", 0.0
        self._began: Started | None = None
        self._every = 1
        self._output: Any = None
        self._latest = 0.0
        self._show()

    def take(self, event: Event) -> None:
        """Note an event, and show it unless the output was updated just before."""
        due = time.monotonic() - self._latest >= EVERY
        match event:
            case Started():
                self._began, self._every = event, max(1, event.epochs // LINES)
                self._lines.append(beginning(event))
            case Ready():
                if (message := duration(event)) is not None:
                    self._lines.append(message)
            case Warned():
                self._lines.append(f"warning: {event.message}")
            case NextNetwork():
                self._lines.append(next_network(event))
            case Step():
                self._share = event.progress
                left = f"up to {clock(event.seconds_left)} left"
                self._now = f"epoch {event.epoch}, loss {event.nats_per_char:.3f}, {left}"
            case Choosing():
                if event.fold == 1 and not self._now.startswith("cross-validation"):
                    self._lines.append(choosing(event))
                self._share = (event.fold - 1 + event.progress) / event.folds
                self._now = f"cross-validation: fold {event.fold} of {event.folds}"
            case Chosen():
                self._lines.append(choice(event))
            case Refitting():
                if event.step == 1:
                    self._lines.append(refitting(event))
                self._share = event.step / event.steps
                self._now = f"on all names: step {event.step:,} of {event.steps:,}"
            case Evaluated():
                if event.epoch % self._every == 0:
                    self._rows.append(self._row(event))
                    due = True
            case Finished():
                epochs = f"{event.epoch:,} epoch{'' if event.epoch == 1 else 's'}"
                best = f" Best: epoch {event.best_epoch:,}." if event.epoch > 1 else ""
                self._now = f"Finished {epochs} in {event.seconds:.1f} s.{best}"
                self._share, due = 1.0, True
        if due:
            self._show()

    def _row(self, event: Evaluated) -> tuple[str, ...]:
        held_out = event.held_out_nats_per_char
        row = (
            f"{event.epoch:,}",
            f"{event.train_nats_per_char:.3f}",
            "-" if held_out is None else f"{held_out:.3f}",
        )
        if self._began is None or self._corpus is None:
            return row
        found = sampled(self._began, event, self._corpus, names=SAMPLES, characters=CHARACTERS)
        text = " ".join(found.split()) if isinstance(found, str) else ", ".join(found)
        return (*row, escaped(text))

    def _show(self) -> None:
        from IPython.display import display  # it is there, for this runs in it

        self._latest = time.monotonic()
        bundle = {"text/plain": self._text(), "text/html": self._html()}
        if self._output is None:
            self._output = display(bundle, raw=True, display_id=True)
        else:
            self._output.update(bundle, raw=True)

    def _heads(self) -> tuple[str, ...]:
        heads = ("epoch", "loss", "held-out", "new strings")
        return heads[: len(self._rows[0])]

    def _text(self) -> str:
        lines = list(map(escaped, self._lines))
        for row in self._rows:
            lines.append(
                "  ".join(f"{head} {cell}" for head, cell in zip(self._heads(), row, strict=True))
            )
        return "\n".join([*lines, self._now])

    def _html(self) -> str:
        said = "".join(f"<p>{escape(escaped(line))}</p>" for line in self._lines)
        bar = f'<progress value="{self._share:.3f}" max="1" aria-label="Training"></progress>'
        table = ""
        if self._rows:
            heads = "".join(f'<th scope="col">{head}</th>' for head in self._heads())
            rows = "".join(
                f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
                for row in self._rows
            )
            table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        return f"<div>{said}{table}<p>{bar} {escape(self._now)}</p></div>"
