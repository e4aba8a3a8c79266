"""The measures of a model of names: known answers of models without memory."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.errors import ConfigError, CorpusError, GenerationError
from charloom.evaluation import draws as draws_module
from charloom.evaluation import likelihood, measure
from charloom.evaluation.calibration import calibration
from charloom.evaluation.distributions import (
    jensen_shannon,
    lengths_apart,
    ngrams_apart,
    pair_shares,
    wasserstein,
)
from charloom.evaluation.variety import diversity, unique_share
from charloom.generation import LanguageModel
from charloom.generation.rules import Chars, Length, RuleError
from charloom.models.numpy_rnn import NumpyRNN
from charloom.models.shapes import weight_shapes
from charloom.vocabulary import Vocabulary

LETTERS = "abc"
ODDS = {"": 2.0, "a": 4.0, "b": 2.0, "c": 1.0}
"""Of the end and each letter, anywhere."""


def memoryless(odds=ODDS, *, known=frozenset(), begin=True, unit="character"):
    config = ModelConfig(cell="rnn", units=1, embedding=1, begin=begin)
    vocabulary = Vocabulary(tuple(sorted(odds)[1:]), unit)
    weights = {n: np.zeros(s, "f4") for n, s in weight_shapes(config, vocabulary.size).items()}
    weights["logits.bias"] = np.log([odds[c] for c in sorted(odds)]).astype("f4")
    longest = max(map(len, known or ()), default=10)
    return LanguageModel(NumpyRNN(config, weights), vocabulary, known, longest)


def names_like(model, count, seed):
    """Different names that the model gives, as real ones."""
    return model.names(count, seed=seed, allow_known=True)


@pytest.fixture(scope="module")
def world():
    """A perfect model, and names that it has seen and that it has not."""
    model = memoryless()
    names = names_like(model, 500, seed=1)
    train, held_out = names[::2], names[1::2]
    known = frozenset(names)
    return memoryless(known=known), train, held_out


@pytest.fixture(scope="module")
def found(world):
    model, train, held_out = world
    return measure(model, held_out, train=train, samples=2000, rules=Length(1, 3))


def value(found, name):
    return found.measure(name).estimate.value


def test_a_uniform_model_has_the_perplexity_of_its_ids():
    model = memoryless(dict.fromkeys(("", *LETTERS), 1.0))
    found = measure(model, ["ab", "c", "abcab"], samples=0)
    assert value(found, "perplexity_per_char") == pytest.approx(4, rel=1e-6)
    assert value(found, "nats_per_char") == pytest.approx(math.log(4), rel=1e-6)
    assert value(found, "nats_per_char_without_first") == pytest.approx(math.log(4), rel=1e-6)
    assert value(found, "bits_per_char") == pytest.approx(2, rel=1e-6)
    nats = found.measure("nats_per_char").estimate
    assert nats.high - nats.low == pytest.approx(0, abs=1e-6)  # all names are as likely


def test_measures_agree_with_the_likelihood(world, found):
    model, _, held_out = world
    exact = likelihood(model, held_out)
    assert found.likelihood == exact
    assert value(found, "nats_per_char") == pytest.approx(exact.nats_per_char, rel=1e-6)
    assert value(found, "perplexity_per_char") == pytest.approx(exact.perplexity_per_char, rel=1e-6)


def test_all_measures_are_there_each_in_its_interval(found):
    names = [m.name for m in found.measures]
    assert names == [
        "nats_per_char", "nats_per_char_without_first", "bits_per_char", "perplexity_per_char",
        "calibration_error", "valid", "unique_1k", "new", "diversity", "distance_to_training",
        "recall", "length_wasserstein", "ngram_js_1", "ngram_js_2", "ngram_js_3", "ngram_js_4",
        "two_sample_accuracy",
    ]  # fmt: skip
    for m in found.measures:
        assert m.estimate.low <= m.estimate.value <= m.estimate.high, m.name
        assert m.explanation.endswith(".") and "\n" not in m.explanation


def test_everything_is_plain_data_with_the_likelihood_at_the_top(found):
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["nats_per_char"] == found.likelihood.nats_per_char
    assert (data["samples"], data["seed"], data["temperature"]) == (2000, 0, 1.0)
    assert len(data["measures"]) == len(found.measures)
    assert {"predicted", "observed", "count"} == set(data["calibration"]["bins"][0])
    for shares in data["distances"].values():
        assert sum(shares) == pytest.approx(1)
    assert data["distances"]["real"][0] == 0  # unseen names are not copies
    assert sum(data["lengths"]["generated"].values()) == pytest.approx(1)
    assert np.sum(data["ngrams"]["real"]) == pytest.approx(1)
    assert data["ngrams"]["characters"] == ["\n", "a", "b", "c"]


def test_a_draw_is_shown_with_its_nearest_training_name(world, found):
    model, train, _ = world
    assert len({name.text for name in found.names}) == len(found.names)
    for name in found.names:
        assert name.nearest in train
        assert (name.distance == 0) == (name.text in train) == (name.text == name.nearest)
        assert name.nats == pytest.approx(float(model.score([name.text])[0]), rel=1e-5)


def test_the_same_seed_measures_the_same(world, found):
    model, train, held_out = world
    again = measure(model, held_out, train=train, samples=2000, rules=Length(1, 3), threads=1)
    assert again.to_dict() == found.to_dict()
    other = measure(model, held_out, train=train, samples=500, seed=1)
    assert value(other, "new") != value(found, "new")


def test_novelty_and_validity_are_those_of_the_model(world, found):
    _, train, _ = world
    nonempty = 1 - 2 / 9

    def p(name):
        return math.prod(ODDS[c] / 9 for c in name) * (2 / 9) / nonempty

    new = found.measure("new").estimate
    assert new.low - 0.01 <= 1 - sum(map(p, train)) <= new.high + 0.01
    short = sum((7 / 9) ** k * (2 / 9) for k in (1, 2, 3)) / nonempty
    valid = found.measure("valid").estimate
    assert valid.low - 0.01 <= short <= valid.high + 0.01


def test_recall_is_what_draws_give():
    model = memoryless()
    names = ["a", "ab", "abc", "cccc", "bbbbbb"]
    found = measure(model, names, train=["b"], samples=100)
    hits = [
        len(set(model.names(100, seed=s, allow_known=True, allow_repeats=True)) & set(names)) / 5
        for s in range(200)
    ]
    assert value(found, "recall") == pytest.approx(np.mean(hits), abs=0.02)


def test_only_free_rules_that_can_be_obeyed_are_measured(world):
    model, train, held_out = world
    everything = measure(model, held_out, train=train, samples=200, rules=Chars("abc"))
    assert value(everything, "valid") == 1
    with pytest.raises(RuleError):
        measure(model, held_out, train=train, samples=200, rules=Chars("ab") & Chars("c"))


def test_with_a_start_draws_and_real_names_begin_so(world):
    model, train, held_out = world
    found = measure(model, held_out, train=train, samples=500, start="b")
    assert all(name.text.startswith("b") for name in found.names)
    assert found.likelihood.names == len(held_out)
    assert "recall" not in [m.name for m in found.measures]
    lone = measure(model, ["ab", "ac"], train=train, samples=50, start="b")
    assert "ngram_js_1" not in [m.name for m in lone.measures]
    assert any("None of the held-out names begins with 'b'" in note for note in lone.notes)


def test_a_model_without_a_begin_symbol_begins_as_real_names_do():
    train = ["ab", "ac", "ba", "ca"] * 3 + ["aab", "bba", "aaa", "acc"]
    model = memoryless(begin=False, known=frozenset(train))
    found = measure(model, ["abc", "bab", "cab"], samples=2000)
    firsts = Counter(name.text[0] for name in found.names)
    assert set(firsts) == set("abc")
    assert "nats_per_char_without_first" not in [m.name for m in found.measures]
    lone = memoryless(begin=False, known=None)
    with pytest.raises(GenerationError, match="--start"):
        draws_module.plain_draws(lone, 10)


def test_without_held_out_names_draws_are_measured_all_the_same(world):
    model, train, _ = world
    found = measure(model, [], train=train, samples=1000)
    assert found.likelihood is None and found.calibration is None
    assert [m.name for m in found.measures] == [
        "unique_1k", "new", "diversity", "distance_to_training",
    ]  # fmt: skip
    assert "no held-out names" in found.notes[0]
    assert "real" not in found.distances


def test_without_a_training_list_nothing_is_said_of_novelty():
    model = memoryless(known=None)
    found = measure(model, ["abc", "cab"], samples=500)
    names = [m.name for m in found.measures]
    assert "new" not in names and "distance_to_training" not in names
    assert all(name.nearest is None for name in found.names)
    assert found.measure("length_wasserstein").real is None


def test_names_that_were_trained_on_are_told_of(world):
    model, train, held_out = world
    found = measure(model, [*held_out, *train[:3]], train=train, samples=100)
    assert any(note.startswith(f"3 of the {len(held_out) + 3}") for note in found.notes)


def test_names_that_the_model_cannot_read_are_left_out():
    model = memoryless(known=frozenset(["a"]))
    found = measure(model, ["abc", "abß", "cab"], samples=100)
    assert (found.likelihood.names, found.likelihood.skipped_names) == (2, 1)
    assert value(found, "nats_per_char") == pytest.approx(found.likelihood.nats_per_char, rel=1e-6)
    with pytest.raises(CorpusError):
        measure(model, ["ß"], samples=100)


def test_graphemes_are_one_each():
    cluster = "x\u0331\u0301"
    odds = {"": 2.0, "a": 2.0, cluster: 2.0}
    model = memoryless(odds, known=frozenset(["a" + cluster]), unit="grapheme")
    found = measure(model, [cluster, "aa", cluster * 2], samples=300)
    assert found.lengths["real"] == {1: 0.25, 2: 0.75}
    assert set(found.ngrams["characters"]) == {"\n", "a", cluster}


def test_bad_arguments_are_refused(world):
    model, _, held_out = world
    with pytest.raises(ConfigError, match="samples"):
        measure(model, held_out, samples=-1)
    with pytest.raises(ConfigError, match="temperature"):
        measure(model, held_out, samples=10, temperature=-1)
    with pytest.raises(ConfigError, match="no such measure"):
        measure(model, held_out, samples=0).measure("beauty")


def test_greedy_draws_are_all_one(world):
    model, train, held_out = world
    model = memoryless({"": 2.0, "a": 1.0, "b": 0.5, "c": 0.25}, known=model.known)
    with pytest.raises(GenerationError):  # it ends at once
        measure(model, held_out, train=train, samples=10, temperature=0)


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


def test_no_target_gives_no_calibration():
    assert calibration(memoryless().rnn, [np.array([0], np.int32)]) is None


def test_the_divergence_of_the_same_is_0_and_of_disjoint_ones_1_bit():
    p, q = np.array([0.5, 0.5, 0, 0]), np.array([0, 0, 0.25, 0.75])
    assert jensen_shannon(p, p) == 0
    assert jensen_shannon(p, q) == pytest.approx(1)
    assert jensen_shannon(np.array([1.0, 0]), np.array([0.5, 0.5])) == pytest.approx(0.311278)


def test_the_distance_of_lengths_that_are_shifted_by_one_is_1():
    words = ["ab", "abc", "abcd"]
    assert lengths_apart(words, ["a" + w for w in words]).value == pytest.approx(1)
    assert lengths_apart(words, words).value == 0
    assert wasserstein(np.array([1.0, 0, 0, 0]), np.array([0, 0, 0, 1.0])) == 3


def test_identical_sets_have_the_same_ngrams():
    words = ["abca", "bca", "c"]
    for n in range(1, 5):
        assert ngrams_apart(words, words, n).value == pytest.approx(0, abs=1e-12)
        assert ngrams_apart(words, ["xyzx"], n).value == pytest.approx(1)


def test_fewer_real_names_look_further_away_so_the_size_is_shared():
    model = memoryless()
    a = model.names(2000, seed=1, allow_known=True, allow_repeats=True)
    b = model.names(100, seed=2, allow_known=True, allow_repeats=True)
    few = ngrams_apart(a, b, 3, size=100)
    many = ngrams_apart(a, b, 3)
    assert few.value > many.value > 0
    assert ngrams_apart([], b, 2) is None


def test_pairs_are_shares_with_the_edges_of_names():
    shares = pair_shares(["ab"], ["\0", "a", "b"])
    assert shares.sum() == pytest.approx(1)
    assert shares[0, 1] == shares[1, 2] == shares[2, 0] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("classes", "draws", "n"), [(1000, 1000, 1000), (5000, 3000, 1000)])
def test_the_share_of_different_draws_is_estimated_with_its_interval(classes, draws, n):
    rng = np.random.default_rng(0)
    p = rng.exponential(size=classes) ** 2
    p /= p.sum()
    truth = (1 - (1 - p) ** n).sum() / n
    found = [unique_share([str(i) for i in rng.choice(classes, draws, p=p)], n) for _ in range(100)]
    assert np.mean([f.value for f in found]) == pytest.approx(truth, rel=0.01)
    assert np.mean([f.low <= truth <= f.high for f in found]) >= 0.88


@pytest.mark.parametrize("classes", [100_000, 1_000_000, 10_000_000])
def test_a_list_that_hardly_repeats_itself_is_not_said_never_to(classes):
    """A thousand draws have 5, half a one or a twentieth of a repeat on average."""
    rng, truth = np.random.default_rng(0), -np.expm1(1000 * np.log1p(-1 / classes)) * classes / 1000
    found = [unique_share(rng.integers(classes, size=1000).tolist(), 1000) for _ in range(200)]
    assert np.mean([f.low <= truth <= f.high for f in found]) >= 0.88
    assert all(f.low < f.value <= f.high <= 1 for f in found)


def test_draws_that_are_all_one_or_all_different_are_at_the_ends():
    assert unique_share(["a"] * 100, 100).value == pytest.approx(0.01)
    assert unique_share([str(i) for i in range(100)], 100).value == 1


def test_diversity_is_0_of_one_name_and_1_of_strangers():
    assert diversity(["abc"] * 10).value == 0
    assert diversity([chr(0x4E00 + i) for i in range(50)]).value == 1
    assert diversity(["a"]) is None


def test_canaries_are_known_but_no_real_names(world):
    model, train, held_out = world
    strings = ["abcabcabcabcabcabcabc", "cbacbacbacbacbacbacba"]
    plain = measure(model, held_out, train=train, samples=300)
    with_canaries = measure(
        model, held_out, train=[*train, *strings], canaries=strings, samples=300
    )
    assert with_canaries.to_dict() == plain.to_dict()
