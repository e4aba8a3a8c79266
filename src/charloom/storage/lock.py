"""A lock that lets one training at a time use a run folder; it ends with the process."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from ..errors import RunError
from .disk import check_own, creating, fault, opened, read

LOCK = "training.lock"
"""The lock file, which contains the process number of the last training and is never removed."""

PATIENCE = 0.1
"""Seconds to wait for the lock: checking whether it is held takes it for a moment."""


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Create ``folder`` and keep other trainings out of it; readers ignore the lock.

    Raises:
        RunError: another training is running there, or the folder cannot be written.
    """
    path = folder / LOCK
    lock = FileLock(path, thread_local=False)  # a generator may move on in another thread
    with creating(folder):
        check_own(path)
        try:
            lock.acquire(timeout=PATIENCE, poll_interval=PATIENCE / 4)
        except Timeout as error:
            raise fault(
                folder,
                f"is in use by a training in {_holder(path)}: wait for it or stop it, or choose "
                "another --out.",
            ) from error
    try:
        with contextlib.suppress(OSError):  # Windows forbids writing to a locked file
            descriptor = opened(path, os.O_WRONLY | os.O_TRUNC, own=True)
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"%d\n" % os.getpid())
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Return whether a training is running in ``folder``."""
    path = folder / LOCK
    try:
        descriptor = opened(path, own=True)
    except (OSError, RunError):
        return False
    with os.fdopen(descriptor, "rb") as file:
        return not _free(file)


if sys.platform == "win32":

    def _free(file: BinaryIO) -> bool:
        try:
            file.read(1)  # its first byte is locked
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _free(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # until the file is closed
        except OSError:
            return False
        return True


def _holder(path: Path) -> str:
    with contextlib.suppress(RunError, ValueError):
        return f"process {int(read(path, 20) or b'')}"
    return "another process"
