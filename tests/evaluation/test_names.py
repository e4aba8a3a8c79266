"""The measures of a model of names: known answers of models without memory."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest

from charloom.data.encoded.sequences import LineNames
from charloom.errors import ConfigError, CorpusError, GenerationError
from charloom.evaluation import NameSamples, likelihood, measure
from charloom.generation.constraints import Chars, Length, RuleError
from helpers.toy_models import ODDS, memoryless


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
    model = memoryless(dict.fromkeys(("", *"abc"), 1.0))
    found = measure(model, ["ab", "c", "abcab"], samples=0)
    assert value(found, "perplexity_per_char") == pytest.approx(4, rel=1e-6)
    assert value(found, "nats_per_char") == pytest.approx(math.log(4), rel=1e-6)
    assert value(found, "nats_per_char_without_first") == pytest.approx(math.log(4), rel=1e-6)
    assert value(found, "bits_per_char") == pytest.approx(2, rel=1e-6)
    assert value(found, "bits_per_char_without_first") == pytest.approx(2, rel=1e-6)
    assert value(found, "perplexity_per_char_without_first") == pytest.approx(4, rel=1e-6)
    nats = found.measure("nats_per_char").estimate
    assert nats.high - nats.low == pytest.approx(0, abs=1e-6)  # all names are as likely


def test_names_of_a_long_training_list_are_noticed_too(world):
    model, train, held_out = world
    lines = LineNames("".join(f"{name}\n" for name in train).encode())  # as long lists are read
    mixed = [*train[:3], *train[:3], held_out[0]]
    note = "3 of the 4 names are in the training list: the model was trained on them."
    assert measure(model, mixed, train=lines, samples=0).notes[0] == note


def test_measures_agree_with_the_likelihood(world, found):
    model, _, held_out = world
    exact = likelihood(model, held_out)
    assert found.likelihood == exact
    assert value(found, "nats_per_char") == pytest.approx(exact.nats_per_char, rel=1e-6)
    assert value(found, "perplexity_per_char") == pytest.approx(exact.perplexity_per_char, rel=1e-6)


def test_without_first_characters_is_the_sum_of_the_others():
    model = memoryless()
    names = ["abc", "b", "ca"]  # 6 letters, of which 3 are first ones, and 3 ends
    found = measure(model, names, samples=0)
    nats = -sum(math.log(ODDS[c] / 9) for c in ["b", "c", "", "", "a", ""]) / 6
    assert value(found, "nats_per_char_without_first") == pytest.approx(nats, rel=1e-6)
    assert value(found, "bits_per_char_without_first") == pytest.approx(nats / math.log(2))
    assert value(found, "perplexity_per_char_without_first") == pytest.approx(math.exp(nats))
    assert found.likelihood.nats_per_char_without_first == pytest.approx(nats, rel=1e-6)


def test_all_measures_are_there_each_in_its_interval(found):
    names = [m.name for m in found.measures]
    assert names == [
        "nats_per_char", "nats_per_char_without_first", "bits_per_char",
        "bits_per_char_without_first", "perplexity_per_char", "perplexity_per_char_without_first",
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


def test_a_sample_is_shown_with_its_nearest_training_name(world, found):
    model, train, _ = world
    assert len({name.text for name in found.names}) == len(found.names)
    for name in found.names:
        assert name.nearest in train
        assert (name.distance == 0) == (name.text in train) == (name.text == name.nearest)
        assert name.nats == pytest.approx(float(model.nll([name.text])[0]), rel=1e-5)


@pytest.mark.slow
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


@pytest.mark.slow
def test_recall_is_the_share_found_by_sampling():
    model = memoryless()
    names = ["a", "ab", "abc", "cccc", "bbbbbb"]
    found = measure(model, names, train=["b"], samples=100)
    hits = [
        len(set(model.names(100, seed=s, allow_known=True, allow_repeats=True)) & set(names)) / 5
        for s in range(200)
    ]
    assert value(found, "recall") == pytest.approx(np.mean(hits), abs=0.02)


def test_constraints_that_no_name_can_satisfy_are_refused(world):
    model, train, held_out = world
    everything = measure(model, held_out, train=train, samples=200, rules=Chars("abc"))
    assert value(everything, "valid") == 1
    with pytest.raises(RuleError):
        measure(model, held_out, train=train, samples=200, rules=Chars("ab") & Chars("c"))


def test_samples_with_a_start_are_compared_with_real_names_that_have_it(world):
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
    canaries = ["cccccccccccc", "cbcbcbcbcbcb"] * 20
    again = measure(
        model, ["abc", "bab", "cab"], train=[*train, *canaries], canaries=canaries, samples=2000
    )
    assert [name.text for name in again.names] == [name.text for name in found.names]
    lone = memoryless(begin=False, known=None)
    with pytest.raises(GenerationError, match="--start"):
        NameSamples(model=lone).take(10)


def test_without_held_out_names_samples_are_still_measured(world):
    model, train, _ = world
    found = measure(model, [], train=train, samples=1000)
    assert found.likelihood is None and found.calibration is None
    assert [m.name for m in found.measures] == [
        "unique_1k", "new", "diversity", "distance_to_training",
    ]  # fmt: skip
    assert "no held-out names" in found.notes[0]
    assert "real" not in found.distances


def test_without_a_training_list_there_is_no_measure_of_novelty():
    model = memoryless(known=None)
    found = measure(model, ["abc", "cab"], samples=500)
    names = [m.name for m in found.measures]
    assert "new" not in names and "distance_to_training" not in names
    assert all(name.nearest is None for name in found.names)
    assert found.measure("length_wasserstein").real is None


def test_a_note_counts_names_that_were_trained_on(world):
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
    with pytest.raises(ConfigError, match="held_out must be a list"):
        measure(model, "abc")
    with pytest.raises(ConfigError, match="no such measure"):
        measure(model, held_out, samples=0).measure("beauty")


def test_a_note_warns_of_few_names_or_samples(world):
    model, train, held_out = world
    few = measure(model, held_out[:5], train=train, samples=3)
    assert "only 5 held-out names" in few.notes[0] and "only 3 samples" in few.notes[1]
    one = measure(model, held_out[:1], train=train, samples=100)
    said = "There is only one held-out name: the intervals of its figures say nothing."
    assert one.notes[0] == said
    assert one.notes[1].startswith("Junk is left out") and len(one.notes) == 2
    for found in (few, one):
        json.dumps(found.to_dict(), allow_nan=False)


def test_a_greedy_model_that_ends_at_once_is_an_error(world):
    model, train, held_out = world
    model = memoryless({"": 2.0, "a": 1.0, "b": 0.5, "c": 0.25}, known=model.training_set)
    with pytest.raises(GenerationError):  # it ends at once
        measure(model, held_out, train=train, samples=10, temperature=0)


def test_canaries_are_known_but_no_real_names(world):
    model, train, held_out = world
    strings = ["abcabcabcabcabcabcabc", "cbacbacbacbacbacbacba"]
    plain = measure(model, held_out, train=train, samples=300)
    with_canaries = measure(
        model, held_out, train=[*train, *strings], canaries=strings, samples=300
    )
    assert with_canaries.to_dict() == plain.to_dict()


def test_a_measurement_is_short_to_read(found):
    assert repr(found) == "Measurement(19 measures, 2,000 samples)"
    assert "<td>Nats per character</td>" in found._repr_html_()
