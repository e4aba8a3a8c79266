"""Processes of this machine that share the work on large files.

A process imports NumPy and this package only, never the caller's main module, so scripts need no
guard. It ends when its input ends: also if this process is killed.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import accumulate, pairwise
from queue import SimpleQueue
from typing import Any, TypeVar

from ...config.cores import usable_cores
from ...errors import ConfigError

Result = TypeVar("Result")

MOST_WORKERS = 256
"""The most processes that may be asked for."""

SHARED_BYTES = 64 * 1024 * 1024
"""Memory for the arrays of a result, taken as needed; what exceeds it goes through a pipe."""

KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "268435456"}
"""Settings of glibc: memory that is freed stays with the process, which needs as much for its next
task; to get it from the system again would take a third of the time."""


class WorkError(Exception):
    """A worker could not do its task, or ended; one process does the work instead."""


def worker_count() -> int:
    """Return how many processes share the work: CHARLOOM_WORKERS, or one for each usable core.

    Raises:
        ConfigError: CHARLOOM_WORKERS is not a whole number from 1 to ``MOST_WORKERS``.
    """
    given = os.environ.get("CHARLOOM_WORKERS")
    if not given:
        return min(usable_cores(), MOST_WORKERS)
    if given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= MOST_WORKERS:
        return int(given)
    raise ConfigError(
        f"CHARLOOM_WORKERS must be a whole number from 1 to {MOST_WORKERS}. Received: {given!r:.40}"
    )


class Workers:
    """A number of processes; a context, at whose end they have ended."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._idle = SimpleQueue[_Worker]()
        self._threads = ThreadPoolExecutor(count)
        self._workers: list[_Worker] = []

    def __enter__(self) -> Workers:
        if not sys.executable or getattr(sys, "frozen", False):
            raise WorkError  # there is no interpreter to start
        try:
            for _ in range(self._count):
                self._workers.append(worker := _Worker())
                self._idle.put(worker)
        except OSError:
            self.__exit__()
            raise WorkError from None
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()  # so that a thread that waits for it ends
        self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def map(
        self, function: Callable[..., Result], tasks: Iterable[tuple[Any, ...]]
    ) -> Iterator[Result]:
        """Yield ``function(*task)`` of each task, in order.

        A task is taken when a process will soon be free for it, so it may depend on results that
        have been yielded.

        Args:
            function: of a module of this package; pure.
            tasks: its arguments, which can be pickled.

        Raises:
            WorkError: a process has ended, or the function raised an exception.
        """
        asked: deque[Future[Result]] = deque()
        for task in tasks:
            asked.append(self._threads.submit(self._ask, function, task))
            while len(asked) > 2 * self._count or (asked and asked[0].done()):
                yield asked.popleft().result()
        while asked:
            yield asked.popleft().result()

    def _ask(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        worker = self._idle.get()
        try:
            return worker.ask(function, task)
        finally:
            self._idle.put(worker)


class _Worker:
    """A process, and the memory that it shares with this one where the system has such."""

    def __init__(self) -> None:
        shared: tuple[int, ...] = ()
        if hasattr(os, "memfd_create"):
            shared = (os.memfd_create("charloom"),)
            os.ftruncate(shared[0], SHARED_BYTES)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, *map(str, shared)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | KEPT_MEMORY,
                pass_fds=shared,
            )
            self._memory: mmap.mmap | None = None
            if shared:
                self._memory = mmap.mmap(shared[0], SHARED_BYTES)
        finally:
            for file in shared:
                os.close(file)

    def ask(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        """Return what the process answers; raises ``WorkError``."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            pickle.dump((function, task), self.process.stdin, 5)
            self.process.stdin.flush()
            done, answer, sizes = pickle.load(self.process.stdout)  # noqa: S301 (of this package)
        except (OSError, EOFError, ValueError, pickle.PickleError):
            raise WorkError from None
        if not done:
            raise WorkError
        if self._memory is None:
            return answer
        ends = list(accumulate(sizes, initial=0))
        with memoryview(self._memory) as view:
            buffers = [bytearray(view[low:high]) for low, high in pairwise(ends)]
        return pickle.loads(answer, buffers=buffers)  # noqa: S301 (as above)

    def close(self) -> None:
        """Wait for the process, which has been killed."""
        self.process.communicate()
        if self._memory is not None:
            self._memory.close()


def serve(shared: int | None) -> None:
    """Do the tasks that arrive on standard input until it ends.

    Args:
        shared: the file of the memory that the arrays of results are put into.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    memory = None if shared is None else mmap.mmap(shared, SHARED_BYTES)
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed mixes with the answers
    with suppress(EOFError, BrokenPipeError):
        while True:
            function, task = pickle.load(asked)  # noqa: S301 (as above)
            try:
                answer: tuple[Any, ...] = (True, *_packed(function(*task), memory))
            except Exception:  # noqa: BLE001 (whatever it is, one process does the work)
                answer = (False, None, ())
            pickle.dump(answer, answers, 5)
            answers.flush()


def _packed(result: Any, memory: mmap.mmap | None) -> tuple[Any, list[int]]:
    """Return a result, pickled if its arrays are in ``memory``, and their sizes."""
    if memory is None:
        return result, []
    memory.seek(0)
    sizes: list[int] = []

    def put(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if memory.tell() + raw.nbytes > SHARED_BYTES:
            return True  # in the pickle
        sizes.append(memory.write(raw))
        return False

    return pickle.dumps(result, 5, buffer_callback=put), sizes


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else None)
