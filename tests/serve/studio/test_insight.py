"""The endpoints of reports and comparisons: one process for all who wait, and none for nobody."""

from __future__ import annotations

import asyncio
import json

import pytest

from helpers.asynchronous import run

pytest.importorskip("fastapi")

from charloom.serve.studio import insight, reports
from charloom.serve.studio.place import Place
from helpers.run_folders import save_toy


class Process:
    """A process that says what it is told to and ends then, or is killed."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.returncode: int | None = None
        self.killed = False
        self.stdout = self

    def say(self, **data):
        self.lines.put_nowait(json.dumps(data).encode() + b"\n")

    def __aiter__(self):
        return self

    async def __anext__(self):
        line = await self.lines.get()
        if line is None:
            self.returncode = 0
            raise StopAsyncIteration
        return line

    def kill(self):
        self.killed = True

    async def wait(self):
        self.returncode = -9 if self.killed else 0


@pytest.fixture
def processes(monkeypatch):
    """The processes that were started instead of real ones."""
    started = []

    async def start(*arguments, **options):
        started.append(Process())
        return started[-1]

    monkeypatch.setattr(insight.asyncio, "create_subprocess_exec", start)
    return started


async def until(true):
    while not true():
        await asyncio.sleep(0)


def parsed(text):
    kind, data = text.rstrip("\n").split("\n")
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_two_who_wait_share_one_process(tmp_path, processes):
    async def play():
        place = Place(tmp_path)
        one = insight.Insight(place)
        first, second = (one.follow("report", ["a"], "k") for _ in range(2))
        assert parsed(await anext(first)) == ("progress", {"what": "waiting", "share": 0.0})
        await until(lambda: processes)
        processes[0].say(event="progress", what="letters", share=0.5)
        assert parsed(await anext(first)) == ("progress", {"what": "letters", "share": 0.5})
        assert parsed(await anext(second)) == ("progress", {"what": "letters", "share": 0.5})
        await first.aclose()
        assert not processes[0].killed
        reports.keep(place, "k", {"run": "a"})
        processes[0].say(event="end")
        processes[0].lines.put_nowait(None)
        assert parsed(await anext(second)) == ("report", {"run": "a"})
        assert [event async for event in second] == []
        again = one.follow("report", ["a"], "k")
        assert parsed(await anext(again)) == ("report", {"run": "a"})
        assert len(processes) == 1

    run(play())


def test_when_all_have_left_the_process_ends_and_the_next_has_its_turn(tmp_path, processes):
    async def play():
        one = insight.Insight(Place(tmp_path))
        first, second = one.follow("report", ["a"], "a"), one.follow("report", ["b"], "b")
        await anext(first)
        await until(lambda: processes)
        await anext(second)
        assert len(processes) == 1  # one after the other
        await first.aclose()
        await until(lambda: len(processes) == 2)
        assert processes[0].killed and not processes[1].killed
        again = one.follow("report", ["a"], "a")
        await anext(again)
        await second.aclose()
        await until(lambda: len(processes) == 3)
        await again.aclose()
        await until(lambda: processes[2].killed)

    run(play())


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"event": "error", "message": "the run is damaged."}, "the run is damaged."),
        ({"event": "progress", "what": "letters", "share": 0.5}, insight.BROKEN),
        ({"event": "end"}, insight.BROKEN),  # and nothing was kept
    ],
)
def test_a_process_that_fails_is_told(tmp_path, processes, said, message):
    async def play():
        waiting = insight.Insight(Place(tmp_path)).follow("report", ["a"], "k")
        await anext(waiting)
        await until(lambda: processes)
        processes[0].say(**said)
        processes[0].lines.put_nowait(None)
        *_, last = [parsed(event) async for event in waiting]
        assert last == ("error", {"message": message})

    run(play())


def test_a_process_that_cannot_start_is_told(tmp_path, monkeypatch):
    async def start(*arguments, **options):
        raise OSError("no more processes")

    monkeypatch.setattr(insight.asyncio, "create_subprocess_exec", start)

    async def play():
        follow = insight.Insight(Place(tmp_path)).follow("report", ["a"], "k")
        *_, last = [parsed(event) async for event in follow]
        assert last == ("error", {"message": insight.BROKEN})

    run(play())


def test_when_the_server_is_to_end_measuring_ends(tmp_path, processes):
    async def play():
        ending = []
        one = insight.Insight(Place(tmp_path))
        waiting = one.follow("report", ["a"], "k", lambda: bool(ending))
        await anext(waiting)
        await until(lambda: processes)
        ending.append(True)
        assert [parsed(one) async for one in waiting] == [("error", {"message": insight.ENDING})]
        await until(lambda: processes[0].killed)

    run(play())


def test_what_is_kept_is_answered_at_once(studio, processes):
    place = Place(studio.folder)
    for name in ("a", "b"):
        save_toy(studio.folder / name)
    for kind, names in (("report", ["a"]), ("comparison", ["a", "b"])):
        reports.keep(place, reports.key_of(place, kind, names), {"of": kind})
    for path, body, kind in (
        ("/studio/runs/a/report", None, "report"),
        ("/studio/compare", {"a": "a", "b": "b"}, "comparison"),
    ):
        answer = studio.client.post(path, json=body)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert parsed(answer.text) == (kind, {"of": kind})
    assert not processes


@pytest.mark.parametrize("name", ["none", "..", ".charloom"])
def test_what_is_no_run_is_refused(studio, name):
    for path, body in (
        (f"/studio/runs/{name.replace('.', '%2e')}/report", None),
        ("/studio/compare", {"a": name, "b": "a"}),
    ):
        answer = studio.client.post(path, json=body)
        assert answer.status_code == 404 and answer.json()["error"]["message"]


def test_a_run_is_not_compared_with_itself(studio):
    save_toy(studio.folder / "a")
    answer = studio.client.post("/studio/compare", json={"a": "a", "b": "a"})
    assert answer.status_code == 422 and "itself" in answer.json()["error"]["message"]


@pytest.mark.heavy
def test_a_real_process_measures(studio):
    save_toy(studio.folder / "a")
    answer = studio.client.post("/studio/runs/a/report")
    *progress, (kind, found) = map(parsed, answer.text.removesuffix("\n\n").split("\n\n"))
    assert kind == "report" and found["run"] == "a"
    assert {what for what, _ in progress} == {"progress"} and len(progress) > 10
    assert parsed(studio.client.post("/studio/runs/a/report").text) == ("report", found)
