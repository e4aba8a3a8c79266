"""Progress without a terminal: a line at least every half a minute, and few in a short training."""

from __future__ import annotations

import time

import pytest

from charloom import fit
from charloom.cli.progress_bar import progress_bar
from charloom.reporting import lines as lines_module
from charloom.reporting.lines import ProgressLines, clock
from charloom.reporting.progress import show

SMALL = {"kind": "network", "base": "none", "units": 4, "embedding": 4, "seed": 1}


def test_a_line_comes_where_work_is_silent(monkeypatch):
    monkeypatch.setattr(lines_module, "MOST_SILENT", 0.05)
    written: list[str] = []
    with ProgressLines(written.append) as lines:
        time.sleep(0.1)
        assert written == []  # nothing is known yet
        lines.update("half")
        deadline = time.monotonic() + 10
        while len(written) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert written[:2] == ["half", "half"]
    ended = len(written)
    time.sleep(0.1)
    assert len(written) == ended


def test_offered_lines_come_apart_and_the_last_always(monkeypatch):
    written: list[str] = []
    with ProgressLines(written.append) as lines:
        for number in range(20):
            lines.offer(f"epoch {number}")
        assert written == []
        lines.finish()
        lines.finish()
    assert written == ["epoch 19"]
    monkeypatch.setattr(lines_module, "LEAST_APART", 0.0)
    with ProgressLines(written.append) as lines:
        lines.offer("epoch 1")
        lines.offer("epoch 2")
    assert written[1:] == ["epoch 1", "epoch 2"]


def test_nothing_is_written_where_a_bar_is_shown():
    written: list[str] = []
    with ProgressLines(written.append, disable=True) as lines:
        lines.offer("epoch 1")
        lines.finish()
    assert written == []


def test_times_are_minutes_and_seconds():
    assert [clock(s) for s in (-1, 5.4, 125, 3725)] == ["0:00", "0:05", "2:05", "1:02:05"]


def test_a_short_training_without_a_terminal_writes_its_last_epoch_only(toy, capsys, monkeypatch):
    monkeypatch.setattr(lines_module, "LEAST_APART", 1000.0)  # on a machine however slow
    show(fit(toy, epochs=6, **SMALL), toy)
    epochs = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch")]
    assert len(epochs) == 1
    assert "epoch   6  loss" in epochs[0]
    assert "left" in epochs[0]


def test_every_epoch_of_a_long_training_is_a_line(toy, capsys, monkeypatch):
    monkeypatch.setattr(lines_module, "LEAST_APART", 0.0)
    show(fit(toy, epochs=3, **SMALL), toy)
    err = capsys.readouterr().err
    assert err.count("held-out") == 3
    assert err.count(" left") == 3


def test_other_long_work_writes_where_it_is(capsys, monkeypatch):
    monkeypatch.setattr(lines_module, "MOST_SILENT", 0.05)
    with progress_bar("names", lambda: 0.25):
        time.sleep(0.5)
    assert "names: 25%" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["samples", "memorisation"])
def test_work_in_parts_names_its_part(what, capsys, monkeypatch):
    monkeypatch.setattr(lines_module, "MOST_SILENT", 0.05)
    with progress_bar() as tell:
        tell(what, 0.5)
        time.sleep(0.5)
    assert f"{what}: 50%" in capsys.readouterr().err
