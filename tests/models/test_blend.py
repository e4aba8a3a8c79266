"""Blends are products of experts: exact at their ends, and normalised step by step."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError
from charloom.generation import NameModel
from charloom.models.blend import Blend, Member, blend, condition
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.scoring.names import log_softmax, score

NAMES = ("de", "fi", "hu")
ABC, BCD = Vocabulary(("a", "b", "c")), Vocabulary(("b", "c", "d", "e"))


def model(vocabulary=ABC, seed=0, **changes) -> NumpyRNN:
    config = ModelConfig(**{"units": 5, "embedding": 3, "labels": 3, **changes})
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config, vocabulary.size)
    return NumpyRNN(config, {k: rng.normal(0, 1, s).astype("f4") for k, s in shapes.items()})


def log_probabilities(rnn, strings) -> np.ndarray:
    """(steps, V) after each character of each string, two strings at a time."""
    found, buffers = [], rnn.buffers(2)
    carry = rnn.initial_carry(2)
    for ids in zip(*strings, strict=True):
        logits, after = rnn.step(np.array(ids), carry, buffers)
        carry = after.copy()
        found.append(log_softmax(logits.copy()))
    return np.concatenate(found)


STRINGS = [[0, 1, 2, 2], [0, 3, 1, 2]]
MODELS = [{"cell": "gru"}, {"cell": "lstm", "layers": 2, "units": 7}, {"cell": "rnn", "units": 4}]


@pytest.mark.parametrize("changes", MODELS, ids=str)
def test_the_blend_of_a_model_with_itself_is_the_model(changes):
    rnn = model(**changes)
    blend = Blend([Member(rnn, 0.7), Member(rnn, 0.3)])
    np.testing.assert_allclose(
        log_probabilities(blend, STRINGS), log_probabilities(rnn, STRINGS), atol=1e-5
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(MODELS), st.floats(-2, 3)), min_size=1, max_size=4))
def test_a_blend_is_the_normalised_product_of_its_experts(parts):
    members = [
        Member(model(seed=i, **changes), weight) for i, (changes, weight) in enumerate(parts)
    ]
    product = sum(m.weight * log_probabilities(m.rnn, STRINGS).astype(float) for m in members)
    product -= np.log(np.exp(product).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(log_probabilities(Blend(members), STRINGS), product, atol=1e-4)


def test_a_blend_of_blends_is_the_blend_of_all():
    one, two, three = (model(seed=i, **changes) for i, changes in enumerate(MODELS))
    inner = Blend([Member(one, 0.5), Member(two, 0.5)])
    nested = Blend([Member(inner, 0.4), Member(three, 0.6)])
    flat = Blend([Member(one, 0.2), Member(two, 0.2), Member(three, 0.6)])
    np.testing.assert_allclose(
        log_probabilities(nested, STRINGS), log_probabilities(flat, STRINGS), atol=1e-5
    )


def test_steps_leave_their_carry_as_it_is_and_rows_alone():
    blend = Blend([Member(model(seed=i, **changes), 0.5) for i, changes in enumerate(MODELS)])
    _, carry = blend.step(np.array([0, 1, 2]), blend.initial_carry(3))
    assert carry.shape == (1 + 4 + 1, 3, 7)
    before = carry.copy()
    ids = np.array([2, 0, 3])
    logits, after = blend.step(ids, carry)
    np.testing.assert_array_equal(carry, before)
    for row in range(3):
        one, its = blend.step(ids[row : row + 1], carry[:, [row]])
        np.testing.assert_allclose(one[0], logits[row], atol=1e-5)
        np.testing.assert_allclose(its[0, 0], after[0, row], atol=1e-5)


# Labels


def test_guidance_0_is_the_unlabelled_and_1_the_labelled_model():
    rnn = model()
    plain = log_probabilities(rnn, STRINGS)
    for way in (
        condition(rnn, NAMES, {"fi": 1.0}, 0.0),
        condition(rnn, NAMES, {}, 3.0),
        condition(rnn.labelled(2), NAMES, {}),
    ):
        np.testing.assert_array_equal(log_probabilities(way, STRINGS), plain)
    fi = log_probabilities(rnn.labelled(1), STRINGS)
    np.testing.assert_array_equal(
        log_probabilities(condition(rnn, NAMES, {"fi": 0.2}), STRINGS), fi
    )
    assert np.abs(fi - plain).max() > 0.1


@given(st.floats(0, 8))
@settings(deadline=None, max_examples=20)
def test_guidance_goes_on_along_the_line_from_unlabelled_to_labelled(guidance):
    rnn = model()
    plain, fi = (log_probabilities(r, STRINGS).astype(float) for r in (rnn, rnn.labelled(1)))
    expected = plain + guidance * (fi - plain)
    expected -= np.log(np.exp(expected).sum(axis=1, keepdims=True))
    found = log_probabilities(condition(rnn, NAMES, {"fi": 1.0}, guidance), STRINGS)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_mixture_weighs_its_labels_whatever_their_weights_sum_to():
    rnn = model()
    de, hu = (log_probabilities(rnn.labelled(k), STRINGS).astype(float) for k in (0, 2))
    expected = 0.7 * de + 0.3 * hu
    expected -= np.log(np.exp(expected).sum(axis=1, keepdims=True))
    for weights in ({"de": 0.7, "hu": 0.3}, {"hu": 3.0, "de": 7.0}):
        found = log_probabilities(condition(rnn, NAMES, weights), STRINGS)
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("names", "weights", "guidance", "message"),
    [
        (NAMES, {"sv": 1.0}, 1, r"no label 'sv'\. It has: de, fi, hu"),
        ((), {"sv": 1.0}, 1, "without labels.*--label-column"),
        (NAMES, {"fi": 0.0}, 1, r"of the label .fi. must lie in \(0, inf\)"),
        (NAMES, {"fi": float("inf")}, 1, "must lie in"),
        (NAMES, {"fi": float("nan")}, 1, "must lie in"),
        (NAMES, {"fi": 1.0}, -1, r"guidance must lie in \[0, 100\]"),
        (NAMES, {"fi": 1.0}, float("nan"), "guidance"),
    ],
)
def test_what_no_label_can_be_is_named(names, weights, guidance, message):
    with pytest.raises(ConfigError, match=message):
        condition(model(), names, weights, guidance)


# Two models


def test_the_whole_share_of_one_model_is_that_model():
    one, two = model(seed=1), model(seed=2, units=8, labels=0)
    for share, only in ((0.0, one), (1.0, two)):
        rnn, vocabulary = blend((one, ABC), (two, ABC), share)
        assert rnn is only
        assert vocabulary == ABC


def test_models_of_different_characters_give_the_common_ones_in_order():
    one, two = model(ABC, 1), model(BCD, 2, cell="lstm", units=8)
    rnn, vocabulary = blend((one, ABC), (two, BCD), 0.25)
    assert vocabulary == Vocabulary(("b", "c"))
    # end b c: in the first 0 2 3, in the second 0 1 2
    ours, theirs = [[0, 1, 2], [0, 2, 2]], [[0, 2, 3], [0, 3, 3]]
    first = log_probabilities(one, theirs)[:, [0, 2, 3]].astype(float)
    second = log_probabilities(two, ours)[:, [0, 1, 2]].astype(float)
    for share in (0.0, 0.25, 1.0):
        rnn, _ = blend((one, ABC), (two, BCD), share)
        expected = (1 - share) * first + share * second
        expected -= np.log(np.exp(expected).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(log_probabilities(rnn, ours), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("other", "vocabulary", "share", "message"),
    [
        (model(), ABC, 1.5, r"weight must lie in \[0, 1\]"),
        (model(), ABC, float("nan"), "weight must lie"),
        (model(), Vocabulary(("x", "y", "z")), 0.5, "characters in common"),
        (model(), Vocabulary(("a", "b", "c"), "grapheme"), 0.5, "graphemes"),
        (model(begin=False), ABC, 1.0, "all have a begin symbol"),
    ],
)
def test_models_that_cannot_be_blended_say_why(other, vocabulary, share, message):
    with pytest.raises(ConfigError, match=message):
        blend((model(), ABC), (other, vocabulary), share)


def test_members_must_have_one_vocabulary():
    with pytest.raises(ConfigError, match=r"Received: \[4, 5\] ids"):
        Blend([Member(model(ABC), 1.0), Member(model(BCD), 1.0)])


# In use


def test_a_blend_generates_and_scores_what_its_steps_say():
    one, two = model(ABC, 1), model(BCD, 2, cell="lstm", layers=2, units=8)
    rnn, vocabulary = blend((condition(one, NAMES, {"de": 1, "fi": 1}, 2.0), ABC), (two, BCD), 0.5)
    language_model = NameModel(rnn, vocabulary, None, 10)
    for sample in language_model.generate(50, seed=1, allow_known=True):
        carry, nats, last = rnn.initial_carry(1), 0.0, 0
        for following in [*vocabulary.encode(sample.text), 0]:
            logits, carry = rnn.step(np.array([last]), carry)
            nats -= log_softmax(logits)[0, following]
            last = following
        assert sample.nats == pytest.approx(nats, rel=1e-4)
        assert language_model.nll([sample.text])[0] == pytest.approx(nats, rel=1e-4)


def test_strings_are_drawn_as_often_as_a_blend_says():
    rnn = condition(model(seed=3), NAMES, {"hu": 1.0}, 1.5)
    drawn = NameModel(rnn, ABC, None, 10).names(
        20_000, seed=0, allow_known=True, allow_repeats=True
    )
    texts = ["".join(p) for n in (1, 2) for p in itertools.product("abc", repeat=n)]
    nats = score(rnn, [ABC.encode(text) for text in texts])
    share = np.exp(-nats) / (1 - np.exp(-score(rnn, [ABC.encode("")])[0]))  # never the empty one
    found = np.array([drawn.count(text) for text in texts]) / len(drawn)
    np.testing.assert_allclose(found, share, atol=5 * np.sqrt(0.25 / len(drawn)))


def test_a_blend_takes_the_place_of_a_models_recurrence():
    language_model = NameModel(model(), ABC, None, 10)
    other = dataclasses.replace(language_model, rnn=condition(model(), NAMES, {"fi": 1.0}, 4.0))
    assert other.nll(["ab"])[0] != language_model.nll(["ab"])[0]
