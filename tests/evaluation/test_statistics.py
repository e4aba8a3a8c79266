"""Intervals and their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.errors import ConfigError
from charloom.evaluation import (
    Estimate,
    Measure,
    paired_estimate,
    ratio_estimate,
    share_estimate,
)
from charloom.evaluation import statistics as module
from charloom.evaluation.statistics import changed, reach

pytestmark = pytest.mark.slow


def coverage(intervals, truth):
    return np.mean([found.low <= truth <= found.high for found in intervals])


def test_a_ratio_is_that_of_the_sums():
    assert ratio_estimate([1, 2, 3], [1, 1, 4]).value == 1.0


def test_ratio_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    found = []
    for seed in range(300):
        lengths = rng.integers(3, 15, 150)
        nats = lengths * rng.gamma(4, 0.4, 150)  # 1.6 a character
        found.append(ratio_estimate(nats, lengths, resamples=400, seed=seed))
    assert 0.90 <= coverage(found, 1.6) <= 0.985


@pytest.mark.parametrize(("items", "least"), [(5, 0.86), (10, 0.89), (20, 0.92)])
def test_intervals_of_few_items_hold_the_truth_nearly_as_often(items, least):
    """Plain percentiles hold it in 81, 86 and 91 % of cases."""
    rng, found = np.random.default_rng(0), []
    for seed in range(1000):
        lengths = rng.integers(3, 15, items)
        nats = lengths * rng.gamma(4, 0.4, items)
        found.append(ratio_estimate(nats, lengths, resamples=400, seed=seed))
    assert least <= coverage(found, 1.6) <= 0.97


def test_the_reach_is_students_and_tends_to_the_normal_one():
    assert reach(20) == pytest.approx(2.093024 * np.sqrt(20 / 19), rel=1e-6)
    assert reach(2) > reach(3) > reach(100) > reach(10**6) > module.Z
    assert reach(10**6) == pytest.approx(module.Z, rel=1e-5)


def test_paired_intervals_are_narrower_than_those_of_each():
    rng = np.random.default_rng(1)
    found, widths = [], []
    for seed in range(300):
        lengths = rng.integers(3, 15, 150)
        a = lengths * rng.gamma(4, 0.4, 150)
        b = a - lengths * rng.normal(0.05, 0.2, 150)
        found.append(paired_estimate(a, b, lengths, resamples=400, seed=seed))
        alone = ratio_estimate(a, lengths, resamples=100, seed=seed)
        widths.append((found[-1].high - found[-1].low) / (alone.high - alone.low))
    assert 0.90 <= coverage(found, 0.05) <= 0.985
    assert np.mean(widths) < 0.5


@pytest.mark.parametrize(("p", "of"), [(0.5, 100), (0.02, 200), (0.995, 1000)])
def test_share_intervals_hold_the_truth_as_often_as_they_say(p, of):
    hits = np.random.default_rng(2).binomial(of, p, 1000)
    assert 0.92 <= coverage([share_estimate(int(h), of) for h in hits], p) <= 0.99


def test_a_sum_of_chances_has_an_interval_that_is_wide_enough():
    """Most names have hardly any chance, a few nearly all of it, as in held-out recall."""
    chances = np.random.default_rng(0).beta(0.01, 1.0, 100_000)
    picked = np.random.default_rng(1).choice(chances, (1000, 100))
    found = [share_estimate(float(some.sum()), 100) for some in picked]
    assert coverage(found, chances.mean()) >= 0.94


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval_and_that_in_0_to_1(pair):
    found = share_estimate(*pair)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


def test_many_items_give_the_interval_of_the_bootstrap():
    rng = np.random.default_rng(3)
    denominators = rng.integers(1, 9, module.MANY)
    numerators = denominators * rng.exponential(size=module.MANY)
    quick = ratio_estimate(numerators, denominators)
    slow = ratio_estimate(numerators[:-1], denominators[:-1])
    assert quick.high - quick.low == pytest.approx(slow.high - slow.low, rel=0.1)


def test_the_same_seed_gives_the_same_interval():
    values = np.arange(20.0)
    assert ratio_estimate(values, values + 1, seed=4) == ratio_estimate(values, values + 1, seed=4)
    assert ratio_estimate(values, values + 1, seed=4) != ratio_estimate(values, values + 1, seed=5)


def test_the_interval_of_one_item_is_its_value():
    assert ratio_estimate([3], [2]) == Estimate(value=1.5, low=1.5, high=1.5)


def test_a_changed_estimate_keeps_its_interval_within_bounds():
    spread = Estimate(value=1, low=0.8, high=1.1)
    assert changed(spread, 0.1, 0.0, 1.0) == Estimate(value=0.1, low=0.0, high=pytest.approx(0.2))


def test_a_measure_is_flat_data():
    real = Estimate(value=0.5, low=0.4, high=0.6)
    found = Measure(
        name="new", title="New", estimate=Estimate(value=0.9, low=0.8, high=1.0), unit="%",
        better="higher", real=real, explanation="A sentence.",
    )  # fmt: skip
    assert found.to_dict() == {
        "name": "new", "title": "New", "value": 0.9, "low": 0.8, "high": 1.0, "unit": "%",
        "better": "higher", "real": {"value": 0.5, "low": 0.4, "high": 0.6},
        "explanation": "A sentence.",
    }  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        lambda: ratio_estimate([], []),
        lambda: ratio_estimate([1], [1, 2]),
        lambda: ratio_estimate([1], [0]),
        lambda: ratio_estimate([1], [1], resamples=0),
        lambda: paired_estimate([1, 2], [1], [1]),
        lambda: share_estimate(1, 0),
        lambda: share_estimate(3, 2),
    ],
)
def test_what_cannot_be_estimated_is_refused_in_a_line(call):
    with pytest.raises(ConfigError) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_an_estimate_is_short_to_read():
    estimate = Estimate(value=0.573, low=0.54, high=0.606)
    assert repr(estimate) == "0.573 (0.54 to 0.606)"
    assert "<td>0.54 to 0.606</td>" in estimate._repr_html_()


def test_a_table_escapes_what_it_shows():
    assert "<td>&lt;b&gt;</td>" in module.html_table(("name",), [("<b>",)])
