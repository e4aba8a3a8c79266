"""Where exports go: nothing is overwritten unless asked for, and files are whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigError, RunError
from ..storage import claim_folder, fault, write_file
from ..storage.disk import reason


def check_file(path: Path, endings: Sequence[str], *, force: bool) -> None:
    """Check that a file may be written to ``path``.

    Raises:
        ConfigError: it has none of ``endings``.
        RunError: it exists and ``force`` is off, is no file, or its folder does not exist.
    """
    if path.suffix.lower() not in endings:
        raise ConfigError(f"the file must end in {endings[0]}. Received: {path.name!r:.60}")
    try:
        if not path.parent.is_dir():
            raise fault(path.parent, "is no folder. Create it, or pass another file.")
        if path.exists() and not path.is_file():
            raise fault(path, "is not a regular file. Pass another file.")
        if path.exists() and not force:
            raise fault(path, "exists. Pass another file, or --force.")
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {reason(error)}. Pass another file.") from error


def check_folder(path: Path, *, force: bool) -> None:
    """Create the folder ``path``, or check that it is empty.

    Raises:
        RunError: it is not empty and ``force`` is off, or it cannot be written.
    """
    claim_folder(path, "README.md", force=force)


def write(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        RunError: it cannot be written.
    """
    write_file(path.parent, path.name, data)


def bytes_in(path: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
