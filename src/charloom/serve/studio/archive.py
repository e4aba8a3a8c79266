"""A run as a .zip, made while it is sent: whole, or without the list that it was trained on."""

from __future__ import annotations

import os
import stat
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from ...errors import RunError
from ...run import EPOCHS, MEASURED, Run, packed_model, without_names
from ...run.begun import BEGUN
from ...storage.disk import opened, pieces
from ...storage.lock import LOCK
from ..admission import Admission
from .library import stamp_of
from .runs import Runs

PIECE = 2**18
"""Bytes that are compressed at once."""

Member = tuple[str, float, Iterable[bytes | memoryview]]
"""A file's path in the archive, when it was changed, and its bytes."""


class _Sink:
    """Takes what a ZipFile writes until it is sent; without ``tell``, nothing is written again."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data = b"".join(self.waiting)
        self.waiting.clear()
        return data


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """Yield the bytes of a .zip piece by piece, each file compressed."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, changed, content in members:
            date = time.localtime(max(changed, 315619200))[:6]  # the format begins with 1980
            info = zipfile.ZipInfo(name, date)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            with archive.open(info, "w", force_zip64=True) as file:
                for piece in content:
                    file.write(piece)
                    yield sink.take()
    yield sink.take()


def whole(folder: Path) -> Iterator[Member]:
    """Yield the files of a run: no links, no locks, and nothing that tells of this machine."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(parent, name)
            if name in (BEGUN, LOCK) or name.endswith(".tmp") or path.is_symlink():
                continue
            try:
                descriptor = opened(path)
            except (OSError, RunError):  # replaced meanwhile, a pipe or a device
                continue
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                content = iter(lambda: file.read(PIECE), b"")
                inside = path.relative_to(folder).as_posix()
                yield f"{folder.name}/{inside}", status.st_mtime, content


def bare(run: Run) -> Iterator[Member]:
    """Yield the files of a run's models without names, and nothing else of the run.

    The model that was measured is left out where it cannot be rebuilt without the names.
    """
    models = {"": run}
    for path in run.epochs:
        stamp_of(path)
        models[f"{EPOCHS}/{path.name}/"] = Run.open(path)
    if "network" in run.facts.refit and "ngram" not in run.facts.refit:
        models[f"{MEASURED}/"] = run.measured
    for inside, one in models.items():
        for name, data in packed_model(one.path, without_names(one.saved)).items():
            yield f"{run.path.name}/{inside}{name}", time.time(), pieces(data)


def routes(runs: Runs, admission: Admission) -> APIRouter:
    """Return the endpoint of archives."""
    router = APIRouter(prefix="/studio", tags=["library"])

    @router.get(
        "/runs/{name}/archive",
        summary="Download a run as a .zip",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {}}}},
    )
    async def archive(name: str, request: Request, names: bool = True) -> StreamingResponse:
        """With its folder in it, ready for ``charloom``; or without the names or the text."""

        def begin() -> Iterator[bytes]:
            runs.idle(name)
            folder = runs.place.run(name)
            stamp_of(folder)
            return zipped(whole(folder) if names else bare(Run.open(folder)))

        content = await admission.run(request, lambda job: begin())
        file = f"{name}.zip" if names else f"{name} without names.zip"
        return StreamingResponse(
            content,
            media_type="application/zip",
            headers={
                "content-disposition": f"attachment; filename*=utf-8''{quote(file, safe='')}",
                "cache-control": "no-store",
            },
        )

    return router
