"""Trials that are trained at once: the same search, with several workers.

All but one test let threads do what the processes of workers do, with simulated trainings.
"""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from multiprocessing import Pipe

import pytest

from charloom.errors import ConfigError, TrainingError
from charloom.tuning import SearchFinished, TrialFinished, tune
from charloom.tuning.parallel import serve, trained_at_once
from helpers.searches import FIXED, loss_of, searched

pytest.importorskip("optuna")


@pytest.fixture
def threads(monkeypatch):
    """Threads in place of processes; the value is their connections."""
    found = []

    @contextmanager
    def started(count, splits):
        pairs = [Pipe() for _ in range(count)]
        found.extend(theirs for _, theirs in pairs)
        works = [threading.Thread(target=serve, args=(theirs, splits)) for _, theirs in pairs]
        for work in works:
            work.start()
        try:
            yield [ours for ours, _ in pairs]
        finally:
            for ours, _ in pairs:
                ours.close()
            for work in works:
                work.join(20)
                assert not work.is_alive()

    monkeypatch.setattr("charloom.tuning.search.started_workers", started)
    return found


def test_the_default_is_tried_first_and_all_trials_are_counted(toy, world, threads):
    world()
    tried, result, _ = searched(toy, workers=3)
    assert tried[0].default and not any(one.default for one in tried[1:])
    assert len(tried) == result.trials == result.complete + result.pruned == 12
    assert result.best == min(one.loss for one in tried if one.outcome == "complete")
    assert result.best < result.default and result.pruned


def test_every_worker_trains(toy, world, threads):
    seen = set()

    def loss(split, model, training):
        seen.add(threading.current_thread())
        return loss_of(split, model, training)

    world(loss=loss, seconds=0.01)
    searched(toy, workers=2, trials=6)
    assert len(seen - {threading.main_thread()}) == 2


def test_a_stopped_search_reports_what_it_has_found(toy, world, threads):
    world(seconds=0.05)
    ended = []
    events = []
    for event in tune(toy, folds=3, fixed=FIXED, workers=2, stop=lambda: len(ended) >= 2):
        events.append(event)
        if isinstance(event, TrialFinished):
            ended.append(event)
    assert isinstance(events[-1], SearchFinished) and events[-1].reason == "interrupted"
    assert ended[0].outcome == "complete" and len(ended) <= 4


def test_a_default_that_diverges_ends_the_search(toy, world, threads):
    world(loss=lambda *_: math.nan)
    with pytest.raises(TrainingError, match="default recipe's loss became NaN"):
        searched(toy, workers=2)


def test_a_worker_that_has_died_is_told_in_one_line():
    ours, theirs = Pipe()
    theirs.close()
    jobs = iter([("trial", "job"), None])
    with pytest.raises(TrainingError, match=r"a process of the search died.* --workers"):
        list(trained_at_once([Sending(ours)], lambda running: next(jobs), None, lambda: False))


class Sending:
    """A connection that can be written although its other end is closed."""

    def __init__(self, connection):
        self.connection = connection
        self.fileno, self.recv = connection.fileno, connection.recv

    def send(self, job):
        pass


def test_workers_are_a_number(toy):
    with pytest.raises(ConfigError, match="workers must be a whole number from 1 to 64"):
        tune(toy, workers=0)


@pytest.mark.heavy
def test_real_processes_search(toy, tmp_path):
    fixed = {**FIXED, "units": 8, "embedding": 4, "base": "none", "epochs": 2}
    events = list(
        tune(toy, trials=3, folds=2, fixed=fixed, workers=2, journal=tmp_path / "journal")
    )
    ended = [event for event in events if isinstance(event, TrialFinished)]
    assert len(ended) == 3 and isinstance(events[-1], SearchFinished)
    again = list(tune(toy, trials=3, folds=2, fixed=fixed, workers=2, journal=tmp_path / "journal"))
    assert not [event for event in again if isinstance(event, TrialFinished)]
