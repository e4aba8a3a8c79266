"""Calibration, distances between distributions, variety."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from charloom.evaluation.metrics.calibration import calibration
from charloom.evaluation.metrics.distributions import (
    jensen_shannon,
    length_distance,
    ngram_divergence,
    pair_shares,
    wasserstein,
)
from charloom.evaluation.metrics.generated import diversity, unique_share
from helpers.toy_models import memoryless


@pytest.mark.slow
def test_a_perfect_model_is_as_calibrated_as_chance_allows():
    model = memoryless()
    inside = []
    for seed in range(20):
        names = model.names(200, seed=seed, allow_known=True, allow_repeats=True)
        ids = [np.array([*model.vocabulary.encode(name), 0], np.int32) for name in names]
        # The first is given: no draw is empty, so the first characters are not the model's own.
        found = calibration(model.rnn, ids, seed=seed)
        inside.append(found.ideal.low <= found.error.value <= found.ideal.high)
    assert np.mean(inside) >= 0.75


def test_a_model_that_is_too_sure_is_badly_calibrated():
    sure = memoryless({"": 1.0, "a": 30.0, "b": 1.0, "c": 1.0})
    names = memoryless().names(300, seed=1, allow_known=True, allow_repeats=True)
    ids = [np.array([*sure.vocabulary.encode(name), 0], np.int32) for name in names]
    found = calibration(sure.rnn, ids)
    # It gives a 30/33; a came 4/9 of the time: the gap, on either side.
    assert found.error.value == pytest.approx(2 * (30 / 33 - 4 / 9), abs=0.1)
    assert found.error.low > found.ideal.high
    assert sum(b.predicted * b.count for b in found.bins) == pytest.approx(found.characters)
    assert sum(b.observed * b.count for b in found.bins) == pytest.approx(found.characters)


@pytest.mark.parametrize("skip", [0, 3, 300])
def test_a_string_far_longer_than_the_others_is_calibrated_like_them(skip):
    model = memoryless()
    names = [*model.names(20, seed=1, allow_known=True), "abcba" * 120]
    ids = [np.array([0, *model.vocabulary.encode(name), 0], np.int32) for name in names]
    found = calibration(model.rnn, ids, skip)
    assert found.characters == sum(max(0, len(one) - 1 - skip) for one in ids)
    assert sum(b.predicted * b.count for b in found.bins) == pytest.approx(found.characters)
    assert sum(b.observed * b.count for b in found.bins) == pytest.approx(found.characters)


def test_no_target_gives_no_calibration():
    assert calibration(memoryless().rnn, [np.array([0], np.int32)]) is None


def test_the_divergence_of_the_same_is_0_and_of_disjoint_ones_1_bit():
    p, q = np.array([0.5, 0.5, 0, 0]), np.array([0, 0, 0.25, 0.75])
    assert jensen_shannon(p, p) == 0
    assert jensen_shannon(p, q) == pytest.approx(1)
    assert jensen_shannon(np.array([1.0, 0]), np.array([0.5, 0.5])) == pytest.approx(0.311278)


def test_distances_are_those_of_scipy():
    names = memoryless().names(500, seed=1, allow_known=True)
    train, held_out = names[::2], names[1::2]

    def shares(names, n):
        edged = [name if n == 1 else f"<{name}>" for name in names]
        count = Counter(name[i : i + n] for name in edged for i in range(len(name) - n + 1))
        return [count["".join(gram)] / count.total() for gram in product("<>abc", repeat=n)]

    for n in range(1, 5):
        expected = jensenshannon(shares(train, n), shares(held_out, n), base=2) ** 2
        assert ngram_divergence(train, held_out, n).value == pytest.approx(expected, rel=1e-6)
    expected = wasserstein_distance(*([len(name) for name in part] for part in (train, held_out)))
    assert length_distance(train, held_out).value == pytest.approx(expected)


def test_the_share_of_different_names_is_the_mean_over_all_choices():
    draws = list("aaabbcdee")
    for n in range(1, len(draws) + 1):
        exact = np.mean([len(set(some)) / n for some in combinations(draws, n)])
        assert unique_share(draws, n).value == pytest.approx(exact)


def test_the_distance_of_lengths_that_are_shifted_by_one_is_1():
    words = ["ab", "abc", "abcd"]
    assert length_distance(words, ["a" + w for w in words]).value == pytest.approx(1)
    assert length_distance(words, words).value == 0
    assert wasserstein(np.array([1.0, 0, 0, 0]), np.array([0, 0, 0, 1.0])) == 3


def test_identical_sets_have_the_same_ngrams():
    words = ["abca", "bca", "c"]
    for n in range(1, 5):
        assert ngram_divergence(words, words, n).value == pytest.approx(0, abs=1e-12)
        assert ngram_divergence(words, ["xyzx"], n).value == pytest.approx(1)


def test_fewer_real_names_look_further_away_so_the_size_is_shared():
    model = memoryless()
    a = model.names(2000, seed=1, allow_known=True, allow_repeats=True)
    b = model.names(100, seed=2, allow_known=True, allow_repeats=True)
    few = ngram_divergence(a, b, 3, size=100)
    many = ngram_divergence(a, b, 3)
    assert few.value > many.value > 0
    assert ngram_divergence([], b, 2) is None


def test_pairs_are_shares_with_the_edges_of_names():
    shares = pair_shares(["ab"], ["\0", "a", "b"])
    assert shares.sum() == pytest.approx(1)
    assert shares[0, 1] == shares[1, 2] == shares[2, 0] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("classes", "draws", "n"), [(1000, 1000, 1000), (5000, 3000, 1000)])
def test_the_interval_of_different_samples_covers_the_truth(classes, draws, n):
    rng = np.random.default_rng(0)
    p = rng.exponential(size=classes) ** 2
    p /= p.sum()
    truth = (1 - (1 - p) ** n).sum() / n
    found = [unique_share([str(i) for i in rng.choice(classes, draws, p=p)], n) for _ in range(100)]
    assert np.mean([f.value for f in found]) == pytest.approx(truth, rel=0.01)
    assert np.mean([f.low <= truth <= f.high for f in found]) >= 0.88


@pytest.mark.parametrize("classes", [100_000, 1_000_000, 10_000_000])
def test_the_interval_allows_for_rare_repeats(classes):
    """A thousand draws have 5, half a one or a twentieth of a repeat on average."""
    rng, truth = np.random.default_rng(0), -np.expm1(1000 * np.log1p(-1 / classes)) * classes / 1000
    found = [unique_share(rng.integers(classes, size=1000).tolist(), 1000) for _ in range(200)]
    assert np.mean([f.low <= truth <= f.high for f in found]) >= 0.88
    assert all(f.low < f.value <= f.high <= 1 for f in found)


def test_equal_samples_and_different_samples_are_the_extremes():
    assert unique_share(["a"] * 100, 100).value == pytest.approx(0.01)
    assert unique_share([str(i) for i in range(100)], 100).value == 1


def test_diversity_is_0_for_equal_names_and_1_for_disjoint_ones():
    assert diversity(["abc"] * 10).value == 0
    assert diversity([chr(0x4E00 + i) for i in range(50)]).value == 1
    assert diversity(["a"]) is None
