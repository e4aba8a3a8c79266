"""What happens in a training: lines of JSON in a file, which any number of readers follow."""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import RunError
from ...storage.disk import append, opened

EVENTS = "events.jsonl"

EPOCH = "epoch"

KINDS = (
    "started", "step", EPOCH, "phase", "notice", "warning", "resumed", "finished", "failed",
)  # fmt: skip
"""What can happen."""

MOST_BYTES = 2**26
"""Bytes that are read at once."""

PAUSE = 0.2
"""Seconds between two looks at a file."""

RETRY = 1000
"""Milliseconds after which a browser tries again when the stream broke off."""

BEAT = 15.0
"""Seconds after which an open stream says that it lives."""


@dataclass(frozen=True)
class Event:
    """A line of the file.

    Attributes:
        position: where the next line begins, in bytes.
        kind: what happened.
        data: what there is to say about it, without NaN.
    """

    position: int
    kind: str
    data: dict[str, Any]


class EventLog:
    """Writes the events of a training, each whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Cut off what a crash of the machine left of a line."""
        self._path = path
        try:
            with os.fdopen(opened(path, os.O_RDWR, own=True), "rb+") as file:
                content = file.read()
                if not content.endswith(b"\n"):
                    file.truncate(content.rfind(b"\n") + 1)
        except FileNotFoundError:
            pass

    def write(self, kind: str, **data: Any) -> None:
        """Add an event.

        Raises:
            RunError: the file cannot be written.
        """
        line = json.dumps({"kind": kind, **plain(data)}, ensure_ascii=False, allow_nan=False)
        append(self._path, line.encode("utf-8", "replace") + b"\n")


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """Return data that JSON can hold: numbers that are not finite become ``None``.

    Example:
        >>> plain({"loss": float("nan"), "epoch": 3, "speed": 1234.5678})
        {'loss': None, 'epoch': 3, 'speed': 1234.57}
    """

    def value(one: Any) -> Any:
        if isinstance(one, float):
            return float(f"{one:.6g}") if math.isfinite(one) else None
        return one

    return {name: value(one) for name, one in data.items()}


def plainly(message: str) -> str:
    """Return a message of the command line as the page says it.

    Example:
        >>> plainly("loss is NaN. Lower --learning-rate.")
        'Loss is NaN. Lower learning rate.'
    """
    message = re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda found: found[1].replace("-", " "), message)
    return message[:1].upper() + message[1:]


def events_from(path: Path, position: int) -> list[Event]:
    """Return the whole lines after ``position``; none if there is no such file."""
    try:
        with os.fdopen(opened(path, own=True), "rb") as file:
            if position > os.fstat(file.fileno()).st_size:
                return []
            file.seek(position)
            content = file.read(MOST_BYTES)
    except (OSError, RunError):
        return []
    found = []
    for line in content[: content.rfind(b"\n") + 1].split(b"\n")[:-1]:
        position += len(line) + 1
        try:
            data = json.loads(line)
            kind = data.pop("kind", EPOCH)  # a run's history has epochs only
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
        if kind in KINDS:
            found.append(Event(position, kind, data if path.name == EVENTS else _of_history(data)))
    return found


def _of_history(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an epoch of ``training.history`` as the studio's events have it."""
    return {
        "epoch": entry.get("epoch"),
        "train": entry.get("train_nats_per_char"),
        "held_out": entry.get("held_out_nats_per_char"),
        "seconds": entry.get("seconds"),
    }


Look = Callable[[int], tuple[dict[str, Any], list[Event]]]
"""Returns the state of a training, and the events after a position that had happened by then."""


async def followed(
    look: Look, stamp: str, after: str, ending: Callable[[], bool]
) -> AsyncIterator[str]:
    """Yield server-sent events: what happened after the id ``after``, then what happens.

    An id is the stamp of the file and a position in it, so that a browser that comes back gets
    each event once. The state is sent when it changes; it has no id.

    Args:
        look: called in a thread, several times a second; raises CharloomError if the training is
            gone.
        stamp: of the file; a position in another one counts for nothing.
        after: the last id that the browser has, or an empty text.
        ending: whether the server is about to end.
    """
    owner, _, number = after.rpartition("-")
    position = int(number) if owner == stamp and number.isdecimal() else 0
    before: dict[str, Any] | None = None
    heard = time.monotonic()
    yield f"retry: {RETRY}\n\n"
    while not ending():
        state, events = await asyncio.to_thread(look, position)
        for event in events:
            position, heard = event.position, time.monotonic()
            yield sent(event.kind, event.data, f"{stamp}-{position}")
        steady = {name: value for name, value in state.items() if name not in CHANGING}
        if steady != before:  # the events that led to it are sent
            before = steady
            yield sent("state", state)
        if time.monotonic() - heard > BEAT:
            heard = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(PAUSE)


CHANGING = ("progress", "seconds_left", "epoch", "epochs")
"""What the other events say."""


def sent(kind: str, data: dict[str, Any], number: str | None = None) -> str:
    """Return a server-sent event."""
    ours = f"id: {number}\n" if number is not None else ""
    return f"{ours}event: {kind}\ndata: {json.dumps(plain(data), ensure_ascii=False)}\n\n"
