"""The likelihood of running text: as a stream, and in windows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.data.text import TextCorpus
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError, CorpusError
from charloom.evaluation import likelihood, text_likelihood
from charloom.generation import NameModel, TextModel
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.scoring.names import log_softmax

TEXT = "abc cab\nbac" * 20


def language_model(vocabulary, text=True, seed=0):
    config = ModelConfig(units=8, embedding=4, text=text)
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config, vocabulary.size)
    weights = {n: (0.5 * rng.standard_normal(s)).astype("f4") for n, s in shapes.items()}
    return TextModel(NumpyRNN(config, weights), vocabulary)


def by_hand(model, ids, window=None):
    """-log p of ids[1:], from an empty carry at each window's beginning."""
    nats = 0.0
    for place in range(len(ids) - 1):
        if place == 0 or (window and place % window == 0):
            carry = model.rnn.initial_carry(1)
        logits, carry = model.rnn.step(np.array([ids[place]]), carry)
        nats -= float(log_softmax(logits)[0, ids[place + 1]])
    return nats / (len(ids) - 1)


@pytest.fixture
def model():
    return language_model(Vocabulary(("\n", " ", "a", "b", "c")))


@pytest.mark.parametrize("window", [7, 256])
def test_both_likelihoods_are_those_of_plain_steps(model, window):
    found = text_likelihood(model, TEXT, window=window)
    ids = [0, *model.vocabulary.encode(TEXT).tolist()]
    assert found.characters == len(TEXT)
    assert found.streamed_nats_per_char == pytest.approx(by_hand(model, ids), rel=1e-4)
    assert found.window_nats_per_char == pytest.approx(by_hand(model, ids, window), rel=1e-4)
    assert found.streamed_bits_per_char == pytest.approx(found.streamed_nats_per_char / math.log(2))
    assert found.perplexity == pytest.approx(math.exp(found.streamed_nats_per_char))
    assert (found.window, found.unknown_characters) == (window, 0)


def test_a_text_of_other_ids_is_read_as_the_models(model):
    text = TextCorpus.of("cab")  # which knows three characters only
    assert text_likelihood(model, text) == text_likelihood(model, "cab")


def test_boundaries_between_documents_are_predicted(model):
    found = text_likelihood(model, TextCorpus.of(["ab", "c"]))
    assert found.characters == 4
    assert found.streamed_nats_per_char == pytest.approx(by_hand(model, [0, 3, 4, 0, 5]), rel=1e-4)


def test_a_text_with_rare_characters_counts_them_as_the_models_unknown_symbol():
    model = language_model(Vocabulary(("a", "b"), unknown=True))
    rare = TextCorpus.of("abab" * 9 + "xyz", min_count=2)
    assert rare.vocabulary.has_unknown
    found = text_likelihood(model, rare)
    assert (found.characters, found.unknown_characters) == (39, 3)
    assert found == text_likelihood(model, "abab" * 9 + "xyz")


def test_a_text_of_unknown_characters_is_refused(model):
    with pytest.raises(CorpusError, match="never saw any"):
        text_likelihood(model, "xyz")
    with pytest.raises(CorpusError, match="no text"):
        text_likelihood(model, "")


def test_units_must_fit(model):
    with pytest.raises(ConfigError, match="character"):
        text_likelihood(model, TextCorpus.of("abc", unit="grapheme"))
    with pytest.raises(ConfigError, match="window"):
        text_likelihood(model, "abc", window=0)


def test_names_with_rare_characters_are_scored_by_a_model_with_an_unknown_symbol():
    plain = language_model(Vocabulary(("a", "b"), unknown=True), text=False)
    model = NameModel(plain.rnn, plain.vocabulary)
    found = likelihood(model, ["ab", "az"])
    assert (found.names, found.skipped_names, found.unknown_characters) == (2, 0, 1)
    assert found.nats_per_char == pytest.approx(float(model.nll(["ab", "az"]).sum()) / 6)
