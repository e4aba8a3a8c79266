"""Stopping on Ctrl-C and SIGTERM, and the command that resumes afterwards."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..training.interruption import stopping_on_signals
from .options import say


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C or SIGTERM came; the second one stops at once."""

    def told(name: str) -> None:
        say(f"Stopping after this step; {name} again to stop at once.")

    with stopping_on_signals(told) as stop:
        yield stop


def command_to_resume(folder: Path) -> str:
    """Return the command that resumes the training of this process."""
    arguments = sys.argv[1:]
    if "--out" not in arguments and not any(a.startswith("--out=") for a in arguments):
        arguments = [*arguments, "--out", str(folder)]
    arguments = [a for a in arguments if a not in ("--force", "--resume")]
    return shlex.join(["charloom", *arguments, "--resume"])
