"""``history.jsonl``: a training's losses, one line per epoch, to watch while it runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..storage import write_file
from ..storage.disk import append

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
    append(folder / HISTORY, _line(entry))


def _line(entry: Mapping[str, Any]) -> bytes:
    """Return the entry as JSON, which has no NaN: such a loss is null."""
    plain = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in entry.items()
    }
    return f"{json.dumps(plain, allow_nan=False)}\n".encode()
