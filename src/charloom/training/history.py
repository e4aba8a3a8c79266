"""``history.jsonl``: a training's losses, one line per epoch, to watch while it runs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..storage import unwritable, write_file
from ..storage.disk import opened

HISTORY = "history.jsonl"


def write_history(folder: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Make ``entries`` all that the history holds; a link in its place is replaced.

    Raises:
        RunError: the folder cannot be written.
    """
    write_file(folder, HISTORY, b"".join(map(_line, entries)), own=True)


def append_history(folder: Path, entry: Mapping[str, Any]) -> None:
    """Add a line, whole or not at all.

    Not flushed to the disk: after a power failure a resumed training writes the history again.

    Raises:
        RunError: the folder cannot be written.
    """
    line = _line(entry)
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with os.fdopen(opened(folder / HISTORY, flags, own=True), "ab", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                written = file.write(line)
            except OSError:
                file.truncate(end)
                raise
            if written != len(line):
                file.truncate(end)
                raise OSError("only a part of the line was written")
    except OSError as error:
        raise unwritable(folder, error) from error


def _line(entry: Mapping[str, Any]) -> bytes:
    """Return the entry as JSON, which has no NaN: such a loss is null."""
    plain = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in entry.items()
    }
    return f"{json.dumps(plain, allow_nan=False)}\n".encode()
