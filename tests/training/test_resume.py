"""A training continues from wherever it was stopped, to the same end."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from charloom.config import TrainConfig
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import RunError
from charloom.run import CHECKPOINTS, forget_state, load_model
from charloom.storage.lock import held
from charloom.training import name_data
from charloom.training.events import Evaluated, Started, Step
from charloom.training.history import write_history
from charloom.training.trainer import fit
from helpers.options import FAST
from helpers.trainings import (
    MODEL,
    TRAINING,
    contents,
    history,
    interrupted,
    losses,
    messages,
    of_kind,
    same,
    train,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(toy, tmp_path_factory):
    """A training without interruption; tests only read it."""
    folder = tmp_path_factory.mktemp("whole")
    train(toy, folder)
    return folder


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
    forget_state(tmp_path)
    for change, what in (
        ({"training": TRAINING.replace(seed=1)}, "another seed"),
        ({"model": MODEL.replace(units=13)}, "another units"),
    ):
        with pytest.raises(RunError, match=what):
            train(toy, tmp_path, resume=True, **change)
    with pytest.raises(RunError, match="another corpus"):
        train(NameCorpus.of([*toy.names, "other"]), tmp_path, resume=True)
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
    held_out = "held_out_nats_per_char"
    loss = lambda self, weights: {held_out: next(nats)}  # noqa: E731
    monkeypatch.setattr(name_data.NameData, "held_out_loss", loss)
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
    assert "from 3 to 5" in message and "not bit for bit" in message
    assert [entry["epoch"] for entry in history(tmp_path)] == [1, 2, 3, 4, 5]


@pytest.mark.heavy
def test_more_epochs_keep_the_batches_of_the_epoch_under_way(tmp_path, monkeypatch):
    # Buckets are chosen by the work there is: other epochs must not deal the names again.
    monkeypatch.setattr(name_data, "bucket_count", lambda lengths, parameters, epochs: epochs)
    names = ["".join(p) * (1 + i % 4) for i, p in enumerate(itertools.product("bdgk", "aeiou"))]
    corpus, one = NameCorpus.of(names), TRAINING.replace(epochs=1, batch_size=4)
    first = interrupted(corpus, tmp_path, 2, training=one)[0]
    four = one.replace(epochs=4)
    again = next(fit(corpus, model=MODEL, training=four))
    assert again.padded_share < first.padded_share
    for _ in range(2):  # also when it is stopped again
        resumed = next(fit(corpus, model=MODEL, training=four, out=tmp_path, resume=True))
        assert resumed.padded_share == first.padded_share
        end = interrupted(corpus, tmp_path, 2, training=four, resume=True)[-1]
    assert (end.epoch, end.step) == (1, 6)


@pytest.mark.heavy
def test_a_text_training_resumes_bit_for_bit(tmp_path):
    text = TextCorpus.of("the cat sat on the mat. " * 60)
    how = {
        "model": MODEL.replace(text=True),
        "training": TrainConfig(preparation="text", window=8, batch_size=4, epochs=2, save_steps=7),
    }
    end = train(text, tmp_path / "whole", **how)[-1]
    interrupted(text, tmp_path / "parts", 20, **how)
    again = train(text, tmp_path / "parts", resume=True, **how)[-1]
    assert again.step == end.step > 20 and same(again.weights, end.weights)
    saved = load_model(tmp_path / "parts")
    assert same(saved.weights, end.weights) and saved.train_names is None
    assert saved.held_out_text == ("the cat sat on the mat. " * 60)[-144:]
    shutil.rmtree(tmp_path / "parts" / CHECKPOINTS)  # the model is there, and no state yet
    with pytest.raises(RunError, match="another corpus"):
        train(TextCorpus.of("another text " * 60), tmp_path / "parts", resume=True, **how)
    assert train(text, tmp_path / "parts", resume=True, **how)[-1].step == end.step
