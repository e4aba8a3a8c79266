"""Takes ids while a source is encoded: in memory while they are few, then in the cache."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .cache import Entry, finish, writing

IN_MEMORY_BYTES = 4_000_000
"""Most bytes of ids that are kept in memory."""

_QUEUED = 4  # jobs; each holds a chunk


class Worker:
    """A thread that does one job after another while the next ones are prepared."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._jobs: deque[Future[Any]] = deque()

    def do(self, job: Callable[..., Any], *arguments: Any) -> None:
        """Queue a job, or wait if several are queued; raises what an earlier one raised."""
        self.wait(_QUEUED)
        self._jobs.append(self._pool.submit(job, *arguments))

    def wait(self, left: int = 0) -> None:
        """Wait until at most ``left`` jobs are queued; raises what one of the others raised."""
        while len(self._jobs) > left:
            self._jobs.popleft().result()

    def close(self) -> None:
        """Wait for all jobs, whatever they raise, and end the thread."""
        self._pool.shutdown()


class Store(contextlib.ExitStack):
    """Takes ids and returns them as one array; a context that leaves no unfinished entry.

    ``append``, ``widen``, ``ids`` and ``finish`` raise OSError if the cache cannot be written; at
    the end of the context it becomes a CorpusError.

    Args:
        in_memory_bytes: more ids than that go to the cache; ``None`` keeps all in memory.
        widened: ids in a file that are widened at once.
    """

    def __init__(self, in_memory_bytes: int | None = IN_MEMORY_BYTES, widened: int = 1 << 20):
        super().__init__()
        self.dtype: np.dtype[Any] = np.dtype("u1")  # or unsigned integers of 2 or 4 bytes
        self._in_memory_bytes, self._widened = in_memory_bytes, widened
        self._parts: list[NDArray[Any]] = []
        self._bytes = 0
        self._worker = Worker()
        self._folder = Path()
        self._file: IO[bytes] | None = None

    @property
    def cached(self) -> bool:
        """Whether the ids are in a file of the cache."""
        return self._file is not None

    def append(self, ids: NDArray[Any]) -> None:
        """Take ids of ``dtype``, which must not change afterwards."""
        if self._file is not None:
            self._worker.do(write, self._file, ids)
            return
        self._parts.append(ids)
        self._bytes += ids.nbytes
        if self._in_memory_bytes is not None and self._bytes > self._in_memory_bytes:
            self._folder = self.enter_context(writing())
            self.callback(self._worker.close)
            self._file = self._open()
            for part in self._parts:
                write(self._file, part)
            self._parts = []

    def widen(self, dtype: DTypeLike) -> None:
        """Convert all ids, and those to come, to integers of twice the width."""
        self.dtype = np.dtype(dtype)
        self._parts = [part.astype(dtype) for part in self._parts]
        self._bytes = sum(part.nbytes for part in self._parts)
        if self._file is not None:
            narrow = self._close(self._file)
            self._file = self._open()
            half = np.dtype(f"<u{self.dtype.itemsize // 2}")
            with narrow.open("rb") as file:
                while chunk := file.read(self._widened * half.itemsize):
                    write(self._file, np.frombuffer(chunk, half).astype(dtype))
            narrow.unlink()

    def ids(self) -> NDArray[Any]:
        """Return all ids, mapped if they are in a file; no more can be appended."""
        if self._file is None:
            return np.concatenate([np.zeros(0, self.dtype), *self._parts])
        return np.memmap(self._close(self._file), self.dtype, "r")

    def finish(self, key: str, facts: Mapping[str, Any], **arrays: NDArray[Any]) -> Entry:
        """Make the ids in the file, ``facts`` and ``arrays`` the entry ``key`` of the cache."""
        assert self._file is not None
        self._close(self._file)
        for name, array in arrays.items():
            array.tofile(self._folder / name)
        return finish(self._folder, key, {**facts, "width": self.dtype.itemsize})

    def _open(self) -> IO[bytes]:
        file = (self._folder / f"ids.{self.dtype.itemsize}").open("wb")
        self.callback(file.close)
        return file

    def _close(self, file: IO[bytes]) -> Path:
        self._worker.wait()
        file.close()
        return Path(file.name)


def ids_of(entry: Entry) -> NDArray[Any]:
    """Return the ids of an entry, mapped."""
    width = entry.facts["width"]
    return entry.array(f"ids.{width}", f"<u{width}")


def write(file: IO[bytes], ids: NDArray[Any]) -> None:
    """Append ``ids`` to a file."""
    file.write(ids.data)
