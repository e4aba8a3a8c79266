"""Folders as sources: the files in them, sorted, that are fit to be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ...config.arguments import shown
from ...errors import CorpusError
from .streams import STDIN, is_packed, label, marked

SHOWN = 3
"""Files that a message about those left out names."""

HEAD_BYTES = 8192
"""Bytes of a file that show whether it is binary."""


@dataclass(frozen=True)
class Files:
    """Sources with the files of each folder in its place.

    Attributes:
        paths: files, in order, or ``-`` for standard input.
        groups: for each source, how many of them are its own.
        labels: the sources, as reports call them.
    """

    paths: list[str | Path]
    groups: list[int]
    labels: list[str]


def files_of(
    sources: Sequence[str | Path],
    pattern: str | None = None,
    encoding: str | None = None,
    *,
    warn: Callable[[str], None] | None = None,
    strict: bool = True,
) -> Files:
    """Return ``sources`` with the files in each folder, and in its subfolders, in its place.

    The files of a folder are sorted by their paths. Hidden ones are left out, and so are those that
    are reached by a link out of the folder. What is no text is left out, too.

    Args:
        sources: files, folders, or ``-`` for standard input.
        pattern: which files of a folder to read, as in ``*.txt`` for names of files, or
            ``2024/*.txt`` for paths in the folder.
        encoding: of the files; with one, NUL bytes do not make a file binary.
        warn: called with what was left out, a line a folder; ``None`` refuses such folders, as
            where nothing may be missed.
        strict: whether a pattern needs a folder.

    Raises:
        CorpusError: a folder cannot be read or has no such files, or there is no folder for the
            pattern.
    """
    paths: list[str | Path] = []
    groups, labels = [], []
    folders = 0
    for source in sources:
        if str(source) in (STDIN, "") or not _is_folder(source):
            paths.append(source)
            groups.append(1)
            labels.append(label(source))
            continue
        folders += 1
        found, left_out = _files(Path(source), pattern, encoding)
        name = label(source)
        if left_out:
            some = "1 file" if len(left_out) == 1 else f"{len(left_out):,} files"
            more = ", ..." if len(left_out) > SHOWN else ""
            which = ", ".join(left_out[:SHOWN]) + more
            if warn is None:
                raise CorpusError(
                    f"{name} has {some} that cannot be read: {which}. Move or repair them, or "
                    "choose others with --pattern."
                )
            warn(f"{name}: left out {some}: {which}.")
        if not found:
            like = "" if pattern is None else f" like {pattern!r:.40}"
            raise CorpusError(
                f"{name} is a folder without text files{like}. Name another one, or choose files "
                "with --pattern."
            )
        paths += found
        groups.append(len(found))
        labels.append(name if name.endswith("/") else f"{name}/")
    if pattern is not None and strict and not folders:
        raise CorpusError(
            f"--pattern is for folders. Name one, or leave it out. Received: {shown(pattern)}"
        )
    return Files(paths, groups, labels)


def _is_folder(source: str | Path) -> bool:
    try:
        return Path(source).is_dir()
    except (OSError, ValueError):  # such as a NUL in the path, which is reported when it is read
        return False


def _files(folder: Path, pattern: str | None, encoding: str | None) -> tuple[list[Path], list[str]]:
    """Return the files to read, and what is wrong with the others, each with its name."""
    home = folder.resolve()
    found, left_out = [], []
    for path in sorted(_walk(folder), key=lambda path: path.relative_to(folder).parts):
        place = path.relative_to(folder).as_posix()
        if pattern is not None and not fnmatchcase(place if "/" in pattern else path.name, pattern):
            continue
        if problem := _problem(path, home, encoding):
            left_out.append(f"{label(place)} {problem}")
        else:
            found.append(path)
    return found, left_out


def _walk(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder and is no folder; neither hidden things, nor linked folders."""

    def refuse(error: OSError) -> None:
        why = error.strerror or type(error).__name__
        raise CorpusError(
            f"{label(error.filename or folder)} cannot be read: {why}. Check the folder's rights."
        ) from None

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def _problem(path: Path, home: Path, encoding: str | None) -> str | None:
    """Return what is wrong with a file in the folder ``home``, as the end of a sentence."""
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(home):
            return "is a link out of the folder"
        if not path.is_file():
            return "is no regular file"
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, RuntimeError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or type(error).__name__})"
    if b"\0" in head and encoding is None and not is_packed(path) and not marked(head):
        return "is binary"
    return None
