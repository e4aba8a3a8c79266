"""The history: a line an epoch, whole, as training continues."""

from __future__ import annotations

import os

import pytest

from charloom.errors import RunError
from charloom.training.events import Evaluated
from charloom.training.history import HISTORY, append_history
from charloom.training.trainer import fit
from helpers.trainings import MODEL, TRAINING, history, interrupted, losses, train


@pytest.fixture(scope="module")
def whole(toy, tmp_path_factory):
    """A training without interruption; tests only read it."""
    folder = tmp_path_factory.mktemp("whole")
    train(toy, folder)
    return folder


@pytest.mark.slow
def test_the_history_has_a_line_per_epoch_during_training(toy, tmp_path):
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


@pytest.mark.slow
def test_a_resumed_training_cuts_the_history_to_its_checkpoint(toy, tmp_path, whole):
    interrupted(toy, tmp_path, 9)  # in the second epoch
    with (tmp_path / HISTORY).open("a") as file:
        file.write('{"epoch": 2, "train_nats_per_char": 9.9}\n{"epoch": 3, "tra')
    train(toy, tmp_path, resume=True)
    assert losses(history(tmp_path)) == losses(history(whole))
    seconds = [entry["seconds"] for entry in history(tmp_path)]
    assert seconds == sorted(seconds)


def test_a_loss_of_nan_is_null_in_the_history(tmp_path):
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
