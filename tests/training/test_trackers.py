"""What a training leaves with MLflow and with Weights & Biases, read back from their files."""

from __future__ import annotations

import json
import time

import pytest

from charloom import NameCorpus, fit
from charloom.cli.main import run as charloom
from charloom.errors import TrainingError
from charloom.training import trackers
from charloom.training.events import Evaluated, Finished, Started, Step, Warned
from charloom.training.trackers import tracked

SMALL = {"kind": "network", "units": 4, "embedding": 4, "epochs": 2, "base": "none", "seed": 1}
NAMES = list(NameCorpus.builtin().names[:60])


@pytest.fixture(scope="module")
def events():
    return list(fit(NAMES, **SMALL))


class Recorded:
    """A tracker that remembers; it fails where it is told to."""

    def __init__(self, parameters, fails=""):
        self.parameters, self.fails, self.logged, self.summary = parameters, fails, [], "none"

    def log(self, scalars, step):
        if self.fails == "log":
            raise ConnectionError("no network\nand more")
        self.logged.append((step, scalars))

    def end(self, summary):
        self.summary = summary


@pytest.fixture
def made(monkeypatch):
    """The trackers that are made; MLflow's is replaced."""
    made = []

    def begin(fails=""):
        def make(parameters):
            if fails == "begin":
                raise ConnectionError("refused")
            made.append(Recorded(parameters, fails))
            return made[-1]

        monkeypatch.setattr(trackers, "_MLflow", make)
        monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: name)
        return made

    return begin


def test_events_pass_and_are_recorded(events, made, monkeypatch):
    monkeypatch.setattr(trackers, "EVERY", 0.0)
    found = made()
    assert list(tracked(iter(events), "mlflow", {"epochs": 2})) == events
    (tracker,) = found
    started = next(e for e in events if isinstance(e, Started))
    assert tracker.parameters["model.units"] == 4 and tracker.parameters["epochs"] == 2
    assert tracker.parameters["train_size"] == started.train_size
    steps = [e for e in events if isinstance(e, Step)]
    losses = [(step, s["loss/train"]) for step, s in tracker.logged if "loss/train" in s]
    assert losses == [(e.step, e.batch_nats_per_char) for e in steps]
    held_out = [s["loss/held_out"] for _, s in tracker.logged if "loss/held_out" in s]
    assert held_out == [e.held_out_nats_per_char for e in events if isinstance(e, Evaluated)]
    assert tracker.summary["reason"] == "epochs"
    assert tracker.summary["best_epoch"] == events[-1].best_epoch


def test_steps_are_recorded_once_a_second(events, made):
    found = made()
    list(tracked(iter(events), "mlflow"))
    assert sum("loss/train" in scalars for _, scalars in found[0].logged) < 3


@pytest.mark.parametrize(("fails", "line"), [("begin", "refused"), ("log", "no network")])
def test_training_continues_where_recording_fails(events, made, fails, line):
    made(fails)
    passed = list(tracked(iter(events), "mlflow"))
    (warning,) = [e for e in passed if e not in events]
    assert isinstance(warning, Warned)
    assert warning.message == f"MLflow failed: {line}; nothing more is recorded."
    assert isinstance(passed[-1], Finished)


def test_an_abandoned_training_ends_its_record(events, made):
    found = made()
    running = tracked(iter(events), "mlflow")
    for event in running:
        if isinstance(event, Step):
            break
    running.close()
    assert found[0].summary is None


@pytest.mark.parametrize(("service", "name"), [("mlflow", "MLflow"), ("wandb", "Weights & Biases")])
def test_a_missing_package_is_named(monkeypatch, service, name):
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=rf"{name} needs .*charloom\[{service}\]"):
        tracked(iter(()), service)


@pytest.mark.heavy
def test_mlflow_has_it(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    uri = (tmp_path / "tracked").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    (tmp_path / "names.txt").write_text("\n".join(NAMES), "utf-8")
    arguments = ["train", str(tmp_path / "names.txt"), "--out", str(tmp_path / "run"),
                 "--tracker", "mlflow", "--model", "network", "--units", "4", "--epochs", "2",
                 "--base", "none"]  # fmt: skip
    assert charloom(arguments, started=time.monotonic()) == 0
    client = mlflow.MlflowClient(tracking_uri=uri)
    (found,) = client.search_runs(["0"])
    assert found.info.status == "FINISHED" and found.data.tags["reason"] == "epochs"
    assert found.data.params["model.units"] == "4" and found.data.params["batch_size"]
    held_out = client.get_metric_history(found.info.run_id, "loss/held_out")
    history = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").open()]
    assert [m.value for m in held_out] == [h["held_out_nats_per_char"] for h in history]
    assert mlflow.active_run() is None


@pytest.mark.heavy
def test_weights_and_biases_has_it(tmp_path, monkeypatch, capfd):
    pytest.importorskip("wandb")
    monkeypatch.chdir(tmp_path)
    for name, value in (("MODE", "offline"), ("DIR", str(tmp_path)), ("PROJECT", "towns")):
        monkeypatch.setenv(f"WANDB_{name}", value)
    assert isinstance(list(tracked(fit(NAMES, **SMALL), "wandb"))[-1], Finished)
    (record,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    wanted, until = {b"loss/held_out", b"best_epoch", b"model.units"}, time.monotonic() + 60
    while (missing := {name for name in wanted if name not in record.read_bytes()}) and (
        time.monotonic() < until  # its own process writes the file, late on a busy machine
    ):
        time.sleep(0.2)
    assert not missing
    assert capfd.readouterr().out == ""
