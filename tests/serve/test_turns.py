"""Threads take turns: the last to come need not wait until the first has ended."""

from __future__ import annotations

import threading

import pytest

from charloom.serve import turns as module
from charloom.serve.turns import Turns


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Turns that last no time at all."""
    monkeypatch.setattr(module, "TURN", 0.0)
    return Turns()


def test_short_work_ends_while_long_work_continues(turns: Turns) -> None:
    begun, over = threading.Event(), threading.Event()

    def long() -> None:
        with turns.taken(lambda: None) as proceed:
            begun.set()
            while not over.wait(0.001):
                proceed()

    thread = threading.Thread(target=long)
    thread.start()
    assert begun.wait(30)
    with turns.taken(lambda: None) as proceed:
        for _ in range(3):
            proceed()
    assert thread.is_alive()
    over.set()
    thread.join(30)
    assert not thread.is_alive()


def test_one_works_at_a_time(turns: Turns) -> None:
    working, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal working, most
        with turns.taken(lambda: None) as proceed:
            for _ in range(50):
                with lock:
                    working += 1
                    most = max(most, working)
                with lock:
                    working -= 1
                proceed()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1


def test_who_need_not_wait_any_more_leaves_the_line(turns: Turns) -> None:
    def gone() -> None:
        raise InterruptedError

    with turns.taken(lambda: None) as proceed:
        with pytest.raises(InterruptedError), turns.taken(gone):
            pass
        proceed()
    with turns.taken(lambda: None):
        pass
