"""Progress in plain lines, for logs: where no terminal shows a bar."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

MOST_SILENT = 30.0
"""Seconds without a line, at most."""

LEAST_APART = 5.0
"""Seconds between two lines, at least, besides the last."""


class ProgressLines:
    """Writes where work is, every half a minute at least; a thread sees to that.

    Example:
        >>> with ProgressLines(print) as lines:
        ...     lines.update("reading, 10 %")  # written if nothing else is for half a minute
        ...     lines.offer("epoch 1")  # written unless a line was written just before
    """

    def __init__(self, write: Callable[[str], None], *, disable: bool = False) -> None:
        self._write, self._disable = write, disable
        self._now: str | Callable[[], str] = ""
        self._pending = ""
        self._last = time.monotonic()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ProgressLines:
        if not self._disable:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def update(self, line: str | Callable[[], str]) -> None:
        """Note what is true now, or how to find out."""
        self._now = line

    def offer(self, line: str) -> None:
        """Write what is worth a line, unless one was written just before; see ``finish``."""
        self._now = self._pending = line
        if time.monotonic() - self._last >= LEAST_APART:
            self.finish()

    def finish(self) -> None:
        """Write the line that was offered last, if it has not been written."""
        if self._pending:
            self._say(self._pending)

    def _say(self, line: str) -> None:
        with self._lock:
            self._last, self._pending = time.monotonic(), ""
            if not self._disable:
                self._write(line)

    def _watch(self) -> None:
        while not self._over.wait(min(1.0, MOST_SILENT / 4)):
            if self._now and time.monotonic() - self._last >= MOST_SILENT:
                with suppress(OSError):  # the work matters more than its log
                    self._say(self._now if isinstance(self._now, str) else self._now())


def clock(seconds: float) -> str:
    """Return a time in minutes and seconds, or hours too: ``2:05`` or ``1:02:05``.

    Example:
        >>> clock(125)
        '2:05'
    """
    minutes, second = divmod(round(max(seconds, 0.0)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
