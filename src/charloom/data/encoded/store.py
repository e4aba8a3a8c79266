"""Ids as they come: in memory while they are few, then in the cache, and as wide as they need."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .cache import Entry, Writer, writing

IN_MEMORY_BYTES = 4_000_000
"""Most bytes of ids that are kept in memory."""

_QUEUED = 4  # jobs; each holds a chunk


class Beside:
    """A thread that does one job after another while the next ones are being prepared."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._jobs: deque[Future[Any]] = deque()

    def do(self, job: Callable[..., Any], *arguments: Any) -> None:
        """Queue a job, or wait if several are; raises what an earlier one raised."""
        self.wait(_QUEUED)
        self._jobs.append(self._pool.submit(job, *arguments))

    def wait(self, left: int = 0) -> None:
        """Wait until at most ``left`` jobs are; raises what one of the others raised."""
        while len(self._jobs) > left:
            self._jobs.popleft().result()

    def close(self) -> None:
        """Wait for all, whatever they raise, and end the thread."""
        self._pool.shutdown()


class Store:
    """Takes ids and gives them back as one array; a context manager that leaves nothing behind.

    Attributes:
        in_memory_bytes: more ids go to the cache; ``None`` keeps all in memory.
        dtype: unsigned integers of 1, 2 or 4 bytes.
    """

    def __init__(self, in_memory_bytes: int | None = IN_MEMORY_BYTES, widened: int = 1 << 20):
        self.in_memory_bytes, self._widened = in_memory_bytes, widened
        self.dtype: np.dtype[Any] = np.dtype("u1")
        self._parts: list[NDArray[Any]] = []
        self._bytes = 0
        self._beside = Beside()
        self._writer: Writer | None = None
        self._file: IO[bytes] | None = None
        self._stack = contextlib.ExitStack()

    @property
    def cached(self) -> bool:
        """Whether they are, or are going, into the cache."""
        return self._writer is not None

    def append(self, ids: NDArray[Any]) -> None:
        """Take ids, of ``dtype``; they must not change afterwards.

        Raises:
            OSError: the cache cannot be written; at the context's end it is a ``CorpusError``.
        """
        if self._file is not None:
            self._beside.do(write, self._file, ids)
            return
        self._parts.append(ids)
        self._bytes += ids.nbytes
        if self.in_memory_bytes is not None and self._bytes > self.in_memory_bytes:
            self._writer = self._stack.enter_context(writing())
            self._stack.callback(self._beside.close)
            self._file = self._opened()
            for part in self._parts:
                write(self._file, part)
            self._parts = []

    def widen(self, dtype: DTypeLike) -> None:
        """Turn what was taken, and what comes, into wider integers.

        Raises:
            OSError: as ``append``.
        """
        self.dtype = np.dtype(dtype)
        self._parts = [part.astype(dtype) for part in self._parts]
        self._bytes = sum(part.nbytes for part in self._parts)
        if self._file is not None:
            narrow = self._close(self._file)
            self._file = self._opened()
            half = np.dtype(f"<u{self.dtype.itemsize // 2}")
            with narrow.open("rb") as file:
                while chunk := file.read(self._widened * half.itemsize):
                    write(self._file, np.frombuffer(chunk, half).astype(dtype))
            narrow.unlink()

    def ids(self) -> NDArray[Any]:
        """Return all ids; none can be added any more.

        Raises:
            OSError: as ``append``.
        """
        if self._file is None:
            return np.concatenate([np.zeros(0, self.dtype), *self._parts])
        return np.memmap(self._close(self._file), self.dtype, "r")

    def finish(
        self, key: str, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None
    ) -> Entry:
        """Make the ids, ``facts`` and ``arrays`` the entry ``key`` of the cache.

        Raises:
            OSError: as ``append``.
        """
        assert self._writer is not None and self._file is not None
        self._close(self._file)
        for name, array in (arrays or {}).items():
            array.tofile(self._writer.folder / name)
        return self._writer.finish(key, {**facts, "width": self.dtype.itemsize})

    @property
    def _name(self) -> str:
        return f"ids.{self.dtype.itemsize}"  # the bytes of each

    def _opened(self) -> IO[bytes]:
        assert self._writer is not None
        file = (self._writer.folder / self._name).open("wb")
        self._stack.callback(file.close)
        return file

    def _close(self, file: IO[bytes]) -> Path:
        self._beside.wait()
        file.close()
        return Path(file.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)


def ids_of(entry: Entry) -> NDArray[Any]:
    """Return the ids of a finished entry, mapped."""
    width = entry.facts["width"]
    return entry.array(f"ids.{width}", f"<u{width}")


def write(file: IO[bytes], ids: NDArray[Any]) -> None:
    """Append ``ids`` to a file."""
    file.write(ids.data)
