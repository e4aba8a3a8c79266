"""Comparisons of models on the same names, or text: toy models with known answers."""

from __future__ import annotations

import itertools
import json
import random

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from charloom.errors import ConfigError, CorpusError
from charloom.evaluation.compare import compare_names, compare_text, holm, p_value
from helpers.toy_models import bigram, uniform

NAMES = ["".join(t) for t in itertools.product("abc", repeat=3)]


def skewed(weight, letters=3, **options):
    """A model that prefers ``a`` by a factor of ``weight``."""
    odds = np.ones((letters + 1, letters + 1))
    odds[:, 1] = weight
    return bigram(odds, **options)


def test_nats_and_differences_are_those_of_the_models():
    found = compare_names({"plain": uniform(3), "better": skewed(2.0)}, ["aaa", "aba", "aab"])
    plain, better = found.models
    assert found.best is better and found.items == 3 and found.characters == 12
    assert plain.nats_per_char.value == pytest.approx(np.log(4), rel=1e-5)
    assert better.nats_per_char.value == pytest.approx(np.log(5) - 7 / 12 * np.log(2), rel=1e-5)
    assert plain.difference is not None and better.difference is None
    difference = np.log(4) - np.log(5) + 7 / 12 * np.log(2)
    assert plain.difference.value == pytest.approx(difference, rel=1e-4)


def test_a_clear_difference_has_a_winner():
    names = [name for name in NAMES if name.count("a") >= 2]
    found = compare_names({"even": uniform(3), "a lot": skewed(2.5)}, names)
    assert found.winner == "a lot" and found.verdict.endswith(" less than even.")
    assert found.models[0].is_worse and found.models[0].p < 0.05
    assert found.verdict.startswith("a lot predicts best: 0.1")
    data = found.to_dict()
    assert data == json.loads(json.dumps(data, allow_nan=False))
    assert data["winner"] == "a lot" and data["models"][1]["p"] is None


def test_equal_models_have_no_winner():
    found = compare_names({"one": uniform(3), "two": uniform(3)}, NAMES)
    assert found.winner is None
    assert found.verdict == "There is no significant difference between one and two."
    assert found.models[1].difference.value == found.models[1].difference.high == 0
    assert found.models[1].p == 1


def test_without_a_winner_the_verdict_names_the_worse_models():
    models = {"one": uniform(3), "bad": skewed(40.0), "two": uniform(3)}
    found = compare_names(models, NAMES)
    assert found.verdict == "There is no significant difference between one and two; bad is worse."


@pytest.mark.slow
def test_chance_is_rarely_called_a_difference():
    """Two models that are as good on average, measured on few names each time."""
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(200):
        names = ["".join(rng.choice(list("ab"), size=rng.integers(1, 6))) for _ in range(40)]
        models = {"a": skewed(2.0, 2), "b": bigram(np.array([[1, 1, 2]] * 3))}
        told += compare_names(models, names).winner is not None
    assert told <= 20


@pytest.mark.slow
def test_three_equal_models_rarely_differ_significantly():
    rng = np.random.default_rng(1)
    odds = [np.array([[1, *order]] * 4) for order in ((2, 1, 1), (1, 2, 1), (1, 1, 2))]
    worse = 0
    for _ in range(100):
        names = ["".join(rng.choice(list("abc"), size=rng.integers(1, 6))) for _ in range(40)]
        found = compare_names({str(i): bigram(o) for i, o in enumerate(odds)}, names)
        worse += any(model.is_worse for model in found.models)
    assert worse <= 10


def test_names_that_a_model_cannot_spell_are_left_out_for_all():
    wide = uniform(5, unknown=True)  # with 4 letters: an unknown symbol would flatter it
    wide = bigram(np.ones((6, 6)), unknown=True)
    found = compare_names({"three": uniform(3), "wide": wide}, ["abc", "abd", "xyz", "a", "a"])
    assert (found.items, found.left_out) == (2, 2)
    with pytest.raises(CorpusError, match="none of the 1 names can be compared"):
        compare_names({"three": uniform(3), "wide": wide}, ["abd"])


def test_first_characters_are_given_where_a_model_cannot_choose_them():
    models = {"begins": skewed(2.0), "continues": skewed(2.0, begin=False)}
    found = compare_names(models, NAMES)
    assert found.without_first and found.characters == 3 * len(NAMES)
    assert found.models[0].nats_per_char == found.models[1].nats_per_char
    assert not compare_names({"a": uniform(3), "b": uniform(3)}, NAMES).without_first


def test_text_is_compared_by_blocks_of_what_all_can_read():
    text = "".join(random.Random(0).choices("aaab", k=5000)) + "c" * 50
    models = {"even": uniform(2, text=True), "a lot": skewed(3.0, text=True)}
    found = compare_text(models, text)
    assert (found.items, found.characters, found.left_out) == (5, 5000, 50)
    assert found.models[0].nats_per_char.value == pytest.approx(np.log(3), rel=1e-5)
    assert found.winner == "a lot"
    with pytest.raises(CorpusError, match="in common"):
        compare_text(models, "xyz")


def test_p_values_are_students():
    differences = np.random.default_rng(0).normal(0.3, 1, 50)
    expected = ttest_1samp(differences, 0).pvalue
    assert p_value(differences, np.ones(50)) == pytest.approx(expected, rel=1e-6)
    assert p_value(np.zeros(5), np.ones(5)) == 1
    assert p_value(np.ones(1), np.ones(1)) == 1
    assert p_value(np.ones(5), np.ones(5)) == 0


def test_holm_corrects_the_least_most():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.9})
    assert found == pytest.approx({"a": 0.04, "b": 0.09, "c": 0.09, "d": 0.9})


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ConfigError, match="two models at least"):
        compare_names({"one": uniform(3)}, NAMES)
