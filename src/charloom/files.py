"""Sets of files that change together or not at all: an index that seals the files it names.

The index is JSON: it holds the size and sha256 of each file, and the sha256 of itself. A save
first writes each changed file aside, under a name that carries its sha256; then it replaces
the index, which is the moment that counts; then it moves the new files to their places. A
reader looks aside first, so that it finds the files of its index wherever a save was stopped.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .errors import RunError

VERSION = 1
"""Of the format; a change that this reader would not understand adds one."""

MAX_INDEX_BYTES = 2**24

_T = TypeVar("_T")
_UNSEALED = "0" * 64
_DIGEST = re.compile("[0-9a-f]{64}")
RESTORE = "Restore it from a copy, or train again."


def fault(path: Path, problem: str) -> RunError:
    """Return the error that ``path`` has ``problem``, as one printable line."""
    text = f"{path} {problem}"
    return RunError("".join(c if c.isprintable() else ascii(c)[1:-1] for c in text))


@dataclass(frozen=True)
class Index:
    """A checked index.

    Attributes:
        path: where it is; the files that it names lie beside it.
        fields: what it says, ``files`` included.
    """

    path: Path
    fields: dict[str, Any]

    def section(self, field: str) -> dict[str, Any]:
        """Return a field that holds a JSON object.

        Raises:
            RunError: it is missing or holds something else.
        """
        value = self.fields.get(field)
        if not isinstance(value, dict):
            raise fault(self.path, f"must hold an object {field!r}. Received: {value!r:.60}.")
        return value

    def read(self, name: str, *, least: int = 0, most: int) -> bytes | None:
        """Return the bytes of the file ``name``; ``None`` if it is absent, or never was.

        The index must give a size in [``least``, ``most``]; no more than that and no more than
        the disk holds is read.

        Raises:
            RunError: the file cannot be read, or is not the one that the index names.
        """
        record = self.section("files").get(name)
        if record is None:
            return None
        match record:
            case {"bytes": int(size), "sha256": str(digest)} if _DIGEST.fullmatch(digest):
                pass
            case _:
                raise fault(
                    self.path, f"must give bytes and sha256 of {name}. Received: {record!r:.60}."
                )
        if not least <= size <= most:
            raise fault(
                self.path,
                f"must name a {name} of {least} to {most} bytes. Received: {size!s:.20}. {RESTORE}",
            )
        # Aside first: a save moves that file to its place at once, so one of the two is there.
        for path in (self.path.with_name(_aside(name, digest)), self.path.with_name(name)):
            data = _read(path, size)
            if data is not None:
                if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
                    raise fault(path, f"is not what {self.path.name} names (sha256). {RESTORE}")
                return data
        return None


def read_set(folder: Path, name: str, kind: str, read: Callable[[Index], _T]) -> _T:
    """Return what ``read`` makes of ``folder``'s index ``name``; starts over if a save came by.

    Raises:
        RunError: there is no such index, it is no sealed ``kind``, or ``read`` raised.
    """
    path = folder / name
    failed = b""
    while True:
        data = _read(path, MAX_INDEX_BYTES)
        if data is None:
            problem = f"holds no {kind} ({name} is missing)" if folder.is_dir() else "is no folder"
            raise fault(folder, f"{problem}. Pass a folder that `charloom train` wrote.")
        index = Index(path, _unseal(path, kind, data))
        try:
            return read(index)
        except RunError:
            if data == failed:  # twice with one index: no save in between is to blame
                raise
            failed = data


def write_set(
    folder: Path,
    name: str,
    kind: str,
    fields: Mapping[str, Any],
    files: Mapping[str, bytes | None],
) -> None:
    """Save ``files`` and the index ``name``, which holds ``fields``; ``None`` leaves a file out.

    Whenever this stops, the folder holds the earlier set or this one. Left-overs of saves that
    were stopped are removed, under the names of this set only.

    Raises:
        RunError: ``fields`` is not JSON, or the folder cannot be written.
    """
    given = {file: data for file, data in files.items() if data is not None}
    digests = {file: hashlib.sha256(data).hexdigest() for file, data in given.items()}
    records = {file: {"bytes": len(given[file]), "sha256": digests[file]} for file in given}
    path = folder / name
    index = _seal({"format": kind, "version": VERSION, "sha256": "", **fields, "files": records})
    if len(index) > MAX_INDEX_BYTES:
        raise fault(path, f"may hold at most {MAX_INDEX_BYTES} bytes. Received: {len(index)}")
    try:  # what cannot be read back must not replace what can
        _unseal(path, kind, index)
    except RunError as error:
        raise fault(path, "cannot hold two keys of one object that are equal as text.") from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(path, files)
        try:
            moves = []
            for file, data in given.items():
                if not _holds(folder / file, data):
                    aside = folder / _aside(file, digests[file])
                    _write(folder / file, data).replace(aside)
                    moves.append((aside, folder / file))
            _sync(folder)
            _write(path, index).replace(path)
            _sync(folder)
            for aside, place in moves:
                aside.replace(place)
            _sync(folder)
        finally:
            with contextlib.suppress(OSError):
                _sweep(path, files)
    except (OSError, ValueError) as error:
        raise unwritable(folder, error) from error


def write_file(folder: Path, name: str, data: bytes) -> None:
    """Make ``data`` the file ``name``, a file of no set, at once; one that is equal is left alone.

    Raises:
        RunError: the folder cannot be written.
    """
    path = folder / name
    try:
        if not _holds(path, data):
            try:
                _write(path, data).replace(path)
                _sync(folder)
            finally:
                with contextlib.suppress(OSError):
                    _sweep(path, {})
    except (OSError, ValueError) as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: Exception) -> RunError:
    """Return the error that a save to ``folder`` failed."""
    return fault(
        folder,
        f"could not be written: {_reason(error)}. No model saved earlier is lost; "
        "make room, or pass a folder that can be written.",
    )


def is_part(name: str, names: Collection[str]) -> bool:
    """Say whether a file is one of ``names``, or what a stopped save left of one."""
    return re.sub(r"\.[0-9a-f]{16}\.(?:next|tmp)$", "", name) in names


def claim_folder(folder: Path, name: str, *, force: bool, ignored: Collection[str] = ()) -> None:
    """Create ``folder``, or make sure that it is empty (not with ``force``) and can be written.

    Files called ``ignored`` do not count.

    Raises:
        RunError: it is in use, or a file, or cannot be created, listed or written.
    """
    with creating(folder):
        if not force and any(path.name not in ignored for path in folder.iterdir()):
            raise fault(folder, "must be empty or new. Pass another folder, or --force.")
        try:
            _write(folder / name, b"").unlink()
        finally:
            with contextlib.suppress(OSError):
                _sweep(folder / name, {})


@contextlib.contextmanager
def creating(folder: Path) -> Iterator[None]:
    """Create ``folder`` for what is done there in this context.

    Raises:
        RunError: it is a file, or cannot be created, listed or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise fault(folder, "must be a folder, but a file is there. Pass another.") from error
    except (OSError, ValueError) as error:
        raise fault(folder, f"cannot be written: {_reason(error)}. Pass another folder.") from error


def _dump(fields: Mapping[str, Any]) -> bytes:
    """One field a line, in the order given."""
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}"
        for key, value in fields.items()
    )
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _seal(fields: dict[str, Any]) -> bytes:
    """Return the index with its own sha256, which is taken with zeros in its place."""
    try:
        digest = hashlib.sha256(_dump({**fields, "sha256": _UNSEALED})).hexdigest()
        return _dump({**fields, "sha256": digest})
    except (ValueError, TypeError, RecursionError) as error:
        raise RunError(f"what is saved must be plain, finite JSON data: {error!s:.120}") from error


def _unseal(path: Path, kind: str, data: bytes) -> dict[str, Any]:
    foreign = f"is no {kind}: it must be JSON as charloom writes it"
    try:
        fields = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise fault(path, f"{foreign} ({_reason(error)}). {RESTORE}") from error
    if not isinstance(fields, dict) or fields.get("format") != kind:
        raise fault(path, f"{foreign}, of format {kind!r}. {RESTORE}")
    version = fields.get("version")
    if type(version) is not int or version < 1:
        raise fault(path, f"must hold a whole version from 1. Received: {version!r:.60}")
    if version > VERSION:
        raise fault(
            path,
            f"was written by a newer charloom (format {version!s:.20}; this one reads {VERSION}): "
            "upgrade charloom.",
        )
    # Byte for byte, so that no flipped bit, repeated key or number beyond JSON's passes.
    try:
        intact = _seal(fields) == data
    except RunError:
        intact = False
    if not intact:
        raise fault(path, f"was changed or damaged since it was saved (sha256). {RESTORE}")
    return fields


def _aside(name: str, digest: str) -> str:
    return f"{name}.{digest[:16]}.next"


def _reason(error: Exception) -> str:
    return f"{(isinstance(error, OSError) and error.strerror) or error!s:.120}"


def _read(path: Path, limit: int) -> bytes | None:
    """Return a file's bytes, at most ``limit``; ``None`` if there is none."""
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise fault(path, f"must be a regular file. {RESTORE}")
        if info.st_size > limit:
            raise fault(path, f"may hold {limit} bytes, but holds {info.st_size}. {RESTORE}")
        with path.open("rb") as file:
            return file.read(info.st_size)
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise fault(path.parent, "is a file. Pass a folder that `charloom train` wrote.") from error
    except (OSError, ValueError) as error:
        raise fault(path, f"cannot be read: {_reason(error)}.") from error


def _holds(path: Path, data: bytes) -> bool:
    """Say whether a file equals ``data``; stops at the first piece that differs."""
    pieces = (data[start : start + 2**18] for start in range(0, len(data), 2**18))
    try:
        with path.open("rb") as file:
            return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
    except OSError:
        return False


def _write(path: Path, data: bytes) -> Path:
    """Write ``data`` to the disk, whole, beside ``path``; return where, for a rename."""
    aside = path.with_name(f"{path.name}.{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(aside, flags, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return aside


def _sync(folder: Path) -> None:
    """Make renames in ``folder`` last."""
    if os.name != "posix":  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot, and need not
            raise
    finally:
        os.close(descriptor)


def _sweep(index: Path, files: Mapping[str, bytes | None]) -> None:
    """Remove what stopped saves left of this set, but not what the index on disk still names."""
    try:
        with index.open("rb") as file:
            text = file.read(MAX_INDEX_BYTES)
    except FileNotFoundError:
        text = b""
    names = "|".join(map(re.escape, [index.name, *files]))
    left_over = re.compile(rf"(?:{names})\.([0-9a-f]{{16}})\.(?:next|tmp)")
    for path in index.parent.iterdir():
        match = left_over.fullmatch(path.name)
        if match and match[1].encode() not in text:
            path.unlink(missing_ok=True)
