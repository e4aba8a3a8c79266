"""No training is lost: one at a time in a folder, stopped by any signal, or killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from charloom.cli.interruption import interruptible
from charloom.errors import RunError
from charloom.run import holds_state, load_model, load_state
from charloom.storage.lock import LOCK, held
from charloom.training.events import Finished, Step
from charloom.training.history import HISTORY
from charloom.training.trainer import fit
from helpers.options import ENDLESS
from helpers.processes import interrupted
from helpers.trainings import (
    MODEL,
    TRAINING,
    contents,
    history,
    long_training,
    losses,
    same,
    train,
)

POSIX = pytest.mark.skipif(os.name != "posix", reason="sends a signal")


# One training a folder


def test_a_second_training_into_a_folder_is_refused_and_readers_are_not(toy, tmp_path):
    train(toy, tmp_path)
    first = fit(toy, model=MODEL, training=TRAINING, out=tmp_path, force=True)
    next(first)
    for how in ({"force": True}, {"resume": True}, {}):
        with pytest.raises(RunError, match=f"in use by a training in process {os.getpid()}: "):
            train(toy, tmp_path, **how)
    assert load_model(tmp_path).config == MODEL
    first.close()
    assert train(toy, tmp_path, force=True)[-1].reason == "epochs"


@pytest.mark.heavy
def test_a_training_that_fails_frees_its_folder(toy, tmp_path):
    with pytest.raises(RuntimeError, match="mine"):
        for event in fit(toy, model=MODEL, training=TRAINING, out=tmp_path):
            if isinstance(event, Step):
                raise RuntimeError("mine")
    with held(tmp_path):
        pass


HOLDER = """
import sys, time
from pathlib import Path
from charloom.storage.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@POSIX
def test_a_killed_process_frees_its_folder(toy, tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        with pytest.raises(RunError, match=f"process {holder.pid}:"):
            train(toy, tmp_path)
    finally:
        holder.kill()
        holder.communicate()
    assert (tmp_path / LOCK).exists()
    assert train(toy, tmp_path)[-1].reason == "epochs"


def test_a_refused_folder_is_not_changed(toy, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    for how in ({}, {"resume": True}):
        with pytest.raises(RunError, match="force"):
            train(toy, tmp_path, **how)
    assert contents(tmp_path) == {"mine.txt": b"x"}


# Signals


def test_signals_are_handled_in_training_only_and_restored():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with interruptible() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGTERM)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert before == {number: signal.getsignal(number) for number in before}


def test_a_training_in_another_thread_does_not_handle_signals():
    seen = []

    def enter():
        with interruptible() as stop:
            seen.append((stop(), signal.getsignal(signal.SIGTERM)))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [(False, before)]


@pytest.mark.heavy
@pytest.mark.slow
@POSIX
def test_sigterm_saves_and_says_how_to_resume(names_file, tmp_path):
    run = tmp_path / "run"
    code, out, err = interrupted(
        ["train", names_file, "--out", run, *ENDLESS],
        lambda: (run / HISTORY).exists() and history(run),
        signal.SIGTERM,
    )
    assert code == 0  # as after Ctrl-C
    assert len(out.splitlines()) == 10
    assert err.splitlines()[-1].endswith("--resume")
    _, state = load_state(run)
    assert len(history(run)) == state["progress"]["epoch"] > 0


# Kills

TRAINER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from helpers.trainings import long_training
for event in long_training(sys.argv[1]):
    print(type(event).__name__, flush=True)
"""


@pytest.mark.heavy
@POSIX
def test_a_training_killed_at_random_ends_bit_identical(tmp_path):
    run, rng, epochs = tmp_path / "run", random.Random(0), []
    for saves in (0, *(rng.randint(2, 9) for _ in range(4))):
        trainer = subprocess.Popen(
            [sys.executable, "-c", TRAINER, run, Path(__file__).parents[1]],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert trainer.stdout is not None
        lines = iter(trainer.stdout.readline, "")
        try:
            assert next(lines) == "Started\n"
            for _ in range(saves):
                assert any(line == "Saved\n" for line in lines)
            time.sleep(rng.uniform(0, 0.02))
        finally:
            trainer.send_signal(signal.SIGKILL)
            rest = trainer.communicate()[0]
        assert "Finished" not in rest
        state = load_state(run)[1] if holds_state(run) else {"progress": {}}
        epochs.append(state["progress"].get("epoch", 0))
    assert epochs == sorted(epochs) and epochs[-1] >= 8
    *_, end = long_training(run)
    *_, peace = long_training(tmp_path / "whole")
    assert isinstance(end, Finished) and end.best_epoch == peace.best_epoch
    assert same(end.weights, peace.weights)
    assert same(load_state(run)[0], load_state(tmp_path / "whole")[0])
    assert losses(history(run)) == losses(history(tmp_path / "whole"))
