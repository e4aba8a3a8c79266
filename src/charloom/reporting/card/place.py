"""Writing a model card, which never replaces a file that somebody else wrote."""

from __future__ import annotations

from pathlib import Path

from ...errors import RunError
from ...storage import fault, write_file

MARK = "<!-- written by charloom card: it may be replaced; keep your own words elsewhere -->"
MOST_BYTES = 2**24


def write_card(path: Path, text: str, *, force: bool = False) -> None:
    """Write a card, whole or not at all.

    Raises:
        RunError: the file exists, was not written by ``write_card``, and ``force`` is off; or it
            cannot be written.
    """
    check_place(path, force=force)
    write_file(path.parent, path.name, text.encode())


def check_place(path: Path, *, force: bool = False) -> None:
    """Check that ``write_card`` may write to ``path``.

    Raises:
        RunError: as ``write_card``.
    """
    try:
        if not path.parent.is_dir():
            raise fault(path.parent, "is no folder. Pass one that exists.")
        if path.is_dir():
            raise fault(path, "is a folder. Pass a file.")
        if path.exists() and not path.is_file():  # renaming over a device would remove it
            raise fault(path, "is not a regular file. Pass another --out, or - for stdout.")
        if force or not path.exists():
            return
        with path.open("rb") as file:
            held = file.read(MOST_BYTES)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}. Pass another --out.") from error
    if MARK.encode() not in held:
        raise fault(path, "was not written by charloom card. Pass another --out, or --force.")
