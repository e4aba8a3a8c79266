"""A trained model continues with more characters and labels, and frozen parts stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom import NameCorpus, TextCorpus, Tokens
from charloom.config import ModelConfig, TrainConfig
from charloom.data.batches.names import Batch
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.training.engines.factory import backend_name
from charloom.training.name_data import NameData
from charloom.training.warm_start import frozen, merged, warm_started
from helpers.run_folders import toy

pytestmark = pytest.mark.slow

LETTERS = st.sets(st.sampled_from("abcdefgh"), min_size=1).map(sorted).map(tuple)


def scores(weights, config, vocabulary, text):
    """The logits after each character of ``text``, by character."""
    rnn = NumpyRNN(config, weights)
    carry, rows = rnn.initial_carry(1), []
    for i in (0, *vocabulary.encode(text)):
        logits, carry = rnn.step(np.array([i]), carry)
        rows.append(logits[0])
    return np.array(rows)


@settings(max_examples=40, deadline=None)
@given(LETTERS, LETTERS, st.booleans(), st.booleans(), st.integers(0, 9))
def test_known_characters_keep_their_predictions(old, new, unknown, also, seed):
    saved = toy(seed, vocabulary=Vocabulary(old, unknown=unknown))
    vocabulary = merged(saved.vocabulary, Vocabulary(new, unknown=also))
    weights = warm_started(saved, saved.config, vocabulary, (), seed)
    before = scores(saved.weights, saved.config, saved.vocabulary, "".join(old))
    after = scores(weights, saved.config, vocabulary, "".join(old))
    places = [0, *vocabulary.encode("".join(old)), *[vocabulary.unknown_id] * unknown]
    np.testing.assert_allclose(after[:, places], before, atol=1e-6)


@given(LETTERS, LETTERS, st.booleans(), st.booleans())
def test_the_merged_vocabulary_is_the_union(old, new, unknown, also):
    both = merged(Vocabulary(old, unknown=unknown), Vocabulary(new, unknown=also))
    assert set(both.characters) == {*old, *new}
    assert both.has_unknown == (unknown or also)


def test_new_characters_start_as_in_a_new_model_but_unlikely():
    saved = toy(vocabulary=Vocabulary(("a", "c")))
    vocabulary = Vocabulary(("a", "b", "c"), unknown=True)
    weights = warm_started(saved, saved.config, vocabulary, (), seed=5)
    fresh = initial_weights(saved.config, vocabulary.size, 5)
    for new in (2, 4):  # "b" and the unknown symbol
        assert (weights["embedding"][new] == fresh["embedding"][new]).all()
        assert (weights["logits.kernel"][:, new] == fresh["logits.kernel"][:, new]).all()
        assert weights["logits.bias"][new] == saved.weights["logits.bias"].min()


def test_labels_move_with_their_names_and_new_ones_have_no_effect():
    config = ModelConfig(units=2, embedding=2, labels=2)
    saved = toy(config=config, labels=("cat", "dog"))
    model = config.replace(labels=3)
    rows = warm_started(saved, model, saved.vocabulary, ("dog", "eel", "cat"), 0)["labels"]
    assert (rows[[2, 0]] == saved.weights["labels"]).all()
    assert (rows[1] == 0).all()


def test_a_warm_start_does_not_change_the_saved_weights():
    saved = toy()
    before = {name: array.copy() for name, array in saved.weights.items()}
    for array in warm_started(saved, saved.config, saved.vocabulary, (), 0).values():
        array += 1
    assert all((saved.weights[name] == array).all() for name, array in before.items())


@pytest.mark.parametrize(
    "change",
    [{"cell": "lstm"}, {"units": 3}, {"layers": 2}, {"embedding": 3}, {"begin": False},
     {"text": True}],
)  # fmt: skip
def test_another_architecture_is_refused_in_one_line(change):
    saved = toy()
    ((name, value),) = change.items()
    rule = f"keeps its settings: its {name} is {getattr(saved.config, name)}. Received: .*{value}.*"
    with pytest.raises(ConfigError, match=rule) as caught:
        warm_started(saved, saved.config.replace(**change), saved.vocabulary, (), 0)
    assert "--from" in str(caught.value) and str(caught.value).isprintable()


def test_new_letters_start_like_their_relatives():
    saved = toy(vocabulary=Vocabulary(("a", "o")))
    vocabulary = Vocabulary(("a", "o", "ø"))
    weights = warm_started(saved, saved.config, vocabulary, (), seed=5)
    np.testing.assert_array_equal(weights["embedding"][3], saved.weights["embedding"][2])
    kernel = weights["logits.kernel"]
    np.testing.assert_array_equal(kernel[:, 3], saved.weights["logits.kernel"][:, 2])
    assert weights["logits.bias"][3] == saved.weights["logits.bias"].min()


def test_another_unit_is_refused_and_another_dropout_is_not():
    saved = toy()
    grapheme = Vocabulary(("a", "e\u0301"), "grapheme")
    with pytest.raises(ConfigError, match=r"unit is character\. Received: unit grapheme"):
        merged(saved.vocabulary, grapheme)
    warm_started(saved, saved.config.replace(dropout=0.1), saved.vocabulary, (), 0)


NAMES = list(initial_weights(ModelConfig(units=2, layers=2, embedding=2, labels=2), 4, 0))


def test_the_parts_of_a_model_are_its_embedding_with_labels_and_its_layers():
    assert frozen(NAMES, ()) == set()
    assert frozen(NAMES, ("embedding",)) == {"embedding", "labels"}
    recurrent = frozen(NAMES, ("recurrent",))
    assert recurrent == {name for name in NAMES if name.startswith("rnn.")} and len(recurrent) == 6
    assert set(NAMES) - frozen(NAMES, ("embedding", "recurrent")) == {
        "logits.kernel",
        "logits.bias",
    }


def batch(seed):
    rng = np.random.default_rng(seed)
    inputs, targets = rng.integers(0, 7, (2, 4, 9)).astype(np.int32)
    return Batch(inputs, targets, np.ones((4, 9), np.float32), names=4,
                 labels=rng.integers(0, 3, 4).astype(np.int32))  # fmt: skip


CONFIG = ModelConfig(units=8, layers=2, embedding=5, labels=2, dropout=0.0)
TRAINING = TrainConfig(batch_size=4, clip_norm=0.3, weight_decay=0.05)


def keras_engine(training, weights):
    backend_name()  # before Keras is imported, which asks for it
    from charloom.training.engines.keras import KerasEngine

    return KerasEngine(CONFIG, training, weights, 30.0)


@pytest.mark.heavy
@pytest.mark.parametrize("freeze", [("embedding",), ("recurrent",), ("embedding", "recurrent")])
def test_frozen_weights_stay_bit_for_bit_and_the_others_move(freeze):
    weights = initial_weights(CONFIG, 7, 0)
    engine = keras_engine(TRAINING.replace(freeze=freeze), weights)
    for seed in range(3):
        engine.step(batch(seed), 0.01)
    after, still = engine.weights(), frozen(weights, freeze)
    for name, array in weights.items():
        assert (after[name] == array).all() == (name in still), name
    states = keras_engine(TRAINING, weights).state()
    assert engine.state().keys() == states.keys()
    for name in still:
        assert not engine.state()[f"means/{name}"].any()


@pytest.mark.heavy
def test_frozen_weights_do_not_count_in_the_clipped_norm():
    weights = initial_weights(CONFIG, 7, 0)
    moved = {}
    for freeze in ((), ("embedding", "recurrent")):
        engine = keras_engine(TRAINING.replace(freeze=freeze, clip_norm=1e-3), weights)
        engine.step(batch(0), 0.01)
        moved[freeze] = np.sqrt(sum(np.square(engine.state()[f"means/{name}"]).sum()
                                    for name in ("logits.kernel", "logits.bias")))  # fmt: skip
    # Adam's first mean is a tenth of the clipped gradient, whose norm is all the logits' now.
    assert moved["embedding", "recurrent"] == pytest.approx(1e-4, rel=1e-3)
    assert moved[()] < 0.99e-4


def test_a_frozen_engine_resumes_from_its_state():
    training = TRAINING.replace(freeze=("recurrent",))
    engine = keras_engine(training, initial_weights(CONFIG, 7, 0))
    engine.step(batch(0), 0.01)
    state = engine.state()
    ahead = [float(engine.step(batch(seed), 0.01)) for seed in (1, 2)]
    other = keras_engine(training, initial_weights(CONFIG, 7, 1))
    other.restore(state)
    assert [float(other.step(batch(seed), 0.01)) for seed in (1, 2)] == ahead


def test_fine_tuning_keeps_a_models_tokens_and_adds_those_of_the_list() -> None:
    old = Vocabulary(("C", "Cl"), Tokens.of(["Cl"]))
    saved = toy(vocabulary=old)
    config, training = saved.config, TrainConfig(held_out=0)
    for unit, own in (("character", []), ("regex:Br|.", ["Br"])):
        corpus = NameCorpus.of(["ClCBr", "CC", "ClC"], unit=unit)
        data = NameData(corpus, config, training, initial=saved)
        assert data.vocabulary.token_unit == Tokens.of(["Cl", *own])
        assert data.corpus.report.longest == (3 if own else 4)
        assert data.digest == corpus.digest
    text = TextCorpus.of("ClCBr\n" * 20, unit="regex:Br|.")
    with pytest.raises(ConfigError, match="keeps its tokens"):
        merged(old, text.vocabulary)
    with pytest.raises(ConfigError, match=r"its unit is token\. Received: unit character"):
        merged(old, Vocabulary(("C",)))
