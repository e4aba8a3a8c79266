"""The bin: runs that were deleted, from where they can be brought back."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from ...errors import RunError
from ...storage import unwritable, write_file
from ..library import UnknownRunError
from .place import Place

RUN = "run"
"""The folder of the run inside its entry."""

TRAINING = "training"
"""The folder of what is known of its training, if it was trained in the studio."""

ABOUT = "about.json"
"""What is known of it beside: its name, and when it was deleted in seconds since 1970."""


def put(place: Place, name: str) -> str:
    """Move the run called ``name`` to the bin, and return the id of its entry there.

    Raises:
        UnknownRunError: there is none.
        RunError: the folder cannot be moved.
    """
    run, number = place.run(name), secrets.token_hex(8)
    entry = place.part("bin") / number
    try:
        entry.mkdir(mode=0o700)
        about = json.dumps({"name": name, "deleted": time.time()}).encode()
        write_file(entry, ABOUT, about, own=True)
        run.rename(entry / RUN)
        move(place.training(name), entry / TRAINING)
    except OSError as error:
        raise unwritable(entry, error) from error
    return number


def restore(place: Place, number: str) -> str:
    """Move a run from the bin back, and return its name: with a number if that is taken by now.

    Raises:
        UnknownRunError: the bin holds no such entry.
        RunError: the folder cannot be moved.
    """
    entry = _entry(place, number)
    before = str(_about(entry)["name"])
    name, taken, count = before, {one.casefold() for one in place.names()}, 1
    while name.casefold() in taken:
        count += 1
        name = f"{before}-{count}"
    try:
        (entry / RUN).rename(place.folder / name)
        move(entry / TRAINING, place.training(name))
        (entry / ABOUT).unlink()
        entry.rmdir()
    except OSError as error:
        raise RunError(f"{name} cannot be brought back: {error.strerror}.") from error
    return name


def remove(place: Place, number: str) -> None:
    """Delete a run in the bin for good.

    Raises:
        UnknownRunError: the bin holds no such entry.
        RunError: its files cannot be deleted.
    """
    entry = _entry(place, number)
    try:
        shutil.rmtree(entry)
    except OSError as error:
        raise RunError(f"it cannot be deleted: {error.strerror}.") from error


def listed(place: Place) -> dict[str, dict[str, Any]]:
    """Return the name of each run in the bin, and when it was deleted, by the entries' ids."""
    return {number: _about(entry) for number, entry in entries(place).items()}


def entries(place: Place) -> dict[str, Path]:
    """Return the entries of the bin by their ids."""
    return {
        entry.name: entry
        for entry in place.part("bin").iterdir()
        if not (entry.is_symlink() or (entry / RUN).is_symlink() or (entry / ABOUT).is_symlink())
        and (entry / ABOUT).is_file()
        and (entry / RUN).is_dir()
    }


def move(folder: Path, place: Path) -> None:
    """Move a folder, if it is there, to where something old may be."""
    shutil.rmtree(place, ignore_errors=True)
    if folder.is_dir():
        folder.rename(place)


def _entry(place: Place, number: str) -> Path:
    entry = entries(place).get(number)
    if entry is None:
        raise UnknownRunError("the bin does not hold this run any more.")
    return entry


def _about(entry: Path) -> dict[str, Any]:
    """Return what is known of an entry; a stranger may have made it."""
    try:
        match json.loads((entry / ABOUT).read_bytes()):
            case {"name": str(name), "deleted": float(deleted)} if _is_plain(name):
                return {"name": name, "deleted": deleted}
    except (OSError, ValueError, RecursionError):
        pass
    return {"name": "run", "deleted": entry.stat().st_mtime}


def _is_plain(name: str) -> bool:
    """Return whether a name leads to nowhere but into the folder that it is put into."""
    return name == Path(name).name and not name.startswith(".") and name.isprintable()
