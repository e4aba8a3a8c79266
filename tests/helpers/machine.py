"""A machine whose disk fails, or whose process dies, at a chosen call of the system."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class KilledError(BaseException):
    """The process is gone."""


class Machine:
    """The calls by which a save changes a disk; the n-th fails, or is the last thing to happen."""

    CALLS = ("open", "write", "fsync", "replace", "unlink", "mkdir", "rmdir")

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.names: dict[int, str] = {}

    @contextlib.contextmanager
    def failing(
        self, at: int, *, error: OSError | None = None, for_good: bool = False
    ) -> Iterator[None]:
        """With ``error`` the call raises it; without one the process dies at the call."""
        real = {name: getattr(os, name) for name in self.CALLS}
        self.log.clear()

        def stand_in(name: str) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                if name == "open" and _only_reads(*args):
                    return real[name](*args, **kwargs)
                count = len(self.log)
                target = self.names.get(args[0], "") if name in ("write", "fsync") else args[0]
                self.log.append((name, Path(target).name))
                if count >= at and error is None:
                    if count == at and name == "write":  # torn: half of it reached the disk
                        real["write"](args[0], args[1][: len(args[1]) // 2])
                    raise KilledError
                if count == at or (count > at and for_good and name == error_at):
                    raise error  # type: ignore[misc]
                if name == "fsync":
                    return None  # the tests' own disk needs none
                result = real[name](*args, **kwargs)
                if name == "open":
                    self.names[result] = str(args[0])
                return result

            return call

        error_at = "write"
        for name in self.CALLS:
            setattr(os, name, stand_in(name))
        try:
            yield
        finally:
            for name, function in real.items():
                setattr(os, name, function)


def _only_reads(path: object, flags: int, *_: int) -> bool:
    """Whether a call opens a file to read it, which changes no disk."""
    return flags & (os.O_WRONLY | os.O_RDWR) == 0 and not Path(str(path)).is_dir()
