"""Reports and comparisons that were computed: files under ``.charloom/reports``."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Sequence
from typing import Any

from ..._version import __version__
from ...errors import RunError
from ...storage import MODEL_INDEX, write_file
from ...storage.disk import read
from .place import Place

FORMAT = 1
"""Version of the files' format, and of what they hold."""

KEPT = 200
"""Reports that are kept, those read last."""

MOST_BYTES = 2**26
"""Bytes of a file that is read."""


def key_of(place: Place, kind: str, names: Sequence[str]) -> str:
    """Return what stands for a report on runs as they are now: 64 hex digits.

    Raises:
        UnknownRunError: there is no such run.
        RunError: it holds no model yet.
    """
    from ...run.state_file import CHECKPOINTS

    parts: list[bytes] = [f"{FORMAT} {__version__} {kind}".encode()]
    for name in names:
        folder = place.run(name)
        if (model := read(folder / MODEL_INDEX, MOST_BYTES)) is None:
            raise RunError(f"{name} holds no model yet. Train it first.")
        with contextlib.suppress(OSError):  # the steps that a training has reached
            steps = sorted(step.name for step in (folder / CHECKPOINTS).iterdir())
            parts += [step.encode() for step in steps]
        parts += [name.encode(), model]
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)} ".encode() + part)
    return whole.hexdigest()


def keep(place: Place, key: str, data: dict[str, Any]) -> None:
    """Write a report, whole or not at all, and remove those that were not read for longest.

    Raises:
        RunError: the folder cannot be written.
    """
    body = json.dumps(finite(data), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    folder = place.part("reports")
    write_file(folder, f"{key}.json", _head(body) + body, own=True)
    with contextlib.suppress(OSError):
        files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in files[:-KEPT]:
            path.unlink()


def finite(data: Any) -> Any:
    """Return data that JSON can hold: numbers that are not finite become ``None``.

    Example:
        >>> finite({"loss": [1.5, float("nan")]})
        {'loss': [1.5, None]}
    """
    match data:
        case dict():
            return {key: finite(value) for key, value in data.items()}
        case list() | tuple():
            return [finite(value) for value in data]
        case float() if not math.isfinite(data):
            return None
    return data


def kept(place: Place, key: str) -> bytes | None:
    """Return a report as JSON; ``None`` if there is none, or it is damaged."""
    path = place.part("reports") / f"{key}.json"
    try:
        content = read(path, MOST_BYTES)
    except (OSError, RunError):
        return None
    head, _, body = (content or b"").partition(b"\n")
    if not body or head + b"\n" != _head(body):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return body


def forget(place: Place, key: str) -> None:
    """Remove a report."""
    (place.part("reports") / f"{key}.json").unlink(missing_ok=True)


def _head(body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return json.dumps({"charloom_report": FORMAT, "sha256": digest}).encode() + b"\n"
