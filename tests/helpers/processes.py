"""Commands as processes of their own: started, waited for, stopped by a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest


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


def in_terminal(*arguments: object, encoding: str) -> tuple[int, str]:
    """Run a command in a terminal of ``encoding``; return its code, and all that is shown."""
    pty = pytest.importorskip("pty")
    process, terminal = pty.fork()
    if not process:
        os.environ["PYTHONIOENCODING"] = encoding
        os.execv(sys.executable, [sys.executable, "-m", "charloom", *map(str, arguments)])
    shown = b""
    with suppress(OSError):  # raised at the end
        while part := os.read(terminal, 4096):
            shown += part
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return code, shown.decode(encoding).replace("\r\n", "\n")
