"""A save that is stopped at any step leaves the earlier model or the new one."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from charloom.errors import RunError
from charloom.run import (
    SavedModel,
    load_model,
    save_model,
)
from charloom.storage import disk
from helpers.machine import KilledError, Machine
from helpers.run_folders import MODEL_FILES, plain, refusal, toy


def count_calls(folder: Path, model: SavedModel) -> int:
    machine = Machine()
    with machine.failing(10**9):
        save_model(folder, model)
    return len(machine.log)


def litter(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - MODEL_FILES


OLD, NEW = plain(toy(0)), plain(toy(1))


def test_a_kill_at_any_call_leaves_the_old_model_or_the_new(tmp_path: Path) -> None:
    save_model(tmp_path / "count", toy(0))
    calls = count_calls(tmp_path / "count", toy(1))
    assert calls > 10
    seen = []
    for at in range(calls):
        folder = tmp_path / str(at)
        save_model(folder, toy(0))
        with Machine().failing(at), pytest.raises(KilledError):
            save_model(folder, toy(1))
        seen.append(plain(load_model(folder)))
        assert len(litter(folder)) <= 3
        save_model(folder, toy(2))
        assert plain(load_model(folder)) == plain(toy(2))
        assert not litter(folder)
    turn = seen.index(NEW)
    assert seen == [OLD] * turn + [NEW] * (calls - turn)


@pytest.mark.heavy
def test_a_kill_after_a_kill_leaves_a_model(tmp_path: Path) -> None:
    save_model(tmp_path / "count", toy(0))
    calls = count_calls(tmp_path / "count", toy(1))
    folder = tmp_path / "run"
    for first in range(calls):
        for second in range(0, calls + 4, 4):
            for again in (1, 2, 0):  # the model that was stopped, a third, and the old one
                save_model(folder, toy(0))
                with Machine().failing(first), pytest.raises(KilledError):
                    save_model(folder, toy(1))
                with Machine().failing(second), contextlib.suppress(KilledError):
                    save_model(folder, toy(again))
                assert plain(load_model(folder)) in (OLD, NEW, plain(toy(again)))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_an_error_at_any_call_is_one_line_and_loses_no_model(tmp_path: Path, code: int) -> None:
    save_model(tmp_path / "count", toy(0))
    calls = count_calls(tmp_path / "count", toy(1))
    refused = 0
    for at in range(calls):
        folder = tmp_path / str(at)
        save_model(folder, toy(0))
        error = OSError(code, os.strerror(code))
        try:
            with Machine().failing(at, error=error):
                save_model(folder, toy(1))
        except RunError as caught:
            refused += 1
            assert os.strerror(code) in str(caught) and str(caught).isprintable()
            assert plain(load_model(folder)) in (OLD, NEW)
        else:  # the call was one that a save can do without
            assert plain(load_model(folder)) == NEW
        save_model(folder, toy(2))
        assert plain(load_model(folder)) == plain(toy(2))
        assert not litter(folder)
    assert refused > calls // 2


def test_a_full_disk_keeps_the_earlier_model_and_no_litter(folder: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    for seed in range(1, 4):
        machine = Machine()
        with machine.failing(0, error=full, for_good=True):
            text = refusal(lambda s=seed: save_model(folder, toy(s)))
        assert "No space left on device" in text
        assert plain(load_model(folder)) == OLD
    probe = Machine()
    with probe.failing(10**9):
        save_model(folder, toy(0))
    writes = [at for at, (name, _) in enumerate(probe.log) if name == "write"]
    for at in writes:
        with Machine().failing(at, error=full, for_good=True):
            refusal(lambda: save_model(folder, toy(1)))
        assert plain(load_model(folder)) == OLD
        assert not litter(folder)


def test_kills_in_a_row_leave_no_growing_litter(tmp_path: Path) -> None:
    for start in ("fresh", "used"):
        folder = tmp_path / start
        if start == "used":
            save_model(folder, toy(0))
        for seed in range(1, 60):
            with Machine().failing(5 + seed % 12), contextlib.suppress(KilledError):
                save_model(folder, toy(seed))
            assert len(litter(folder)) <= 6


def test_a_save_touches_no_file_of_others(folder: Path) -> None:
    others = ["notes.txt", "model.json.bak", "model.json.old.tmp", "x.0123456789abcdef.next"]
    for name in others:
        (folder / name).write_text("mine")
    save_model(folder, toy(1))
    assert litter(folder) == set(others)


def test_nothing_is_renamed_before_it_is_on_the_disk(folder: Path) -> None:
    machine = Machine()
    with machine.failing(10**9):
        save_model(folder, toy(1))
    log = machine.log
    commit = next(
        at
        for at, (call, name) in enumerate(log)
        if call == "replace" and name.startswith("model.json.")
    )
    moves = [at for at, (call, name) in enumerate(log) if call == "replace" and ".next" in name]
    asides = [
        at for at, (call, name) in enumerate(log[:commit]) if call == "replace" and ".tmp" in name
    ]
    syncs = [at for at, entry in enumerate(log) if entry == ("fsync", folder.name)]
    assert len(moves) == len(asides) == 2  # weights and training names; the others are unchanged
    for at in (*asides, commit):
        last = max(i for i, entry in enumerate(log[:at]) if entry[1] == log[at][1])
        assert log[last] == ("fsync", log[at][1])
    assert any(max(asides) < at < commit for at in syncs)
    assert any(commit < at < min(moves) for at in syncs)
    assert any(max(moves) < at for at in syncs)


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_them_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:100]))
    save_model(folder, toy(1))
    monkeypatch.undo()
    assert plain(load_model(folder)) == NEW


@pytest.mark.parametrize("seeds", [[1], [1, 2], [1, 0], [1, 2, 0]])
def test_saves_between_two_reads_do_not_disturb_the_reader(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seeds: list[int]
) -> None:
    read = disk.read
    left = list(seeds)

    def read_and_save(path: Path, limit: int) -> bytes | None:
        data = read(path, limit)
        if left and path.name in ("model.json", "model.safetensors"):
            save_model(folder, toy(left.pop(0)))
        return data

    monkeypatch.setattr(disk, "read", read_and_save)
    assert plain(load_model(folder)) == plain(toy(seeds[-1]))
    assert not left


SAVER = """
import itertools, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from helpers.run_folders import toy
from charloom.run import save_model
for seed in itertools.count(int(sys.argv[3])):
    save_model(Path(sys.argv[1]), toy(seed))
    print(seed, flush=True)
"""


@pytest.mark.heavy
def test_a_real_kill_leaves_a_model_and_readers_see_no_gap(folder: Path) -> None:
    rng = random.Random(0)
    seed = 1
    for _ in range(4):
        saver = subprocess.Popen(
            [sys.executable, "-c", SAVER, folder, Path(__file__).parents[1], str(seed)],
            stdout=subprocess.PIPE,
        )
        assert saver.stdout is not None
        try:
            assert saver.stdout.readline()
            end = time.monotonic() + rng.uniform(0.01, 0.15)
            while time.monotonic() < end:
                model = load_model(folder)
                assert plain(model) == plain(toy(model.facts["seed"]))
        finally:
            saver.send_signal(signal.SIGKILL)
            lines = saver.communicate()[0].split()
        done = int(lines[-1]) if lines else seed
        model = load_model(folder)
        assert model.facts["seed"] in (done, done + 1)
        assert plain(model) == plain(toy(model.facts["seed"]))
        assert len(litter(folder)) <= 4
        seed = done + 2
    save_model(folder, toy(1))
    assert plain(load_model(folder)) == NEW and not litter(folder)
