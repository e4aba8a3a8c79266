"""The measures of a model of running text: known answers of a model without memory."""

from __future__ import annotations

import importlib
import json
import math
import random

import numpy as np
import pytest

from charloom.api import load
from charloom.errors import ConfigError
from charloom.evaluation import measure_text, text_likelihood
from charloom.evaluation.text import _share_of_words
from helpers.text_runs import ODDS, save_text_run

pytestmark = pytest.mark.slow

CHARACTERS = {c: odds for c, odds in ODDS.items() if c}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """It draws characters at random; the boundary, which text has not, is all but impossible."""
    return load(save_text_run(tmp_path_factory.mktemp("text") / "run", {**ODDS, "": 1e-6}))


def text_like_it(characters, seed=0):
    rng = random.Random(seed)
    return "".join(rng.choices(list(CHARACTERS), list(CHARACTERS.values()), k=characters))


@pytest.fixture(scope="module")
def found(model):
    return measure_text(model, text_like_it(40_000), samples=12_000)


def test_a_perfect_model_has_the_entropy_of_its_text(found):
    total = sum(CHARACTERS.values())
    entropy = -sum(o / total * math.log(o / total) for o in CHARACTERS.values())
    nats = found.measure("nats_per_char").estimate
    assert nats.low <= entropy <= nats.high
    assert nats.high - nats.low < 0.05
    perplexity = found.measure("perplexity_per_char").estimate.value
    assert perplexity == pytest.approx(math.exp(nats.value))


def test_a_perfect_model_cannot_be_distinguished_from_its_text(found):
    accuracy = found.measure("two_sample_accuracy").estimate
    assert accuracy.low <= 0.5 <= accuracy.high
    error = found.measure("calibration_error")
    assert error.estimate.value <= 1.5 * error.real.high
    for n in range(1, 5):
        apart = found.measure(f"ngram_js_{n}")
        assert apart.estimate.value == pytest.approx(apart.real.value, rel=0.5, abs=0.001)


@pytest.mark.heavy
def test_the_interval_of_a_text_covers_the_true_entropy(model):
    inside = []
    for seed in range(12):
        here = measure_text(model, text_like_it(8000, seed), samples=0, seed=seed)
        nats = here.measure("nats_per_char").estimate
        total = sum(CHARACTERS.values())
        truth = -sum(o / total * math.log(o / total) for o in CHARACTERS.values())
        inside.append(nats.low <= truth <= nats.high)
    assert np.mean(inside) >= 0.7


@pytest.mark.heavy
def test_the_interval_is_for_all_text_even_if_a_subset_is_scored(model, found, monkeypatch):
    def width(found):
        nats = found.measure("nats_per_char").estimate
        return nats.high - nats.low

    module = importlib.import_module("charloom.evaluation.text")
    monkeypatch.setattr(module, "SCORED", 10)
    some = [measure_text(model, text_like_it(40_000), samples=0, seed=seed) for seed in range(8)]
    assert np.mean([width(one) for one in some]) == pytest.approx(width(found), rel=0.3)


@pytest.mark.parametrize(
    ("characters", "said"), [(900, "only one block"), (3000, "only 3 blocks"), (8000, None)]
)
def test_a_note_warns_of_a_short_text(model, characters, said):
    notes = measure_text(model, text_like_it(characters), samples=0).notes
    assert said in notes[0] if said else notes == ()


def test_a_share_of_0_real_words_has_an_interval():
    none = _share_of_words([["x", " ", "y", " ", "z"]] * 30, frozenset(["ab"]), 0)
    assert none.value == none.low == 0 and 0.05 < none.high < 0.2


def test_different_text_is_distinguished(model):
    found = measure_text(model, "abc\n" * 5000, samples=8000)
    assert found.measure("two_sample_accuracy").estimate.low > 0.9
    assert found.measure("ngram_js_3").estimate.value > 0.3
    assert found.measure("calibration_error").estimate.low > 0.2


def test_everything_is_plain_data_with_the_likelihood_at_the_top(model, found):
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert text_likelihood(model, text_like_it(40_000)).to_dict().items() <= data.items()
    assert data["samples"] == 12_000


def test_the_same_seed_measures_the_same(model):
    text = text_like_it(6000)
    one, two = (measure_text(model, text, samples=3000, seed=s, threads=t)
                for s, t in ((1, 1), (1, 2)))  # fmt: skip
    assert one.to_dict() == two.to_dict()


def test_the_number_of_samples_must_not_be_negative(model):
    with pytest.raises(ConfigError, match="samples"):
        measure_text(model, "abc", samples=-1)
