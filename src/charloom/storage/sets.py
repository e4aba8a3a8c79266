"""Sets of files that are replaced together or not at all, through an index with their checksums.

The index is JSON with the size and sha256 of each file, and the sha256 of itself. A save first
writes each changed file under a temporary name that contains its sha256. Then it replaces the
index, which commits the save. Then it renames the new files. A reader looks for the temporary
names first, so it finds the files of its index wherever a save was interrupted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..errors import RunError
from . import disk
from .disk import RESTORE, Payload, aside, fault, reason, unwritable

VERSION = 1
"""The version of the format; it increases with changes that earlier readers cannot read."""

_T = TypeVar("_T")
_UNSEALED = "0" * 64
_DIGEST = re.compile("[0-9a-f]{64}")


class Index(NamedTuple):
    """A checked index.

    Attributes:
        path: its file; the files that it names are in the same folder.
        fields: its contents, including ``files``.
    """

    path: Path
    fields: dict[str, Any]

    def section(self, field: str) -> dict[str, Any]:
        """Return a field that is a JSON object.

        Raises:
            RunError: it is missing or something else.
        """
        value = self.fields.get(field)
        if not isinstance(value, dict):
            raise fault(self.path, f"must hold an object {field!r}. Received: {value!r:.60}.")
        return value

    def read(self, name: str, *, least: int = 0, most: int) -> bytes | None:
        """Return the bytes of the file ``name``; ``None`` if it is missing or not in the index.

        The index must give a size in [``least``, ``most``]. No more bytes are read than that, nor
        than the file has.

        Raises:
            RunError: the file cannot be read, or is not the file that the index names.
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
        # The temporary name first: a save renames that file atomically, so one of the two exists.
        for path in (self.path.with_name(aside(name, digest)), self.path.with_name(name)):
            data = disk.read(path, size)
            if data is not None:
                if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
                    raise fault(path, f"is not what {self.path.name} names (sha256). {RESTORE}")
                return data
        return None


def read_set(folder: Path, name: str, kind: str, read: Callable[[Index], _T]) -> _T:
    """Return ``read`` of the index ``name`` in ``folder``; repeated if a save interfered.

    Raises:
        RunError: there is no such index, it is not a sealed ``kind``, or ``read`` raised.
    """
    path = folder / name
    failed = b""
    while True:
        data = disk.read(path, disk.MAX_INDEX_BYTES)
        if data is None:
            problem = f"holds no {kind} ({name} is missing)" if folder.is_dir() else "is no folder"
            raise fault(folder, f"{problem}. Pass a folder that `charloom train` wrote.")
        index = Index(path, _unseal(path, kind, data))
        try:
            return read(index)
        except RunError:
            if data == failed:  # the index did not change, so no save interfered
                raise
            failed = data


def write_set(
    folder: Path,
    name: str,
    kind: str,
    fields: Mapping[str, Any],
    files: Mapping[str, Payload | None],
) -> None:
    """Save ``files`` and the index ``name`` with ``fields``; a file of ``None`` is left out.

    Whenever this is interrupted, the folder holds the earlier set or this one. Left-overs of
    interrupted saves of this set are removed.

    Raises:
        RunError: ``fields`` is not JSON, or the folder cannot be written.
    """
    path = folder / name
    given, seals, index = _sealed(path, kind, fields, files)
    try:
        disk.make_folder(folder)
        disk.sweep(path, files)
        try:
            moves = []
            for file, data in given.items():
                if not disk.holds(folder / file, data):
                    ready = folder / aside(file, seals[file][1])
                    disk.write(folder / file, data).replace(ready)
                    moves.append((ready, folder / file))
            disk.sync(folder)
            disk.write(path, index).replace(path)
            disk.sync(folder)
            for ready, place in moves:
                ready.replace(place)
            disk.sync(folder)
        finally:
            with contextlib.suppress(OSError):
                disk.sweep(path, files)
    except (OSError, ValueError) as error:
        raise unwritable(folder, error) from error


def packed_set(
    folder: Path,
    name: str,
    kind: str,
    fields: Mapping[str, Any],
    files: Mapping[str, Payload | None],
) -> dict[str, Payload]:
    """Return what ``write_set`` would write to ``folder``, by file, without writing it.

    Raises:
        RunError: ``fields`` is not JSON.
    """
    given, _, index = _sealed(folder / name, kind, fields, files)
    return {**given, name: index}


def _sealed(
    path: Path, kind: str, fields: Mapping[str, Any], files: Mapping[str, Payload | None]
) -> tuple[dict[str, Payload], dict[str, tuple[int, str]], bytes]:
    """Return the files that are not left out, their seals, and the index at ``path``."""
    given = {file: data for file, data in files.items() if data is not None}
    seals = {file: disk.seal(data) for file, data in given.items()}
    records = {file: {"bytes": size, "sha256": digest} for file, (size, digest) in seals.items()}
    index = _seal({"format": kind, "version": VERSION, "sha256": "", **fields, "files": records})
    if len(index) > disk.MAX_INDEX_BYTES:
        raise fault(path, f"may hold at most {disk.MAX_INDEX_BYTES} bytes. Received: {len(index)}")
    try:  # what cannot be read back must not replace what can
        _unseal(path, kind, index)
    except RunError as error:
        raise fault(path, "cannot hold two keys of one object that are equal as text.") from error
    return given, seals, index


def remove_set(
    folder: Path, name: str, files: Collection[str], *, with_folder: bool = False
) -> None:
    """Remove the index ``name``, then the ``files`` of its set and left-overs of its saves.

    Whenever this is interrupted, the folder holds the complete set, or no index. ``with_folder``
    also removes the folder if it is empty.

    Raises:
        RunError: the folder cannot be written.
    """
    try:
        (folder / name).unlink(missing_ok=True)
        disk.sync(folder)
        for file in files:
            (folder / file).unlink(missing_ok=True)
        disk.sweep(folder / name, files)
        if with_folder and not any(folder.iterdir()):
            folder.rmdir()
    except (OSError, ValueError) as error:
        raise unwritable(folder, error) from error


def _dump(fields: Mapping[str, Any]) -> bytes:
    """Return JSON with one field on each line, in the given order."""
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}"
        for key, value in fields.items()
    )
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _seal(fields: dict[str, Any]) -> bytes:
    """Return the index with its own sha256, computed with zeros in its place."""
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
        raise fault(path, f"{foreign} ({reason(error)}). {RESTORE}") from error
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
    # Compared byte for byte, so that no flipped bit, repeated key or non-JSON number passes.
    try:
        intact = _seal(fields) == data
    except RunError:
        intact = False
    if not intact:
        raise fault(path, f"was changed or damaged since it was saved (sha256). {RESTORE}")
    return fields
