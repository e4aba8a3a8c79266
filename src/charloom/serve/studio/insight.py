"""Reports on runs and comparisons of two, measured in a process of their own and kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from ...errors import ConfigError
from .place import Place
from .reports import forget, kept, key_of

Kind = Literal["report", "comparison"]

BEAT = 10.0
"""Seconds after which the last progress is repeated, so that an open stream shows that it lives."""

PAUSE = 0.5
"""Seconds between two looks whether the server is to end."""

ENDING = "the studio is being closed."

BROKEN = "measuring broke off. Try again."


class Compare(BaseModel):
    """Which runs are compared.

    Attributes:
        again: whether to measure although a result is kept.
    """

    a: str
    b: str
    again: bool = False


@dataclass(eq=False)
class Work:
    """A measurement that somebody waits for.

    Attributes:
        last: the latest progress.
        waiting: where those who wait are told.
    """

    task: asyncio.Task[None] | None = None
    last: dict[str, Any] = field(default_factory=lambda: {"what": "waiting", "share": 0.0})
    waiting: set[asyncio.Queue[tuple[str, Any]]] = field(default_factory=set)

    def tell(self, kind: str, data: Any) -> None:
        """Tell all who wait."""
        if kind == "progress":
            self.last = data
        for queue in self.waiting:
            queue.put_nowait((kind, data))


class Insight:
    """Measures runs: each once, however many wait for it, and one after the other."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._works: dict[str, Work] = {}
        self._turn = asyncio.Semaphore(1)

    async def follow(
        self,
        kind: Kind,
        names: Sequence[str],
        key: str,
        ending: Callable[[], bool] = lambda: False,
    ) -> AsyncIterator[str]:
        """Yield server-sent events: ``progress`` until it is measured, then the result.

        If all who wait leave, or the server is to end, the measurement ends.
        """
        body = await run_in_threadpool(kept, self._place, key)
        if body is not None:
            yield event(kind, body.decode())
            return
        work, queue = self._begun(kind, names, key), asyncio.Queue[tuple[str, Any]]()
        work.waiting.add(queue)
        queue.put_nowait(("progress", work.last))
        quiet = 0.0
        try:
            while not ending():
                try:
                    said, data = await asyncio.wait_for(queue.get(), PAUSE)
                except TimeoutError:
                    quiet += PAUSE
                    if quiet < BEAT:
                        continue
                    said, data = "progress", work.last
                quiet = 0.0
                yield event(said, data if isinstance(data, str) else json.dumps(data))
                if said != "progress":
                    return
            yield event("error", json.dumps({"message": ENDING}))
        finally:
            work.waiting.discard(queue)
            if not work.waiting and work.task is not None:
                work.task.cancel()
                if self._works.get(key) is work:
                    del self._works[key]

    def _begun(self, kind: Kind, names: Sequence[str], key: str) -> Work:
        if key not in self._works:
            work = self._works[key] = Work()
            work.task = asyncio.create_task(self._measure(work, kind, names, key))
        return self._works[key]

    async def _measure(self, work: Work, kind: Kind, names: Sequence[str], key: str) -> None:
        said, data = "error", {"message": BROKEN}
        with contextlib.suppress(OSError, ValueError):  # no process, or one that ended in a word
            async with self._turn:
                said, data = await self._told(work, kind, names, key)
        self._works.pop(key, None)
        work.tell(said, data)

    async def _told(
        self, work: Work, kind: Kind, names: Sequence[str], key: str
    ) -> tuple[str, Any]:
        """Run the process, tell its progress, and return what it ended with."""
        last: dict[str, Any] = {}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "charloom.serve.studio.measuring",
            kind, str(self._place.folder), key, *names,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                last = json.loads(line)
                if last["event"] == "progress":
                    work.tell("progress", {"what": last["what"], "share": last["share"]})
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if last.get("event") == "error":
            return "error", {"message": last["message"]}
        body = await run_in_threadpool(kept, self._place, key)
        return (kind, body.decode()) if body else ("error", {"message": BROKEN})


def event(kind: str, data: str) -> str:
    """Return a server-sent event; JSON has no line breaks."""
    return f"event: {kind}\ndata: {data}\n\n"


def routes(place: Place) -> APIRouter:
    """Return the endpoints."""
    router = APIRouter(prefix="/studio", tags=["insight"])
    insight = Insight(place)

    async def answer(
        request: Request, kind: Kind, names: Sequence[str], again: bool
    ) -> StreamingResponse:
        def ending() -> bool:
            server = getattr(request.app.state, "server", None)
            return server is not None and server.should_exit

        key = await run_in_threadpool(key_of, place, kind, names)
        if again:
            await run_in_threadpool(forget, place, key)
        events = insight.follow(kind, names, key, ending)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    @router.post("/runs/{name}/report", summary="Report on a run")
    async def report(name: str, request: Request, again: bool = False) -> StreamingResponse:
        """Events: `progress` with `what` and `share`, then `report`, or `error` with `message`.

        The data of `charloom report`. It is kept; `again` measures again.
        """
        return await answer(request, "report", (name,), again)

    @router.post("/compare", summary="Compare two runs")
    async def compare(asked: Compare, request: Request) -> StreamingResponse:
        """Events: `progress` with `what` and `share`, then `comparison`, or `error`.

        The data of `charloom compare --json`, on what both runs held out, and `warnings`.
        """
        if asked.a == asked.b:
            raise ConfigError("a run cannot be compared with itself. Choose another.")
        return await answer(request, "comparison", (asked.a, asked.b), asked.again)

    return router
