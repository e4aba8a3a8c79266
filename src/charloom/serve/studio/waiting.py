"""The trainings that wait for their turn: a mark in the folder of each outlives the server."""

from __future__ import annotations

from pathlib import Path

from .place import Place

MARK = "waiting"


def is_waiting(training: Path) -> bool:
    """Return whether the training of this folder waits."""
    return (training / MARK).exists()


def wait(training: Path) -> None:
    """Let a training wait behind the others."""
    (training / MARK).touch()


def take(training: Path) -> bool:
    """Let a training wait no longer; return whether it did. Of several servers, one takes it."""
    try:
        (training / MARK).unlink()
    except FileNotFoundError:
        return False
    return True


def line(place: Place) -> list[str]:
    """Return the runs whose trainings wait, the first to come first."""
    since = {}
    for run in place.names():
        try:
            since[run] = (place.training(run) / MARK).lstat().st_mtime_ns
        except OSError:
            continue
    return sorted(since, key=lambda run: since[run])
