"""What a training's events say in short: how far it is, and how it ended."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any, Literal

from .events import Event, events_from

Ending = Literal["finished", "stopped", "failed"]

MOST = 10**12
"""No number of a training is as large."""

ENDINGS = {
    "early stopping": "Stopped early because the held-out loss no longer fell.",
    "seconds": "The time budget is used up.",
    "diverged": "The loss became NaN. Lower the learning rate, and train again.",
}


class Story:
    """The events of one training, read once each.

    Attributes:
        stamp: of the training.
        epoch, epochs, progress, seconds_left, message: as in ``Training``.
        ending: how it ended, ``None`` as long as it has not.
    """

    def __init__(self, stamp: str) -> None:
        self.stamp = stamp
        self.epoch = 0
        self.epochs: int | None = None
        self.progress: float | None = None
        self.seconds_left: float | None = None
        self.message: str | None = None
        self.ending: Ending | None = None
        self._position = 0
        self._lock = Lock()

    def read(self, path: Path) -> None:
        """Take in what has happened since."""
        with self._lock:
            for event in events_from(path, self._position):
                self._position = event.position
                self._take(event)

    def _take(self, event: Event) -> None:
        data = event.data
        match event.kind:
            case "started":
                epochs, first = _number(data, "epochs"), _number(data, "first_epoch") or 1
                self.epochs = None if epochs is None else int(epochs)
                self.epoch = int(first) - 1
            case "step":
                self.progress = _number(data, "progress")
                self.seconds_left = _number(data, "seconds_left")
                self.epoch = int(_number(data, "epoch") or self.epoch)
            case "epoch":
                self.epoch = int(_number(data, "epoch") or self.epoch)
            case "resumed":
                self.ending = self.message = self.seconds_left = None
            case "finished":
                reason = str(data.get("reason"))
                self.message = ENDINGS.get(reason)
                self.ending = _ending(reason)
                if self.ending == "finished":
                    self.progress = 1.0
            case "failed":
                self.message, self.ending = str(data.get("message")), "failed"


def _ending(reason: str) -> Ending:
    if reason == "interrupted":
        return "stopped"
    return "failed" if reason == "diverged" else "finished"


def _number(data: dict[str, Any], name: str) -> float | None:
    """Return a number of an event; ``None`` for anything else, which a stranger wrote."""
    value = data.get(name)
    sound = isinstance(value, int | float) and abs(value) < MOST
    return value if sound else None
