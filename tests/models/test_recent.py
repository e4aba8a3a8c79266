"""Models of text that adapt to its last characters, against a plain definition of it."""

import numpy as np
import pytest

from charloom import NameCorpus, TextCorpus, load, train
from charloom.config import ModelConfig
from charloom.errors import ConfigError
from charloom.models.factory import check_weights, recurrence
from charloom.models.interface import NEVER
from charloom.models.recent import (
    EXPONENTS,
    FAMILIES,
    HALF,
    LONGEST,
    MOST,
    ORDERS,
    POWER,
    SCALE,
    Memory,
    Recent,
)
from charloom.models.scoring.text import stream_target_nats
from charloom.training.recent_fit import RecentFit
from charloom.training.recipes import RECENT, settings_for

TEXT = (
    "PETRO: I say, Lucia, the sea is near.\nLUCIA: The sea is not near, Petro.\n"
    "PETRO: Then where is it, sweet Lucia?\nLUCIA: Behind the mountain, where the snow is.\n"
) * 3
EXPONENTS_ = np.array([1.1, 0.4, 0.3, 0.2], np.float32)


def plain_counts(history, letters, characters, most=2048):
    """The definition in words, by comparing strings; ``history`` are the ids since the boundary."""
    found = np.zeros((FAMILIES, len(letters)))
    word = 0
    while word < min(len(history), LONGEST - 1) and letters[history[-1 - word]]:
        word += 1
    first, counted = max(0, len(history) - characters), 0
    for place in reversed(range(first, len(history))):
        alike = 0
        while alike < min(place, LONGEST) and history[place - 1 - alike] == history[-1 - alike]:
            alike += 1
        counted += alike >= min(max(word, 1), ORDERS[0])
        if counted > most:
            break
        age = len(history) - 1 - place
        weight = min(1, age / HALF) ** 2 * SCALE * (1 + age / HALF) ** -POWER
        start = place - word - 1
        begins = start < first or not letters[history[start]]
        same = alike > word or (alike == word > 0 and begins)
        for family, chosen in enumerate([same, *(alike >= order for order in ORDERS)]):
            found[family, history[place]] += weight * chosen
    return found / (1 + found / MOST)


@pytest.fixture(scope="module")
def corpus():
    return TextCorpus.of(TEXT)


@pytest.fixture(scope="module")
def model(corpus):
    """An n-gram of TEXT that remembers 300 characters, with exponents that are large."""
    trained = train(corpus, kind="ngram", recent=300, held_out=0.0).rnn
    return Recent(trained.inner, trained.memory, EXPONENTS_, trained.config)


@pytest.mark.parametrize(
    ("characters", "units"), [(300, 7), (300, 512), (20, 64), (64, 16), (1000, 3)]
)
def test_counts_are_those_of_the_plain_definition(corpus, characters, units):
    ids = corpus.ids(0, len(corpus))
    letters = np.array([False, *(c.isalpha() for c in corpus.vocabulary.characters)])
    memory = Memory(characters, letters)
    here = np.zeros((memory.states(units), 1, units), np.float32)
    there = here.copy()
    for place, one in enumerate(ids[:320]):
        views = memory.read(np.array([one]), here, there)
        here, there = there, here
        if place % 13 == 0 or place > 300:
            expected = plain_counts(ids[1 : place + 1].tolist(), letters, characters)
            np.testing.assert_allclose(np.stack(memory.counts(views))[:, 0], expected, atol=1e-12)


@pytest.mark.parametrize("units", [7, 512])
def test_only_the_latest_of_many_occurrences_count(monkeypatch, units):
    monkeypatch.setattr("charloom.models.recent.MOST_ALIKE", 20)
    letters = np.array([False, True, True, False])
    memory = Memory(100, letters)
    here = np.zeros((memory.states(units), 2, units), np.float32)
    there = here.copy()
    loop, varied = [1] * 120, ([1, 2, 1, 3, 2, 2, 3, 1, 1, 2] * 12)[:120]
    for place, both in enumerate(zip(loop, varied, strict=True)):
        views = memory.read(np.array(both), here, there)
        here, there = there, here
        if place % 17 == 0 or place > 110:
            counts = np.stack(memory.counts(views))
            for row, ids in enumerate((loop, varied)):
                expected = plain_counts(ids[: place + 1], letters, 100, most=20)
                np.testing.assert_allclose(counts[:, row], expected, atol=1e-12)


def test_large_vocabularies_are_counted_alike():
    rng = np.random.default_rng(0)
    few, many = np.arange(40) > 5, np.arange(70_000) % 40 > 5
    stream = rng.integers(1, 12, 200)
    counts = []
    for letters in (few, many):
        memory = Memory(100, letters)
        here = np.zeros((memory.states(8), 1, 8), np.float32)
        there = here.copy()
        for one in stream:
            views = memory.read(np.array([one]), here, there)
            here, there = there, here
        counts.append(np.stack(memory.counts(views))[:, 0, :40])
    np.testing.assert_array_equal(*counts)
    assert counts[0].any()


def log_softmax(logits):
    logits = logits.astype(np.float64)
    return logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()


def read_all(model, ids):
    """Logits after each id, (T, V), read by steps."""
    carry, found = model.initial_carry(1), []
    for one in ids:
        logits, carry = model.step(np.array([one]), carry)
        carry = carry.copy()
        found.append(logits[0].copy())
    return np.array(found)


def test_probabilities_follow_the_formula(corpus, model):
    ids = corpus.ids(0, 250)
    inner, found = read_all(model.inner, ids), read_all(model, ids)
    for place in (0, 1, 90, 170, 249):
        logs = log_softmax(inner[place])
        counts = plain_counts(ids[1 : place + 1].tolist(), model.memory._letters, 300)
        expected = 1.1 * logs + EXPONENTS_[1:] @ np.log1p(counts / np.exp(logs))
        np.testing.assert_allclose(
            log_softmax(found[place]), log_softmax(expected), rtol=1e-4, atol=1e-4
        )


def test_rows_are_independent_and_one_row_gives_the_same(corpus, model):
    ids = corpus.ids(0, 200)
    expected = read_all(model, ids)
    reader = model.one_row()
    for place, one in enumerate(ids):
        np.testing.assert_allclose(reader.read(int(one)), expected[place], rtol=1e-4, atol=1e-4)
    carry = model.initial_carry(3)
    for one, other in zip(ids, ids[::-1], strict=True):
        logits, carry = model.step(np.array([one, other, other]), carry)
        carry = carry[:, [0, 1, 1]]
    np.testing.assert_allclose(logits[0], expected[-1], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(logits[1], logits[2])


def test_a_low_temperature_sharpens_all_but_the_memory(corpus, model):
    ids = corpus.ids(0, 170)
    inner, found = read_all(model.inner, ids)[-1], read_all(model.cooled(0.5), ids)[-1]
    logs = log_softmax(inner)
    counts = plain_counts(ids[1:].tolist(), model.memory._letters, 300)
    expected = 1.1 * logs / 0.5 + EXPONENTS_[1:] @ np.log1p(counts / np.exp(logs))
    np.testing.assert_allclose(
        log_softmax(found / 0.5), log_softmax(expected), rtol=1e-3, atol=1e-3
    )


def test_the_boundary_forgets_and_excluded_ids_are_never_predicted(corpus, model):
    ids = corpus.ids(0, 150)
    twice = read_all(model, [*ids, *ids])
    np.testing.assert_array_equal(twice[: len(ids)], twice[len(ids) :])
    logits = read_all(model.without([3]), ids[:20])
    assert (logits[:, 3] == NEVER).all()


def test_a_memory_that_is_filled_is_that_of_reading_everything(corpus, model):
    ids = corpus.ids(0, len(corpus))
    memory, end = model.memory, 350
    units = memory.widest
    filled = np.zeros((3, 1, units), np.float32)
    memory.fill(filled, ids, np.array([end]))
    read, there = np.zeros_like(filled), np.zeros_like(filled)
    for place, one in enumerate(ids[: end + LONGEST]):
        expected = memory.read(np.array([one]), read, there)
        read, there = there, read
        if place >= end:
            other = np.zeros_like(filled)
            views = memory.read(np.array([one]), filled, other)
            filled = other
    np.testing.assert_array_equal(views.ids, expected.ids)
    np.testing.assert_array_equal(views.word, expected.word)
    np.testing.assert_array_equal(views.alike[..., LONGEST:], expected.alike[..., LONGEST:])


def test_a_long_text_is_scored_in_parts_as_it_is_in_one(corpus, model, monkeypatch):
    monkeypatch.setattr("charloom.models.scoring.text.WARM", 40)
    long = np.append(0, corpus.ids(3, len(corpus)))[:500]
    logits = read_all(model, long[:-1])
    expected = [-log_softmax(row)[one] for row, one in zip(logits, long[1:], strict=True)]
    np.testing.assert_allclose(stream_target_nats(model, long), expected, atol=1e-3)
    monkeypatch.setattr(Recent, "remember", lambda *_: None)
    assert np.abs(stream_target_nats(model, long) - expected).max() > 0.1


def test_fitting_sees_what_the_model_sees(corpus, model):
    ids = corpus.ids(0, 300).astype(np.int32)
    fit = RecentFit(model.memory, model.vocabulary_size, ids)
    letters = model.memory._letters
    for row in (0, 100, 298):
        history = ids[1 : fit.places[row] + 1].tolist()
        np.testing.assert_allclose(
            fit.counts[row], plain_counts(history, letters, 300), rtol=1e-5, atol=1e-6
        )


@pytest.mark.heavy
def test_names_that_a_text_brings_up_come_again(tmp_path):
    rng = np.random.default_rng(1)
    words = ["".join(rng.choice(list("abcdeilmnorstu"), 6)) for _ in range(120)]
    text = ""
    for _ in range(25):  # each scene has four words of its own, which training never saw
        scene = rng.choice(words, 4)
        text += " ".join(rng.choice(scene, 40)) + ".\n"
    corpus = TextCorpus.of(text)
    forgetful = train(corpus, kind="ngram", recent=0, out=tmp_path / "forgetful")
    adaptive = train(corpus, kind="ngram", out=tmp_path / "adaptive")
    assert adaptive.rnn.config.recent == RECENT
    held_out = text[-600:]
    before, after = (m.nll([held_out])[0] / len(held_out) for m in (forgetful, adaptive))
    assert after < before - 0.05
    again = load(tmp_path / "adaptive")
    assert again.text(200, seed=1) == adaptive.text(200, seed=1)
    assert load(tmp_path / "forgetful").rnn.config.recent == 0
    assert '"recent"' not in (tmp_path / "forgetful" / "model.json").read_text("utf-8")


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "ngram", "smoothing": "fitted"},
        {"kind": "ngram", "text": True},
        {"kind": "network", "text": True},
    ],
)
def test_only_text_with_a_fitted_ngram_is_remembered(settings):
    with pytest.raises(ConfigError, match="recent is for text"):
        ModelConfig(recent=100, **settings)


@pytest.mark.parametrize(
    ("settings", "recent"),
    [
        ({}, RECENT),
        ({"kind": "ngram"}, RECENT),
        ({"recent": 100}, 100),
        ({"kind": "network"}, 0),
        ({"smoothing": "kneser-ney"}, 0),
    ],
)
def test_text_is_remembered_by_default_where_it_can_be(corpus, settings, recent):
    assert settings_for(corpus, **settings)[0].recent == recent
    assert settings_for(NameCorpus.builtin())[0].recent == 0


def test_exponents_that_are_wrong_are_refused():
    config = ModelConfig(kind="ngram", smoothing="fitted", text=True, recent=9)
    for wrong in (None, np.ones(2, np.float32), np.full(4, np.nan, np.float32)):
        arrays = {} if wrong is None else {EXPONENTS: wrong}
        for check in (recurrence, lambda c, w: check_weights(c, 5, w)):
            with pytest.raises(ConfigError, match=r"must have recent\.exponents"):
                check(config, arrays)
