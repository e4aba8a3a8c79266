"""Threads that take turns: one works at a time, each for a short while, so none waits for all."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TURN = 0.05
"""Seconds after which a thread lets the next one work."""

LOOK = 0.1
"""Seconds after which a thread that waits looks whether it still has to."""


class Turns:
    """A line of threads, of which the first works.

    Example:
        >>> turns = Turns()
        >>> with turns.taken(lambda: None) as proceed:
        ...     for step in range(3):
        ...         proceed()  # waits here while it is the turn of others
    """

    def __init__(self) -> None:
        """Begin with nobody in the line."""
        self._line: deque[object] = deque()
        self._changed = threading.Condition()
        self._until = 0.0

    @contextmanager
    def taken(self, check: Callable[[], None]) -> Iterator[Callable[[], None]]:
        """Wait for a turn, and yield what to call now and then while working.

        ``check`` is called while the thread waits; an error that it raises ends that.
        """
        me = object()

        def wait() -> None:
            while self._line[0] is not me:
                self._changed.wait(LOOK)
                check()

        def proceed() -> None:
            if time.monotonic() < self._until or len(self._line) == 1:
                return
            with self._changed:
                self._line.rotate(-1)
                self._begin()
                wait()

        with self._changed:
            self._line.append(me)
            if self._line[0] is me:
                self._begin()
        try:
            with self._changed:
                wait()
            yield proceed
        finally:
            with self._changed:
                working = self._line[0] is me
                self._line.remove(me)
                if working:
                    self._begin()

    def _begin(self) -> None:
        """Begin the turn of the first."""
        self._until = time.monotonic() + TURN
        self._changed.notify_all()
