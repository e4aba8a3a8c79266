"""The runs of the studio's folder, loaded when they are first asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from ...errors import RunError
from ...run import MEASURED, MODEL_FILES, Run
from ...storage import MODEL_INDEX, is_part
from ..engine import Engine
from ..library import Library, Served, UnknownRunError
from .place import Place

Stamp = tuple[tuple[str, str, int, int], ...]

LOADED = 8
"""Runs that are kept loaded."""


class FolderLibrary(Library):
    """A library whose runs come and go."""

    def __init__(self, place: Place, engine: Engine | None) -> None:
        """Load nothing yet."""
        super().__init__((), engine)
        self._place = place
        self._stamps: dict[str, Stamp] = {}
        self._loading = Lock()

    def __iter__(self) -> Iterator[Served]:
        for name in self._place.names():
            try:
                yield self.get(name)
            except (RunError, UnknownRunError):  # being trained, removed or damaged
                continue

    def get(self, name: str | None) -> Served:
        """Return the run called ``name``, loaded again if it has changed; the first for ``None``.

        Raises:
            UnknownRunError: there is none.
            RunError: it is damaged, or not yet a run.
        """
        if name is None:
            found = next(iter(self), None)
            if found is None:
                raise UnknownRunError("there is no run yet. Train one.")
            return found
        folder = self._place.run(name)
        stamp = stamp_of(folder)
        with self._loading:
            if self._stamps.get(name) != stamp or name not in self._served:
                self.forget(name)
                try:
                    self._served[name] = self.served(name, Run.open(folder))
                except RunError as error:
                    raise RunError(self._place.inside(error)) from error
                self._stamps[name] = stamp
                while len(self._served) > LOADED:
                    self.forget(next(iter(self._served)))
            self._served[name] = self._served.pop(name)  # the latest used comes last
            return self._served[name]

    def forget(self, name: str) -> None:
        """Let go of a run that has changed or gone, and of what was combined with it."""
        self._served.pop(name, None)
        self._stamps.pop(name, None)
        with self._lock:
            self._combined.clear()


def stamp_of(folder: Path) -> Stamp:
    """Return what changes whenever the files of the run's model do: their dates and sizes.

    Raises:
        RunError: there is no model, or one of its files is a link.
    """
    found = []
    for part in (folder, folder / MEASURED):
        try:
            with os.scandir(part) as entries:
                ours = [entry for entry in entries if is_part(entry.name, MODEL_FILES)]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunError(f"{folder.name} cannot be read: {error.strerror}.") from error
        for entry in ours:
            if entry.is_symlink():
                raise RunError(
                    f"{folder.name} holds a link, {entry.name}. Replace it by the file itself."
                )
            status = entry.stat()
            found.append((part.name, entry.name, status.st_mtime_ns, status.st_size))
    if not any(name == MODEL_INDEX for _, name, *_ in found):
        raise RunError(f"{folder.name} holds no model yet. Train it first.")
    return tuple(sorted(found))
