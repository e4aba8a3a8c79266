"""Running text is what the sampler draws from the model, without an end."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.config import ModelConfig, SampleConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError, VocabularyError
from charloom.generation import NameModel, Sampler, TextModel
from charloom.generation.constraints import Contains
from charloom.generation.endings import until
from charloom.models.blend import Blend, Member
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.scoring.names import log_softmax
from charloom.models.threads import one_blas_thread

LETTERS = Vocabulary(("\n", " ", "a", "b", "c", "d", "é"))


def recurrence(cell="gru", layers=1, vocabulary=LETTERS, seed=0, units=12, text=True, scale=0.6):
    config = ModelConfig(cell=cell, layers=layers, units=units, embedding=4, text=text)
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config, vocabulary.size)
    weights = {n: (scale * rng.standard_normal(s)).astype("f4") for n, s in shapes.items()}
    return NumpyRNN(config, weights)


def language_model(vocabulary=LETTERS, **settings):
    rnn = recurrence(vocabulary=vocabulary, **settings)
    return TextModel(rnn, vocabulary) if rnn.config.text else NameModel(rnn, vocabulary)


def by_hand(rnn, vocabulary, characters, start, config):
    """The same by plain steps of the model and the sampler's own draws."""
    banned = [0] if vocabulary.unknown_id is None else [0, vocabulary.unknown_id]
    sampler, rng = Sampler(config), np.random.default_rng(config.seed)
    carry = rnn.initial_carry(1)
    given = vocabulary.encode(start).tolist()
    found = []
    with one_blas_thread():
        for character in (0, *given):
            logits, carry = rnn.step(np.array([character]), carry)
        for place in range(len(given), len(given) + characters):
            logits = logits.copy()
            logits[:, banned] = -1e30
            (character,) = sampler.pick(sampler.prepared(logits, np.array([place])), rng)
            found.append(int(character))
            logits, carry = rnn.step(np.array([character]), carry)
    return start + vocabulary.decode(found)


HOW = (
    {},
    {"temperature": 0.5},
    {"temperature": 0},
    {"temperature": (0.4, 2.0, 1.0)},
    {"top_k": 3},
    {"top_p": 0.8, "temperature": 1.3},
    {"min_p": 0.2, "temperature": (0.7, 1.2)},
)


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize(("cell", "layers"), [("gru", 1), ("gru", 3), ("lstm", 2), ("rnn", 2)])
def test_text_is_what_plain_steps_and_the_sampler_draw(cell, layers, how):
    rnn = recurrence(cell, layers)
    config = SampleConfig(seed=3, **how)
    text = TextModel(rnn, LETTERS).text(60, start="ab", config=config)
    assert text == by_hand(rnn, LETTERS, 60, "ab", config)


def test_a_blend_draws_as_its_model_does():
    rnn = recurrence()
    blend = Blend([Member(rnn, 0.5), Member(rnn, 0.5)])
    config = SampleConfig(seed=1)
    expected = by_hand(rnn, LETTERS, 50, "", config)
    assert TextModel(blend, LETTERS).text(50, config=config) == expected


def test_neither_the_boundary_nor_the_unknown_symbol_is_sampled():
    vocabulary = Vocabulary(("a", "b"), unknown=True)
    rnn = recurrence(vocabulary=vocabulary)
    rnn._bias[[0, 3]] += 20  # by far the likeliest
    model = TextModel(rnn, vocabulary)
    for how in ({}, {"temperature": 0}, {"temperature": (1e-9, 1.0)}, {"temperature": 100.0}):
        assert set(model.text(200, **how)) <= {"a", "b"}
    assert set(model.text(50, top_k=4)) <= {"a", "b"}


@pytest.mark.heavy
def test_the_other_probabilities_are_normalised_without_them():
    rnn = recurrence()
    logits, _ = rnn.step(np.array([0]), rnn.initial_carry(1))
    p = np.exp(log_softmax(logits)[0, 1:].astype(float))
    p /= p.sum()
    model = TextModel(rnn, LETTERS)
    counts = Counter(model.text(1, seed=seed) for seed in range(4000))
    for character, share in zip(LETTERS.characters, p, strict=True):
        assert counts[character] / 4000 == pytest.approx(share, abs=4 * (share / 4000) ** 0.5)


def test_a_model_without_ids_never_gives_them_and_scales_the_others():
    rnn = recurrence()
    without = rnn.without([0, 4])
    carry = rnn.initial_carry(2)
    before, after = rnn.step(np.array([0, 3]), carry), without.step(np.array([0, 3]), carry)
    p, q = np.exp(log_softmax(before[0])), np.exp(log_softmax(after[0]))
    keep = [1, 2, 3, 5, 6, 7]
    assert not q[:, [0, 4]].any()
    np.testing.assert_allclose(q[:, keep], p[:, keep] / p[:, keep].sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(before[1], after[1])
    with pytest.raises(ConfigError, match=r"\[0, 8\)"):
        rnn.without([8])


def test_the_start_comes_first_and_is_not_counted():
    model = language_model()
    pieces = list(model.stream_text(5, start="abc", seed=2))
    assert pieces[0] == "abc"
    assert [len(piece) for piece in pieces] == [3, 1, 1, 1, 1, 1]
    assert len(model.text(7)) == 7
    assert len(model.text()) == 1000


@given(st.integers(1, 30), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_more_characters_only_add_to_the_text(characters, seed):
    model = language_model()
    long = model.text(40, seed=seed, temperature=(0.5, 1.0))
    assert long.startswith(model.text(characters, seed=seed, temperature=(0.5, 1.0)))


def test_an_endless_text_is_sampled_as_long_as_it_is_taken():
    model = language_model()
    stream = model.stream_text(None, seed=4)
    assert "".join(itertools.islice(stream, 3000)) == model.text(3000, seed=4)


def test_characters_of_a_slow_model_are_yielded_as_they_are_sampled(monkeypatch):
    class Counting(Blend):
        steps = 0

        def step(self, ids, carry, out=None):
            self.steps += 1
            return super().step(ids, carry, out)

    model = Counting([Member(recurrence(), 1.0)])
    monkeypatch.setattr("time.perf_counter", lambda: float(model.steps))  # a second each
    stream = TextModel(model, LETTERS).stream_text(1000)
    for drawn in range(1, 4):
        assert len(next(stream)) == 1
        assert model.steps <= drawn + 1


def test_blas_is_limited_to_one_thread_only_while_text_is_sampled():
    from threadpoolctl import threadpool_info

    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    stream = language_model().stream_text(None)
    next(stream)
    assert threads() == before


def test_line_breaks_and_accents_of_a_start_are_normalised():
    text = language_model().text(3, start="a\r\nb\re\u0301")
    assert text.startswith("a\nb\né")


def test_graphemes_are_sampled_whole():
    vocabulary = Vocabulary(("a", "e\u0301x"[:2], "🇬🇧"), "grapheme")
    pieces = list(language_model(vocabulary).stream_text(50))
    assert len(pieces) == 50
    assert set(pieces) <= set(vocabulary.characters)


def test_an_unknown_character_of_the_start_is_read_as_the_unknown_symbol_where_there_is_one():
    with pytest.raises(VocabularyError, match="'z'"):
        language_model().text(3, start="az")
    known = language_model(Vocabulary(("a", "b"), unknown=True))
    assert known.text(3, start="az").startswith("az")


def test_each_kind_of_model_has_only_its_own_methods():
    text, names = language_model(), language_model(text=False)
    assert not any(hasattr(text, name) for name in ("generate", "names", "best", "condition"))
    assert not any(hasattr(names, name) for name in ("text", "stream_text"))


def test_old_names_still_work_with_a_warning():
    text = language_model()
    with pytest.warns(DeprecationWarning, match="nll"):
        assert text.score(["a"]) == text.nll(["a"]) == -text.log_prob(["a"])
    with pytest.warns(DeprecationWarning, match="TextModel"):
        assert text.is_text
    with pytest.warns(DeprecationWarning, match="blend_with"):
        text.joined(text)


def test_names_and_text_do_not_blend():
    with pytest.raises(ConfigError, match="both"):
        language_model().blend_with(language_model(text=False))
    assert len(language_model().blend_with(language_model(seed=1)).text(5)) == 5


@pytest.mark.parametrize("characters", [0, -1, 2.5, True])
def test_characters_are_a_whole_number(characters):
    with pytest.raises(ConfigError, match="characters must be a whole number"):
        language_model().text(characters)


def test_max_length_is_for_names():
    with pytest.raises(ConfigError, match="max_length is for names"):
        language_model().text(3, config=SampleConfig(max_length=5))


def test_the_nll_of_a_text_is_that_of_a_beginning():
    model = language_model()
    texts = ["", "ab", "ab c", "d", "abé\na"]
    expected = []
    for text in texts:
        carry, nats, last = model.rnn.initial_carry(1), 0.0, 0
        for character in LETTERS.encode(text).tolist():
            logits, carry = model.rnn.step(np.array([last]), carry)
            nats -= log_softmax(logits)[0, character]
            last = character
        expected.append(nats)
    np.testing.assert_allclose(model.nll(texts), expected, atol=1e-4)
    many = [texts[i % 5] for i in range(600)]
    scores = model.nll(many, threads=2)
    np.testing.assert_allclose(scores, np.tile(expected, 120), atol=1e-4)
    assert len(model.nll([])) == 0


def test_names_never_show_the_unknown_symbol():
    vocabulary = Vocabulary(("a", "b"), unknown=True)
    rnn = recurrence(vocabulary=vocabulary, text=False)
    rnn._bias[3] += 5
    model = NameModel(rnn, vocabulary, frozenset({"ab"}), 3)
    names = model.names(50, allow_known=True, max_length=9)
    assert len(names) == 50 and set("".join(names)) <= {"a", "b"}
    best = model.best(20, allow_known=True)
    assert set("".join(map(str, best))) <= {"a", "b"}
    with pytest.raises(VocabularyError, match="'z'"):
        model.names(3, start="z")
    # What a name's characters come to is given that the symbol does not come ...
    (one,) = model.best(1, allow_known=True)
    assert one.nats < float(model.nll([one.text])[0])
    # ... and the score stays the model's own, the symbol's as any other's.
    assert np.isfinite(model.nll(["azb"])[0])


def test_constraints_and_labels_work_with_an_unknown_symbol():
    vocabulary = Vocabulary(("a", "b"), unknown=True)
    config = ModelConfig(units=6, embedding=3, labels=2)
    rng = np.random.default_rng(2)
    weights = {
        name: rng.standard_normal(shape).astype("f4")
        for name, shape in weight_shapes(config, vocabulary.size).items()
    }
    model = NameModel(NumpyRNN(config, weights), vocabulary, None, 4, ("x", "y"))
    steered = model.condition({"x": 1.0, "y": 2.0}, guidance=3.0)
    names = steered.names(5, start="b", rules=Contains("ab"), allow_known=True, max_length=8)
    assert len(names) == 5
    assert all(name[0] == "b" and "ab" in name and set(name) <= {"a", "b"} for name in names)


def pieces_of(text):
    """Text that comes character by character and has all of its characters."""
    yield from text
    return "length"


def ended(pieces):
    found = []
    while True:
        try:
            found.append(next(pieces))
        except StopIteration as end:
            return found, end.value


@given(st.text("ab\n", max_size=12), st.lists(st.text("ab\n", min_size=1, max_size=3), min_size=1))
def test_text_ends_before_the_first_stop_text_to_be_complete(text, stops):
    found, why = ended(until(pieces_of(text), tuple(stops)))
    complete = [text.find(stop) + len(stop) for stop in stops if stop in text]
    if not complete:
        assert ("".join(found), why) == (text, "length")
        return
    first = min(complete)
    places = [text.find(s) for s in stops if s in text and text.find(s) + len(s) == first]
    assert ("".join(found), why) == (text[: min(places)], "stop")


def test_what_may_begin_a_stop_text_is_held_back_until_that_is_clear():
    stream = until(pieces_of("xabxabc"), ("abc",))
    assert list(stream) == ["x", "abx"]
    assert list(until(pieces_of("xab"), ("abc",))) == ["x", "ab"]


def test_stop_texts_cut_what_is_sampled_and_not_the_start():
    model = language_model()
    whole = model.text(200, start="abab", seed=5)
    stop = whole[60:63]
    cut = model.text(200, start="abab", seed=5, stop=stop)
    assert cut == "abab" + whole[4 : 4 + whole[4:].index(stop)]
    assert model.text(200, start="abab", seed=5, stop=["zz", stop]) == cut  # no z: it never occurs
    assert model.text(9, start="abab", seed=5, stop=["\r\n" * 9]) == whole[:13]


@pytest.mark.parametrize(
    ("stop", "error"),
    [("", ConfigError), (["a", ""], ConfigError), (7, TypeError), ([7], TypeError)],
)
def test_stop_texts_are_texts_of_a_character_at_least(stop, error):
    with pytest.raises(error, match="stop must be"):
        language_model().text(5, stop=stop)


def test_several_texts_begin_with_that_of_the_seed_and_do_not_depend_on_each_other():
    model = language_model()
    texts = model.texts(3, 30, seed=5)
    assert texts[0] == model.text(30, seed=5) and len(set(texts)) == 3
    assert texts[1].startswith(model.texts(2, 30, seed=5, stop=texts[0][3:5])[1])


def documents_model(ends=0.0, **settings):
    """A model of documents, whose end is likelier by so much."""
    rnn = recurrence(**settings)
    rnn.config = rnn.config.replace(documents=True)
    rnn._bias[0] += ends
    return TextModel(rnn, LETTERS)


def test_documents_end_where_the_boundary_is_sampled():
    model = documents_model(ends=1.0)
    documents = model.texts(50, 10_000, seed=1)
    assert max(map(len, documents)) < 10_000
    found, why = ended(model.stream_text(10_000, seed=1))
    assert ("".join(found), why) == (documents[0], "end")
    found, why = ended(model.stream_text(10_000, seed=1, stop_at_end=False))
    assert (len(found), why) == (10_000, "length")


@pytest.mark.heavy
def test_a_document_ends_with_the_probability_of_the_boundary():
    model = documents_model(ends=1.0)
    _, carry = model.rnn.step(np.array([0]), model.rnn.initial_carry(1))
    logits, _ = model.rnn.step(np.array([3]), carry)
    p = float(np.exp(log_softmax(logits)[0, 0]))
    ended_at_once = sum(text == "a" for text in model.texts(4000, 5, start="a", seed=3))
    assert ended_at_once / 4000 == pytest.approx(p, abs=4 * (p / 4000) ** 0.5)


def test_no_document_is_empty():
    assert all(documents_model(ends=20.0).texts(20, 5, seed=1))
    assert documents_model(ends=20.0).text(5, start="ab") == "ab"


def test_a_model_without_documents_knows_no_end():
    with pytest.raises(ConfigError, match="--documents"):
        language_model().text(5, stop_at_end=True)
    with pytest.raises(TypeError, match="true or false"):
        language_model().text(5, stop_at_end="yes")
