"""A lock that lets one training at a time use a run folder; it ends with the process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import RunError
from .disk import check_own, creating, fault, opened, read

LOCK = "training.lock"
"""The lock file, which contains the process number of the last training and is never removed."""


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
            lock.acquire(blocking=False)
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


def _holder(path: Path) -> str:
    with contextlib.suppress(RunError, ValueError):
        return f"process {int(read(path, 20) or b'')}"
    return "another process"
