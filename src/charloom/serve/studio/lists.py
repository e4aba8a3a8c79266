"""The lists that were brought: files under ``.charloom/lists``, each whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ...errors import CorpusError
from ...storage import unwritable
from ..native import ERRORS
from .place import Place

BUILTIN = "builtin"
"""The id of the list that comes with charloom."""

ABOUT = ".about.json"
"""What is known of a list, beside its file, whose name never begins with a dot."""

LONGEST = 80
"""Characters of a list's name."""

PIECE = 1 << 20
"""Bytes that are written at once."""

KEPT_SECONDS = 24 * 3600
"""How long a list that was removed can be brought back."""

RAW = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}

_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


class Brought(BaseModel):
    """A list that was brought.

    Attributes:
        id: the same for the same bytes under the same name.
        name: its file's name, to show.
        bytes: the size of its file.
        brought: when, in seconds since 1970.
    """

    id: str
    name: str
    bytes: int
    brought: float


class Named(Brought):
    """A list, and a name that a run of it could have: one that is free."""

    run: str


class Lists:
    """The lists in a studio's folder."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def _folder(self) -> Path:
        return self._place.part("lists")

    def all(self) -> list[Brought]:
        """Return the lists, the one brought last first."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and (one := self._about(entry.name)):
                    found.append(one)
        return sorted(found, key=lambda one: -one.brought)

    def get(self, number: str) -> Brought:
        """Return the list with the id ``number``, ``builtin`` included.

        Raises:
            HTTPException: 404, there is none.
        """
        if number == BUILTIN:
            return Brought(id=BUILTIN, name="dinosaurs", bytes=0, brought=0.0)
        found = self._about(number)
        if found is None:
            raise HTTPException(404, "there is no such list any more. Bring it again.")
        return found

    def path(self, number: str) -> Path | None:
        """Return a list's file, ``None`` for the built-in list; raises as ``get``."""
        found = self.get(number)
        return None if number == BUILTIN else self._folder / number / file_name(found.name)

    async def bring(self, pieces: AsyncIterator[bytes], name: str) -> Brought:
        """Store a file, which appears when all of it has come.

        Raises:
            CorpusError: it is empty.
            RunError: the folder cannot be written.
        """
        name = shown_name(name)
        work = self._folder / f".new-{secrets.token_hex(8)}"
        try:
            await run_in_threadpool(self._sweep)
            work.mkdir(mode=0o700)
            with (work / file_name(name)).open("wb") as file:
                size, digest = await _write(pieces, file, name)
            if not size:
                raise CorpusError(f"{name} is empty. Bring a file with one name a line.")
            found = Brought(id=digest, name=name, bytes=size, brought=time.time())
            await run_in_threadpool(self._add, work, found)
        except OSError as error:
            raise unwritable(self._folder, error) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return found

    def _add(self, work: Path, found: Brought) -> None:
        (work / ABOUT).write_text(found.model_dump_json(), encoding="utf-8")
        place = self._folder / found.id
        if self._about(found.id) is not None:
            (work / ABOUT).replace(place / ABOUT)  # it was brought before
            return
        shutil.rmtree(place, ignore_errors=True)  # one that is damaged
        work.rename(place)

    def remove(self, number: str) -> None:
        """Put a list aside, from where ``restore`` brings it back for a day."""
        self.get(number)
        if number == BUILTIN:
            raise CorpusError("the built-in list stays. Remove one that was brought.")
        aside = self._folder / f".gone-{number}"
        shutil.rmtree(aside, ignore_errors=True)
        (self._folder / number).rename(aside)
        os.utime(aside)

    def restore(self, number: str) -> Brought:
        """Bring back a list that was removed; raises as ``get``."""
        aside, place = self._folder / f".gone-{number}", self._folder / number
        if self._about(aside.name) is not None and not place.exists():
            aside.rename(place)
        return self.get(number)

    def free_name(self, number: str) -> str:
        """Return a name for a run of a list that no run has; raises as ``get``."""
        stem = self.get(number).name.split(".")[0]
        base = re.sub(r"[^\w-]+", "-", stem).strip("-_").lower()[:40] or "names"
        base = f"{base}-list" if _DEVICES.match(base) else base
        taken = {name.casefold() for name in self._place.names()}
        name, count = base, 1
        while name.casefold() in taken:
            count += 1
            name = f"{base}-{count}"
        return name

    def _about(self, number: str) -> Brought | None:
        """Return what is known of the list in a folder; ``None`` if it is no list."""
        folder = self._folder / number
        if not re.fullmatch(r"(?:\.gone-)?[0-9a-f]{16}", number):
            return None
        if folder.is_symlink() or (folder / ABOUT).is_symlink():
            return None
        try:
            about = Brought(**json.loads((folder / ABOUT).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        file = folder / file_name(about.name)
        known = file.is_file() and not file.is_symlink()
        return about if known and about.id == number.removeprefix(".gone-") else None

    def _sweep(self) -> None:
        """Remove what was put aside, or left by an upload that broke off, a day ago."""
        for folder in self._folder.glob(".*-*"):
            if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


async def _write(pieces: AsyncIterator[bytes], file: BinaryIO, name: str) -> tuple[int, str]:
    """Write what comes, and return the number of bytes and a digest of them and the name."""
    digest, waiting, size = hashlib.sha256(name.encode() + b"\0"), bytearray(), 0

    def write() -> None:
        digest.update(waiting)
        file.write(waiting)

    async for piece in pieces:
        waiting += piece
        size += len(piece)
        if len(waiting) >= PIECE:
            await run_in_threadpool(write)
            waiting.clear()
    await run_in_threadpool(write)
    return size, digest.hexdigest()[:16]


def shown_name(name: str) -> str:
    """Return the last part of a file's name as it is shown: printable, not too long.

    Example:
        >>> shown_name("C:\\\\lists\\\\towns.csv"), shown_name("..")
        ('towns.csv', 'list.txt')
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = "".join(c for c in name if c.isprintable()).strip(" .")
    if len(name) <= LONGEST:
        return name or "list.txt"
    ending = "".join(Path(name).suffixes[-2:])[-20:]
    return name[: LONGEST - len(ending)] + ending


def file_name(name: str) -> str:
    """Return the name of the file for a list of that name: safe on every system, with its ending.

    Example:
        >>> file_name("a:b?.csv"), file_name("con.txt")
        ('a_b_.csv', '_con.txt')
    """
    safe = re.sub(r"[^\w .,()+-]", "_", name)
    while len(safe.encode()) > 200:
        safe = safe[1:]
    safe = safe.lstrip(" .") or "list.txt"
    return f"_{safe}" if _DEVICES.match(safe) else safe


def routes(lists: Lists) -> APIRouter:
    """Return the endpoints that bring, list and remove lists."""
    router = APIRouter(prefix="/studio/lists", tags=["lists"], responses=ERRORS)

    @router.post(
        "", status_code=201, summary="Bring a list", openapi_extra={"requestBody": {"content": RAW}}
    )
    async def bring(request: Request, name: str = "list.txt") -> Brought:
        """The body is the file, or pasted text in UTF-8; `name` is the file's name."""
        return await lists.bring(request.stream(), name)

    @router.get("", summary="The lists that were brought")
    def brought() -> list[Brought]:
        return lists.all()

    @router.get("/{number}", summary="A list, and a free name for a run of it")
    def one(number: str) -> Named:
        return Named(**lists.get(number).model_dump(), run=lists.free_name(number))

    @router.delete("/{number}", status_code=204, summary="Remove a list")
    def remove(number: str) -> Response:
        """It can be restored for a day."""
        lists.remove(number)
        return Response(status_code=204)

    @router.post("/{number}/restore", summary="Bring back a list that was removed")
    def restore(number: str) -> Brought:
        return lists.restore(number)

    return router
