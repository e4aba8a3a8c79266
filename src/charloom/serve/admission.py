"""Which requests are let in, and how the work for them is done outside the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.requests import Request

from ..errors import CharloomError
from .engine import Engine, Interrupted, Job
from .settings import WORKERS, ServeSettings

T = TypeVar("T")

BUFFERED = 1_000
"""Items of a stream that may wait for a slow client."""


class BusyError(CharloomError):
    """Too many requests wait already, or the server is about to end."""


class Admission:
    """Lets in as many requests as may be answered or wait; the others are refused at once."""

    def __init__(self, engine: Engine, settings: ServeSettings) -> None:
        self._engine, self._settings = engine, settings
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="charloom request")
        self.present = 0
        """Requests that are answered or wait."""

    def close(self) -> None:
        """Wait for the work that has begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def full(self) -> bool:
        """Whether a further request would be refused."""
        return self.present >= WORKERS + self._settings.queue

    async def run(self, request: Request, work: Callable[[Job], T]) -> T:
        """Do ``work`` in a thread and return its result.

        The job is cancelled if the client leaves, and its time is up after the settings' timeout,
        time in the queue included. ``work`` decides what to return then.

        Raises:
            BusyError: too many requests wait.
        """
        async with self._job() as job:
            leaving = asyncio.create_task(_gone(request, job))
            try:
                return await self._in_thread(job, work)
            finally:
                leaving.cancel()

    async def stream(self, work: Callable[[Job, Callable[[T], None]], Any]) -> AsyncIterator[T]:
        """Do ``work`` in a thread, and yield what it passes to its second argument as it comes.

        Closing the iterator cancels the job. Errors are those of ``run`` and of ``work``.
        """
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[T | None] = asyncio.Queue()
        space = threading.Semaphore(BUFFERED)
        async with self._job() as job:

            def put(item: T) -> None:
                job.check()
                while not space.acquire(timeout=0.1):  # a slow client
                    job.check()
                loop.call_soon_threadsafe(items.put_nowait, item)

            task = asyncio.ensure_future(self._in_thread(job, lambda job: work(job, put)))
            task.add_done_callback(lambda _: items.put_nowait(None))
            try:
                while (item := await items.get()) is not None:
                    space.release()
                    yield item
                await task
            finally:
                job.cancelled.set()

    async def _in_thread(self, job: Job, work: Callable[[Job], T]) -> T:
        def worked() -> T:
            self._engine.work_on(job)
            try:
                return work(job)
            finally:
                self._engine.work_on(None)

        return await asyncio.get_running_loop().run_in_executor(self._pool, worked)

    @asynccontextmanager
    async def _job(self) -> AsyncIterator[Job]:
        if self.full:
            raise BusyError("too many requests wait already. Try again in a second.")
        job = Job(until=time.monotonic() + self._settings.timeout)
        self.present += 1
        try:
            yield job
        except asyncio.CancelledError:
            job.cancelled.set()
            raise
        finally:
            self.present -= 1


async def first_of(items: AsyncIterator[T], request: Request) -> T | None:
    """Return the first item of a stream, so that an error has its status; ``None`` for none.

    If the client leaves before there is any, the stream is closed.
    """
    first = asyncio.ensure_future(anext(items, None))
    leaving = asyncio.create_task(_gone(request, Job()))
    try:
        await asyncio.wait((first, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not first.done():
            first.cancel()
    await asyncio.wait((first,))
    return None if first.cancelled() else first.result()


async def _gone(request: Request, job: Job) -> None:
    """Cancel the job when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    job.cancelled.set()


__all__ = ["Admission", "BusyError", "Interrupted"]
