"""The learning rate rises, falls along a cosine, and keeps to a budget of seconds."""

from __future__ import annotations

import time

import pytest

from charloom.config import TrainConfig
from charloom.training.schedule import Schedule, learning_rate

CONFIG = TrainConfig(learning_rate=0.01, warmup=0.1, final=0.2)


@pytest.mark.parametrize(
    ("progress", "rate"), [(0.05, 0.005), (0.1, 0.01), (0.55, 0.006), (1.0, 0.002)]
)
def test_the_rate_is_that_of_warm_up_and_cosine(progress, rate):
    assert learning_rate(CONFIG, progress) == pytest.approx(rate)


def test_without_a_warm_up_the_rate_starts_at_its_peak():
    assert learning_rate(CONFIG.replace(warmup=0.0), 0.0) == pytest.approx(0.01)


def test_without_a_budget_progress_is_that_of_the_steps():
    schedule = Schedule(CONFIG, 8, time.monotonic() - 1000)
    assert [schedule.progress(step) for step in (0, 2, 8)] == [0, 0.25, 1]


def test_a_budget_makes_progress_follow_the_clock(monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    schedule = Schedule(CONFIG.replace(seconds=13.0), 1000, started=98.0)
    schedule.reserve = 1.0
    schedule.begin()
    assert schedule.progress(0) == 0
    now = 105.0
    assert schedule.progress(1) == pytest.approx(0.5)
    assert schedule.progress(900) == pytest.approx(0.9)
    now = 110.0
    assert schedule.progress(1) == 1


def test_a_budget_that_is_over_before_the_first_step_ends_at_once():
    schedule = Schedule(CONFIG.replace(seconds=1.0), 1000, started=time.monotonic() - 5)
    schedule.begin()
    assert schedule.progress(0) == 1
