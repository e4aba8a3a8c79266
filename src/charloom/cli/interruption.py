"""Stopping on Ctrl-C and SIGTERM, and the command that resumes afterwards."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .options import say


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C or SIGTERM came; the second one stops at once."""
    asked = threading.Event()
    if (
        threading.current_thread() is not threading.main_thread()
    ):  # only the main thread may handle signals
        yield asked.is_set
        return

    def ask(number: int, _frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        say(f"Stopping after this step; {name} again to stop at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def command_to_resume(folder: Path) -> str:
    """Return the command that resumes the training of this process."""
    arguments = sys.argv[1:]
    if "--out" not in arguments and not any(a.startswith("--out=") for a in arguments):
        arguments = [*arguments, "--out", str(folder)]
    arguments = [a for a in arguments if a not in ("--force", "--resume")]
    return shlex.join(["charloom", *arguments, "--resume"])
