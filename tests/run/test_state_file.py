"""The last few states of a training are kept, and a damaged one costs no more than its steps."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from charloom.data.vocabulary import Vocabulary
from charloom.errors import RunError
from charloom.run import (
    CHECKPOINTS,
    find_state,
    forget_state,
    holds_state,
    load_model,
    load_state,
    save_model,
    save_state,
)
from charloom.training.events import Started
from charloom.training.progress import Progress
from helpers.checkpointers import checkpointer, progress
from helpers.run_folders import refusal
from helpers.run_folders import toy as toy_model
from helpers.trainings import TRAINING, history, interrupted, losses, messages, of_kind, same, train

OFTEN = TRAINING.replace(save_steps=2, keep_checkpoints=3)


def steps(run):
    return sorted(int(path.name) for path in (run / CHECKPOINTS).iterdir() if path.is_dir())


def save(run, step, keep=2):
    save_state(run, {"step": np.array(step)}, {"step": step}, step=step, keep=keep)


@pytest.fixture(scope="module")
def whole(toy, tmp_path_factory):
    """A training without interruption; tests only read it."""
    folder = tmp_path_factory.mktemp("whole")
    train(toy, folder, training=OFTEN)
    return folder


# Which are kept


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_last_few_are_kept_and_the_latest_is_taken(tmp_path, keep):
    for step in (3, 5, 8, 13, 10**9):
        save(tmp_path, step, keep)
        assert load_state(tmp_path)[1] == {"step": step}
    assert steps(tmp_path) == [3, 5, 8, 13, 10**9][-keep:]
    assert {path.name for path in (tmp_path / CHECKPOINTS / "1000000000").iterdir()} == {
        "training.json",
        "training.safetensors",
    }


def test_a_state_of_the_same_step_replaces_it(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    save_state(tmp_path, {"a": np.array(7)}, {"again": True}, step=2)
    assert steps(tmp_path) == [1, 2] and load_state(tmp_path)[1] == {"again": True}
    save_state(tmp_path, {"a": np.array(7)}, {"latest": True})  # of no step: the latest
    assert steps(tmp_path) == [1, 2] and load_state(tmp_path)[1] == {"latest": True}


def test_going_back_drops_the_states_of_later_steps_once_there_is_another(tmp_path):
    for step in (10, 20, 30):
        save(tmp_path, step, keep=3)
    save(tmp_path, 15, keep=3)
    assert steps(tmp_path) == [10, 15]


def test_what_is_no_state_is_left_alone_and_does_not_count(tmp_path):
    others = [tmp_path / CHECKPOINTS / name for name in ("notes", "12", "000000007x")]
    for folder in others:
        folder.mkdir(parents=True)
    save(tmp_path, 1)
    (tmp_path / CHECKPOINTS / "000000001" / "mine.txt").write_text("mine")
    save(tmp_path, 2, keep=1)
    assert all(folder.is_dir() for folder in others)
    assert [p.name for p in (tmp_path / CHECKPOINTS / "000000001").iterdir()] == ["mine.txt"]
    assert load_state(tmp_path)[1] == {"step": 2}
    forget_state(tmp_path)
    assert not holds_state(tmp_path) and all(folder.is_dir() for folder in others)


# An earlier version's run


def as_before(run):
    """Put the latest state where earlier versions had the only one, without what they lacked."""
    arrays, data = load_state(run)
    arrays = {name: array for name, array in arrays.items() if not name.startswith("best/")}
    del data["vocabulary"]
    for name in ("save_seconds", "save_steps", "keep_checkpoints", "freeze", "window"):
        del data["training"][name]
    forget_state(run)
    save_state(run, arrays, data)
    for path in (run / CHECKPOINTS / "000000000").iterdir():
        path.rename(run / path.name)
    shutil.rmtree(run / CHECKPOINTS)


@pytest.mark.heavy
@pytest.mark.slow
def test_an_earlier_versions_run_is_resumed_and_then_is_as_a_new_one(toy, tmp_path, whole):
    interrupted(toy, tmp_path, 9, training=OFTEN)
    as_before(tmp_path)
    assert holds_state(tmp_path) and load_state(tmp_path)[1]["progress"]["step"] == 9
    events = train(toy, tmp_path, training=OFTEN, resume=True)
    assert of_kind(events, Started)[0].first_epoch == 2 and not messages(events)
    assert not (tmp_path / "training.json").exists()
    assert not (tmp_path / "training.safetensors").exists()
    assert same(load_model(tmp_path).weights, load_model(whole).weights)
    assert steps(tmp_path) == steps(whole)


# Damage


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "an index with a flipped bit": lambda folder: flip(folder / "training.json"),
    "arrays with a flipped bit": lambda folder: flip(folder / "training.safetensors"),
    "no index": lambda folder: (folder / "training.json").unlink(),
    "no arrays": lambda folder: (folder / "training.safetensors").unlink(),
    "an empty index": lambda folder: (folder / "training.json").write_bytes(b""),
    "half of the arrays": lambda folder: (folder / "training.safetensors").write_bytes(
        (folder / "training.safetensors").read_bytes()[:99]
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("how", "count"), [*((how, 1) for how in DAMAGE), ("no arrays", 2)])
def test_a_damaged_state_is_told_and_the_one_before_goes_on_to_the_same_end(
    toy, tmp_path, whole, how, count
):
    interrupted(toy, tmp_path, 15, training=OFTEN)
    states = steps(tmp_path)
    assert states[-1] == 15 and len(states) == 3
    for step in states[-count:]:
        DAMAGE[how](tmp_path / CHECKPOINTS / f"{step:09d}")
    events = train(toy, tmp_path, training=OFTEN, resume=True)
    told = messages(events)
    assert len(told) == count and all("damaged" in message for message in told)
    assert f"at step {states[-1 - count]};" in told[0]
    assert all(message.isprintable() for message in told)
    assert same(load_state(tmp_path)[0], load_state(whole)[0])
    assert same(load_model(tmp_path).weights, load_model(whole).weights)
    assert losses(history(tmp_path)) == losses(history(whole))
    assert steps(tmp_path) == steps(whole)


def test_a_state_that_was_never_sealed_is_passed_over_without_a_word(toy, tmp_path):
    save(tmp_path, 1)
    half = tmp_path / CHECKPOINTS / "000000002"
    half.mkdir()
    (half / "training.safetensors.0123456789abcdef.next").write_bytes(b"half")
    found = find_state(tmp_path)
    assert (found.data, found.damaged) == ({"step": 1}, ())
    save(tmp_path, 3)
    assert steps(tmp_path) == [1, 3]


def test_where_all_are_damaged_the_latest_ones_fault_is_named(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    for step in (1, 2):
        flip(tmp_path / CHECKPOINTS / f"{step:09d}" / "training.json")
    assert "000000002" in refusal(lambda: load_state(tmp_path))
    assert holds_state(tmp_path)


@pytest.mark.slow
def test_a_damaged_model_is_written_again_by_the_training_that_goes_on(toy, tmp_path, whole):
    interrupted(toy, tmp_path, 15, training=OFTEN)
    flip(tmp_path / "model.safetensors")
    train(toy, tmp_path, training=OFTEN, resume=True)
    assert same(load_model(tmp_path).weights, load_model(whole).weights)


# Model and state of different moments


def saved_twice(folder):
    """Save at epoch 1, then the model of epoch 2, killed before its state."""
    first, second = toy_model(1).weights, toy_model(2).weights
    ours, at, later = checkpointer(folder), progress(1, 1), progress(2, 2)
    ours.save_model(first, at.best, at)
    ours.best_weights = first
    ours.save_state({"count": np.array(1)}, at)
    assert ours.load().saved_epoch == 1
    ours.save_model(second, later.best, later)
    return ours, first


def test_the_best_weights_are_those_of_the_state_whatever_the_model_has_become(tmp_path):
    ours, first = saved_twice(tmp_path)
    resumed = ours.load()
    assert resumed.progress.best_epoch == 1 and same(dict(resumed.best_weights), dict(first))
    assert resumed.arrays.keys() == {"count"}
    assert resumed.saved_epoch == 0  # so that it is saved again, with facts to match
    (tmp_path / "model.json").unlink()
    again = ours.load()
    assert same(dict(again.best_weights), dict(first)) and again.saved_epoch == 0


def test_before_the_first_epoch_is_over_there_is_no_best(tmp_path):
    save_model(tmp_path, toy_model())  # another training's, that --force took over
    ours, at = checkpointer(tmp_path), Progress(step=3, step_in_epoch=3)
    ours.best_weights = {}
    ours.save_state({"count": np.array(3)}, at)
    resumed = ours.load()
    assert (resumed.best_weights, resumed.saved_epoch) == ({}, 0)


@pytest.mark.slow
def test_a_kill_between_model_and_state_changes_no_end(toy, tmp_path, whole):
    early, run = tmp_path / "early", tmp_path / "run"
    interrupted(toy, early, 7, training=OFTEN)
    interrupted(toy, run, 16, training=OFTEN)
    later = load_model(run)
    assert later.facts["best"]["epoch"] == 2
    shutil.rmtree(run / CHECKPOINTS)
    shutil.copytree(early / CHECKPOINTS, run / CHECKPOINTS)
    events = train(toy, run, training=OFTEN, resume=True)
    model = load_model(run)
    assert same(model.weights, load_model(whole).weights)
    assert model.facts["best"]["epoch"] == events[-1].best_epoch
    assert losses([model.facts["best"]]) == losses([load_model(whole).facts["best"]])
    assert same(load_state(run)[0], load_state(whole)[0])


# What a resumed training may change


def test_how_often_and_how_many_states_are_saved_may_change(toy, tmp_path, whole):
    interrupted(toy, tmp_path, 9, training=TRAINING)
    other = TRAINING.replace(save_steps=3, save_seconds=1.0, keep_checkpoints=5)
    assert not messages(train(toy, tmp_path, training=other, resume=True))
    assert steps(tmp_path) == [12, 14, 15, 18, 21]
    assert same(load_model(tmp_path).weights, load_model(whole).weights)


@pytest.mark.parametrize("part", ["model", "training"])
def test_every_other_setting_is_named_when_it_differs(tmp_path, part):
    ours = checkpointer(tmp_path)
    ours.save_state({"count": np.array(0)}, Progress())
    index = tmp_path / CHECKPOINTS / "000000000" / "training.json"
    settings = json.loads(index.read_bytes())["state"][part]
    arrays, data = load_state(tmp_path)
    may_change = [
        "epochs", "seconds", "patience", "save_seconds", "save_steps", "keep_checkpoints", "refit",
        "precision",
    ]  # fmt: skip
    for name in settings:
        save_state(tmp_path, arrays, {**data, part: {**settings, name: "other"}})
        if name in may_change:
            ours.load()
        else:
            with pytest.raises(RunError, match=f"another {name.replace('_', ' ')} \\(other; now"):
                ours.load()


def test_the_buckets_of_a_state_of_version_0_1_0_are_kept(tmp_path):
    ours = checkpointer(tmp_path)
    ours.save_state({"count": np.array(0)}, Progress())
    arrays, data = load_state(tmp_path)
    del data["batches"]
    for buckets in (7, None):
        save_state(tmp_path, arrays, {**data, "buckets": buckets})
        assert ours.load().plan == replace(ours.data.plan, buckets=buckets)


def test_scheduled_sampling_of_version_0_1_0_is_dropped_when_off_and_refused_when_on(tmp_path):
    ours = checkpointer(tmp_path)
    ours.save_state({"count": np.array(0)}, Progress(step=3))
    arrays, data = load_state(tmp_path)
    for curve in ("none", "linear"):
        before = {**data["training"], "scheduled_sampling": curve, "truth": 0.75}
        save_state(tmp_path, arrays, {**data, "training": before})
        if curve == "none":
            assert ours.load().progress.step == 3
        else:
            message = refusal(ours.load)
            assert "install charloom 0.1.0" in message and "start over with --force" in message


def test_another_vocabulary_is_refused(tmp_path):
    checkpointer(tmp_path).save_state({"count": np.array(0)}, Progress())
    for other in (Vocabulary(("a", "b")), Vocabulary(("a", "ß"), unknown=True)):
        with pytest.raises(RunError, match="another vocabulary"):
            checkpointer(tmp_path, vocabulary=other).load()


# Taking over


def test_force_forgets_every_state(toy, tmp_path):
    train(toy, tmp_path, training=OFTEN)
    assert len(steps(tmp_path)) == 3
    events = train(toy, tmp_path, training=OFTEN.replace(seed=1), force=True)
    assert of_kind(events, Started)[0].first_epoch == 1
    assert load_state(tmp_path)[1]["training"]["seed"] == 1
    assert len(steps(tmp_path)) == 3


def test_a_training_killed_in_its_first_save_begins_again(toy, tmp_path, whole):
    half = tmp_path / CHECKPOINTS / "000000002"
    half.mkdir(parents=True)
    (half / "training.safetensors.0123456789abcdef.next").write_bytes(b"half")
    train(toy, tmp_path, training=OFTEN, resume=True)
    assert same(load_model(tmp_path).weights, load_model(whole).weights)
    assert steps(tmp_path) == steps(whole)


def test_a_model_without_its_states_is_begun_again_only_by_its_own_corpus(tmp_path):
    ours, at = checkpointer(tmp_path), progress(1, 1)
    ours.save_model(toy_model(1).weights, at.best, at)
    with ours.claimed(force=False, resume=True) as resumes:
        assert not resumes
    for named in (True, False):  # by the digest; of earlier versions, by the names
        with (
            pytest.raises(RunError, match="another corpus"),
            checkpointer(tmp_path, digest="1" * 16, train_names=("aa",)).claimed(
                force=False, resume=True
            ),
        ):
            pass
        if named:
            saved = load_model(tmp_path)
            facts = {k: v for k, v in saved.facts.items() if k != "digest"}
            save_model(tmp_path, toy_model(1, facts=facts, train_names=("aß",), held_out_names=()))
    with checkpointer(tmp_path, digest="1" * 16).claimed(force=False, resume=True) as resumes:
        assert not resumes
