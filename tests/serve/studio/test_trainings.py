"""Trainings of the studio: what is refused, which state they are in, and who ends them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charloom import load
from charloom.run.begun import Begun, save_begun
from charloom.serve.studio import worker
from charloom.serve.studio.events import EVENTS, EventLog, events_from
from charloom.serve.studio.job import PROCESS, STOP, Job, end_process
from charloom.serve.studio.lists import Lists
from charloom.serve.studio.place import Place
from charloom.serve.studio.trainings import MOST, Trainings
from charloom.serve.studio.waiting import is_waiting
from charloom.storage.lock import held

from .conftest import Studio

NGRAM = {
    "list": "builtin",
    "look": {"form": "names"},
    "run": "dinos",
    "settings": {"kind": "ngram"},
}


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs whose training began; their processes are not started."""
    runs: list[str] = []
    monkeypatch.setattr(Trainings, "_launch", lambda self, run: runs.append(run))
    return runs


@pytest.fixture
def job(studio: Studio) -> Callable[..., Path]:
    """Make a training of a run, with these events; return its folder."""

    def make(run: str, *events: tuple[str, dict[str, Any]]) -> Path:
        folder = studio.folder / ".charloom" / "trainings" / run
        folder.mkdir(parents=True)
        (studio.folder / run).mkdir()
        Job(list="builtin", list_name="dinosaurs", form="names").save(folder)
        (folder / PROCESS).write_text("{}")
        for kind, data in events:
            EventLog(folder / EVENTS).write(kind, **data)
        return folder

    return make


STARTED = ("started", {"epochs": 4, "first_epoch": 1})
STEP = ("step", {"epoch": 2, "progress": 0.4, "seconds_left": 3.0})


def _training(studio: Studio, run: str) -> Any:
    return studio.client.get(f"/studio/trainings/{run}").json()


def test_a_training_begins_with_what_was_asked_for(studio: Studio, begun: list[str]) -> None:
    answer = studio.client.post("/studio/trainings", json=NGRAM)
    assert answer.status_code == 201
    assert begun == ["dinos"]
    assert answer.json()["list"] == {"id": "builtin", "name": "dinosaurs"}
    assert (studio.folder / "dinos").is_dir()


@pytest.mark.parametrize(
    "change",
    [
        {"list": "nothing"},
        {"look": {"form": "text"}},
        {"look": {"column": "town"}},
        {"settings": {"epochs": 0}},
        {"settings": {"held_out": "much"}},
        {"settings": {"nothing": 1}},
        {"settings": {"labels": 3}},
        {"run": "../dinos"},
        {"run": ".charloom"},
        {"run": "CON.txt"},
        {"run": "dinos."},
        {"run": ""},
        {"more": 1},
    ],
)
def test_what_cannot_be_is_refused_at_once(
    studio: Studio, begun: list[str], change: dict[str, Any]
) -> None:
    answer = studio.client.post("/studio/trainings", json=NGRAM | change)
    if change in ({"look": {"column": "town"}}, {"run": ""}):
        assert answer.status_code == 201  # the built-in list has no columns; a name is chosen
        return
    assert answer.status_code in (404, 422)
    assert "\n" not in answer.json()["error"]["message"]
    assert begun == []
    assert Place(studio.folder).names() == []


def test_a_name_that_is_taken_is_refused_and_the_run_kept(studio: Studio, begun: list[str]) -> None:
    (studio.folder / "Dinos").mkdir()
    (studio.folder / "Dinos" / "model.json").write_text("{}")
    answer = studio.client.post("/studio/trainings", json=NGRAM)
    assert answer.status_code == 422
    assert "already" in answer.json()["error"]["message"]
    assert (studio.folder / "Dinos" / "model.json").read_text() == "{}"


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, begun: list[str]) -> set[str]:
    """Runs whose processes live: those that began, until a test removes them."""
    alive: set[str] = set()

    def launch(self: Trainings, run: str) -> None:
        begun.append(run)
        alive.add(run)

    monkeypatch.setattr(Trainings, "_launch", launch)
    monkeypatch.setattr(
        Trainings,
        "_alive",
        lambda self, run: run in alive and not is_waiting(self._place.training(run)),
    )
    return alive


def _several(studio: Studio, count: int) -> list[Any]:
    answers = [
        studio.client.post("/studio/trainings", json=NGRAM | {"run": f"run {number}"})
        for number in range(count)
    ]
    assert [answer.status_code for answer in answers] == [201] * count
    return [answer.json() for answer in answers]


def _trainings(studio: Studio) -> Trainings:
    place = Place(studio.folder)
    return Trainings(place, Lists(place))


def test_trainings_beyond_the_most_wait_and_begin_in_their_order(
    studio: Studio, running: set[str], begun: list[str]
) -> None:
    answers = _several(studio, MOST + 2)
    assert [one["state"] for one in answers] == ["running"] * MOST + ["waiting"] * 2
    assert [one["before"] for one in answers[MOST:]] == [0, 1]
    fresh = _trainings(studio)  # as after a restart of the server
    fresh.proceed()
    assert len(begun) == MOST
    running.remove("run 1")
    fresh.proceed()
    assert begun[MOST:] == [f"run {MOST}"]
    assert _training(studio, f"run {MOST + 1}")["before"] == 0
    path = f"/studio/runs/run {MOST + 1}"
    assert studio.client.patch(path, json={"name": "other"}).status_code == 409


def test_the_server_itself_starts_what_waits(
    studio: Studio, running: set[str], begun: list[str]
) -> None:
    _several(studio, MOST + 1)
    running.remove("run 0")
    until = time.monotonic() + 20
    while f"run {MOST}" not in begun and time.monotonic() < until:
        time.sleep(0.05)
    assert begun[-1] == f"run {MOST}"


def test_what_waits_can_be_stopped_resumed_and_discarded(
    studio: Studio, running: set[str], begun: list[str]
) -> None:
    waits = _several(studio, MOST + 1)[MOST]["run"]
    path = f"/studio/trainings/{waits}"
    stopped = studio.client.post(f"{path}/stop").json()
    assert (stopped["state"], stopped["resumable"]) == ("stopped", True)
    assert studio.client.post(f"{path}/resume").json()["state"] == "waiting"
    number = studio.client.delete(path).json()["bin"]
    running.clear()
    _trainings(studio).proceed()
    assert waits not in begun
    studio.client.post(f"/studio/bin/{number}/restore")
    _trainings(studio).proceed()
    assert begun[-1] == waits
    assert not (Place(studio.folder).training(waits) / STOP).exists()


def test_a_line_that_is_too_long_is_refused(
    studio: Studio, running: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charloom.serve.studio.trainings.MOST_WAITING", 1)
    _several(studio, MOST + 1)
    answer = studio.client.post("/studio/trainings", json=NGRAM)
    assert answer.status_code == 422
    assert "wait already" in answer.json()["error"]["message"]


def test_a_training_whose_process_is_gone_is_lost_and_can_be_resumed(
    studio: Studio, job: Callable[..., Path], begun: list[str]
) -> None:
    folder = job("towns", STARTED, STEP)
    (folder / PROCESS).write_text(json.dumps({"pid": os.getpid(), "started": time.time()}))
    lost = _training(studio, "towns")
    assert (lost["state"], lost["resumable"], lost["epoch"], lost["epochs"]) == ("lost", True, 2, 4)
    assert studio.client.post("/studio/trainings/towns/resume").status_code == 200
    assert begun == ["towns"]
    assert [event.kind for event in events_from(folder / EVENTS, 0)][-1] == "resumed"


def test_a_training_that_another_server_just_began_is_not_lost(
    studio: Studio, job: Callable[..., Path]
) -> None:
    folder = job("towns")
    (folder / PROCESS).unlink()
    assert _training(studio, "towns")["state"] == "running"
    for file in folder.iterdir():
        os.utime(file, (1, 1))
    assert _training(studio, "towns")["state"] == "lost"


def test_a_training_that_holds_its_lock_runs_until_it_is_stopped(
    studio: Studio, job: Callable[..., Path]
) -> None:
    folder = job("towns", STARTED, STEP)
    with held(folder):
        running = _training(studio, "towns")
        assert (running["state"], running["progress"], running["seconds_left"]) == (
            "running", 0.4, 3.0,
        )  # fmt: skip
        stopping = studio.client.post("/studio/trainings/towns/stop").json()
        assert stopping["state"] == "stopping"
        assert (folder / STOP).exists()
        refused = studio.client.post("/studio/trainings/towns/resume")
        assert refused.status_code == 422
        EventLog(folder / EVENTS).write("finished", reason="interrupted")
        assert _training(studio, "towns")["state"] == "stopped"


@pytest.mark.parametrize(
    ("kind", "data", "state"),
    [
        ("finished", {"reason": "epochs"}, "finished"),
        ("finished", {"reason": "seconds"}, "finished"),
        ("finished", {"reason": "interrupted"}, "stopped"),
        ("finished", {"reason": "diverged"}, "failed"),
        ("failed", {"message": "The list is gone."}, "failed"),
    ],
)
def test_its_last_event_says_how_it_ended(
    studio: Studio, job: Callable[..., Path], kind: str, data: dict[str, Any], state: str
) -> None:
    job("towns", STARTED, STEP, (kind, data))
    ended = _training(studio, "towns")
    assert (ended["state"], ended["resumable"]) == (state, state != "finished")


@pytest.mark.parametrize("value", ["x", [], {}, None, True, 10**400, float("inf"), float("nan")])
def test_what_a_stranger_wrote_is_no_fault(
    studio: Studio, job: Callable[..., Path], value: Any
) -> None:
    folder = job("towns")
    names = ("epoch", "epochs", "first_epoch", "progress", "seconds_left", "message", "reason")
    for kind in ("started", "step", "epoch", "finished", "failed"):
        line = json.dumps({"kind": kind, **dict.fromkeys(names, value)})
        with (folder / EVENTS).open("a") as file:
            file.write(f"{line}\n")
    assert studio.client.get("/studio/trainings").status_code == 200


def test_a_training_of_the_command_line_is_seen_and_left_alone(
    studio: Studio, begun: list[str]
) -> None:
    run = studio.folder / "towns"
    run.mkdir()
    save_begun(run, Begun(training={"epochs": 10}))
    history = [{"epoch": n, "train_nats_per_char": 2.0 / n} for n in (1, 2)]
    (run / "history.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in history))
    assert studio.client.get("/studio/trainings").json() == []
    with held(run):
        (seen,) = studio.client.get("/studio/trainings").json()
        assert (seen["state"], seen["where"], seen["progress"]) == ("running", "terminal", 0.2)
        for method, path in (("POST", "/stop"), ("POST", "/resume"), ("DELETE", "")):
            answer = studio.client.request(method, f"/studio/trainings/towns{path}")
            assert answer.status_code == 422
    assert begun == []


def test_a_run_that_names_a_file_elsewhere_is_not_resumed(
    studio: Studio, begun: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from charloom.data.sources.origin import Origin

    monkeypatch.setattr("charloom.run.holds_state", lambda folder: True)
    secret, link = tmp_path / "secret.txt", studio.folder / "link.txt"
    secret.write_text("Ann\nBob\n")
    link.symlink_to(secret)
    for name, path in (("outside", secret), ("up", studio.folder / ".." / "secret.txt")):
        run = studio.folder / name
        run.mkdir()
        origin = Origin.of([secret], options={}).digested()
        save_begun(run, Begun(origin=origin))
        about = run / "checkpoints" / "begun.json"
        data = json.loads(about.read_text())
        for one in (path, link):
            data["source"]["files"][0]["path"] = str(one)
            about.write_text(json.dumps(data))
            answer = studio.client.post(f"/studio/trainings/{name}/resume")
            assert answer.status_code == 422
            assert "outside" in answer.json()["error"]["message"]
    assert begun == []


def test_a_discarded_training_comes_back_from_the_bin(
    studio: Studio, job: Callable[..., Path]
) -> None:
    from charloom.serve.studio.bin import restore

    job("towns", STARTED, STEP, ("finished", {"reason": "interrupted"}))
    answer = studio.client.delete("/studio/trainings/towns")
    assert studio.client.get("/studio/trainings/towns").status_code == 404
    job("towns")
    assert restore(Place(studio.folder), answer.json()["bin"]) == "towns-2"
    assert _training(studio, "towns-2")["state"] == "stopped"
    assert _training(studio, "towns")["state"] == "lost"


def test_a_process_that_only_has_the_number_is_not_ended(tmp_path: Path) -> None:
    import psutil

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        started = psutil.Process(other.pid).create_time()
        (tmp_path / PROCESS).write_text(json.dumps({"pid": other.pid, "started": started - 60}))
        end_process(tmp_path)
        assert other.poll() is None
        (tmp_path / PROCESS).write_text(json.dumps({"pid": other.pid, "started": started}))
        end_process(tmp_path)
        assert other.wait(timeout=60) != 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": "x", "started": 1}'])
def test_a_note_that_is_none_ends_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / PROCESS).write_text(content)
    end_process(tmp_path)


def test_the_worker_trains_as_the_command_does(studio: Studio, begun: list[str]) -> None:
    studio.client.post("/studio/trainings", json=NGRAM)
    worker.main(str(studio.folder), "dinos")
    assert _training(studio, "dinos")["state"] == "finished"
    folder = studio.folder / ".charloom" / "trainings" / "dinos"
    events = events_from(folder / EVENTS, 0)
    assert [event.kind for event in events][:1] == ["started"]
    assert len(events[-1].data["samples"]) == 10
    assert load(studio.folder / "dinos").vocabulary.size > 20


def test_a_list_that_is_gone_fails_with_one_line(studio: Studio, job: Callable[..., Path]) -> None:
    folder = job("towns")
    Job(list="0" * 16, list_name="towns.csv", form="names").save(folder)
    worker.main(str(studio.folder), "towns")
    failed = _training(studio, "towns")
    assert failed["state"] == "failed"
    assert "list" in failed["message"]


def test_a_second_worker_leaves_the_first_alone(studio: Studio, job: Callable[..., Path]) -> None:
    folder = job("towns", STARTED)
    with held(folder), pytest.raises(Exception, match="in use"):
        worker.main(str(studio.folder), "towns")
    assert len(events_from(folder / EVENTS, 0)) == 1
