"""Recording a training for TensorBoard: an event file of losses, rates and speed."""

from __future__ import annotations

import importlib.util
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..config.arguments import AnyPath, path
from ..errors import RunError, TrainingError
from .events import Evaluated, Event, Started, Step, Warned
from .scalars import scalars_of

SYNC_EVERY = 5.0
"""Seconds after which the records are flushed to disk, where TensorBoard finds them."""


def recorded(events: Iterator[Event], folder: AnyPath) -> Iterator[Event]:
    """Pass the events of a training on, and record its scalars in ``folder`` for TensorBoard.

    The scalars are those of ``scalars_of``, by step; the losses of epochs come again under
    ``epoch/``, by epoch. A resumed training is recorded in another file of the folder, which
    replaces the earlier one from its first step on.

    The folder is made when training starts. If it cannot be written later, training continues
    without it, with a ``Warned`` event.

    Raises:
        TrainingError: the package tensorboardX is not installed.
        RunError: when training starts: the folder cannot be written.
    """
    if importlib.util.find_spec("tensorboardX") is None:
        raise TrainingError(
            "recording for TensorBoard needs the package tensorboardX, which is not installed. "
            "Run: pip install 'charloom[tensorboard]'"
        )
    return _recorded(events, path("folder", folder))


def _recorded(events: Iterator[Event], folder: Path) -> Iterator[Event]:
    writer: _Writer | None = None
    counted = "names"
    try:
        for event in events:
            try:
                match event:
                    case Started():
                        counted = event.counted
                        writer = _Writer(folder)
                    case Step() if writer is not None:
                        writer.add(event.step, scalars_of(event, counted))
                    case Evaluated() if writer is not None:
                        losses = scalars_of(event, counted)
                        writer.add(event.step, losses)
                        losses["loss/train"] = event.train_nats_per_char
                        by_epoch = {f"epoch/{name}": loss for name, loss in losses.items()}
                        writer.add(event.epoch, by_epoch)
                        writer.sync()
            except OSError as error:
                message = f"{folder} cannot be written: {error.strerror or error}"
                if writer is None:
                    raise RunError(f"{message}. Choose another folder for TensorBoard.") from error
                writer.close()
                writer = None
                yield Warned(message=f"{message}; nothing more is recorded for TensorBoard.")
            yield event
    finally:
        if writer is not None:
            writer.close()
        close = getattr(events, "close", None)  # so that an abandoned training ends at once
        if close is not None:
            close()


class _Writer:
    """An event file, made with the first scalars.

    It is written by the caller's thread: tensorboardX's own ``SummaryWriter`` leaves that to
    another one, and hangs after that has met a full disk.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file: Any = None
        self._synced = 0.0

    def add(self, step: int, figures: Mapping[str, float | None]) -> None:
        """Record scalars of ``step``, except those that are None or not finite."""
        from tensorboardX.proto.event_pb2 import Event as Record
        from tensorboardX.proto.summary_pb2 import Summary

        if self._file is None:
            self._open(step)
        values = [
            Summary.Value(tag=tag, simple_value=value)
            for tag, value in figures.items()
            if value is not None and math.isfinite(value)
        ]
        if values:
            summary = Summary(value=values)
            self._file.write_event(Record(wall_time=time.time(), step=step, summary=summary))
        if time.monotonic() - self._synced >= SYNC_EVERY:
            self.sync()

    def _open(self, step: int) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event as Record
        from tensorboardX.proto.event_pb2 import SessionLog

        # The name has the second in it, which two trainings may share.
        self._file = EventsWriter(str(self._folder / "events"), f".{os.getpid()}.{step}")
        if step > 1:  # TensorBoard drops what an earlier file has of this step and later ones
            start = SessionLog(status=SessionLog.START)
            self._file.write_event(Record(wall_time=time.time(), step=step, session_log=start))

    def sync(self) -> None:
        """Flush everything to disk."""
        if self._file is not None:
            self._file.flush()
        self._synced = time.monotonic()

    def close(self) -> None:
        """Close the file; if the disk is full now, only the last scalars are lost."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._file = None
