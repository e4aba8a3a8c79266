"""What happens inside a model: toy models with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom import NameModel, Vocabulary
from charloom.config import ModelConfig
from charloom.errors import ConfigError, CorpusError, VocabularyError
from charloom.evaluation import (
    activity,
    embedding_map,
    kind,
    next_characters,
    notable_units,
    simple_features,
)
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes

VOCABULARY = Vocabulary(("a", "b", "c"))


def model(**config):
    settings = ModelConfig(**({"units": 4, "embedding": 3} | config))
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in weight_shapes(settings, VOCABULARY.size).items()
    }
    return NameModel(NumpyRNN(settings, weights), VOCABULARY, frozenset(["ab"]), 3)


def memory(**config):
    """A tanh cell that holds nothing but the character just read, one-hot at tanh(1)."""
    settings = ModelConfig(cell="rnn", units=4, embedding=4, **config)
    shapes = weight_shapes(settings, 4)
    weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    weights["embedding"] = weights["rnn.0.kernel"] = np.eye(4, dtype=np.float32)
    # After id i comes id i + 1, after the last the end: 20 nats ahead of the others.
    weights["logits.kernel"] = np.roll(np.eye(4), 1, axis=1).astype(np.float32) * np.float32(
        20 / np.tanh(1)
    )
    return NameModel(NumpyRNN(settings, weights), VOCABULARY, frozenset(["abc"]), 3)


def test_next_characters_are_those_that_the_model_expects():
    found = next_characters(memory(), "abc")
    assert found.characters == ("\n", "a", "b", "c")
    assert found.targets == ("a", "b", "c", "\n")
    assert found.probabilities.argmax(axis=1).tolist() == [1, 2, 3, 0]
    assert (found.probabilities.max(axis=1) > 0.999).all()


def test_without_a_begin_symbol_the_first_character_is_not_predicted():
    found = next_characters(memory(begin=False), "abc")
    assert found.targets == ("b", "c", "\n")
    assert found.probabilities.argmax(axis=1).tolist() == [2, 3, 0]


@pytest.mark.parametrize("begin", [True, False])
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_the_probabilities_of_what_came_are_the_score(cell, begin):
    toy = model(cell=cell, layers=2, begin=begin)
    found = next_characters(toy, "abca")
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    places = [found.characters.index(target) for target in found.targets]
    nats = -np.log(found.probabilities[range(len(places)), places]).sum()
    np.testing.assert_allclose(nats, toy.nll(["abca"])[0], rtol=1e-5)


def test_activity_is_the_state_after_each_character():
    first, second = activity(memory(), ["ab", "c"])
    expected = np.tanh(1) * np.eye(4)
    np.testing.assert_allclose(first, expected[[1, 2]], atol=1e-6)
    np.testing.assert_allclose(second, expected[[3]], atol=1e-6)


@pytest.mark.parametrize("begin", [True, False])
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_activity_of_a_layer_is_that_layers_hidden_state(cell, begin):
    toy = model(cell=cell, layers=2, begin=begin)
    states = {"lstm": 2}.get(cell, 1)
    for layer, place in ((0, 0), (1, states), (-1, states), (-2, 0)):
        carry = toy.rnn.initial_carry(1)
        if begin:
            _, carry = toy.rnn.step(np.array([0]), carry)
        expected = []
        for i in (2, 1, 3):
            _, carry = toy.rnn.step(np.array([i]), carry)
            expected.append(carry[place, 0])
        found = activity(toy, ["a", "bac"], layer)[1]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_what_cannot_be_read_is_refused():
    for layer in (1, -2):
        with pytest.raises(ConfigError, match="layer must be a whole number from -1 to 0"):
            activity(model(), ["a"], layer)
    for names in ([], ["a", ""]):
        with pytest.raises(CorpusError, match="may be empty"):
            activity(model(), names)
    with pytest.raises(CorpusError, match="may be empty"):
        next_characters(model(), "")
    with pytest.raises(CorpusError, match="invisible"):
        next_characters(model(), "\u202e")
    with pytest.raises(VocabularyError, match="'z'"):
        next_characters(model(), "az")


def test_features_are_numbers_for_each_character():
    found = simple_features(["Anky", "e\u0301x"], "grapheme")
    assert [f.tolist() for f in found["vowel"]] == [[1, 0, 0, 1], [1, 0]]
    assert [f.tolist() for f in found["position"]] == [[0, 1, 2, 3], [0, 1]]
    assert [f.tolist() for f in found["left"]] == [[3, 2, 1, 0], [1, 0]]


def test_kinds_are_of_latin_letters():
    kinds = [kind(character) for character in ("a", "é", "y", "ç", "É", "B", "\n", "日", "я", "7")]
    assert kinds == ["vowel"] * 3 + ["consonant", "capital", "capital"] + ["other"] * 4


def test_notable_units_follow_the_features_and_are_taken_once():
    names = ["abab", "ba"]
    features = simple_features(names)
    rng = np.random.default_rng(0)
    activities = []
    for vowel, position in zip(features["vowel"], features["position"], strict=True):
        noise = rng.normal(size=(len(vowel), 4)) * 0.05
        noise[:, 1] = 0.9 - 0.1 * position
        noise[:, 2] += vowel
        noise[:, 3] = 0.5  # never changes
        activities.append(noise.astype(np.float32))
    first, second = notable_units(activities, {k: features[k] for k in ("vowel", "position")})
    assert (first.unit, first.feature) == (2, "vowel")
    assert 0.9 < first.correlation < 1
    assert (second.unit, second.feature) == (1, "position")
    assert second.correlation == pytest.approx(-1, abs=1e-5)
    again = notable_units(activities, {"one": features["vowel"], "two": features["vowel"]})
    assert again[0].unit == 2
    assert again[1].unit != 2


def test_a_constant_feature_has_no_unit():
    activities = [np.array([[0.1], [0.2]], np.float32)]
    constant = {"vowel": [np.zeros(2)], "position": [np.arange(2.0)], "left": [np.arange(2.0)]}
    (only,) = notable_units(activities, constant)  # nor is there a second unit for "left"
    assert (only.unit, only.feature) == (0, "position")
    with pytest.raises(ConfigError, match="number for each character"):
        notable_units(activities, {"short": [np.zeros(1)]})


def test_a_flat_embedding_is_mapped_as_it_lies():
    flat = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0][:2]
    found = embedding_map(flat @ rotation + 7)
    np.testing.assert_allclose(np.abs(found.points), np.abs(flat), atol=1e-9)
    np.testing.assert_allclose(found.explained, (0.9, 0.1))


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 100))
def test_a_map_is_centred_and_explains_at_most_all(rows, columns, seed):
    table = np.random.default_rng(seed).normal(size=(rows, columns))
    found = embedding_map(table)
    np.testing.assert_allclose(found.points.mean(axis=0), 0, atol=1e-9)
    first, second = found.explained
    assert 0 <= second <= first + 1e-12 and first + second <= 1 + 1e-9
    for axis in found.points.T:
        assert axis[np.abs(axis).argmax()] >= 0


def test_rows_that_are_all_the_same_lie_on_one_point():
    found = embedding_map(np.ones((3, 2)))
    assert not found.points.any()
    assert found.explained == (0, 0)
    with pytest.raises(ConfigError, match=r"shape \(V, E\)"):
        embedding_map(np.ones(3))
