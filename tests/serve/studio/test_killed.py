"""What SIGKILL does to a training: of the server, nothing; of its process, nothing but time."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers.studio_process import Process

httpx = pytest.importorskip("httpx")
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL"),
]

SETTINGS = {"epochs": 60, "patience": 0, "units": 64, "kind": "network"}


class Studio(Process):
    """A studio and a client that it knows, also after it was started again."""

    client: Any = None

    def start(self) -> None:
        """Start it; the cookie of before is good."""
        super().start()
        if self.client is None:
            self.client = httpx.Client(base_url=self.address, timeout=60)
            assert self.client.get(self.entrance).status_code == 303

    def begin(self, run: str) -> None:
        """Begin a training on the built-in list."""
        asked = {"list": "builtin", "look": {"form": "names"}, "run": run, "settings": SETTINGS}
        answer = self.client.post("/studio/trainings", json=asked)
        assert answer.status_code == 201, answer.text

    def training(self, run: str) -> Any:
        """Return what the studio says of a training."""
        return self.client.get(f"/studio/trainings/{run}").json()

    def wait(self, run: str, reached: Callable[[Any], bool]) -> Any:
        """Wait until that is so."""
        until = time.monotonic() + 120
        while not reached(found := self.training(run)):
            assert time.monotonic() < until, found
            time.sleep(0.05)
        return found

    def model(self, run: str) -> bytes:
        """Return the weights of a finished run."""
        self.wait(run, lambda one: one["state"] == "finished")
        return (self.folder / run / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio in a process of its own, for all tests: each ends with a server that runs."""
    studio = Studio(tmp_path_factory.mktemp("studio") / "place")
    yield studio
    studio.kill(signal.SIGTERM)


@pytest.fixture(scope="module")
def expected(studio: Studio) -> bytes:
    """The weights that a training ends with that nobody disturbs."""
    studio.begin("undisturbed")
    return studio.model("undisturbed")


def test_a_training_outlives_the_server_and_is_found_again(studio: Studio, expected: bytes) -> None:
    studio.begin("outlives")
    studio.wait("outlives", lambda one: one["epoch"] >= 2)
    studio.kill()
    studio.start()
    found = studio.training("outlives")
    assert found["state"] == "running"
    assert studio.model("outlives") == expected


def test_a_training_whose_process_was_killed_resumes_bit_for_bit(
    studio: Studio, expected: bytes
) -> None:
    studio.begin("killed")
    studio.wait("killed", lambda one: one["epoch"] >= 3)
    noted = studio.folder / ".charloom" / "trainings" / "killed" / "process.json"
    os.kill(json.loads(noted.read_text())["pid"], signal.SIGKILL)
    lost = studio.wait("killed", lambda one: one["state"] != "running")
    assert (lost["state"], lost["resumable"]) == ("lost", True)
    assert studio.client.post("/studio/trainings/killed/resume").status_code == 200
    assert studio.model("killed") == expected


def test_a_stopped_training_resumes_bit_for_bit(studio: Studio, expected: bytes) -> None:
    studio.begin("stopped")
    studio.wait("stopped", lambda one: one["epoch"] >= 2)
    assert studio.client.post("/studio/trainings/stopped/stop").json()["state"] in (
        "stopping", "stopped",
    )  # fmt: skip
    studio.wait("stopped", lambda one: one["state"] == "stopped")
    assert studio.client.post("/studio/trainings/stopped/resume").status_code == 200
    assert studio.model("stopped") == expected


def test_an_open_stream_does_not_keep_the_server_from_ending(studio: Studio) -> None:
    studio.begin("open")
    with studio.client.stream("GET", "/studio/trainings/open/events") as answer:
        lines = answer.iter_lines()
        while "started" not in next(lines):
            pass
        studio.process.send_signal(signal.SIGTERM)
        assert list(lines) is not None  # it ends
    studio.process.wait(timeout=10)
    studio.start()
    studio.model("open")


def test_a_stream_that_broke_off_continues_where_it_was(studio: Studio) -> None:
    studio.begin("broken")
    seen: list[tuple[str, str]] = []
    for _ in range(3):
        last = {"last-event-id": seen[-1][0]} if seen else {}
        with studio.client.stream("GET", "/studio/trainings/broken/events", headers=last) as answer:
            number = ""
            for line in answer.iter_lines():
                number = line[4:] if line.startswith("id: ") else number
                if line.startswith("data: ") and number:
                    seen.append((number, line[6:]))
                    number = ""
                if len(seen) % 4 == 3 or "finished" in line:
                    break
        studio.kill()
        studio.start()
    studio.model("broken")
    log = (studio.folder / ".charloom/trainings/broken/events.jsonl").read_bytes()
    ends = [i + 1 for i, byte in enumerate(log) if byte == ord("\n")][: len(seen)]
    assert [int(number.split("-")[1]) for number, _ in seen] == ends
