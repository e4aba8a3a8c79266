"""A training's events as lines of the studio: steps now and then, samples at little cost."""

from __future__ import annotations

import time
from typing import Any

from ...api import model_of
from ...config import NAMES_TEMPERATURE, TrainConfig
from ...data.names import NameCorpus
from ...data.text import TextCorpus
from ...generation import NameModel
from ...reporting import describe, narrated
from ...training.events import (
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
from .events import EventLog, plainly

SECONDS = 0.2
"""Least time between two steps that are told; it grows with the training's length, so that a day
of training is told in some ten thousand lines."""

LINES = 5_000

NAMES, CHARACTERS = 10, 280
"""What is generated after an epoch."""

SHARE = 0.04
"""Share of the time that this may take."""


class Narrator:
    """Tells a log what happens."""

    def __init__(
        self, log: EventLog, corpus: NameCorpus | TextCorpus, training: TrainConfig
    ) -> None:
        self._log, self._corpus, self._training = log, corpus, training
        self._begun = self._told = time.monotonic()
        self._sampling = 0.0
        self._began: Started | None = None
        self._chose = False

    def tell(self, event: Event) -> None:
        """Write an event, if it is worth a line."""
        match event:
            case Started():
                self._began, self._begun = event, time.monotonic()
                self._log.write("started", **_started(event))
            case Ready():
                if (message := narrated.duration(event)) is not None:
                    self._notice(message)
            case Step():
                if self._due(event.progress):
                    speed = event.names_per_second or event.characters_per_second
                    self._log.write(
                        "step",
                        epoch=event.epoch,
                        step=event.step,
                        progress=event.progress,
                        loss=event.nats_per_char,
                        seconds_left=event.seconds_left,
                        speed=speed,
                    )
            case Evaluated():
                self._log.write(
                    "epoch",
                    epoch=event.epoch,
                    step=event.step,
                    train=event.train_nats_per_char,
                    held_out=event.held_out_nats_per_char,
                    best=event.best,
                    seconds=event.seconds,
                    **self._samples(event),
                )
            case NextNetwork():
                self._notice(narrated.next_network(event))
            case Choosing():
                if not self._chose:
                    self._chose = True
                    self._notice(narrated.choosing(event))
                self._phase("Cross-validation", (event.fold - 1 + event.progress) / event.folds)
            case Chosen():
                self._notice(narrated.choice(event))
            case Refitting():
                if event.step == 1:
                    self._notice(narrated.refitting(event))
                self._phase("All names", event.step / event.steps, event.seconds_left)
            case Warned():
                self._log.write("warning", message=plainly(event.message))
            case Finished():
                self._finish(event)

    def _due(self, progress: float) -> bool:
        now = time.monotonic()
        pause = max(SECONDS, (now - self._begun) / LINES)
        if now - self._told < pause and progress < 1:
            return False
        self._told = now
        return True

    def _notice(self, message: str) -> None:
        self._log.write("notice", message=plainly(message))

    def _phase(self, what: str, share: float, seconds_left: float | None = None) -> None:
        if self._due(share):
            self._log.write("phase", what=what, progress=share, seconds_left=seconds_left)

    def _samples(self, event: Evaluated) -> dict[str, Any]:
        """Generate a little, unless that has taken too much of the time already."""
        begun = time.monotonic()
        if self._began is None or self._sampling > SHARE * (begun - self._begun):
            return {}
        found = narrated.sampled(
            self._began, event, self._corpus, names=NAMES, characters=CHARACTERS
        )
        self._sampling += time.monotonic() - begun
        return {"text": found} if isinstance(found, str) else {"samples": found}

    def _finish(self, event: Finished) -> None:
        if (failed := narrated.failure(event, self._training.learning_rate)) is not None:
            self._log.write("warning", message=plainly(failed))
        model, seed = model_of(event.saved), self._training.seed
        if isinstance(model, NameModel):
            start = "" if event.saved.config.begin else self._corpus.names[0][:1]  # type: ignore[union-attr]
            names = model.generate(NAMES, seed=seed, start=start, temperature=NAMES_TEMPERATURE)
            made: dict[str, Any] = {"samples": [name.text for name in names]}
        else:
            made = {"text": model.text(CHARACTERS, seed=seed)}
        self._log.write(
            "finished",
            reason=event.reason,
            epoch=event.epoch,
            best_epoch=event.best_epoch,
            held_out=event.held_out_nats_per_char,
            seconds=event.seconds,
            **made,
        )


def _started(event: Started) -> dict[str, Any]:
    """Return what is trained on how much."""
    base = describe.base(event.base, event.kinds)
    return {
        "model": describe.kind(event.model, {}) + (f", adapted from {base}" if base else ""),
        "train_size": event.train_size,
        "held_out_size": event.held_out_size,
        "counted": event.counted,
        "parameters": event.parameters,
        "epochs": event.epochs,
        "steps_per_epoch": event.steps_per_epoch,
        "first_epoch": event.first_epoch,
    }
