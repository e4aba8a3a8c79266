"""A studio in a process of its own, which can be killed, and a browser to look at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


class Process:
    """A studio that can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._port = folder, 0
        self.known: Any = None
        """The cookies of a browser that was let in."""
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "charloom", "studio", str(self.folder),
             "--no-open", "--port", str(self._port)],
            stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self.process.stderr is not None
        found = re.search(
            r"http://127.0.0.1:(\d+)/enter\?token=\S+", self.process.stderr.readline()
        )
        assert found, self.process.stderr.read()
        self.entrance, self._port = found[0], int(found[1])
        self.address = f"http://127.0.0.1:{self._port}"

    def kill(self, how: int = signal.SIGKILL) -> None:
        """Kill it."""
        self.process.send_signal(how)
        self.process.wait(timeout=60)
