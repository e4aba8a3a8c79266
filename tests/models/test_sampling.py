"""Samplers against distributions worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from charloom.config import SampleConfig
from charloom.errors import GenerationError
from charloom.models.sampling import MANY, Sampler, choose
from charloom.models.scoring.names import log_softmax

INF = float("inf")


def sampler(**settings) -> Sampler:
    return Sampler(SampleConfig(**settings))


def logits_of(*probabilities: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.array([probabilities], dtype=np.float32))


def probabilities(settings: dict, *of: float) -> np.ndarray:
    return np.exp(sampler(**settings).log_probabilities(logits_of(*of)))[0]


def configs(**fixed) -> st.SearchStrategy[SampleConfig]:
    return st.builds(
        SampleConfig,
        temperature=fixed.get("temperature", st.sampled_from([0, 1e-30, 0.1, 0.7, 1.0, 1.5, 100])),
        top_k=st.none() | st.integers(1, 8),
        top_p=st.none() | st.floats(0.01, 1),
        min_p=st.none() | st.floats(0, 1),
    )


finite_logits = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 6)),
    elements=st.floats(-50, 50, width=32),
)


def test_log_softmax_is_normalised_and_keeps_differences() -> None:
    logits = np.array([[1, 2, 4], [1000, 1000, -1000]], dtype=np.float32)
    log_p = log_softmax(logits)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.diff(log_p[0]), [1, 2], atol=1e-6)
    np.testing.assert_allclose(np.exp(log_p[1]), [0.5, 0.5, 0], atol=1e-6)


def test_temperature_one_without_filters_is_the_softmax() -> None:
    np.testing.assert_allclose(probabilities({}, 0.5, 0.3, 0.2), [0.5, 0.3, 0.2], atol=1e-6)


def test_temperature_divides_the_logits() -> None:
    expected = np.array([0.25, 0.09, 0.04]) / 0.38
    got = probabilities({"temperature": 0.5}, 0.5, 0.3, 0.2)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_zero_temperature_is_all_on_the_most_likely_id() -> None:
    log_p = sampler(temperature=0).log_probabilities(logits_of(0.2, 0.4, 0.4))
    assert log_p.tolist() == [[-INF, 0, -INF]]  # of ties, the lower id


def test_a_temperature_next_to_zero_is_as_good_as_greedy() -> None:
    got = probabilities({"temperature": 1e-300}, 0.2, 0.5, 0.3)
    np.testing.assert_array_equal(got, [0, 1, 0])


def test_top_k_keeps_k_and_of_ties_the_lower_ids() -> None:
    got = probabilities({"top_k": 2}, 0.1, 0.3, 0.3, 0.3)
    np.testing.assert_allclose(got, [0, 0.5, 0.5, 0], atol=1e-6)


def test_top_k_beyond_the_vocabulary_keeps_all() -> None:
    got = probabilities({"top_k": 99}, 0.5, 0.3, 0.2)
    np.testing.assert_allclose(got, [0.5, 0.3, 0.2], atol=1e-6)


@pytest.mark.parametrize(
    ("p", "kept"),
    [(0.3, [1]), (0.55, [1, 2]), (0.75, [1, 2]), (0.85, [1, 2, 3]), (1, [1, 2, 3, 0])],
)
def test_top_p_keeps_the_fewest_that_hold_the_share(p: float, kept: list[int]) -> None:
    got = probabilities({"top_p": p}, 0.05, 0.5, 0.3, 0.15)
    assert sorted(np.flatnonzero(got)) == sorted(kept)
    assert got.sum() == pytest.approx(1)


def test_top_p_of_ties_keeps_the_lower_ids() -> None:
    got = probabilities({"top_p": 0.4}, 0.25, 0.25, 0.25, 0.25)
    np.testing.assert_allclose(got, [0.5, 0.5, 0, 0], atol=1e-6)


def test_min_p_is_relative_to_the_most_likely() -> None:
    got = probabilities({"min_p": 0.5}, 0.5, 0.26, 0.24)
    np.testing.assert_allclose(got, [0.5 / 0.76, 0.26 / 0.76, 0], atol=1e-6)


def test_top_p_acts_on_what_top_k_left() -> None:
    # Of the top two, 0.4 and 0.3, the first alone holds 4/7 > 0.55; of all four it does not.
    assert np.flatnonzero(probabilities({"top_k": 2, "top_p": 0.55}, 0.4, 0.3, 0.2, 0.1)).size == 1
    assert np.flatnonzero(probabilities({"top_p": 0.55}, 0.4, 0.3, 0.2, 0.1)).size == 2


def test_filters_act_on_the_tempered_distribution() -> None:
    # Squared, 0.5 and 0.4 become 0.25 and 0.16: more than half as likely; 0.3 becomes 0.09: less.
    got = probabilities({"temperature": 0.5, "min_p": 0.5}, 0.5, 0.4, 0.3)
    assert np.flatnonzero(got).tolist() == [0, 1]


@given(finite_logits, configs())
def test_the_distribution_is_normalised_and_holds_the_most_likely_id(logits, config) -> None:
    log_p = Sampler(config).log_probabilities(logits)
    assert log_p.shape == logits.shape
    assert log_p.dtype == np.float64
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, atol=1e-6)
    best = logits.argmax(axis=1)
    assert (log_p[np.arange(len(best)), best] == log_p.max(axis=1)).all()


@given(finite_logits, configs(), st.integers(0, 2**32))
def test_what_is_excluded_is_never_drawn(logits, config, seed) -> None:
    rows = np.repeat(np.arange(len(logits)), 50)
    ids = Sampler(config).pick(logits, np.random.default_rng(seed), rows)
    assert ids.shape == rows.shape
    assert np.isfinite(Sampler(config).log_probabilities(logits)[rows, ids]).all()


class Ends:
    """A generator whose uniform numbers are all at one end of [0, 1)."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self, size: int) -> np.ndarray:
        return np.full(size, self.value)


@given(finite_logits, configs(temperature=st.sampled_from([0.1, 1.0])))
def test_the_ends_of_the_unit_interval_draw_the_first_and_last_id_left(logits, config) -> None:
    sampler = Sampler(config)
    possible = np.exp(sampler.log_probabilities(logits).astype(np.float32)) > 1e-6
    first = possible.argmax(axis=1)
    last = possible.shape[1] - 1 - possible[:, ::-1].argmax(axis=1)
    low = sampler.pick(logits, Ends(0.0))
    high = sampler.pick(logits, Ends(np.nextafter(1, 0)))
    assert (low <= first).all()
    assert (high >= last).all()
    log_p = sampler.log_probabilities(logits)
    rows = np.arange(len(logits))
    assert np.isfinite(log_p[rows, low]).all()
    assert np.isfinite(log_p[rows, high]).all()


@pytest.mark.parametrize(
    "settings",
    [{}, {"temperature": 0.6}, {"top_k": 2}, {"top_p": 0.8}, {"min_p": 0.3, "temperature": 1.4}],
)
def test_draws_follow_the_distribution_row_by_row(settings: dict) -> None:
    logits = np.concatenate([logits_of(0.5, 0.3, 0.15, 0.05), logits_of(0.1, 0.2, 0.3, 0.4)])
    draws = 200_000
    rows = np.repeat([1, 0], [draws, draws])  # any order will do
    ids = sampler(**settings).pick(logits, np.random.default_rng(0), rows)
    expected = np.exp(sampler(**settings).log_probabilities(logits))
    for row in (0, 1):
        got = np.bincount(ids[rows == row], minlength=4) / draws
        five_sigma = 5 * np.sqrt(expected[row] * (1 - expected[row]) / draws)
        assert (np.abs(got - expected[row]) <= five_sigma).all()


def test_without_rows_each_row_is_drawn_from_once() -> None:
    logits = np.repeat(logits_of(0.5, 0.3, 0.2), 6, axis=0)
    once = sampler().pick(logits, np.random.default_rng(3))
    named = sampler().pick(logits, np.random.default_rng(3), np.arange(6))
    np.testing.assert_array_equal(once, named)


def test_zero_temperature_ignores_the_randomness() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    ids = sampler(temperature=0).pick(logits_of(0.2, 0.5, 0.3), rng, np.zeros(4, dtype=np.intp))
    assert ids.tolist() == [1, 1, 1, 1]
    assert rng.bit_generator.state == before


@given(finite_logits, st.integers(0, 100))
def test_top_k_of_one_is_greedy(logits, seed) -> None:
    ids = sampler(top_k=1).pick(logits, np.random.default_rng(seed))
    np.testing.assert_array_equal(ids, sampler(temperature=0).pick(logits, None))


def test_the_logits_are_left_as_they_are() -> None:
    logits = logits_of(0.5, 0.3, 0.2)
    before = logits.copy()
    settings = {"temperature": 0.5, "top_k": 2, "top_p": 0.9, "min_p": 0.1}
    sampler(**settings).pick(logits, np.random.default_rng(0))
    sampler(**settings).log_probabilities(logits)
    np.testing.assert_array_equal(logits, before)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("temperature", [0, 0.5, 1])
def test_logits_that_are_no_numbers_are_refused(bad: float, temperature: float) -> None:
    logits = np.array([[0, bad, 1], [0, 0, 0]], dtype=np.float32)
    with pytest.raises(GenerationError, match="finite"):
        sampler(temperature=temperature).pick(logits, np.random.default_rng(0))


def test_no_rows_give_no_ids() -> None:
    logits = np.empty((0, 4), dtype=np.float32)
    for temperature in (0, 1):
        ids = sampler(temperature=temperature).pick(logits, np.random.default_rng(0))
        assert ids.shape == (0,)


def test_a_sampler_is_a_value() -> None:
    assert sampler(top_k=3) == sampler(top_k=3)
    assert hash(sampler(top_k=3)) == hash(sampler(top_k=3))
    with pytest.raises(AttributeError):
        sampler().config = SampleConfig()  # type: ignore[misc]


@pytest.mark.parametrize("size", [2, 53, 300])
def test_many_rows_are_chosen_from_as_few_are(size: int) -> None:
    rng = np.random.default_rng(size)
    weights = (rng.random((MANY + 5, size)) ** 9).astype(np.float32)
    weights[rng.random(weights.shape) < 0.4] = 0
    weights[:, rng.integers(size)] = 1  # some weight in each row
    uniforms = rng.random(len(weights))
    uniforms[:20], uniforms[20:40] = 0, np.nextafter(1, 0)
    ids = choose(weights, uniforms)
    assert (weights[np.arange(len(ids)), ids] > 0).all()
    few = [choose(weights[i : i + 7], uniforms[i : i + 7]) for i in range(0, len(ids), 7)]
    inside = uniforms > 0  # at 0, rounding decides whether a tiny weight is seen
    np.testing.assert_array_equal(ids[inside], np.concatenate(few)[inside])


def test_many_rows_with_a_weight_that_is_not_finite_are_refused() -> None:
    weights = np.ones((MANY, 3), np.float32)
    weights[7, 1] = np.nan
    with pytest.raises(GenerationError, match="finite"):
        choose(weights, np.zeros(MANY))
