"""The studio's folder: its runs, and what the studio keeps beside them."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from ...errors import ConfigError, RunError
from ...storage import own_folder
from ..library import UnknownRunError

STATE = ".charloom"
"""The folder inside the studio's folder that holds what is not a run."""

LONGEST = 100
"""Characters of a run's name."""

MOST_BYTES = 200
"""Bytes of a run's name in UTF-8."""


class Place:
    """A folder of runs.

    Attributes:
        folder: it, resolved.
        state: the folder for lists, trainings, reports and the bin, which others cannot read.
    """

    def __init__(self, folder: Path) -> None:
        """Create the folder if it does not exist.

        Raises:
            RunError: it cannot be created or written.
        """
        if folder.is_file():
            raise RunError(f"{folder} is a file. Name the folder that holds the runs.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.folder = folder.resolve()
            self.state = self.folder / STATE
            self.state.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise RunError(f"{folder} cannot be used by the studio: {error.strerror}.") from error
        if self.state.is_symlink():
            raise RunError(f"{self.state} is a link. Remove it; the studio needs a folder there.")

    def names(self) -> list[str]:
        """Return the names of the folders that may be runs, in order; links are none."""
        with os.scandir(self.folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            )

    def run(self, name: str) -> Path:
        """Return the folder of the run called ``name``.

        Raises:
            UnknownRunError: there is none.
        """
        if name not in self.names():
            raise UnknownRunError(f"there is no run called {name!r:.60}. Look into the library.")
        return self.folder / name

    def inside(self, error: Exception) -> str:
        """Return what an error says, with paths as seen from the studio's folder."""
        return str(error).replace(f"{self.folder}{os.sep}", "")

    def new(self, name: str, *, before: str = "") -> str:
        """Return ``name`` if a run may be called so on every system, and none is but ``before``.

        Raises:
            ConfigError: it may not, or one is.
        """
        safe = (
            0 < len(name) <= LONGEST
            and len(name.encode(errors="replace")) <= MOST_BYTES
            and name.isprintable()
            and not re.search(r'[<>:"/\\|?*]|^[. -]|[. ]$', name)
            and not re.match(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", name, re.IGNORECASE)
        )
        if not safe:
            raise ConfigError(
                f"a run's name must have 1 to {LONGEST} characters, begin with a letter or digit, "
                f'and hold none of <>:"/\\|?*. Received: {name!r:.60}'
            )
        name = unicodedata.normalize("NFC", name)
        if name.casefold() in {one.casefold() for one in self.names() if one != before}:
            raise ConfigError(f"there is a run called {name} already. Choose another name.")
        return name

    def training(self, name: str) -> Path:
        """Return the folder of what is known of the training of a run; it may be missing."""
        return self.part("trainings") / name

    def part(self, name: str) -> Path:
        """Return a folder of ``state``, created if need be; RunError if a link is there."""
        folder = own_folder(self.state, name)
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
