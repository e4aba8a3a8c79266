"""The bytes of sources, hashed and counted as they are read."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from ..sources.streams import CHUNK_BYTES, STDIN, opened
from .store import Worker

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes in all, 0 if that is not known."""

AT_ONCE = 1 << 20
"""Bytes that are read at once where only their hash is wanted."""

_CALLS_PER_SECOND = 20


class Tap:
    """Hashes and counts the bytes of sources as they are read, and reports the progress."""

    def __init__(self, sources: Sequence[str | Path], progress: Progress | None) -> None:
        self.done = self.total = 0
        self._progress, self._next_call = progress, 0.0
        paths = [Path(source) for source in sources]
        if STDIN not in map(str, sources) and all(path.is_file() for path in paths):
            self.total = sum(path.stat().st_size for path in paths)

    def on(self, raw: BinaryIO) -> BinaryIO:
        """Return the stream to read in place of ``raw``, the next source."""
        self._raw, self._begin = raw, self.done
        self._hash, self._worker = hashlib.sha256(), Worker()
        return cast(BinaryIO, self)

    def read(self, size: int) -> bytes:
        data = self._raw.read(size) or b""
        if len(data) < CHUNK_BYTES // 4:  # not worth another thread
            self._worker.wait()
            self._hash.update(data)
        else:
            self._worker.do(self._hash.update, data)
        self.done += len(data)
        now = time.monotonic()
        if self._progress is not None and now >= self._next_call:
            self._next_call = now + 1 / _CALLS_PER_SECOND
            self._progress(self.done, self.total)
        return data

    def up_to(self, source: str | Path, places: Sequence[int]) -> Iterator[int]:
        """Read a source up to each of several places, and at last to its end; yield how far.

        Raises:
            CorpusError: it cannot be read.
        """
        with opened(source) as raw:
            self.on(raw)
            for place in (*places[:-1], None):
                while place is None or self.done - self._begin < place:
                    left = AT_ONCE if place is None else place - self.done + self._begin
                    if not self.read(min(left, AT_ONCE)):
                        break
                yield self.done - self._begin

    def end(self) -> tuple[str, int]:
        """Return the hash and the number of bytes of the present source."""
        self._worker.close()
        return self._hash.hexdigest(), self.done - self._begin
