"""The n-gram with classes and sparse contexts, against a plain definition of it."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from charloom.data.names import NameCorpus
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError
from charloom.models.ngram import context_fit
from charloom.models.ngram.alphabet import CONSONANT, NO_LETTER, VOWEL, alphabet_of, vowels
from charloom.models.ngram.context_arrays import CONTEXT_TYPES
from charloom.models.ngram.context_counts import ContextCorpus
from charloom.models.ngram.context_fit import (
    Smoothing,
    count_contexts,
    fit_contexts,
    fit_corpus,
    maximum,
)
from charloom.models.ngram.context_model import ContextNGram
from charloom.models.ngram.contexts import STATE, advance, initial_states, stream_states
from charloom.models.ngram.counts import Windows, stream_of
from charloom.models.ngram.smoothing import evidence, fit, minimum
from helpers.context_ngram_definition import (
    CONFIG,
    NAMES,
    SMOOTHING,
    WEIGHTS,
    Plain,
    normalised,
    stream,
)


@pytest.fixture(scope="module")
def small():
    """A trigram of NAMES, with smoothing and exponents as there: vocabulary, stream and model."""
    vocabulary, ids = stream(NAMES)
    return vocabulary, ids, ContextNGram(CONFIG, count_contexts(vocabulary, ids, SMOOTHING))


def logits_after(model, ids):
    carry = model.initial_carry(1)
    for one in [0, *ids]:
        logits, carry = model.step(np.array([one]), carry)
        carry = carry.copy()
    return logits[0].astype(np.float64)


@pytest.mark.parametrize(
    "prefix", ["", "A", "An", "Ann", "Anna-", "Ilo ", "Ilo B", "Neaboliln", "'"]
)
def test_probabilities_are_those_of_the_plain_definition(small, prefix):
    vocabulary, _, model = small
    plain = Plain(NAMES, vocabulary, model.alphabet.classes, model.alphabet.sounds)
    ids = vocabulary.encode(prefix).tolist()
    found = normalised(logits_after(model, ids))
    np.testing.assert_allclose(found, plain.distribution(ids), rtol=2e-5)


@pytest.mark.parametrize("prefix", ["", "A", "Ann", "Ilo "])
def test_the_shape_of_names_can_count_for_more(small, prefix):
    vocabulary, ids, _ = small
    smoothing = replace(SMOOTHING, weights=np.append(WEIGHTS, [1.2, 0.6]))
    model = ContextNGram(CONFIG, count_contexts(vocabulary, ids, smoothing))
    plain = Plain(NAMES, vocabulary, model.alphabet.classes, model.alphabet.sounds)
    ids = vocabulary.encode(prefix).tolist()
    found = normalised(logits_after(model, ids))
    np.testing.assert_allclose(found, plain.distribution(ids, 1.2, 0.6), rtol=2e-5)


def test_states_of_a_stream_are_those_that_steps_lead_to(small):
    _, ids, model = small
    expected, state = [], initial_states(1)
    for one in ids[:-1]:
        state = advance(state, np.array([one]), model.alphabet)
        expected.append(state[0])
    np.testing.assert_array_equal(stream_states(ids, model.alphabet), expected)
    assert len(STATE) == state.shape[1]


def test_rows_are_independent_and_one_row_gives_the_same(small):
    vocabulary, _, model = small
    words = [vocabulary.encode(name).tolist() for name in ("Anna-L", "Ilo Ba", "NOILLA")]
    together = model.step(np.zeros(3, int), model.initial_carry(3))
    for ids in zip(*words, strict=True):
        logits, carry = model.step(np.array(ids), together[1].copy())
        together = logits, carry
    for row, word in zip(together[0], words, strict=True):
        np.testing.assert_array_equal(row, logits_after(model, word).astype(np.float32))
        reader = model.one_row()
        for one in [0, *word]:
            alone = reader.read(one)
        np.testing.assert_array_equal(row, alone)


def test_excluded_ids_are_never_predicted_but_can_be_read(small):
    vocabulary, _, model = small
    banned = int(vocabulary.encode("n")[0])
    found = normalised(logits_after(model.without([banned]), vocabulary.encode("An").tolist()))
    plain = normalised(logits_after(model, vocabulary.encode("An").tolist()))
    rest = np.delete(plain, banned)
    assert found[banned] == 0
    np.testing.assert_allclose(np.delete(found, banned), rest / rest.sum(), rtol=1e-5)


def test_search_and_direct_lookup_agree(small, monkeypatch):
    vocabulary, _, model = small
    weights = count_contexts(vocabulary, small[1], SMOOTHING)
    monkeypatch.setattr("charloom.models.ngram.contexts.DIRECT", 0)
    searched = ContextNGram(CONFIG, weights)
    for word in ("", "Anna", "Ilo Bay", "'-'"):
        ids = vocabulary.encode(word).tolist()
        np.testing.assert_array_equal(logits_after(model, ids), logits_after(searched, ids))


@pytest.mark.parametrize(("constant", "value"), [("LARGEST_KEY", 10), ("CACHE_BYTES", 1)])
def test_logits_do_not_depend_on_what_was_computed_before(small, monkeypatch, constant, value):
    vocabulary, stream, model = small
    weights = count_contexts(vocabulary, stream, SMOOTHING)
    monkeypatch.setattr("charloom.models.ngram.context_model.FEW_ROWS", 0)
    monkeypatch.setattr(f"charloom.models.ngram.context_model.{constant}", value)
    forgetful = ContextNGram(CONFIG, weights)
    for word in ("", "Anna", "Anna", "Anna-Ilo", "Ilo Bay", "'-'"):
        ids = vocabulary.encode(word).tolist()
        expected = logits_after(ContextNGram(CONFIG, weights), ids)
        np.testing.assert_array_equal(logits_after(model, ids), expected)
        np.testing.assert_array_equal(logits_after(forgetful, ids), expected)


def test_few_rows_have_the_logits_of_many(small, monkeypatch):
    vocabulary, _, model = small
    words = [vocabulary.encode(word).tolist() for word in ("", "Anna", "Anna-Ilo", "Ilo Bay")]
    few = [logits_after(model, word) for word in words]
    monkeypatch.setattr("charloom.models.ngram.context_model.FEW_ROWS", 0)
    np.testing.assert_array_equal(few, [logits_after(model, word) for word in words])


def test_a_short_list_keeps_its_shape():
    names = sorted(NameCorpus.builtin().names)
    random.Random(3).shuffle(names)
    few = names[:40]
    assert all(name[0].isupper() and not any(c.isupper() for c in name[1:]) for name in few)
    vocabulary, ids = stream(few)
    model = ContextNGram(CONFIG, fit_contexts(vocabulary, ids))
    rng, rows = np.random.default_rng(0), 500
    capital = np.array([False, *(c.isupper() for c in vocabulary.characters)])
    carry, last = model.initial_carry(rows), np.zeros(rows, int)
    odd, alive = np.zeros(rows, bool), np.ones(rows, bool)
    for place in range(30):
        logits, carry = model.step(last, carry)
        carry = carry.copy()
        last = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        odd |= alive & (last > 0) & (capital[last] != (place == 0))
        alive &= last > 0
    assert odd.mean() < 0.04  # Kneser-Ney smoothing: above 0.3


@pytest.mark.slow
def test_fitting_lowers_the_loss_of_unseen_names():
    names = sorted(NameCorpus.builtin().names)
    random.Random(1).shuffle(names)
    held_out, train = names[:150], names[150:700]
    vocabulary, ids = stream(train)
    held_out = [name for name in held_out if not vocabulary.unknown(name)]
    prior = Smoothing(
        np.tile(context_fit.LETTERS_PRIOR, (6, 1)),
        np.tile(context_fit.CLASSES_PRIOR, (context_fit.CLASS_ORDER, 1)),
        np.array([1.0, *[0.0] * 10]),  # the chain alone
    )

    def loss(arrays):
        model = ContextNGram(CONFIG, arrays)
        return np.mean(
            [
                -math.log(normalised(logits_after(model, word[:place]))[[*word, 0][place]])
                for name in held_out[:40]
                for word in [vocabulary.encode(name).tolist()]
                for place in range(len(word) + 1)
            ]
        )

    plain, fitted = count_contexts(vocabulary, ids, prior), fit_contexts(vocabulary, ids)
    assert loss(fitted) < loss(plain) - 0.02


def test_the_gradient_of_the_smoothing_is_zero_at_its_optimum():
    vocabulary, ids = stream(NAMES * 3)
    counts = Windows(ids, vocabulary.size, 4).count()
    held_out = stream_of(*vocabulary.encode_all(["Anea", "Bell", "Noel", "Ilia"]))
    items = evidence(counts, list(counts.walk(held_out)), np.arange(len(held_out) - 1))[1:]
    base = np.full(len(held_out) - 1, 1 / vocabulary.size)
    best = fit(items, base, context_fit.LETTERS_PRIOR)

    def loss(parameters):
        low = base
        for one, (d1, d2, d3, theta) in zip(items, parameters, strict=True):
            taken = np.select([one.count == 0, one.count == 1, one.count == 2], [0, d1, d2], d3)
            left = d1 * one.ones + d2 * one.twos + d3 * one.more + theta
            known = one.total > 0
            low = np.where(known, (one.count - taken + left * low) / (one.total + theta), low)
        parts = parameters[:, :3] / (1, 2, 3)
        free = np.hstack([np.log(parts / (1 - parts)), np.log(parameters[:, 3:])])
        prior = np.array(context_fit.LETTERS_PRIOR)
        middle = np.append(np.log(prior[:3] / ((1, 2, 3) - prior[:3])), np.log(prior[3]))
        return -np.log(low).sum() + np.square(free - middle).sum()

    for place in np.ndindex(best.shape):
        for factor in (0.97, 1.03):
            moved = best.copy()
            moved[place] *= factor
            assert loss(moved) > loss(best) - 1e-4


def test_a_minimum_is_found_in_few_steps_though_the_axes_differ_in_scale():
    scales, evaluations = np.array([1.0, 100.0, 1e4]), 0

    def loss(x):
        nonlocal evaluations
        evaluations += 1
        away = x - 1
        value = 5 + (scales * (np.cosh(away) - 1)).sum() + (away[0] - away[1]) ** 2
        slope = scales * np.sinh(away) + 2 * (away[0] - away[1]) * np.array([1, -1, 0])
        return value, slope

    found = minimum(loss, np.array([3.0, -2.0, 0.5]), np.diag(scales))
    np.testing.assert_allclose(found, 1, atol=1e-4)
    assert evaluations < 30


def test_what_the_exponents_multiply_is_what_the_model_computes(small):
    vocabulary, ids, _ = small
    first = int(np.flatnonzero(ids == 0)[8])  # the other names are held out
    fold = context_fit._Fold(ids[first:], ids[first:], 0, np.arange(len(ids) - 1) >= first)
    every = ContextCorpus(vocabulary, ids, 3).count()
    part = context_fit._Part(every, fold, np.arange(0, len(ids) - 1 - first, 2))
    table, targets = part.features(SMOOTHING, 2)
    kept = np.arange(0, len(ids) - 1 - first, 4)
    np.testing.assert_array_equal(targets, ids[first + 1 :][kept])
    counts = ContextCorpus(vocabulary, ids, 3).count(first)
    counts.alphabet = every.alphabet
    model = ContextNGram(CONFIG, counts.arrays(SMOOTHING))
    carry, expected = model.initial_carry(1), []
    for one in ids[first:-1]:
        logits, carry = model.step(np.array([one]), carry)
        carry = carry.copy()
        expected.append(normalised(logits[0].astype(np.float64)))
    found = np.einsum("tkv,k->tv", table.astype(np.float64), WEIGHTS)
    for row, place in enumerate(kept):
        np.testing.assert_allclose(normalised(found[row]), expected[place], rtol=1e-5)


@pytest.mark.parametrize("text", [False, True])
def test_a_part_of_a_corpus_is_fitted_and_counted_as_if_it_were_all(text):
    names = ["Anna", "Ilo Bay", "O'Nil", "Lea", "Bo"] * 6
    vocabulary, ids = stream(names)
    ids = ids[: -1 if text else None]
    targets = int(np.flatnonzero(ids == 0)[22]) - 3 * text
    corpus = ContextCorpus(vocabulary, ids, 5)
    smoothing = fit_corpus(corpus, targets)
    alone = context_fit.fit_smoothing(vocabulary, ids[: targets + 1], 5)
    assert smoothing.to_dict() == alone.to_dict()
    found = corpus.arrays(smoothing, targets)
    for name, array in count_contexts(vocabulary, ids[: targets + 1], smoothing).items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == CONTEXT_TYPES[name]


def test_exponents_of_a_log_linear_model_are_recovered():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(4000, 3, 6)).astype(np.float32)
    truth = np.array([1.2, -0.5, 0.3])
    logits = np.einsum("tkv,k->tv", table, truth)
    targets = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    found = maximum(table, targets, np.zeros(3), 1e-3)
    np.testing.assert_allclose(found, truth, atol=0.1)
    np.testing.assert_allclose(maximum(table, targets, truth * 2, 1e9), truth * 2, atol=1e-3)


def test_classes_and_vowels_are_found():
    words = ["banana", "lemon", "melon", "orange", "potato", "tomato", "onion", "celery", "Été 7"]
    vocabulary, ids = stream(words)
    alphabet = alphabet_of(vocabulary, ids)
    found = {
        c for c, s in zip(vocabulary.characters, alphabet.sounds[1:], strict=True) if s == VOWEL
    }
    assert {"a", "e", "o"} <= found and not found & set("bnlmtcr7 ")
    at = {c: int(i) for i, c in enumerate(vocabulary.characters, start=1)}
    assert alphabet.classes[0] == alphabet.sounds[0] == 0
    assert alphabet.sounds[at["7"]] == NO_LETTER and alphabet.sounds[at["t"]] == CONSONANT
    assert alphabet.classes[at["b"]] == alphabet.classes[at["é"]] != alphabet.classes[at["É"]]
    assert len(set(alphabet.classes.tolist())) == 5  # end, small, capital, digit, space
    assert not vowels(np.zeros(3, int), np.zeros(5000, bool)).any()


def test_a_list_too_short_to_cut_is_fitted_by_the_prior():
    for names in (["Ada"], ["Ada", "Bob"], [str(i) for i in range(9)]):
        vocabulary, ids = stream(names)
        arrays = fit_contexts(vocabulary, ids)
        np.testing.assert_allclose(arrays["ngram.weights"], context_fit.WEIGHTS_PRIOR, atol=1e-6)
        found = normalised(logits_after(ContextNGram(CONFIG, arrays), []))
        assert np.isfinite(found).all() and found.argmax() != 0


def test_logits_are_finite_where_hardly_any_probability_is_left_to_back_off():
    vocabulary = Vocabulary.of(["banana split", "XYZ"])
    ids = stream_of(*vocabulary.encode_all(["banana split"] * 50))
    hardly = replace(SMOOTHING, letters=np.full((7, 4), 1e-12))
    model = ContextNGram(CONFIG, count_contexts(vocabulary, ids, hardly))
    logits = logits_after(model, vocabulary.encode("banana sp").tolist())
    assert np.isfinite(logits).all()
    assert normalised(logits)[vocabulary.encode("l")[0]] > 0.99


def test_mixed_case_and_one_case_are_learned_as_they_are():
    for names in (
        ["McDonald", "McAdams", "O'Brien"] * 4,
        ["R2-D2", "C3-PO"] * 6,
        ["мир", "дом"] * 6,
    ):
        corpus = NameCorpus.of(names)
        vocabulary, ids = stream(list(corpus.names))
        model = ContextNGram(CONFIG, fit_contexts(vocabulary, ids))
        word = vocabulary.encode(corpus.names[0]).tolist()
        for place, target in enumerate([*word, 0]):
            assert normalised(logits_after(model, word[:place]))[target] > 1 / vocabulary.size


WRONG = {
    "ngram.classes": [("float32", lambda a: a.astype("f4")), ("boundary", lambda a: a + 1)],
    "ngram.sounds": [("lie in", lambda a: a + 9)],
    "ngram.spelling": [("sum to 1", lambda a: a / 2), ("hold", lambda a: a[1:])],
    "ngram.class.left": [("sum to 1", lambda a: a * 3)],
    "ngram.keys": [("sorted", lambda a: a[::-1].copy()), ("sorted", lambda a: a + 10**15)],
    "ngram.firsts": [("go from", lambda a: a[:-1]), ("go from", lambda a: a + 1)],
    "ngram.ids": [("lie in", lambda a: a + 99)],
    "ngram.counts": [
        ("must lie in", lambda a: -a),
        ("must lie in", lambda a: a * np.float32("nan")),
    ],
    "ngram.weights": [("within", lambda a: a[:-1]), ("within", lambda a: a * np.float32("inf"))],
    "ngram.own": [("sum to 1", lambda a: a + np.float32(0.01))],
}


@pytest.mark.parametrize("name", WRONG)
def test_arrays_that_are_wrong_are_refused(small, name):
    good = count_contexts(small[0], small[1], SMOOTHING)
    assert set(good) == set(CONTEXT_TYPES)
    ContextNGram(CONFIG, good)
    for rule, change in WRONG[name]:
        with pytest.raises(ConfigError, match=rule):
            ContextNGram(CONFIG, {**good, name: change(good[name])})
    own, left = good["ngram.own"].copy(), good["ngram.left"].copy()
    own[0], left[0] = 0.25, 0.75
    with pytest.raises(ConfigError, match="be 0 in the empty context"):
        ContextNGram(CONFIG, {**good, "ngram.own": own, "ngram.left": left})
    with pytest.raises(ConfigError, match="Missing or unknown"):
        ContextNGram(CONFIG, {key: value for key, value in good.items() if key != name})
