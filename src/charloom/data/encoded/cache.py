"""The cache of encoded corpora: whole entries by content, found without reading a source again.

An entry is a folder of arrays and an index that seals their sizes. It is written aside and renamed
into place, so that it is there whole or not at all. Everything here may be deleted at any time:
what is missing or damaged is encoded again.
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
from ...storage.disk import sync
from ..sources.streams import STDIN, label

FORMAT = 1
"""Of entries and memos; a change that this reader would not understand adds one."""

MOST_BYTES = 20_000_000_000
"""What all entries together may take, if CHARLOOM_CACHE_BYTES does not say otherwise."""

IN_USE_SECONDS = 24 * 3600
"""An entry that was found or written so recently is never pruned."""

SETTLED_SECONDS = 2
"""A file that changed later than that may change again without a new time: not remembered."""

_INDEX = "index.json"

Stamps = tuple[tuple[str | int, ...], ...]
"""Path, size, times and inode of each source; empty where nothing may be remembered of them."""


def cache_folder() -> Path:
    """Return where the cache lies; it need not exist.

    Raises:
        CorpusError: no variable says where, and there is no home folder.
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
    """A whole entry.

    Attributes:
        folder: where its arrays lie.
        facts: what its writer noted, as plain data.
    """

    folder: Path
    facts: dict[str, Any]

    @property
    def key(self) -> str:
        """Identifies its content."""
        return self.folder.name

    def array(self, name: str, dtype: DTypeLike) -> NDArray[Any]:
        """Return the file ``name`` as a flat array that is mapped, not read."""
        path = self.folder / name
        if path.stat().st_size == 0:  # there is nothing to map
            return np.zeros(0, dtype)
        return np.memmap(path, dtype, "r")


@dataclass(frozen=True)
class Writer:
    """An entry that is being written.

    Attributes:
        folder: takes its files; removed unless ``finish`` is called.
    """

    folder: Path

    def finish(self, key: str, facts: Mapping[str, Any]) -> Entry:
        """Make the files of ``folder``, all closed by now, the entry ``key``.

        If another process was first, its entry is returned: a key stands for one content.
        """
        files = {}
        for path in sorted(self.folder.iterdir()):
            sync(path)
            files[path.name] = path.stat().st_size
        index = self.folder / _INDEX
        index.write_bytes(_sealed({"files": files, "facts": dict(facts)}))
        sync(index)
        sync(self.folder)
        place = cache_folder() / "entries" / key
        place.parent.mkdir(exist_ok=True)
        with _alone():
            found = _whole(place)
            if found is None:
                if place.exists():
                    _discard(place)
                self.folder.rename(place)
                sync(place.parent)
                found = _whole(place)
        if found is None:
            raise OSError("it changed while it was written")
        prune()
        return found


def find(key: str) -> Entry | None:
    """Return the entry ``key`` if it is there, whole; it then counts as in use for a day."""
    with contextlib.suppress(CorpusError):  # nowhere to lie is as good as empty
        return _whole(cache_folder() / "entries" / key)
    return None


@contextlib.contextmanager
def writing() -> Iterator[Writer]:
    """Write an entry in this context; left without ``finish``, it leaves nothing behind.

    Any ``OSError`` in this context counts as the cache's: what reads a source meanwhile must
    turn its own into a ``CorpusError``.

    Raises:
        CorpusError: the cache cannot be written, or there is no room.
        ConfigError: CHARLOOM_CACHE_BYTES is no whole number.
    """
    root = cache_folder()
    _most_bytes()  # a wrong one is better known before the work than after
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            with _alone():  # so that nobody sweeps between the lock and the folder
                _sweep()
                folder = stack.enter_context(_aside())
            yield Writer(folder)
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        raise CorpusError(
            f"the cache {label(root)} cannot be written: {why}. "
            "Set CHARLOOM_CACHE to a folder with room."
        ) from error


def stamps(sources: Sequence[str | Path]) -> Stamps:
    """Return by what it shows that the files ``sources`` have not changed.

    Empty for standard input, for what is no file, and for files changed just now.
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


def remembered(sources: Sequence[str | Path], options: Mapping[str, Any]) -> str | None:
    """Return the key that was remembered of ``sources``, if they are the very same files."""
    present, memo = stamps(sources), None
    with contextlib.suppress(CorpusError):
        memo = _unsealed(_memo(present, options)) if present else None
    if memo is None or memo.get("stamps") != [list(stamp) for stamp in present]:
        return None
    return str(memo["key"])


def remember(
    sources: Sequence[str | Path],
    options: Mapping[str, Any],
    key: str,
    before: Stamps | None = None,
) -> None:
    """Note that ``sources``, read with ``options`` (plain data), gave the entry ``key``.

    ``before`` are the stamps from before they were read: if they differ by now, or are empty,
    nothing is noted. Nor is it where the cache cannot be written.
    """
    present = stamps(sources)
    if present and before in (None, present):
        with contextlib.suppress(OSError, CorpusError, RunError):
            path = _memo(present, options)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(path.parent, path.name, _sealed({"stamps": present, "key": key}))


def prune() -> None:
    """Remove the entries unused for longest while all together take too much.

    Raises:
        ConfigError: CHARLOOM_CACHE_BYTES is no whole number.
    """
    most = _most_bytes()
    with contextlib.suppress(OSError), _alone():  # housekeeping: another time will do
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


def _whole(folder: Path) -> Entry | None:
    """Return the entry in ``folder`` if its index is sound and all files have their sizes."""
    index = folder / _INDEX
    fields = _unsealed(index)
    if fields is None:
        return None
    try:
        if any((folder / f).stat().st_size != size for f, size in fields["files"].items()):
            return None
    except OSError:
        return None
    with contextlib.suppress(OSError):  # the cache may be readable only
        os.utime(index)
    return Entry(folder, fields["facts"])


def _sealed(fields: dict[str, Any]) -> bytes:
    body = json.dumps({"format": FORMAT, **fields}).encode("ascii")
    return hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body


def _unsealed(path: Path) -> dict[str, Any] | None:
    """Return what ``_sealed`` was given; ``None`` if that is not, or not quite, what is there."""
    try:
        seal, _, body = path.read_bytes().partition(b"\n")
    except OSError:
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


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes from moving entries, and from sweeping, meanwhile."""
    with FileLock(cache_folder() / "entries.lock"):
        yield


@contextlib.contextmanager
def _aside() -> Iterator[Path]:
    """Make a folder for this context, locked as long as this process lives; then it goes."""
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
    """Lock a folder aside; a ``Timeout`` if its writer is still at work."""
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
    """Remove an entry, for all others at once."""
    with contextlib.suppress(OSError), _aside() as folder:
        place.rename(folder / "old")
