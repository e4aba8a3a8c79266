"""Where a corpus came from: the files and how they were read, so that they can be read again."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ...errors import CharloomError, CorpusError
from ..token_units import Listed
from ..tokens import Tokens
from .options import ReadOptions, RecordArguments
from .streams import CHUNK_BYTES, STDIN, label

MOST_FILES = 100_000
"""Files that a run remembers, at most."""

FOR_NAMES = {"unit", "repeats", *(one.name for one in fields(ReadOptions))}
FOR_TEXT = {"unit", "encoding", "min_count", "documents", *RecordArguments.__annotations__}


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file as it was when it was read.

    Attributes:
        path: absolute, with links resolved; ``-`` for standard input and other streams.
        size: its bytes.
        changed: when it was changed last, in nanoseconds; ``None`` if that is not known.
        sha256: 64 hex digits of its bytes; ``None`` if they are not known.
    """

    path: str
    size: int = 0
    changed: int | None = None
    sha256: str | None = None

    @classmethod
    def at(cls, source: str | Path) -> SourceFile:
        """Return a source as it is now, without its digest."""
        try:
            path = Path(source).resolve(strict=True)
            info = path.stat()
        except (OSError, ValueError, RuntimeError):  # a ring of links
            return cls(path=STDIN)
        if str(source) == STDIN or not stat.S_ISREG(info.st_mode):
            return cls(path=STDIN)
        return cls(path=str(path), size=info.st_size, changed=info.st_mtime_ns)

    def digested(self) -> SourceFile:
        """Return the file with its digest, unless it has changed since it was read."""
        if self.path == STDIN or self.sha256 is not None or SourceFile.at(self.path) != self:
            return self
        digest = _digest(self.path, self.size)
        unchanged = SourceFile.at(self.path) == self
        return SourceFile(path=self.path, size=self.size, sha256=digest if unchanged else None)

    def difference(self) -> str | None:
        """Say why the file cannot be read again as it was; ``None`` if it can."""
        name = label(self.path)
        if self.path == STDIN:
            return "it was read from standard input or another stream"
        if self.sha256 is None:
            return f"{name} changed while it was read"
        if self.path.startswith(("//", "\\\\")):  # opening it could tell another machine who asks
            return f"{name} is on another machine"
        try:
            info = Path(self.path).stat()
        except (OSError, ValueError):
            return f"{name} does not exist any more"
        if not stat.S_ISREG(info.st_mode):
            return f"{name} is no regular file any more"
        if info.st_size != self.size:
            return f"{name} has {info.st_size:,} bytes now, and had {self.size:,}"
        if _digest(self.path, self.size) != self.sha256:
            return f"{name} has other contents now"
        return None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The files of a corpus, and the options that they were read with.

    Attributes:
        files: none for the built-in list of names.
        text: whether they were read as running text.
        options: keyword arguments of ``NameCorpus.read`` or ``TextCorpus.read``.
    """

    files: tuple[SourceFile, ...] = ()
    text: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, sources: Sequence[str | Path], *, text: bool = False, options: Mapping[str, Any]
    ) -> Origin:
        """Return the origin of what is read from ``sources`` now; ``None`` is no option."""
        given = {name: value for name, value in options.items() if value is not None}
        return cls(files=tuple(map(SourceFile.at, sources)), text=text, options=given)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the files."""
        return tuple(file.path for file in self.files)

    def digested(self) -> Origin:
        """Return the origin with the digests of its files."""
        files = tuple(file.digested() for file in self.files)
        return Origin(files=files, text=self.text, options=self.options)

    def is_of(self, sources: Sequence[str | Path]) -> bool:
        """Return whether ``sources`` hold the same bytes in the same order, wherever they are."""
        files = [SourceFile.at(source) for source in sources]
        if [(one.path == STDIN, one.size) for one in files] != [
            (one.path == STDIN, one.size) for one in self.files
        ]:
            return False
        pairs = zip(files, self.files, strict=True)
        return all(one.digested().sha256 == before.sha256 for one, before in pairs)

    def check(self) -> None:
        """Check that all files can be read again as they were.

        Raises:
            CorpusError: one cannot; the message says what is different.
        """
        for file in self.files:
            if problem := file.difference():
                raise CorpusError(problem)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        files = [{"path": f.path, "bytes": f.size, "sha256": f.sha256} for f in self.files]
        options = dict(self.options)
        match options.get("unit"):
            case Tokens() as tokens:
                options["unit"] = list(tokens.tokens)
            case Listed() as listed:
                options["unit"] = listed.plain
        return {"files": files, "text": self.text, "options": options}

    @classmethod
    def from_dict(cls, data: object) -> Origin | None:
        """Return what ``to_dict`` described; ``None`` if it is anything else."""
        match data:
            case {"files": list(listed), "text": bool(text), "options": dict(options)} if (
                len(listed) <= MOST_FILES
                and options.keys() <= (FOR_TEXT if text else FOR_NAMES)
                and all(isinstance(v, str | int | None) for k, v in options.items() if k != "unit")
            ):
                files = [_file(one) for one in listed]
                try:
                    if "unit" in options:
                        options = options | {"unit": _unit(options["unit"])}
                    known = {one.name for one in fields(ReadOptions)}
                    ReadOptions(**{k: v for k, v in options.items() if k in known})
                except (CharloomError, TypeError, ValueError):
                    return None
                if None not in files:
                    kept = tuple(file for file in files if file is not None)
                    return cls(files=kept, text=text, options=options)
        return None


def _file(data: object) -> SourceFile | None:
    match data:
        case {"path": str(path), "bytes": int(size), "sha256": str(digest) | (None as digest)} if (
            (path == STDIN or Path(path).is_absolute())
            and 0 <= size < 2**63
            and (digest is None or re.fullmatch("[0-9a-f]{64}", digest))
        ):
            return SourceFile(path=path, size=size, sha256=digest)
    return None


def _unit(data: Any) -> str | Tokens | Listed:
    """Return a unit as corpora take it; ConfigError or TypeError if ``data`` is something else."""
    match data:
        case str():
            return data
        case [*tokens]:
            return Tokens(tuple(tokens))
        case {"file": [*tokens]}:
            return Listed(Tokens(tuple(tokens)))
    raise TypeError


def _digest(path: str, size: int) -> str | None:
    """Return the SHA-256 of a file's first ``size`` bytes; ``None`` if it cannot be read."""
    digest = hashlib.sha256()
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            while size > 0 and (chunk := file.read(min(size, CHUNK_BYTES))):
                digest.update(chunk)
                size -= len(chunk)
    except (OSError, ValueError):
        return None
    return digest.hexdigest()
