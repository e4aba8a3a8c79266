"""A network and an n-gram as one, and the share that each has."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError, GenerationError
from charloom.evaluation.metrics.likelihood import likelihood
from charloom.generation import NameModel, TextModel
from charloom.generation.explain import explain
from charloom.models.blend import Blend
from charloom.models.factory import recurrence
from charloom.models.interface import NEVER
from charloom.models.mixture import Mixture, best_weight
from charloom.models.ngram.arrays import MIXTURE_WEIGHT
from charloom.models.ngram.counts import count, stream_of
from charloom.models.ngram.model import NGram, nodes_of
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.scoring.names import log_softmax, score
from charloom.models.scoring.text import stream_nats, stream_target_nats, window_nats

NAMES = ("anna", "hanna", "nan", "aha", "hah", "annah", "nahan")
VOCABULARY = Vocabulary.of(NAMES)
V = VOCABULARY.size
CELLS = ("gru", "lstm", "rnn")


def parts(cell="gru", layers=1, text=False, seed=0):
    config = ModelConfig(kind="mixture", cell=cell, layers=layers, units=5, embedding=3, text=text)
    rng = np.random.default_rng(seed)
    weights = {n: rng.normal(0, 1, s).astype("f4") for n, s in weight_shapes(config, V).items()}
    counts = count(stream_of(*VOCABULARY.encode_all(NAMES)), V)
    return config, weights, counts.arrays(4)


def mixture(share=0.4, **options):
    config, weights, arrays = parts(**options)
    whole = {**weights, **arrays, MIXTURE_WEIGHT: np.array([share], "f4")}
    found = recurrence(config, whole)
    assert isinstance(found, Mixture)
    return found


def language_model(rnn):
    return NameModel(rnn, VOCABULARY, training_set=frozenset(NAMES), longest=5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_probabilities_are_the_two_parts_weighed(cell, layers):
    mixed = mixture(0.3, cell=cell, layers=layers)
    ids = np.random.default_rng(0).integers(0, V, (6, 9))
    carry, buffers = mixed.initial_carry(6), mixed.buffers(6)
    own, counted = mixed.network.initial_carry(6), mixed.ngram.initial_carry(6)
    for time in range(9):
        logits, after = mixed.step(ids[:, time], carry, buffers)
        carry = after.copy()
        a, own = mixed.network.step(ids[:, time], own)
        b, counted = mixed.ngram.step(ids[:, time], counted)
        want = 0.7 * np.exp(log_softmax(a)) + 0.3 * np.exp(b)
        np.testing.assert_allclose(np.exp(logits), want, rtol=1e-5)
        np.testing.assert_array_equal(carry[:-1], own)
        np.testing.assert_array_equal(nodes_of(carry[-1:]), nodes_of(counted))


@pytest.mark.parametrize(("share", "part"), [(0.0, "network"), (1.0, "ngram")])
def test_a_share_of_nothing_or_of_all_is_one_of_the_two(share, part):
    mixed = mixture(share)
    ids = [VOCABULARY.encode(name) for name in NAMES]
    alone = NumpyRNN(mixed.network.config, parts()[1]) if part == "network" else mixed.ngram
    np.testing.assert_allclose(score(mixed, ids), score(alone, ids), rtol=1e-5)


def test_a_network_that_is_certain_gives_no_infinite_logits():
    config, weights, arrays = parts()
    weights["logits.bias"][:] = [900, *[-900] * (V - 1)]
    for share in (0.0, 0.4):
        rnn = recurrence(config, {**weights, **arrays, MIXTURE_WEIGHT: np.array([share], "f4")})
        logits, _ = rnn.step(np.array([0]), rnn.initial_carry(1))
        assert np.isfinite(logits).all()


def test_without_and_one_row_are_those_of_the_steps():
    for cell in CELLS:
        mixed = mixture(cell=cell, layers=2)
        banned = mixed.without([0, 2])
        carry, full = mixed.initial_carry(1), mixed.initial_carry(1)
        reader = banned.one_row()
        for i in (0, 1, 2, 3, 1, 1, 2):
            logits, carry = banned.step(np.array([i]), carry)
            plain, full = mixed.step(np.array([i]), full)
            assert (logits[0, [0, 2]] == np.float32(NEVER)).all()
            np.testing.assert_array_equal(logits[0, [1, 3]], plain[0, [1, 3]])
            np.testing.assert_allclose(reader.read(i), logits[0], rtol=1e-4, atol=1e-6)
    with pytest.raises(ConfigError, match="ids must lie in"):
        mixed.without([V])


@pytest.mark.parametrize("make", [mixture, lambda: mixture().ngram])
def test_everything_that_draws_and_scores_works_with_it(make):
    model = language_model(make())
    drawn = model.generate(30, seed=1)
    assert len(drawn) == 30 and not set(NAMES) & {s.text for s in drawn}
    nats = model.nll([sample.text for sample in drawn])
    np.testing.assert_allclose(nats, [sample.nats for sample in drawn], rtol=1e-4)
    from charloom.generation.constraints import Contains

    ruled = model.names(5, start="h", rules=Contains("na"), seed=2)
    assert len(ruled) == 5 and all(name[0] == "h" and "na" in name for name in ruled)
    best = model.best(3, allow_known=True)
    assert np.all(np.diff([sample.nats for sample in best]) >= 0)
    for text, found in zip(("anna", "hnh"), explain(model, ["anna", "hnh"]), strict=True):
        assert abs(found.nats - model.nll([text])[0]) < 1e-4
    found = likelihood(model, NAMES)
    assert abs(found.nats_per_char * 35 - model.nll(NAMES).sum()) < 1e-3
    assert model.names(4, temperature=0.5, top_k=2, seed=3, allow_known=True)
    # One seed, one result, however many threads.
    assert model.names(9, seed=4, threads=1) == model.names(9, seed=4, threads=2)


@pytest.mark.parametrize("part", ["mixture", "ngram"])
def test_it_can_be_an_expert_among_others(part):
    mixed = mixture(layers=2)
    rnn = mixed if part == "mixture" else mixed.ngram
    other = Vocabulary.of(("anx", "hax"))
    config = ModelConfig(units=7, embedding=3)
    rng = np.random.default_rng(1)
    weights = {
        n: rng.normal(0, 1, s).astype("f4") for n, s in weight_shapes(config, other.size).items()
    }
    first = language_model(rnn)
    second = NameModel(NumpyRNN(config, weights), other, training_set=frozenset(), longest=4)
    blend = first.blend_with(second, 0.25)
    assert isinstance(blend.rnn, Blend) and blend.vocabulary.characters == ("a", "h", "n")
    carry, a, b = (r.initial_carry(1) for r in (blend.rnn, rnn, second.rnn))
    ids = {c: i for i, c in enumerate(("", *other.characters))}
    for c in ("", "a", "n", "h", "a"):
        logits, carry = blend.rnn.step(np.array([("", "a", "h", "n").index(c)]), carry)
        p, a = rnn.step(np.array([("", *VOCABULARY.characters).index(c)]), a)
        q, b = second.rnn.step(np.array([ids[c]]), b)
        want = 0.75 * p + 0.25 * q[:, [0, *(ids[x] for x in "ahn")]]
        np.testing.assert_allclose(log_softmax(logits), log_softmax(want), atol=1e-5)
    assert len(blend.names(5, seed=1)) == 5


@pytest.mark.parametrize("part", ["mixture", "ngram"])
def test_text_is_drawn_and_scored(part):
    mixed = mixture(text=True)
    rnn = mixed if part == "mixture" else mixed.ngram
    model = TextModel(rnn, VOCABULARY)
    drawn = model.text(300, start="hann", seed=1)
    assert len(drawn) == 304 and set(drawn) == set("ahn") and drawn.startswith("hann")
    assert drawn == model.text(300, start="hann", seed=1)
    ids = np.concatenate([[0], VOCABULARY.encode(drawn * 12)])
    each = stream_target_nats(rnn, ids)
    carry, by_hand = rnn.initial_carry(1), []
    for here, there in pairwise(ids[:201]):
        logits, carry = rnn.step(np.array([here]), carry)
        by_hand.append(-log_softmax(logits)[0, there])
    np.testing.assert_allclose(each[:200], by_hand, rtol=1e-5)
    assert abs(stream_nats(rnn, ids) - each.sum()) < 1e-9
    assert window_nats(rnn, ids, 50) > 0


def test_there_are_no_labels_to_steer_by():
    for rnn in (mixture(), mixture().ngram):
        model = language_model(rnn)
        assert model.condition({}).names(3, seed=1) == model.names(3, seed=1)
        with pytest.raises(ConfigError, match="trained without labels"):
            model.condition({"girl": 1.0})


def test_new_names_still_need_a_list_to_tell_them_by():
    with pytest.raises(GenerationError, match="training list"):
        dataclasses.replace(language_model(mixture()), training_set=None).names(1)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.floats(1e-9, 1), st.floats(1e-6, 1)), min_size=1, max_size=60),
    st.integers(1, 40),
)
def test_no_other_share_is_better(pairs, times):
    p, q = np.tile(np.array(pairs).T, times)
    share, nats = best_weight(p, q)
    assert 0 < share < 1
    assert abs(nats + np.log((1 - share) * p + share * q).mean()) < 1e-9

    def objective(s):  # with the five characters that speak for each
        return np.log((1 - s) * p + s * q).sum() + 5 * (np.log(s) + np.log(1 - s))

    others = np.concatenate([np.linspace(0.001, 0.999, 400), share + np.array([-1e-4, 1e-4])])
    others = others[(others > 0) & (others < 1)]
    assert objective(share) >= max(objective(s) for s in others) - 1e-6


def test_the_share_of_a_mixture_that_was_drawn_is_found():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(9), 40_000), rng.dirichlet(np.ones(9), 40_000)
    mixed = 0.65 * p + 0.35 * q
    drawn = (mixed.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1)
    rows = np.arange(len(p))
    share, _ = best_weight(p[rows, drawn], q[rows, drawn])
    assert abs(share - 0.35) < 0.02


def test_a_mixture_weight_outside_0_to_1_or_missing_is_refused():
    config, weights, arrays = parts()
    for weight in (None, np.array([1.5], "f4"), np.array([np.nan], "f4"), np.zeros(2, "f4")):
        whole = {**weights, **arrays} | ({} if weight is None else {MIXTURE_WEIGHT: weight})
        with pytest.raises(ConfigError, match=r"weight must lie in|have mixture\.share"):
            recurrence(config, whole)


def test_parts_of_different_vocabularies_are_refused():
    config, weights, _ = parts()
    other = NGram(ModelConfig(kind="ngram"), count(np.array([0, 1, 0]), 2).arrays(1))
    with pytest.raises(ConfigError, match="the same vocabulary"):
        Mixture(NumpyRNN(config.replace(kind="network"), weights), other, 0.5)
