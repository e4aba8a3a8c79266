"""Work in pieces that are done at once, each in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from charloom.errors import CharloomError, TrainingError
from charloom.training.at_once import Advanced, Begun, Done, Lost, at_once


@dataclass(frozen=True)
class Counts:
    """Yields the numbers below ``most``, and returns their sum and the process."""

    most: int

    def work(self):
        yield from range(self.most)
        return sum(range(self.most)), os.getpid()


@dataclass(frozen=True)
class Dies:
    """Kills its process, unless that is ``survivor`` or it was begun ``times`` before."""

    folder: Path
    times: int
    survivor: int

    def work(self):
        begun = len(list(self.folder.iterdir()))
        (self.folder / str(begun)).touch()
        yield begun
        if begun < self.times and os.getpid() != self.survivor:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()


@dataclass(frozen=True)
class Endless:
    def work(self):
        while True:
            time.sleep(0.01)
            yield os.getpid()


@dataclass(frozen=True)
class Fails:
    error: Exception

    def work(self):
        yield 0
        raise self.error


def never():
    return False


def results(news):
    return {one.number: one.result for one in news if isinstance(one, Done)}


def test_one_worker_does_all_here_and_in_order():
    news = list(at_once((Counts(n) for n in (3, 4)), 1, never))
    assert news == [
        Begun(0), Advanced(0, 0), Advanced(0, 1), Advanced(0, 2), Done(0, (3, os.getpid())),
        Begun(1), *(Advanced(1, n) for n in range(4)), Done(1, (6, os.getpid())),
    ]  # fmt: skip


def test_pieces_are_taken_when_there_is_somebody_to_do_them():
    taken = []

    def pieces():
        for number in range(3):
            taken.append(number)
            yield Counts(2)

    with closing(at_once(pieces(), 1, never)) as news:
        next(news)
        assert taken == [0]


def test_a_stopped_work_leaves_the_rest():
    done = []
    for one in at_once([Counts(2), Counts(2)], 1, lambda: len(done) == 1):
        if isinstance(one, Done):
            done.append(one)
    assert [one.number for one in done] == [0]


@pytest.mark.heavy
def test_processes_do_each_piece_once():
    news = list(at_once([Counts(n) for n in range(5)], 2, never))
    found = results(news)
    assert {number: total for number, (total, _) in found.items()} == {0: 0, 1: 0, 2: 1, 3: 3, 4: 6}
    processes = {process for _, process in found.values()}
    assert os.getpid() not in processes and len(processes) <= 2
    assert not [one for one in news if isinstance(one, Lost)]


@pytest.mark.heavy
def test_a_piece_whose_process_is_killed_is_begun_again_elsewhere(tmp_path):
    news = list(at_once([Dies(tmp_path, 1, os.getpid()), Counts(3)], 2, never))
    assert [one for one in news if isinstance(one, Lost)] == [Lost(0)]
    found = results(news)
    assert found[0] != os.getpid() and found[1][0] == 3


@pytest.mark.heavy
def test_without_a_living_process_this_one_does_the_rest(tmp_path):
    news = list(at_once([Dies(tmp_path, 9, os.getpid()), Counts(3)], 2, never))
    assert len([one for one in news if isinstance(one, Lost)]) == 2
    found = results(news)
    assert found[0] == os.getpid() and found[1][0] == 3


@pytest.mark.heavy
def test_all_processes_end_when_the_work_is_stopped_or_left():
    seen = []
    for one in at_once([Endless(), Endless()], 2, lambda: len(set(seen)) == 2):
        if isinstance(one, Advanced):
            seen.append(one.progress)
    with closing(at_once([Endless()] * 2, 2, never)) as news:
        for one, _ in zip(news, range(6), strict=False):
            if isinstance(one, Advanced):
                seen.append(one.progress)
    for process in set(seen):
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@pytest.mark.heavy
def test_what_a_piece_raises_is_told_in_one_line(capfd):
    with pytest.raises(TrainingError, match="no names"):
        list(at_once([Fails(CharloomError("no names"))], 2, never))
    with pytest.raises(ZeroDivisionError):  # of no meaning to users: raised where it is seen
        list(at_once([Fails(ZeroDivisionError())], 2, never))
    assert "Traceback" not in capfd.readouterr().err
