"""Commands as processes of their own: started, waited for, stopped by a signal."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any


def start(*arguments: object, **options: Any) -> subprocess.Popen[Any]:
    """Start a command with its outputs in pipes."""
    command = [sys.executable, "-m", "charloom", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, **(pipes | options))


def shell(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    options = {"capture_output": True, "text": True, "timeout": 120, **options}
    return subprocess.run([sys.executable, "-m", "charloom", *map(str, arguments)], **options)


def wait_until(process: subprocess.Popen[Any], condition: Callable[[], object]) -> None:
    """Wait for something that ``process`` does; it must still be running by then."""
    for _ in range(1200):
        assert process.poll() is None, process.communicate()
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def interrupted(
    arguments: list[object], condition: Callable[[], object], number: signal.Signals
) -> tuple[int, str, str]:
    """Start a command, send it a signal once ``condition`` holds; return its code and outputs."""
    process = start(*arguments, text=True)
    try:
        wait_until(process, condition)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, out, err
