"""What happens when there is too much to do, when time is up, and when a client leaves."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.asynchronous import run

pytest.importorskip("fastapi")

from charloom.serve import admission as admissions
from charloom.serve.admission import Admission, BusyError
from charloom.serve.engine import Engine, Job
from charloom.serve.settings import ServeSettings


class Asking:
    """A request whose client stays until it is told to leave."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    found = Engine()
    yield found
    found.close()


def test_beyond_the_queue_requests_are_refused_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admissions, "WORKERS", 2)

    async def asked() -> list[Any]:
        admission = Admission(engine, ServeSettings(queue=3))
        free = threading.Event()

        def work(job: Job) -> str:
            free.wait(10)
            return "done"

        tasks = [asyncio.ensure_future(admission.run(Asking(), work)) for _ in range(9)]
        await asyncio.sleep(0.2)
        assert admission.full
        free.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert admission.present == 0
        admission.close()
        return list(found)

    found = run(asked())
    assert found.count("done") == 5
    assert sum(isinstance(one, BusyError) for one in found) == 4


def test_work_ends_when_its_time_is_up(engine: Engine) -> None:
    async def asked() -> str:
        admission = Admission(engine, ServeSettings(timeout=0.1))

        def work(job: Job) -> str:
            try:
                while True:
                    time.sleep(0.01)
                    job.check()
            except admissions.Interrupted:
                return "what was found"

        return await admission.run(Asking(), work)

    assert run(asked()) == "what was found"


def test_work_ends_when_the_client_leaves(engine: Engine) -> None:
    ended = threading.Event()

    async def asked() -> None:
        admission, request = Admission(engine, ServeSettings()), Asking()

        def work(job: Job) -> None:
            assert job.cancelled.wait(10)
            ended.set()

        task = asyncio.ensure_future(admission.run(request, work))
        await asyncio.sleep(0.05)
        request.left.set()
        await task

    run(asked())
    assert ended.is_set()


def test_a_stream_that_is_closed_ends_its_work(engine: Engine) -> None:
    ended = threading.Event()

    async def asked() -> list[int]:
        admission = Admission(engine, ServeSettings())

        def work(job: Job, put: Any) -> None:
            try:
                for number in range(10**9):
                    put(number)
            finally:
                ended.set()

        stream = admission.stream(work)
        found = [await anext(stream) for _ in range(3)]
        await stream.aclose()
        assert admission.present == 0
        return found

    assert run(asked()) == [0, 1, 2]
    assert ended.wait(10)


def test_a_stream_whose_client_leaves_before_its_first_item_ends_its_work(engine: Engine) -> None:
    ended = threading.Event()

    async def asked() -> int | None:
        admission, request = Admission(engine, ServeSettings()), Asking()

        def work(job: Job, put: Any) -> None:
            assert job.cancelled.wait(10)
            ended.set()

        first = asyncio.ensure_future(admissions.first_of(admission.stream(work), request))
        await asyncio.sleep(0.05)
        request.left.set()
        found: int | None = await first
        assert admission.present == 0
        return found

    assert run(asked()) is None
    assert ended.wait(10)


def test_a_slow_client_holds_the_work_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admissions, "BUFFERED", 10)
    put_so_far = []

    async def asked() -> int:
        admission = Admission(engine, ServeSettings())

        def work(job: Job, put: Any) -> None:
            for number in range(10**6):
                put(number)
                put_so_far.append(number)

        stream = admission.stream(work)
        await anext(stream)
        await asyncio.sleep(0.3)
        count = len(put_so_far)
        await stream.aclose()
        return count

    assert run(asked()) < 100


def test_an_error_in_a_stream_reaches_whoever_reads_it(engine: Engine) -> None:
    async def asked() -> list[int]:
        admission, found = Admission(engine, ServeSettings()), []

        def work(job: Job, put: Any) -> None:
            put(1)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            async for item in admission.stream(work):
                found.append(item)
        return found

    assert run(asked()) == [1]
