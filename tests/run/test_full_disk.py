"""A full disk stops a training in one line, loses nothing, and with room it continues."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charloom.errors import RunError
from charloom.run import (
    CHECKPOINTS,
    STATE_FILES,
    forget_state,
    holds_state,
    load_model,
)
from charloom.training.progress import Progress
from helpers.checkpointers import checkpointer, progress
from helpers.machine import KilledError, Machine
from helpers.run_folders import MODEL_FILES, toy
from helpers.trainings import same

pytestmark = pytest.mark.slow

KEPT = {1, 2, 3}
"""Epochs whose model and state are saved, one after the other; the last save is what fails."""


def save(folder: Path, epoch: int) -> None:
    """Save the model of an epoch, the state that goes with it, and an epoch's own model."""
    ours, at, weights = checkpointer(folder), progress(epoch, epoch), toy(epoch).weights
    ours.save_model(weights, at.best, at)
    ours.best_weights = weights
    ours.save_state({"count": np.full(9, epoch)}, at)


def prepared(folder: Path) -> Path:
    for epoch in sorted(KEPT)[:-1]:
        save(folder, epoch)
    return folder


def check(folder: Path) -> Progress:
    """Say where training continues; it can, and its parts fit each other."""
    resumed = checkpointer(folder).load()
    at = resumed.progress
    assert same(dict(resumed.best_weights), dict(toy(at.best_epoch).weights))
    assert (resumed.arrays["count"] == at.epoch).all() and not resumed.damaged
    saved = load_model(folder)
    assert same(dict(saved.weights), dict(toy(saved.facts["best"]["epoch"]).weights))
    assert resumed.saved_epoch in (0, saved.facts["best"]["epoch"])
    return at


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def whole() -> set[str]:
    """All that a folder should hold in the end."""
    states = [f"{CHECKPOINTS}/{10 * epoch:09d}" for epoch in sorted(KEPT)[1:]]
    return {*MODEL_FILES, *(f"{state}/{file}" for state in states for file in STATE_FILES)}


def calls_of(folder: Path, what) -> list[str]:
    machine = Machine()
    with machine.failing(10**9):
        what(folder)
    return [name for name, _ in machine.log]


@pytest.mark.heavy
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
def test_a_disk_that_is_full_at_any_call_loses_no_state(tmp_path, for_good):
    calls = calls_of(prepared(tmp_path / "count"), lambda folder: save(folder, 3))
    assert {"open", "write", "fsync", "replace", "unlink", "mkdir", "rmdir"} == set(calls)
    full, reached, refused = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), [], 0
    for at in range(len(calls)):
        folder = prepared(tmp_path / str(at))
        try:
            with Machine().failing(at, error=full, for_good=for_good):
                save(folder, 3)
        except RunError as error:
            refused += 1
            reached.append(check(folder).epoch)
            assert os.strerror(errno.ENOSPC) in str(error) and str(error).isprintable()
            assert "free some space" in str(error)
        else:  # the call was one that a save can do without
            assert check(folder).epoch == 3
        save(folder, 3)  # there is room again
        assert check(folder).epoch == 3
        assert files(folder) == whole()
    assert reached == sorted(reached) and set(reached) == {2, 3}
    assert refused > len(calls) * 3 // 4


@pytest.mark.heavy
def test_a_process_that_dies_at_any_call_loses_no_state(tmp_path):
    calls = calls_of(prepared(tmp_path / "count"), lambda folder: save(folder, 3))
    reached = []
    for at in range(len(calls)):
        folder = prepared(tmp_path / str(at))
        with Machine().failing(at), pytest.raises(KilledError):
            save(folder, 3)
        reached.append(check(folder).epoch)
        save(folder, 3)
        assert check(folder).epoch == 3 and files(folder) == whole()
    assert reached == sorted(reached) and set(reached) == {2, 3}


@pytest.mark.heavy
def test_a_disk_that_fails_the_first_save_leaves_a_folder_to_begin_in(tmp_path):
    calls = calls_of(tmp_path / "count", lambda folder: save(folder, 3))
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for at in range(len(calls)):
        folder = tmp_path / str(at)
        with contextlib.suppress(RunError), Machine().failing(at, error=full):
            save(folder, 3)
        with checkpointer(folder).claimed(force=False, resume=True) as resumes:
            assert resumes == holds_state(folder)
            if resumes:
                assert check(folder).epoch == 3
        save(folder, 3)
        assert check(folder).epoch == 3


@pytest.mark.heavy
def test_forgetting_that_fails_keeps_the_latest_state_or_none(tmp_path):
    calls = calls_of(prepared(tmp_path / "count"), forget_state)
    for error in (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), None):
        for at in range(len(calls)):
            folder = prepared(tmp_path / f"{at} {error}")
            with (
                contextlib.suppress(RunError, KilledError),
                Machine().failing(at, error=error),
            ):
                forget_state(folder)
            assert not holds_state(folder) or check(folder).epoch == 2
            forget_state(folder)
            assert not holds_state(folder) and files(folder) == MODEL_FILES


# A real disk

FILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from helpers.small_disk import trained_on_a_disk_that_fills
trained_on_a_disk_that_fills(Path(sys.argv[1]))
print("done")
"""


@pytest.mark.heavy
def test_a_training_on_a_disk_that_fills_goes_on_when_there_is_room(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if not shutil.which("unshare"):
        pytest.skip("needs unshare, to mount a small disk")
    apart = ["unshare", "--map-root-user", "--mount"]
    mount = f"mount -t tmpfs -o size=600k tmpfs '{disk}'"
    if subprocess.run([*apart, "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    script = f"{mount} && exec '{sys.executable}' -c \"$1\" '{disk}' '{Path(__file__).parents[1]}'"
    done = subprocess.run(
        [*apart, "sh", "-c", script, "sh", FILLED], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "done\n", done.stderr
