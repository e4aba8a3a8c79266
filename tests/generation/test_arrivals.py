"""Arrivals on toy models whose every string can be enumerated."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.config import SampleConfig
from charloom.errors import ConfigError
from charloom.generation.constraints.automaton import Automaton
from charloom.generation.search import arrivals as module
from charloom.generation.search.arrivals import Arrivals, arrivals, with_repeats
from charloom.generation.search.guides import ConstraintGuide
from charloom.generation.search.walk import Plan, TooManySteps
from charloom.models import threads as threads_module
from charloom.models.sampling import Sampler
from helpers.languages import chi_square, enumerated, toy

pytestmark = pytest.mark.slow

CONFIGS = [
    {},
    {"temperature": 0.5},
    {"temperature": 2},
    {"temperature": (0.4, 1.5)},
    {"top_k": 2},
    {"top_p": 0.7},
    {"min_p": 0.4},
]


def before(
    rnn, draws: float, *, prompt=(), max_length=3, seed=0, threads=1, guide=None, **options
) -> Arrivals:
    walk = {
        key: options.pop(key) for key in ("likeliest", "most_steps", "enough") if key in options
    }
    plan = Plan(
        rnn=rnn,
        sampler=Sampler(SampleConfig(seed=seed, **options)),
        prompt=np.array(prompt, dtype=np.int32),
        max_length=max_length,
        threads=threads,
        guide=guide,
        **walk,
    )
    return arrivals(plan, float(np.log(draws)))


def strings(found: Arrivals) -> list[tuple[int, ...]]:
    parts = np.split(found.ids, np.cumsum(found.lengths)[:-1]) if len(found.lengths) else []
    keys = [tuple(part.tolist()) for part in parts]
    assert len(set(keys)) == len(keys) == len(found.log_p) == len(set(found.keys.tolist()))
    return keys


def in_order(found: Arrivals) -> list[tuple[int, ...]]:
    keys = strings(found)
    return [keys[i] for i in np.argsort(found.log_arrival)]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and units so small that a few strings go through all of the machinery."""
    monkeypatch.setattr(module, "WIDE", 6)
    monkeypatch.setattr(module, "BLOCK", 3)
    monkeypatch.setattr(module, "NARROWEST", 2)


def test_a_walk_that_is_barely_wide_is_divided_once_for_each_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    widths: list[int] = []

    def record(work, parts, threads):
        widths.extend(part.size for part in parts)
        return threads_module.run(work, parts, threads)

    monkeypatch.setattr(module, "WIDE", 30)
    monkeypatch.setattr(module, "NARROWEST", 15)
    monkeypatch.setattr(module, "run", record)
    before(toy("gru"), 1e9, max_length=8, threads=2, temperature=9.0)
    assert 30 <= sum(widths) < 45
    assert len(widths) == 2


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("layers", [1, 2])
def test_probabilities_and_nats_are_exact(cell: str, layers: int) -> None:
    rnn = toy(cell, layers=layers)
    found, exact = before(rnn, 1e9), enumerated(rnn)
    assert sorted(strings(found)) == sorted(exact)
    for string, log_p, nats in zip(strings(found), found.log_p, found.nats, strict=True):
        assert np.exp(log_p) == pytest.approx(exact[string][0], rel=1e-4)
        assert nats == pytest.approx(exact[string][1], abs=1e-4)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("prompt", [(), (2, 1)])
def test_repeated_arrivals_follow_the_sampler(config: dict, prompt: tuple) -> None:
    rnn, draws = toy(seed=4), 50_000
    found = before(rnn, draws, prompt=prompt, max_length=4, **config)
    rows, times = with_repeats(found, np.log(draws))
    assert len(rows)
    assert times.max() <= np.log(draws)
    keys = strings(found)
    exact = enumerated(rnn, prompt=prompt, max_length=4, **config)
    counts = Counter(keys[row] for row in rows)
    assert chi_square(counts, {key: p for key, (p, _) in exact.items()}) > 1e-4
    mass = sum(p for p, _ in exact.values())
    assert abs(len(rows) - mass * draws) < 5 * np.sqrt(draws)
    for string, nats in zip(keys, found.nats, strict=True):
        assert nats == pytest.approx(exact[string][1], abs=1e-4)


@pytest.mark.heavy
def test_first_and_second_arrivals_are_draws_without_replacement() -> None:
    rnn = toy(seed=1)
    exact = {key: p for key, (p, _) in enumerated(rnn, max_length=2).items()}
    total = sum(exact.values())
    pairs = Counter(
        tuple(in_order(before(rnn, 1e6, max_length=2, seed=seed))[:2]) for seed in range(3000)
    )
    expected = {
        (a, b): p / total * q / (total - p)
        for a, p in exact.items()
        for b, q in exact.items()
        if a != b
    }
    assert chi_square(pairs, expected) > 1e-4


def test_a_string_arrives_at_an_exponential_time_of_its_own_rate() -> None:
    rnn = toy(seed=2)
    exact = enumerated(rnn, max_length=2)
    times: dict[tuple[int, ...], list[float]] = {key: [] for key in exact}
    for seed in range(1000):
        found = before(rnn, 1e9, max_length=2, seed=seed)
        for key, log_arrival in zip(strings(found), found.log_arrival, strict=True):
            times[key].append(float(np.exp(log_arrival)) * exact[key][0])
    for scaled in times.values():
        assert len(scaled) == 1000
        # Exp(1): its mean is 1 with a deviation of 1, and e^-1 of it lies above 1
        assert np.mean(scaled) == pytest.approx(1, abs=5 / np.sqrt(1000))
        assert np.mean(np.array(scaled) > 1) == pytest.approx(np.exp(-1), abs=0.08)


@pytest.mark.usefixtures("small_blocks")
@given(draws=st.integers(1, 300), farther=st.integers(1, 20), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=30, deadline=None)
def test_a_longer_horizon_changes_nothing_of_what_came_before(draws, farther, seed) -> None:
    rnn = toy(vocabulary_size=5, seed=4)
    near = in_order(before(rnn, draws, seed=seed, max_length=6))
    far = in_order(before(rnn, draws * farther, seed=seed, max_length=6))
    assert far[: len(near)] == near


@pytest.mark.usefixtures("small_blocks")
def test_blocks_units_and_threads_change_nothing() -> None:
    rnn = toy(vocabulary_size=5, seed=4)
    results = [before(rnn, 3000, max_length=8, threads=threads) for threads in (1, 3)]
    assert in_order(results[0]) == in_order(results[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WIDE", 1)
        patch.setattr(module, "BLOCK", 1000)
        again = before(rnn, 3000, max_length=8)
    assert in_order(again) == in_order(results[0])


def test_blas_keeps_its_threads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []

    class Controller:
        def __init__(self, scipy: int) -> None:
            pass

        def limit(self, **arguments):
            limits.append(arguments)
            return self

        def restore_original_limits(self) -> None:
            limits.append("restored")

    monkeypatch.setattr(threads_module, "_controller", Controller)
    before(toy(), 100)
    assert limits == [{"limits": 1, "user_api": "blas"}, "restored"]


def test_arrivals_say_whether_they_are_complete() -> None:
    rnn = toy()
    assert not before(rnn, 2).complete
    assert before(rnn, 1e12).complete
    assert before(rnn, 1e12, temperature=0).complete
    assert len(before(rnn, 1e12, temperature=0).lengths) <= 1


def test_strings_that_are_too_long_are_dropped_and_their_probability_reported() -> None:
    rnn = toy()
    found = before(rnn, 1e12, max_length=3)
    assert found.lengths.max() == 3
    assert np.exp(found.log_p).sum() + found.unfinished == pytest.approx(1, abs=1e-5)


def test_the_likeliest_are_those_above_the_bound() -> None:
    rnn = toy(vocabulary_size=4, seed=5)
    exact = {key: p for key, (p, _) in enumerated(rnn, max_length=5).items()}
    found = before(rnn, 200, max_length=5, likeliest=True)
    assert sorted(strings(found)) == sorted(key for key, p in exact.items() if p >= 1 / 200)
    assert in_order(found) == sorted(strings(found), key=lambda key: -exact[key])


def test_a_constraint_guide_keeps_the_conditional_distribution() -> None:
    # strings of two ids or more with an even number of the id 2
    classes = np.array([0, 0, 1], np.int32)
    automaton = Automaton(classes, np.array([[0, 1], [1, 0]], np.int32), np.array([1, 0], bool), 0)
    rnn, draws = toy(seed=6), 50_000
    found = before(rnn, draws, max_length=5, guide=ConstraintGuide(automaton, 2, 5))
    exact = {
        key: p
        for key, (p, _) in enumerated(rnn, max_length=5).items()
        if len(key) >= 2 and key.count(2) % 2 == 0
    }
    rows, _ = with_repeats(found, np.log(draws))
    keys = strings(found)
    assert chi_square(Counter(keys[row] for row in rows), exact) > 1e-4
    assert abs(len(rows) - draws * sum(exact.values())) < 5 * np.sqrt(draws)
    np.testing.assert_allclose(found.log_peak, found.log_arrival)


def test_more_steps_than_allowed_are_refused() -> None:
    with pytest.raises(TooManySteps):
        before(toy(vocabulary_size=9), 1e6, max_length=12, most_steps=1000)


def test_threads_must_be_one_or_more() -> None:
    with pytest.raises(ConfigError, match="threads must be a whole number from 1"):
        before(toy(), 10, threads=0)


def test_memory_grows_with_the_strings_and_not_with_the_model() -> None:
    rnn = toy(vocabulary_size=9, seed=7)
    before(rnn, 100, max_length=12)
    peaks = []
    for draws in (5_000, 20_000):
        tracemalloc.start()
        found = before(rnn, draws, max_length=12)
        peaks.append(tracemalloc.get_traced_memory()[1] / len(found.lengths))
        tracemalloc.stop()
    assert peaks[1] < 1000


@pytest.mark.parametrize("enough", [1, 3, 8, 1000])
def test_a_walk_that_may_end_early_has_all_strings_before_its_horizon(enough: int) -> None:
    for seed in range(20):
        whole = before(toy(), 40.0, seed=seed, max_length=4)
        early = before(toy(), 40.0, seed=seed, max_length=4, enough=enough)
        inside = [key for key, at in zip(strings(whole), whole.log_arrival, strict=True)
                  if at <= early.log_horizon]  # fmt: skip
        assert set(inside) <= set(strings(early)) <= set(strings(whole))
        # A prefix that has not ended by the longest length is dropped, and was counted.
        assert early.unfinished or len(inside) >= min(enough, len(whole.keys))
        assert early.steps <= whole.steps
        if len(inside) < len(whole.keys):
            assert not early.complete
