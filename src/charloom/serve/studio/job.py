"""What the studio knows of a training it began: what is trained on what, and in which process."""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import RunError
from ...storage import write_file
from ...storage.disk import read
from .reading import Reading

JOB, PROCESS, STOP, LOG = "job.json", "process.json", "stop", "worker.log"

MOST_BYTES = 2**20

BEGINNING = 15.0
"""Seconds within which a process that was started notes itself."""


class Job(BaseModel):
    """What is trained.

    Attributes:
        stamp: what no other training has, so that its events are not taken for another's.
        list, list_name: the list's id and name; no id if the run remembers its files itself.
        form: names or text.
        look: how the list is read.
        settings: what was chosen in place of the recipe.
        started: when, in seconds since 1970.
    """

    model_config = ConfigDict(frozen=True)

    stamp: str = Field(default_factory=lambda: secrets.token_hex(4), pattern="^[0-9a-f]{8}$")
    list: str | None = None
    list_name: str
    form: Literal["names", "text"]
    look: Reading = Reading()
    settings: dict[str, Any] = {}
    started: float = Field(default_factory=time.time, allow_inf_nan=False)

    def save(self, folder: Path) -> None:
        """Write it into the training's folder; RunError if that is impossible."""
        write_file(folder, JOB, self.model_dump_json().encode(), own=True)


def job_in(folder: Path) -> Job | None:
    """Return what a training's folder says; ``None`` if there is none."""
    try:
        return Job.model_validate_json(read(folder / JOB, MOST_BYTES) or b"")
    except (RunError, ValidationError):
        return None


def begins_in(folder: Path) -> bool:
    """Return whether a process that trains there was started a moment ago, by another server."""
    if (folder / PROCESS).exists():
        return False
    try:
        latest = max(one.stat().st_mtime for one in folder.iterdir())
    except (OSError, ValueError):
        return False
    return time.time() - latest < BEGINNING


def note_process(folder: Path) -> None:
    """Note this process as the one that trains: its number, and when it was started."""
    import psutil

    data = {"pid": os.getpid(), "started": psutil.Process().create_time()}
    write_file(folder, PROCESS, json.dumps(data).encode(), own=True)


def end_process(folder: Path) -> None:
    """End the process that trains at once, if it still is the one that was noted.

    Its number alone may be that of another process by now.
    """
    import psutil

    try:
        noted = json.loads(read(folder / PROCESS, MOST_BYTES) or b"{}")
        process = psutil.Process(int(noted["pid"]))
        if abs(process.create_time() - float(noted["started"])) < 1:
            process.kill()
    except (RunError, ValueError, KeyError, TypeError, psutil.Error):
        return
