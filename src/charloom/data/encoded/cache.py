"""The cache of encoded corpora: entries by content, found without reading an unchanged source.

An entry is a folder of arrays and an index with their sizes and a checksum. It is written elsewhere
and renamed into place, so that it is complete or absent. Everything in the cache may be deleted at
any time: what is missing or damaged is encoded again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import DTypeLike, NDArray

from ...errors import ConfigError, CorpusError, RunError
from ...storage import write_file
from ...storage.disk import MAX_INDEX_BYTES, read, sync
from ..sources.streams import STDIN, label

FORMAT = 1
"""Version of entries and memos; it increases with changes that earlier readers cannot read."""

MOST_BYTES = 20_000_000_000
"""Largest size of all entries together, unless CHARLOOM_CACHE_BYTES is set."""

IN_USE_SECONDS = 24 * 3600
"""An entry that was found or written so recently is never pruned."""

SETTLED_SECONDS = 2
"""A file changed so recently is not remembered: it may change again with the same time stamp."""

_INDEX = "index.json"

Stamps = tuple[tuple[str | int, ...], ...]
"""Path, size, times and inode of each source; empty if the sources cannot be remembered."""


def cache_folder() -> Path:
    """Return the folder of the cache, which need not exist.

    Raises:
        CorpusError: no environment variable names it, and there is no home folder.
    """
    if folder := os.environ.get("CHARLOOM_CACHE"):
        return Path(folder)
    try:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        raise CorpusError(
            "the cache needs a home folder, and there is none. Set CHARLOOM_CACHE to a folder."
        ) from None
    return Path(root) / "charloom" / "encoded"


@dataclass(frozen=True)
class Entry:
    """A complete entry: the folder with its arrays, and plain data about them."""

    folder: Path
    facts: dict[str, Any]

    @property
    def key(self) -> str:
        """The hash of its content."""
        return self.folder.name

    def array(self, name: str, dtype: DTypeLike) -> NDArray[Any]:
        """Return the file ``name`` as a flat array, mapped into memory."""
        path = self.folder / name
        if path.stat().st_size == 0:  # which cannot be mapped
            return np.zeros(0, dtype)
        return np.memmap(path, dtype, "r")


def find(key: str) -> Entry | None:
    """Return the entry ``key`` if it is complete; it then counts as in use for a day."""
    with contextlib.suppress(CorpusError):  # without a cache folder nothing is cached
        return _complete(cache_folder() / "entries" / key)
    return None


@contextlib.contextmanager
def writing() -> Iterator[Path]:
    """Make a folder for the files of a new entry; it is removed unless ``finish`` is called.

    Any ``OSError`` in this context is reported as the cache's: code that reads a source here must
    turn the errors of the source into ``CorpusError``.

    Raises:
        CorpusError: the cache cannot be written, or the disk is full.
        ConfigError: CHARLOOM_CACHE_BYTES is not a whole number.
    """
    root = cache_folder()
    _most_bytes()  # a wrong value is reported before the work, not after it
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            with _entries_lock():  # no process may sweep before the folder is locked
                _sweep()
                folder = stack.enter_context(_unfinished())
            yield folder
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        raise CorpusError(
            f"the cache {label(root)} cannot be written: {why}. "
            "Set CHARLOOM_CACHE to a folder with enough free space."
        ) from error


def finish(folder: Path, key: str, facts: Mapping[str, Any]) -> Entry:
    """Make the files of ``folder``, all closed by now, the entry ``key``.

    If another process was first, its entry is returned: a key stands for one content.
    """
    files = {}
    for path in sorted(folder.iterdir()):
        sync(path)
        files[path.name] = path.stat().st_size
    index = folder / _INDEX
    index.write_bytes(_sealed({"files": files, "facts": dict(facts)}))
    sync(index)
    sync(folder)
    place = cache_folder() / "entries" / key
    place.parent.mkdir(exist_ok=True)
    with _entries_lock():
        found = _complete(place)
        if found is None:
            if os.path.lexists(place):
                _discard(place)
            folder.rename(place)
            sync(place.parent)
            found = _complete(place)
    if found is None:
        raise OSError("it changed while it was written")
    prune()
    return found


def stamps(sources: Sequence[str | Path]) -> Stamps:
    """Return the stamps of files, which show later whether the files have changed.

    Empty for standard input, for anything else that is not a file, and for files changed just now.
    """
    found: list[tuple[str | int, ...]] = []
    try:
        for source in sources:
            path = Path(source).resolve(strict=True)
            info = path.stat()
            age = time.time() - info.st_mtime
            if str(source) == STDIN or not path.is_file() or age < SETTLED_SECONDS:
                return ()
            times = (info.st_mtime_ns, info.st_ctime_ns)
            found.append((str(path), info.st_size, *times, info.st_ino))
    except (OSError, ValueError, RuntimeError):  # a NUL in the path; a ring of links
        return ()
    return tuple(found)


def recall(sources: Sequence[str | Path], options: Mapping[str, Any]) -> Entry | None:
    """Return the entry of ``sources``, if they have not changed since they were remembered."""
    present = stamps(sources)
    with contextlib.suppress(CorpusError):
        memo = _unsealed(_memo(present, options)) if present else None
        if memo is not None and memo["stamps"] == [list(stamp) for stamp in present]:
            return find(memo["key"])
    return None


def remember(
    sources: Sequence[str | Path], options: Mapping[str, Any], key: str, before: Stamps
) -> None:
    """Note that ``sources``, read with ``options`` (plain data), gave the entry ``key``.

    ``before`` are the stamps from before they were read: if they are empty, or differ by now,
    nothing is noted. Nothing is noted either where the cache cannot be written.
    """
    if before and before == stamps(sources):
        with contextlib.suppress(OSError, CorpusError, RunError):
            path = _memo(before, options)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(path.parent, path.name, _sealed({"stamps": before, "key": key}))


def prune() -> None:
    """Remove the entries unused for longest while the cache is too large.

    Raises:
        ConfigError: CHARLOOM_CACHE_BYTES is not a whole number.
    """
    most = _most_bytes()
    with contextlib.suppress(OSError), _entries_lock():  # the next process can do it
        entries = []
        for folder in (cache_folder() / "entries").iterdir():
            used = max(path.stat().st_mtime for path in (folder, *folder.glob(_INDEX)))
            size = sum(path.stat().st_size for path in folder.iterdir())
            entries.append((used, size, folder))
        total = sum(size for _, size, _ in entries)
        for used, size, folder in sorted(entries):
            if total <= most or time.time() - used < IN_USE_SECONDS:
                break
            _discard(folder)
            total -= size


def _complete(folder: Path) -> Entry | None:
    """Return the entry in ``folder`` if its index is intact and all files have their sizes."""
    index = folder / _INDEX
    fields = None if folder.is_symlink() else _unsealed(index)
    try:
        if not fields or any((folder / f).stat().st_size != n for f, n in fields["files"].items()):
            return None
    except OSError:
        return None
    with contextlib.suppress(OSError):  # the cache may be read-only
        os.utime(index)
    return Entry(folder, fields["facts"])


def _sealed(fields: dict[str, Any]) -> bytes:
    body = json.dumps({"format": FORMAT, **fields}).encode("ascii")
    return hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body


def _unsealed(path: Path) -> dict[str, Any] | None:
    """Return what ``_sealed`` was given; ``None`` if the file is missing, damaged or too new."""
    try:
        seal, _, body = (read(path, MAX_INDEX_BYTES) or b"").partition(b"\n")
    except RunError:  # what is no regular file is no index
        return None
    if seal != hashlib.sha256(body).hexdigest().encode("ascii"):
        return None
    fields: dict[str, Any] = json.loads(body)
    return fields if fields["format"] == FORMAT else None


def _memo(present: Stamps, options: Mapping[str, Any]) -> Path:
    asked = json.dumps([[path for path, *_ in present], dict(options)], sort_keys=True)
    name = hashlib.sha256(asked.encode("ascii")).hexdigest()
    return cache_folder() / "memos" / f"{name}.json"


def _most_bytes() -> int:
    given = os.environ.get("CHARLOOM_CACHE_BYTES") or str(MOST_BYTES)
    if not (given.isascii() and given.isdigit()):
        raise ConfigError(f"CHARLOOM_CACHE_BYTES must be a whole number. Received: {given!r:.40}")
    return int(given)


def _entries_lock() -> FileLock:
    """Return the lock that keeps other processes from moving entries and from sweeping."""
    return FileLock(cache_folder() / "entries.lock")


@contextlib.contextmanager
def _unfinished() -> Iterator[Path]:
    """Make a folder for this context, locked as long as this process lives."""
    folder = cache_folder() / "unfinished" / os.urandom(8).hex()
    folder.parent.mkdir(exist_ok=True)
    with _locked(folder):
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock an unfinished folder; raises ``Timeout`` if another process is writing to it."""
    path = folder.with_name(f"{folder.name}.lock")
    with FileLock(path, timeout=0, thread_local=False):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _sweep() -> None:
    """Remove what killed processes left."""
    for path in list((cache_folder() / "unfinished").glob("*")):
        folder = path.with_suffix("")
        with contextlib.suppress(Timeout, OSError), _locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _discard(place: Path) -> None:
    """Remove an entry in one step, so that no process finds a part of it."""
    with contextlib.suppress(OSError), _unfinished() as folder:
        place.rename(folder / "old")
