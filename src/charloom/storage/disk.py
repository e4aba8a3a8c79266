"""Files written whole or not at all, and messages for errors of the disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..errors import RunError

MAX_INDEX_BYTES = 2**24
PIECE = 2**18
RESTORE = "Restore it from a copy, or train again."
OUTSIDE = "files outside a run folder are never changed."

MODEL_INDEX = "model.json"
"""The file that makes a folder a run folder."""


@runtime_checkable
class Pieces(Protocol):
    """The bytes of a file in pieces, for contents that should not be in memory as a whole."""

    @property
    def sealed(self) -> tuple[int, str]:
        """The number of bytes, and their sha256."""

    def lines(self) -> Iterator[bytes]:
        """Yield the pieces in order, the same at each call."""


Payload = bytes | Pieces


def pieces(data: Payload) -> Iterator[bytes | memoryview]:
    """Return ``data`` in pieces."""
    if isinstance(data, bytes):
        view = memoryview(data)
        return (view[start : start + PIECE] for start in range(0, len(data), PIECE))
    return iter(data.lines())


def seal(data: Payload) -> tuple[int, str]:
    """Return the number of bytes in ``data``, and their sha256."""
    if isinstance(data, bytes):
        return len(data), hashlib.sha256(data).hexdigest()
    return data.sealed


def fault(path: Path, problem: str) -> RunError:
    """Return an error that says ``problem`` about ``path``."""
    return RunError(f"{path} {problem}")


def unwritable(folder: Path, error: Exception) -> RunError:
    """Return the error that a save to ``folder`` failed."""
    return fault(
        folder,
        f"could not be written: {reason(error)}. Nothing saved earlier is lost; "
        "free some space, or pass a folder that can be written.",
    )


def reason(error: Exception) -> str:
    """Return the message of an error, without its number and path."""
    return f"{(isinstance(error, OSError) and error.strerror) or error!s:.120}"


def is_part(name: str, names: Collection[str]) -> bool:
    """Return whether a file is one of ``names``, or left over from an interrupted save of one."""
    return re.sub(r"\.[0-9a-f]{16}\.(?:next|tmp)$", "", name) in names


def aside(name: str, digest: str) -> str:
    """Return the temporary name of the file ``name`` until its index is in place."""
    return f"{name}.{digest[:16]}.next"


def write_file(folder: Path, name: str, data: bytes, *, own: bool = False) -> None:
    """Replace the file ``name``, which belongs to no set, by ``data``; an equal file is kept.

    A link is followed, or replaced if the file is to be the folder's ``own``.

    Raises:
        RunError: the folder cannot be written, or something other than a file has that name.
    """
    try:
        path = folder / name if own else target(folder / name)
        if not holds(path, data):
            try:
                write(path, data).replace(path)
                sync(path.parent)
            finally:
                with contextlib.suppress(OSError):
                    sweep(path, ())
    except (OSError, ValueError) as error:
        raise unwritable(folder, error) from error


def append(path: Path, line: bytes) -> int:
    """Add a line to a file of its own, whole or not at all; return the file's size before.

    Not flushed to the disk.

    Raises:
        RunError: the file cannot be written, or is a link.
    """
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with os.fdopen(opened(path, flags, own=True), "ab", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                written = file.write(line)
            except OSError:
                file.truncate(end)
                raise
            if written != len(line):
                file.truncate(end)
                raise OSError("only a part of the line was written")
    except OSError as error:
        raise unwritable(path.parent, error) from error
    return end


def target(path: Path) -> Path:
    """Return the file that a rename may replace for ``path``, with links resolved.

    Links within a folder that holds ``MODEL_INDEX`` are not followed: a stranger may have made it.

    Raises:
        RunError: there is such a link, or something else, such as a device, which a rename would
            remove.
    """
    whole = path.absolute()
    for link in (whole, *whole.parents):
        if link.is_symlink() and any((f / MODEL_INDEX).exists() for f in link.parents):
            raise fault(link, f"is a link inside a run folder: {OUTSIDE} Pass another file.")
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        raise fault(path, "is not a regular file. Pass another file.")
    return place


def own_folder(root: Path, *names: str) -> Path:
    """Return the folder ``root/names...``, which may be missing.

    Raises:
        RunError: it, or one between it and ``root``, is a link or no folder.
    """
    folder = root
    for name in names:
        folder = folder / name
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise fault(folder, f"must be a folder, not a link or a file: {OUTSIDE} Remove it.")
    return folder


def opened(path: Path, flags: int = os.O_RDONLY, *, own: bool = False) -> int:
    """Open a regular file, and return its descriptor; anything else is never waited for.

    Args:
        path: the file; a link to a regular file is followed unless ``own``.
        flags: as for ``os.open``.
        own: whether the file must be no link, and have no second name: it is to be changed.

    Raises:
        RunError: something else is there.
        OSError: it is missing, or cannot be opened.
    """
    more = ("O_NONBLOCK", "O_NOCTTY", "O_BINARY", *(("O_NOFOLLOW",) if own else ()))
    for name in more:
        flags |= getattr(os, name, 0)
    try:  # opening a device may already change something
        _check_regular(path, path.lstat() if own else path.stat(), own)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    descriptor = os.open(path, flags, 0o666)
    try:
        _check_regular(path, os.fstat(descriptor), own)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def check_own(path: Path) -> None:
    """Check that ``path``, which is to be changed, is missing or a regular file of its own.

    Raises:
        RunError: it is a link, a pipe or a device, or the file has a second name.
    """
    with contextlib.suppress(FileNotFoundError):
        _check_regular(path, path.lstat(), own=True)


def _check_regular(path: Path, info: os.stat_result, own: bool) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise fault(path, f"must be a regular file{', not a link' * own}. {RESTORE}")
    if own and info.st_nlink > 1:
        raise fault(path, f"must have no second name (hard link): {OUTSIDE} Remove it.")


def claim_folder(folder: Path, name: str, *, force: bool, ignored: Collection[str] = ()) -> None:
    """Create ``folder``, or check that it can be written and, without ``force``, that it is empty.

    Files named ``ignored`` do not count.

    Raises:
        RunError: it is in use, or a file, or cannot be created, listed or written.
    """
    with creating(folder):
        if not force and any(path.name not in ignored for path in folder.iterdir()):
            raise fault(folder, "must be empty or new. Pass another folder, or --force.")
        try:
            write(folder / name, b"").unlink()
        finally:
            with contextlib.suppress(OSError):
                sweep(folder / name, ())


@contextlib.contextmanager
def creating(folder: Path) -> Iterator[None]:
    """Create ``folder``, and turn errors of the disk within this context into RunError.

    Raises:
        RunError: it is a file, or cannot be created, listed or written.
    """
    try:
        make_folder(folder)
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise fault(folder, "must be a folder, but a file is there. Pass another.") from error
    except (OSError, ValueError) as error:
        raise fault(folder, f"cannot be written: {reason(error)}. Pass another folder.") from error


def make_folder(folder: Path) -> None:
    """Create ``folder`` if needed, so that it survives a power failure."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        with contextlib.suppress(PermissionError):  # a parent may be writable but not readable
            sync(path.parent)


def read(path: Path, limit: int) -> bytes | None:
    """Return a file's bytes, at most ``limit``; ``None`` if there is none.

    Raises:
        RunError: it is longer, not a regular file, or cannot be read.
    """
    try:
        with os.fdopen(opened(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise fault(path, f"may hold {limit} bytes, but holds {size}. {RESTORE}")
            return file.read(size)
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise fault(path.parent, "is a file. Pass a folder that `charloom train` wrote.") from error
    except (OSError, ValueError) as error:
        raise fault(path, f"cannot be read: {reason(error)}.") from error


def holds(path: Path, data: Payload) -> bool:
    """Return whether a file of its own equals ``data``; stops at the first piece that differs."""
    try:
        with os.fdopen(opened(path, own=True), "rb") as file:
            same = all(file.read(len(piece)) == piece for piece in pieces(data))
            return same and not file.read(1)
    except (OSError, RunError):
        return False


def write(path: Path, data: Payload) -> Path:
    """Write and flush ``data`` to a temporary file beside ``path``; return it, for a rename."""
    place = path.with_name(f"{path.name}.{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(place, flags, 0o666)
    try:
        for piece in [memoryview(data)] if isinstance(data, bytes) else pieces(data):
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return place


def sync(path: Path) -> None:
    """Flush the file ``path``, or the names in a folder, to the disk."""
    if os.name != "posix":  # Windows cannot open folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # not supported, nor needed, by some network file systems
            raise
    finally:
        os.close(descriptor)


def sweep(index: Path, names: Collection[str]) -> None:
    """Remove what interrupted saves left of the set of ``index`` and the files ``names``.

    Files that the index on disk still names are kept.
    """
    text = b""
    what_is_no_file = contextlib.suppress(FileNotFoundError, RunError)
    with what_is_no_file, os.fdopen(opened(index), "rb") as file:
        text = file.read(MAX_INDEX_BYTES)
    either = "|".join(map(re.escape, [index.name, *names]))
    left_over = re.compile(rf"(?:{either})\.([0-9a-f]{{16}})\.(?:next|tmp)")
    for path in index.parent.iterdir():
        match = left_over.fullmatch(path.name)
        if match and match[1].encode() not in text:
            path.unlink(missing_ok=True)
