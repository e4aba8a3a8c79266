"""No training is lost: one at a time in a folder, resumed from anywhere, stopped by any signal."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from charloom.checkpoint import load_model, load_state
from charloom.cli import train as command
from charloom.config import ModelConfig, TrainConfig
from charloom.corpus import Corpus
from charloom.errors import RunError
from charloom.events import Evaluated, Finished, Started, Step, Warned
from charloom.training import fit as fit_module
from charloom.training.fit import fit
from charloom.training.history import HISTORY, append_history, write_history
from charloom.training.lock import LOCK, held
from conftest import FAST

MODEL = ModelConfig(units=12, embedding=6, dropout=0.2)
TRAINING = TrainConfig(epochs=3, batch_size=16, learning_rate=0.02)
POSIX = pytest.mark.skipif(os.name != "posix", reason="sends a signal")


def train(corpus, folder, **arguments):
    return list(fit(corpus, **({"model": MODEL, "training": TRAINING, "out": folder} | arguments)))


def interrupted(corpus, folder, after, **arguments):
    count = itertools.count(1)
    return train(corpus, folder, stop=lambda: next(count) >= after, **arguments)


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


def messages(events):
    return [event.message for event in of_kind(events, Warned)]


def same(a, b):
    return a.keys() == b.keys() and all((a[name] == b[name]).all() for name in a)


def history(folder):
    return [json.loads(line) for line in (folder / HISTORY).read_text("utf-8").splitlines()]


def losses(entries):
    """What of a history a resumed training must repeat exactly."""
    return [{k: v for k, v in entry.items() if k != "seconds"} for entry in entries]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def whole(toy, tmp_path_factory):
    """A training without interruption; tests only read it."""
    folder = tmp_path_factory.mktemp("whole")
    train(toy, folder)
    return folder


# One training a folder


def test_a_second_training_into_a_folder_is_refused_and_readers_are_not(toy, tmp_path):
    train(toy, tmp_path)
    first = fit(toy, model=MODEL, training=TRAINING, out=tmp_path, force=True)
    next(first)
    for how in ({"force": True}, {"resume": True}, {}):
        with pytest.raises(RunError, match=f"trained into by process {os.getpid()}; "):
            train(toy, tmp_path, **how)
    assert load_model(tmp_path).config == MODEL
    first.close()
    assert train(toy, tmp_path, force=True)[-1].reason == "epochs"


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
from charloom.training.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@POSIX
def test_a_killed_process_frees_its_folder(toy, tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        with pytest.raises(RunError, match=f"process {holder.pid};"):
            train(toy, tmp_path)
    finally:
        holder.kill()
        holder.communicate()
    assert (tmp_path / LOCK).exists()
    assert train(toy, tmp_path)[-1].reason == "epochs"


def test_a_refused_folder_is_left_as_it_was(toy, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    for how in ({}, {"resume": True}):
        with pytest.raises(RunError, match="force"):
            train(toy, tmp_path, **how)
    assert contents(tmp_path) == {"mine.txt": b"x"}


# Resuming from anywhere


def only_locked(folder):
    with held(folder):
        pass


def before_the_first_save(folder):
    only_locked(folder)
    write_history(folder, [{"epoch": 1}])
    (folder / "training.safetensors.0123456789abcdef.next").write_bytes(b"half")


@pytest.mark.parametrize("prepare", [Path.rmdir, Path.exists, only_locked, before_the_first_save])
def test_resuming_before_there_is_a_checkpoint_starts_from_the_beginning(
    toy, tmp_path, whole, prepare
):
    folder = tmp_path / "run"
    folder.mkdir()
    prepare(folder)
    events = train(toy, folder, resume=True)
    assert of_kind(events, Started)[0].first_epoch == 1
    assert same(load_model(folder).weights, load_model(whole).weights)
    assert losses(history(folder)) == losses(history(whole))


def test_a_model_whose_training_was_killed_before_its_state_is_trained_again(toy, tmp_path, whole):
    interrupted(toy, tmp_path, 9)
    (tmp_path / "training.json").unlink()
    for change, what in (
        ({"training": TRAINING.replace(seed=1)}, "another seed"),
        ({"model": MODEL.replace(units=13)}, "another units"),
    ):
        with pytest.raises(RunError, match=what):
            train(toy, tmp_path, resume=True, **change)
    with pytest.raises(RunError, match="another corpus"):
        train(Corpus.of([*toy.names, "other"]), tmp_path, resume=True)
    train(toy, tmp_path, resume=True)
    assert same(load_model(tmp_path).weights, load_model(whole).weights)


def test_a_replaced_training_is_not_resumed(toy, tmp_path):
    train(toy, tmp_path)
    other = TRAINING.replace(seed=1)
    next(events := fit(toy, model=MODEL, training=other, out=tmp_path, force=True))
    events.close()  # stopped before its first save: the earlier model is still there
    with pytest.raises(RunError, match="another seed"):
        train(toy, tmp_path, training=other, resume=True)
    again = train(toy, tmp_path, training=other, resume=True, force=True)
    assert of_kind(again, Started)[0].first_epoch == 1


def test_resuming_a_finished_training_says_so_and_writes_nothing(toy, tmp_path):
    end = train(toy, tmp_path)[-1]
    before = contents(tmp_path)
    again = train(toy, tmp_path, resume=True)
    assert not of_kind(again, Step)
    (message,) = messages(again)
    assert "finished, at epoch 3" in message and "--epochs" in message
    assert contents(tmp_path) == before
    assert same(again[-1].weights, end.weights)
    assert again[-1].held_out_nats_per_char == end.held_out_nats_per_char


def test_resuming_a_finished_training_on_the_command_line_is_no_error(names_file, tmp_path, call):
    arguments = ("train", names_file, "--out", tmp_path / "run", *FAST)
    assert call(*arguments)[0] == 0
    code, out, err = call(*arguments, "--resume")
    assert code == 0 and len(out.splitlines()) == 10
    assert sum("is finished" in line for line in err.splitlines()) == 1


def test_a_training_that_stopped_early_stays_stopped(toy, tmp_path, monkeypatch):
    nats = itertools.chain([3.0, 2.0], itertools.repeat(2.5))
    monkeypatch.setattr(fit_module._Run, "_held_out_loss", lambda self, weights: next(nats))
    patient = TRAINING.replace(epochs=8, patience=2)
    assert train(toy, tmp_path, training=patient)[-1].epoch == 4
    again = train(toy, tmp_path, training=patient, resume=True)
    assert (again[-1].reason, again[-1].epoch, of_kind(again, Step)) == ("early stopping", 4, [])
    assert "--patience" in messages(again)[0]
    on = train(toy, tmp_path, training=patient.replace(patience=3), resume=True)
    assert (on[-1].epoch, on[-1].best_epoch) == (5, 2)


def test_more_epochs_go_on_and_tell_that_the_schedule_is_another(toy, tmp_path):
    train(toy, tmp_path)
    events = train(toy, tmp_path, training=TRAINING.replace(epochs=5), resume=True)
    assert [event.epoch for event in of_kind(events, Evaluated)] == [4, 5]
    (message,) = messages(events)
    assert "3 epochs, now 5" in message and "not bit for bit" in message
    assert [entry["epoch"] for entry in history(tmp_path)] == [1, 2, 3, 4, 5]


def test_more_epochs_keep_the_batches_of_the_epoch_under_way(tmp_path, monkeypatch):
    # Buckets are chosen by the work there is: other epochs must not deal the names anew.
    monkeypatch.setattr(fit_module, "bucket_count", lambda lengths, parameters, epochs: epochs)
    names = ["".join(p) * (1 + i % 4) for i, p in enumerate(itertools.product("bdgk", "aeiou"))]
    corpus, one = Corpus.of(names), TRAINING.replace(epochs=1, batch_size=4)
    first = interrupted(corpus, tmp_path, 2, training=one)[0]
    four = one.replace(epochs=4)
    anew = next(fit(corpus, model=MODEL, training=four))
    assert anew.padded_share < first.padded_share
    for _ in range(2):  # also when it is stopped again
        resumed = next(fit(corpus, model=MODEL, training=four, out=tmp_path, resume=True))
        assert resumed.padded_share == first.padded_share
        end = interrupted(corpus, tmp_path, 2, training=four, resume=True)[-1]
    assert (end.epoch, end.step) == (1, 6)


# The history


def test_the_history_has_a_line_an_epoch_while_training_goes_on(toy, tmp_path):
    seen = 0
    for event in fit(toy, model=MODEL, training=TRAINING, out=tmp_path):
        if isinstance(event, Evaluated):
            seen += 1
            entry = history(tmp_path)[-1]
            assert len(history(tmp_path)) == entry["epoch"] == seen
            assert entry["train_nats_per_char"] == event.train_nats_per_char
            assert entry["held_out_nats_per_char"] == event.held_out_nats_per_char
            assert entry["seconds"] == pytest.approx(event.seconds, abs=1)
            assert 0 <= entry["learning_rate"] <= TRAINING.learning_rate
    assert seen == 3


def test_a_resumed_training_cuts_the_history_to_its_checkpoint(toy, tmp_path, whole):
    interrupted(toy, tmp_path, 9)  # in the second epoch
    with (tmp_path / HISTORY).open("a") as file:
        file.write('{"epoch": 2, "train_nats_per_char": 9.9}\n{"epoch": 3, "tra')
    train(toy, tmp_path, resume=True)
    assert losses(history(tmp_path)) == losses(history(whole))
    seconds = [entry["seconds"] for entry in history(tmp_path)]
    assert seconds == sorted(seconds)


def test_a_loss_that_is_no_number_is_null_in_the_history(tmp_path):
    append_history(tmp_path, {"epoch": 1, "held_out_nats_per_char": float("nan")})
    assert history(tmp_path) == [{"epoch": 1, "held_out_nats_per_char": None}]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on a file's size")
def test_a_full_disk_leaves_whole_lines_in_the_history(tmp_path):
    import resource

    append_history(tmp_path, {"epoch": 1})
    before = (tmp_path / HISTORY).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, limits[1]))
    try:
        with pytest.raises(RunError, match="could not be written"):
            append_history(tmp_path, {"epoch": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / HISTORY).read_bytes() == before


# Signals


def test_signals_are_handled_in_training_only_and_restored():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with command._interruptible() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGTERM)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert before == {number: signal.getsignal(number) for number in before}


def test_a_training_in_another_thread_leaves_signals_alone():
    seen = []

    def enter():
        with command._interruptible() as stop:
            seen.append((stop(), signal.getsignal(signal.SIGTERM)))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [(False, before)]


@POSIX
def test_sigterm_saves_and_says_how_to_go_on(names_file, tmp_path):
    arguments = ["train", str(names_file), "--out", str(tmp_path / "run"), *FAST,
                 "--epochs", "1000000", "--patience", "0"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "charloom", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        for _ in range(600):
            if (tmp_path / "run" / HISTORY).exists() and history(tmp_path / "run"):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0  # as after Ctrl-C
    assert len(out.splitlines()) == 10
    assert err.splitlines()[-1].endswith("--resume")
    _, state = load_state(tmp_path / "run")
    assert len(history(tmp_path / "run")) == state["progress"]["epoch"] > 0


# Kills

TRAINER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_survival import long_training
for event in long_training(sys.argv[1]):
    print(type(event).__name__, flush=True)
"""


def long_training(folder):
    """A training that saves after every epoch."""
    fit_module.SAVE_EVERY = 0.0
    corpus = Corpus.of("".join(p) for p in itertools.product("bdgk", "aeiou", "lnr", "ns"))
    training = TRAINING.replace(epochs=100, patience=0)
    return fit(corpus, model=MODEL, training=training, out=folder, resume=True)


@POSIX
def test_a_training_killed_at_random_ends_bit_for_bit_as_one_in_peace(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_module, "SAVE_EVERY", 0.0)
    run, rng, epochs = tmp_path / "run", random.Random(0), []
    for saves in (0, *(rng.randint(2, 9) for _ in range(4))):
        trainer = subprocess.Popen(
            [sys.executable, "-c", TRAINER, run, Path(__file__).parent],
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
        state = load_state(run)[1] if (run / "training.json").exists() else {"progress": {}}
        epochs.append(state["progress"].get("epoch", 0))
    assert epochs == sorted(epochs) and epochs[-1] >= 8
    *_, end = long_training(run)
    *_, peace = long_training(tmp_path / "whole")
    assert isinstance(end, Finished) and end.best_epoch == peace.best_epoch
    assert same(end.weights, peace.weights)
    assert same(load_state(run)[0], load_state(tmp_path / "whole")[0])
    assert losses(history(run)) == losses(history(tmp_path / "whole"))
