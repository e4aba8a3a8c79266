"""Memorisation of names: models that know the style, or the list, by heart."""

from __future__ import annotations

import importlib
import itertools
import json

import numpy as np
import pytest

from charloom.errors import ConfigError, CorpusError
from charloom.evaluation.memorisation.exposure import Exposure
from charloom.evaluation.memorisation.names import names_memorisation
from charloom.evaluation.memorisation.verdict import Copies, level_of, verdict_on
from charloom.evaluation.statistics import Estimate
from charloom.models.scoring.names import sequence_probabilities
from charloom.training.canaries import canaries
from helpers.toy_models import bigram, uniform

PAIRS = ["".join(pair) for pair in itertools.product("abcd", repeat=2)]
"""16 names, all as likely to a uniform model: (1/5)**3, given that none is empty."""


def exact(value):
    return Estimate(value=value, low=value, high=value)


def copies(copied, ideal):
    return Copies(temperature=1.0, copied=exact(copied), ideal=exact(ideal))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("unknown", [False, True])
def test_sequence_probabilities_are_the_shares_of_samples(temperature, unknown):
    odds = np.random.default_rng(0).random((4 + unknown, 4 + unknown))
    model = bigram(odds, known=(), unknown=unknown, longest=200)
    texts = ["a", "b", "ab", "ca", "abc"]
    ids = [model.vocabulary.encode(text) for text in texts]
    unknown_id = model.vocabulary.unknown_id
    both = sequence_probabilities(model.rnn, ids, [3.0, temperature], unknown_id=unknown_id)
    one = sequence_probabilities(model.rnn, ids, [temperature], unknown_id=unknown_id)
    found = both[:, 1]
    assert one[:, 0].tolist() == found.tolist()
    heated = odds[:4, :4] ** (1 / temperature)
    p = heated / heated.sum(axis=1, keepdims=True)
    for text, probability in zip(texts, found, strict=True):
        path = [0, *("abc".index(c) + 1 for c in text), 0]
        steps = [p[i, j] for i, j in itertools.pairwise(path)]
        assert probability == pytest.approx(np.prod(steps) / (1 - p[0, 0]), rel=1e-4)
    drawn = model.names(4000, temperature=temperature, allow_known=True, allow_repeats=True)
    assert drawn.count("a") / 4000 == pytest.approx(found[0], abs=0.03)


def test_a_model_of_the_style_copies_as_much_as_it_would_by_chance():
    found = names_memorisation(uniform(4), PAIRS[:8], PAIRS[8:], temperatures=(0.5, 1.0))
    for one in found.by_temperature:  # a uniform model is so at any temperature
        expected = 8 * (1 / 5) ** 3 / (1 - 1 / 5)
        assert one.copied.value == pytest.approx(expected, rel=1e-5)
        assert one.ideal.value == pytest.approx(expected, rel=1e-5)
        assert one.ideal.low == pytest.approx(expected, rel=1e-5)
    assert found.gap.value == pytest.approx(0, abs=1e-6)
    assert found.train_nats_per_char.value == pytest.approx(np.log(5), rel=1e-5)
    assert found.level == "none"
    assert found.verdict == (
        "Of 100 names drawn at temperature 1, 8 are from the training list; a model that had "
        "learned only the style would give 8 (8 to 8): little memorisation."
    )


@pytest.mark.heavy
def test_intervals_of_copies_allow_for_rare_names_that_are_likely():
    """Percentiles hold the truth in 63 % of cases."""
    odds = np.ones((27, 27))
    odds[:, 1:] = np.exp(2.5 * np.random.default_rng(0).normal(size=(27, 26)))
    odds[:, 0] = odds[:, 1:].sum(axis=1) / 4
    model = bigram(odds)
    names = list(dict.fromkeys(model.names(3000, allow_known=True, temperature=1.5)))
    ids = [model.vocabulary.encode(name) for name in names]
    truth, held = 500 * sequence_probabilities(model.rnn, ids, [1.0]).mean(), 0
    for seed in range(60):
        order = np.random.default_rng(seed).permutation(names).tolist()
        found = names_memorisation(model, order[:500], order[500:600], temperatures=[1])
        ideal = found.by_temperature[0].ideal
        held += ideal.low <= truth <= ideal.high
    assert held >= 45


def test_one_held_out_name_says_nothing_of_the_style():
    found = names_memorisation(uniform(4), PAIRS[:8], PAIRS[8:9]).by_temperature[2]
    assert found.ideal.value == pytest.approx(8 * (1 / 5) ** 3 / (1 - 1 / 5), rel=1e-5)
    assert (found.ideal.low, found.ideal.high) == (0, 1)


def test_a_gap_to_one_held_out_name_is_too_little_to_tell():
    """A held-out name may be far less likely by chance."""
    names = [name for name in PAIRS if name[0] == "a"]
    odds = np.ones((5, 5))
    odds[4] = 0.01, 1, 1, 1, 1  # a name with d is unlikely
    found = names_memorisation(bigram(odds), names[:3], ["dd"])
    assert found.gap.low > 0.5 and found.level == "none"
    assert "too few names to tell" in found.verdict and "little" not in found.verdict
    assert "too few" not in names_memorisation(bigram(odds), names[:3], ["dd", "ba"]).verdict
    also_unspelt = names_memorisation(bigram(odds), names[:3], ["dd", "xy"])
    assert "too few names to tell" in also_unspelt.verdict


def reciter():
    """A model that says ``abc`` nineteen times out of twenty."""
    odds = np.full((5, 5), 0.01)
    odds[0, 1] = odds[1, 2] = odds[2, 3] = odds[3, 0] = 2.5
    return bigram(odds)


def test_a_model_that_recites_its_list_has_strong_memorisation():
    others = ["".join(t) for t in itertools.product("abcd", repeat=3)]
    others.remove("abc")
    found = names_memorisation(reciter(), ["abc"], others)
    plain = found.by_temperature[2]
    assert plain.temperature == 1 and plain.copied.value > 0.9 and plain.ideal.value < 0.01
    assert found.level == "strong" and found.gap.low > 0.5
    assert "strong memorisation" in found.verdict and "\n" not in found.verdict
    cold, *_, hot = (one.copied.value for one in found.by_temperature)
    assert cold > plain.copied.value > hot


def test_ideal_is_what_as_many_held_out_names_would_get():
    found = names_memorisation(reciter(), ["dca", "bcd", "dab", "abc"], ["abd", "cab"])
    model = reciter()
    ids = [model.vocabulary.encode(t) for t in ("abd", "cab")]
    p = sequence_probabilities(model.rnn, ids, [1.0])
    assert found.by_temperature[2].ideal.value == pytest.approx(4 * p.mean())


def test_shares_are_one_at_most():
    found = names_memorisation(reciter(), ["dca", "bcd", "dab"], ["abc"])
    assert found.by_temperature[0].ideal.value == 1
    assert found.level == "none"


def test_held_out_names_in_the_training_list_do_not_count():
    one = names_memorisation(reciter(), ["abc", "dd"], ["abc", "abd", "abd"])
    assert one == names_memorisation(reciter(), ["abc", "dd", "dd"], ["abd"])


def test_names_that_cannot_be_spelt_have_no_probability():
    with_all = names_memorisation(uniform(4), PAIRS[:8], [*PAIRS[8:12], "xy", "yz", "zx", "zz"])
    half = with_all.by_temperature[2]
    assert half.ideal.value == pytest.approx(half.copied.value / 2, rel=1e-5)
    assert with_all.gap.value == pytest.approx(0, abs=1e-6)
    with pytest.raises(CorpusError, match="none of the held-out names can be scored"):
        names_memorisation(uniform(4), PAIRS, ["xy"])


def test_without_a_begin_symbol_names_start_as_the_given_ones_do():
    model = uniform(4, begin=False)
    found = names_memorisation(model, PAIRS[:8], PAIRS[8:]).by_temperature[2]
    assert found.copied.value == pytest.approx(8 * (1 / 4) * (1 / 5) ** 2, rel=1e-5)


@pytest.mark.slow
def test_canaries_are_no_names_and_are_ranked():
    model = bigram(np.random.default_rng(0).random((5, 5)))
    strings = canaries(model.vocabulary, [6], 3, 0)
    train = [*PAIRS[:8], *strings]
    found = names_memorisation(model, train, PAIRS[8:], canaries=strings)
    plain = names_memorisation(model, PAIRS[:8], PAIRS[8:])
    assert found.by_temperature == plain.by_temperature
    assert found.canaries is not None and plain.canaries is None
    assert "of 3 random strings" in found.verdict
    assert found.to_dict()["canaries"]["count"] == 3


def test_a_random_subset_of_a_long_list_is_measured(monkeypatch):
    module = importlib.import_module("charloom.evaluation.memorisation.names")  # not the function
    names = ["".join(t) for t in itertools.product("abcd", repeat=5)]
    monkeypatch.setattr(module, "MOST_NAMES", 50)
    monkeypatch.setattr(module, "RESAMPLES", 20)
    for size in (400, 1000):  # below and above ten times as many
        found = names_memorisation(uniform(4), names[:size], names[size:])
        expected = size * (1 / 5) ** 6 / (1 - 1 / 5)
        assert found.by_temperature[2].copied.value == pytest.approx(expected, rel=1e-5)


def test_one_seed_gives_one_result_on_any_number_of_threads():
    odds = np.random.default_rng(0).random((5, 5))
    one = names_memorisation(bigram(odds), PAIRS[::2], PAIRS[1::2], seed=3, threads=1)
    assert one == names_memorisation(bigram(odds), PAIRS[::2], PAIRS[1::2], seed=3, threads=2)
    assert json.loads(json.dumps(one.to_dict(), allow_nan=False)) == one.to_dict()
    assert one.by_temperature[2].copied.low < one.by_temperature[2].copied.value


@pytest.mark.slow
def test_a_difference_by_chance_is_no_memorisation():
    """Models that never saw which names are which: hardly one is called a memoriser."""
    odds = np.random.default_rng(5).random((6, 6))
    names = np.array(["".join(t) for t in itertools.product("abcde", repeat=3)])
    levels = []
    for seed in range(40):
        order = np.random.default_rng(seed).permutation(names).tolist()
        found = names_memorisation(bigram(odds), order[:100], order[100:], temperatures=[1])
        levels.append(found.level)
    assert levels.count("none") >= 38


@pytest.mark.parametrize(
    ("copied", "ideal", "chance", "ratio", "gap", "level"),
    [
        (0.01, 0.01, 0.5, 0.5, 0.2, "none"),
        (0.03, 0.01, 0.1, 2, 0.2, "none"),  # cannot be told
        (0.014, 0.01, 0.01, 1.1, 0.2, "none"),  # hardly more
        (0.03, 0.01, 0.01, 1.1, 0.2, "some"),
        (0.00003, 0.00001, 0.01, 2, 0.2, "none"),  # too rare to be met
        (0.01, 0.01, 0.5, 0.5, 0.6, "some"),  # training names are far better known
        (0.2, 0.05, 0.01, 1.1, 0.2, "strong"),
        (0.03, 0.001, 0.01, 12, 0.2, "strong"),
        (0.003, 0.0001, 0.01, 12, 0.2, "some"),
    ],
)
def test_levels_are_as_documented(copied, ideal, chance, ratio, gap, level):
    assert level_of(copies(copied, ideal), chance, ratio, exact(gap), None) == level


def test_exposed_canaries_raise_the_level():
    def level(*ranks, nats=30.0):
        bits = tuple(-np.log2(rank / 20_001) for rank in ranks)
        exposed = Exposure(exposures=bits, ranks=ranks, of=20_000, nats=(nats,) * len(ranks))
        return level_of(copies(0.01, 0.01), 0.5, 0.5, exact(0.1), exposed)

    assert level(9000, 5000, 15_000, 12_000) == "none"
    assert level(40, 9000, 500, 12_000) == "some"
    assert level(1, 1, 1, 1) == "some"
    assert level(1, 1, 1, 1, nats=10.0) == "strong"


@pytest.mark.parametrize(
    ("copied", "ideal", "said"),
    [
        (0.07, 0.05, "Of 100 names drawn at temperature 1, 7 are from the training list; a model "
         "that had learned only the style would give 5 (5 to 5): little memorisation."),
        (0.0108, 0.0034, "Of 1,000 names drawn at temperature 1, 11 are from"),
        (0.4, 0.003, "Of 100 names drawn at temperature 1, 40 are from the training list; a model "
         "that had learned only the style would give hardly any: "),
        (1e-6, 1e-6, "Of 1,000,000 names drawn at temperature 1, 1 is from"),
        (1e-9, 0.0, "Of a million names drawn at temperature 1, none is from"),
    ],
)  # fmt: skip
def test_the_verdict_counts_in_round_numbers(copied, ideal, said):
    assert verdict_on(copies(copied, ideal), None, "none").startswith(said)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ConfigError, match="one at least"):
        names_memorisation(uniform(3), ["ab"], ["ba"], temperatures=())
    with pytest.raises(ConfigError, match="temperature must lie in"):
        names_memorisation(uniform(3), ["ab"], ["ba"], temperatures=(0,))
    for train, held_out in (([], ["ab"]), (["ab"], []), (["ab"], ["ab"])):
        with pytest.raises(CorpusError, match="names that it did not"):
            names_memorisation(uniform(3), train, held_out)
