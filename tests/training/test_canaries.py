"""Canaries: random strings, and how far before others a model ranks those that it has read."""

from __future__ import annotations

import math
import unicodedata
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import skewnorm

from charloom import NameModel, load
from charloom.config import ModelConfig, TrainConfig
from charloom.data.names import NameCorpus
from charloom.data.unicode import split_units
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError, VocabularyError
from charloom.evaluation.memorisation.exposure import UNSEEN, _skew_normal, _tail_bits, exposure
from charloom.evaluation.memorisation.names import names_memorisation
from charloom.models.factory import recurrence
from charloom.run import load_model
from charloom.training.canaries import canaries, random_strings
from helpers.options import FAST
from helpers.toy_models import bigram, uniform
from helpers.trainings import train

pytestmark = pytest.mark.slow

LETTERS = Vocabulary(tuple("abcdefgh"))


def test_canaries_are_random_strings_of_the_names_letters():
    found = canaries(LETTERS, [9, 8, 30], 50, 1, names={"abc"})
    assert len(set(found)) == 50
    assert {len(name) for name in found} == {9}  # the median
    assert set("".join(found)) == set("abcdefgh")
    assert found == canaries(LETTERS, [8, 9, 30], 50, 1)
    assert not set(found) & set(canaries(LETTERS, [9], 50, 2))


@given(st.integers(2, 40), st.lists(st.integers(1, 9), max_size=5))
def test_there_are_more_than_a_million_strings_that_a_canary_could_be(size, lengths):
    letters = tuple(chr(ord("a") + i) for i in range(size))
    (one,) = canaries(Vocabulary(letters), lengths, 1, 0)
    assert len(letters) ** len(one) > 2**20


def test_no_canary_is_one_of_the_names():
    names = canaries(LETTERS, [7], 3, 0)
    assert not set(canaries(LETTERS, [7], 3, 0, names=names)) & set(names)


@pytest.mark.parametrize("unit", ["character", "grapheme"])
def test_canaries_can_be_names_for_all_characters(unit):
    characters = ["e", "\u0301", "n", " "] if unit == "character" else ["e", "e\u0301", "n", " "]
    vocabulary = Vocabulary(tuple(sorted(characters)), unit)
    for name in canaries(vocabulary, [5], 5, 0):
        assert name == unicodedata.normalize("NFC", name) and " " not in name
        assert not vocabulary.unknown(name)
        assert 2 ** len(split_units(name, unit)) > 2**12


def test_canaries_need_letters():
    assert canaries(Vocabulary(()), [], 0, 0) == ()
    with pytest.raises(ConfigError, match="two characters"):
        canaries(Vocabulary(("a",)), [3], 1, 0)
    with pytest.raises(ConfigError, match="do not combine"):
        canaries(Vocabulary(("\u1100", "\u1161"), "grapheme"), [3], 1, 0)  # they melt


def test_untrained_strings_have_the_exposure_of_chance():
    # Random odds, so that no two strings are as likely.
    model = bigram(np.random.default_rng(0).random((9, 9)))
    found = exposure(model, canaries(model.vocabulary, [9], 400, 3), references=4000, seed=1)
    assert found.mean == pytest.approx(UNSEEN, abs=4 * UNSEEN / math.sqrt(400))
    assert found.given_away == 0
    few = exposure(model, canaries(model.vocabulary, [9], 10, 4), references=4000, seed=1)
    assert not few.seen and few.to_dict()["count"] == 10


def test_the_likeliest_string_has_the_highest_exposure():
    odds = np.full((9, 9), 0.001)
    odds[0, 1] = odds[1, 2] = odds[2, 3] = odds[3, 4] = odds[4, 5] = odds[5, 6] = 1.0
    odds[6, 7] = odds[7, 8] = odds[8, 0] = 1.0
    found = exposure(bigram(odds), ["abcdefgh"], references=4000)
    assert found.ranks == (1,) and found.given_away == 1 and found.seen
    assert 12 < found.exposures[0] <= 8 * 3 + 1e-9  # of 8 ** 8 strings


def test_ranks_are_among_strings_of_the_same_length():
    model = bigram(np.random.default_rng(1).random((9, 9)))
    found = exposure(model, ["a" * 7, "ab" * 4], references=2000)
    assert found.of == 1000
    for text, rank, bits in zip(("a" * 7, "ab" * 4), found.ranks, found.exposures, strict=True):
        rng = np.random.default_rng(9)
        other = model.nll(list(islice(random_strings(LETTERS, len(text), rng), 3000)))
        share = (other <= model.nll([text])).mean()
        assert rank / 1001 == pytest.approx(share, abs=0.06)
        if rank > 10:
            assert bits == pytest.approx(-math.log2(rank / 1001))


def test_a_uniform_model_exposes_no_string():
    model = uniform(8)
    found = exposure(model, canaries(model.vocabulary, [9], 5, 3), references=1000)
    assert found.ranks == (1001,) * 5 and found.exposures == (0.0,) * 5 and not found.seen


@pytest.mark.parametrize("shape", [-3.0, 0.0, 0.7, 5.0])
def test_the_tail_is_that_of_the_distribution_beyond_its_rounding(shape):
    sample = skewnorm.rvs(shape, 90, 11, size=200_000, random_state=0)
    fitted = _skew_normal(sample)
    assert fitted[1:] == pytest.approx((90, 11), rel=0.35 if shape == 0 else 0.1)
    values = np.quantile(sample, [0.001, 0.01, 0.1, 0.5])
    exact = -np.log2(skewnorm.cdf(values, *fitted))
    assert _tail_bits(sample, values) == pytest.approx(exact, abs=0.01)
    assert _tail_bits(sample, values) == pytest.approx(-np.log2([0.001, 0.01, 0.1, 0.5]), abs=0.4)
    near, far = _tail_bits(sample, np.array([-100.0, -200.0]))
    assert 50 < near < far < math.inf


@pytest.mark.heavy
def test_an_overfitted_model_exposes_its_canaries(tmp_path):
    names = NameCorpus.of(("dora", "lena", "mira", "nora", "oren", "rena", "dena", "arno"))
    found = canaries(names.vocabulary, [8], 4, 0)
    corpus = NameCorpus.of((*names.names, *found))
    model = ModelConfig(units=48, embedding=12, dropout=0.0)
    training = TrainConfig(epochs=150, batch_size=4, learning_rate=0.01, held_out=0, patience=0)
    weights = train(corpus, tmp_path / "run", model=model, training=training)[-1].weights
    learned = model_of(names.vocabulary, model, weights)
    read = exposure(learned, found, references=3000)
    unread = exposure(learned, canaries(names.vocabulary, [8], 4, 99), references=3000)
    assert read.given_away == 4 and read.mean > 11 and read.seen
    assert unread.mean < 5 and unread.given_away == 0 and not unread.seen


def model_of(vocabulary, config, weights):
    return NameModel(recurrence(config, weights), vocabulary, None, 12)


@pytest.mark.heavy
def test_a_run_stores_its_canaries_and_is_measured_by_them(call, names_file, tmp_path):
    run = tmp_path / "run"
    arguments = ("train", names_file, "--canaries", 3, "--out", run, *FAST)
    assert call(*arguments)[0] == 0
    saved = load_model(run)
    strings = saved.facts["canaries"]
    assert len(strings) == 3 and set(strings) < set(saved.train_names)
    assert not set(strings) & set(saved.held_out_names)
    found = names_memorisation(
        load(run), saved.train_names, saved.held_out_names, canaries=strings
    ).to_dict()
    assert found["canaries"]["count"] == 3 and found["canaries"]["of"] == 20_000
    assert "of 3 random strings added to the training names" in found["verdict"]


def test_strings_that_cannot_be_ranked_are_refused():
    model = uniform(3)
    with pytest.raises(ConfigError, match="a canary and 1000 references"):
        exposure(model, [])
    with pytest.raises(ConfigError, match="Received: 1 and 5"):
        exposure(model, ["abc"], references=5)
    with pytest.raises(VocabularyError, match="never saw"):
        exposure(model, ["xyz"])
