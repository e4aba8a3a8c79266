"""The events of a training: each once, whole, in order, for whoever comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from charloom.errors import RunError
from charloom.serve.studio.events import EVENTS, EventLog, events_from, followed
from helpers.asynchronous import run

STAMP = "0a1b2c3d"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of three events."""
    path = tmp_path / EVENTS
    log = EventLog(path)
    log.write("started", epochs=2)
    log.write("step", loss=float("nan"), speed=1234.5678)
    log.write("epoch", epoch=1, samples=["Ann", "अन्ना", "\u2028\n"])
    return path


def _stream(path: Path, after: str, looks: int = 1) -> list[dict[str, str]]:
    """Return what a browser receives until the server ends after so many looks."""
    left = [looks]

    def look(position: int) -> tuple[dict[str, Any], Any]:
        left[0] -= 1
        return {"state": "running", "progress": left[0]}, events_from(path, position)

    async def collect() -> str:
        return "".join([p async for p in followed(look, STAMP, after, lambda: left[0] <= 0)])

    blocks = run(collect()).split("\n\n")[1:-1]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


def test_numbers_are_short_and_never_nan(path: Path) -> None:
    assert [event.data for event in events_from(path, 0)][1] == {"loss": None, "speed": 1234.57}


def test_all_events_come_with_ids_and_then_the_state_once(path: Path) -> None:
    received = _stream(path, "", looks=3)
    assert [one["event"] for one in received] == ["started", "step", "epoch", "state"]
    assert json.loads(received[2]["data"])["samples"] == ["Ann", "अन्ना", "\u2028\n"]
    assert "id" not in received[3]


@pytest.mark.parametrize("seen", range(4))
def test_whoever_comes_back_gets_each_event_once(path: Path, seen: int) -> None:
    every = [one for one in _stream(path, "") if "id" in one]
    after = every[seen - 1]["id"] if seen else ""
    assert [one for one in _stream(path, after) if "id" in one] == every[seen:]


def test_an_id_of_another_training_counts_for_nothing(path: Path) -> None:
    assert len(_stream(path, "ffffffff-30")) == len(_stream(path, "")) == 4
    assert len(_stream(path, f"{STAMP}-x")) == 4


def test_a_line_that_is_being_written_waits(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"kind": "epoch", "ep')
    assert len(events_from(path, 0)) == 3
    EventLog(path).write("resumed")  # a new writer cuts it off
    assert [event.kind for event in events_from(path, 0)][3:] == ["resumed"]


@pytest.mark.parametrize("line", [b"[]", b"{", b'{"kind": "x\\n\\ndata: y"}', b'{"kind": []}'])
def test_what_a_stranger_wrote_is_passed_over(path: Path, line: bytes) -> None:
    with path.open("ab") as file:
        file.write(line + b"\n")
    EventLog(path).write("resumed")
    assert [event.kind for event in events_from(path, 0)][3:] == ["resumed"]


def test_links_are_neither_read_nor_written(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "other" / EVENTS
    link.parent.mkdir()
    link.symlink_to(path)
    assert events_from(link, 0) == []
    with pytest.raises(RunError):
        EventLog(link)
