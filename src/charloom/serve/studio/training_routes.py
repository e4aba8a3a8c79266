"""The endpoints of the trainings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Request
from fastapi.responses import StreamingResponse

from ...errors import CharloomError
from ..admission import Admission
from .events import followed
from .training_schema import Deleted, Training, TrainRequest
from .trainings import Trainings

TURN = 1.0
"""Seconds between two looks whether a training that waits may start."""


def routes(trainings: Trainings, admission: Admission) -> APIRouter:
    """Return the endpoints of the trainings."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async def watch() -> None:
            while True:
                with suppress(CharloomError, OSError):  # the folder may be away for a moment
                    await asyncio.to_thread(trainings.proceed)
                await asyncio.sleep(TURN)

        watching = asyncio.create_task(watch())
        yield
        watching.cancel()

    router = APIRouter(prefix="/studio/trainings", tags=["trainings"], lifespan=life)

    @router.post("", status_code=201, summary="Train on a list")
    async def begin(asked: TrainRequest, request: Request) -> Training:
        """Training runs in a process of its own, whatever becomes of the page and the server."""
        return await admission.run(request, lambda job: trainings.begin(asked))

    @router.get("", summary="All trainings")
    def every() -> list[Training]:
        return trainings.all()

    @router.get("/{run}", summary="A training")
    def one(run: str) -> Training:
        return trainings.get(run)

    @router.get("/{run}/events", summary="What happens in a training")
    def events(
        run: str,
        request: Request,
        after: str = "",
        last_event_id: Annotated[str, Header()] = "",
    ) -> StreamingResponse:
        """Server-sent events from the beginning, or after the last one that a browser has."""
        trainings.get(run)
        stamp = trainings.stamp(run)

        def ending() -> bool:
            server = getattr(request.app.state, "server", None)
            return server is not None and server.should_exit

        async def lines() -> AsyncIterator[str]:
            look = lambda position: trainings.events(run, position)  # noqa: E731
            try:
                async for line in followed(look, stamp, last_event_id or after, ending):
                    yield line
            except CharloomError:  # it was discarded or renamed
                yield "event: gone\ndata: {}\n\n"

        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)

    @router.post("/{run}/stop", summary="Stop a training")
    def stop(run: str) -> Training:
        """The model so far is kept, and training can be resumed."""
        return trainings.stop(run)

    @router.post("/{run}/resume", summary="Resume a training")
    async def resume(run: str, request: Request) -> Training:
        return await admission.run(request, lambda job: trainings.resume(run))

    @router.delete("/{run}", summary="Discard a training")
    async def discard(run: str, request: Request) -> Deleted:
        """It is stopped, and its run moved to the bin, from where it can be restored."""
        return Deleted(bin=await admission.run(request, lambda job: trainings.discard(run)))

    return router
