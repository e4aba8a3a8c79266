"""Generated names are new, distinct and as requested, or there is a reason."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.config import ModelConfig, SampleConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ArgumentError, ConfigError, GenerationError, VocabularyError
from charloom.generation import Generated, NameModel, Sample
from charloom.generation.constraints import RuleError
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes


def memoryless(characters: str, weights: dict[str, float], *, known=frozenset(), longest=10):
    """A model that draws each character ("" for the end) in proportion to ``weights``."""
    vocabulary = Vocabulary(tuple(sorted(characters)))
    config = ModelConfig(cell="rnn", units=1, embedding=1)
    shapes = weight_shapes(config, vocabulary.size)
    arrays = {name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}
    odds = [weights.get(c, 1.0) for c in ("", *vocabulary.characters)]
    arrays["logits.bias"] = np.log(odds, dtype=np.float32)
    return NameModel(NumpyRNN(config, arrays), vocabulary, known, longest)


def lively(**changes) -> NameModel:
    """A model with a memory, over the letters a to e."""
    config = ModelConfig(units=8, embedding=3)
    rng = np.random.default_rng(0)
    arrays = {k: rng.normal(0, 0.8, s).astype("f4") for k, s in weight_shapes(config, 6).items()}
    fields = {"training_set": frozenset(["a", "ab", "abc", "cc"]), "longest": 8, **changes}
    return NameModel(NumpyRNN(config, arrays), Vocabulary(tuple("abcde")), **fields)


def test_as_many_names_as_requested_are_new_and_distinct() -> None:
    model = lively()
    generated = model.generate(200)
    texts = [sample.text for sample in generated]
    assert len(generated) == 200
    assert generated.reason is None
    assert generated.seen >= 200
    assert len(set(texts)) == 200
    assert not set(texts) & model.training_set
    assert "" not in texts
    assert {sample.origin for sample in generated} == {"new"}


def test_generated_is_a_sequence_of_samples() -> None:
    generated = lively().generate(5)
    assert isinstance(generated, Generated)
    assert generated[1:3] == tuple(generated)[1:3]
    assert isinstance(generated[0], Sample)
    assert str(generated[0]) == generated[0].text
    assert generated[-1] in generated


def test_the_same_seed_gives_the_same_names_and_another_one_others() -> None:
    model = lively()
    assert model.names(20, seed=1) == model.names(20, seed=1)
    assert model.names(20, seed=1) != model.names(20, seed=2)


def test_generate_names_and_stream_agree() -> None:
    model = lively()
    samples = model.generate(20, config=SampleConfig(temperature=0.8, seed=3))
    assert model.names(20, temperature=0.8, seed=3) == [str(sample) for sample in samples]
    assert list(model.stream(20, temperature=0.8, seed=3)) == list(samples)
    changed = model.generate(20, config=SampleConfig(seed=9, temperature=0.8), seed=3)
    assert list(changed) == list(samples)


def test_the_number_of_threads_changes_nothing() -> None:
    model = lively()
    one = model.generate(20_000, allow_repeats=True, threads=1)
    assert one == model.generate(20_000, allow_repeats=True, threads=3)


def test_nats_are_what_nll_gives() -> None:
    model = lively()
    for options in ({}, {"temperature": 0.5}, {"start": "ab"}, {"top_k": 2}):
        generated = model.generate(50, allow_repeats=True, **options)
        nats = [sample.nats for sample in generated]
        np.testing.assert_allclose(model.nll([str(s) for s in generated]), nats, atol=1e-4)


def test_scores_are_those_of_a_known_model() -> None:
    model = memoryless("ab", {"": 1, "a": 2, "b": 1})
    nats = model.nll(["", "a", "ab"])
    np.testing.assert_allclose(np.exp(-nats), [1 / 4, 2 / 16, 2 / 64], rtol=1e-5)
    assert model.nll([]).shape == (0,)


def test_nll_names_a_character_that_the_model_never_saw() -> None:
    with pytest.raises(VocabularyError, match="'ß'"):
        lively().nll(["abc", "aß"])


def test_every_name_begins_with_the_start() -> None:
    texts = lively().names(30, start="ea")
    assert len(texts) == 30
    assert all(text.startswith("ea") for text in texts)


def test_the_start_alone_may_be_a_name() -> None:
    model = memoryless("ab", {"": 1e6})
    assert model.names(1, start="ba") == ["ba"]


def test_the_start_is_composed_as_the_vocabulary_is() -> None:
    model = memoryless("é", {"": 1})
    assert model.names(1, start=unicodedata.normalize("NFD", "é"))[0].startswith("é")
    assert model.nll([unicodedata.normalize("NFD", "é")]) == model.nll(["é"])


def test_novelty_is_judged_in_one_normal_form() -> None:
    decomposed = unicodedata.normalize("NFD", "é")
    model = memoryless("é", {"": 1}, known=frozenset([decomposed]), longest=1)
    assert "é" not in model.names(5)
    again = memoryless("é", {"": 1}, longest=1)
    assert "éé" not in again.names(5, forbid=[decomposed * 2])


def test_strings_that_look_the_same_count_as_repeats() -> None:
    # The vocabulary has the letter, the accent and both in one; the model can spell é two ways.
    model = memoryless("é" + unicodedata.normalize("NFD", "é"), {"": 3})
    texts = model.names(100)
    assert len({unicodedata.normalize("NFC", text) for text in texts}) == 100


def test_known_names_are_generated_only_if_allowed_and_are_marked() -> None:
    model = lively()
    origins = {s.text: s.origin for s in model.generate(300, allow_known=True)}
    assert {text for text, origin in origins.items() if origin == "known"} == (
        set(origins) & model.training_set
    )
    assert "known" in origins.values()


def test_repeats_are_generated_only_if_allowed() -> None:
    texts = lively().names(500, allow_repeats=True)
    assert len(texts) == 500
    assert len(set(texts)) < 500


def test_forbidden_strings_are_never_generated() -> None:
    model = lively()
    forbidden = model.names(20)
    for allow_known in (False, True):
        assert not set(model.names(100, forbid=forbidden, allow_known=allow_known)) & set(forbidden)


def test_new_names_need_a_training_list() -> None:
    model = lively(training_set=None)
    with pytest.raises(GenerationError, match=r"training list.*--forbid FILE.*--allow-known"):
        model.generate(5)
    assert {s.origin for s in model.generate(5, allow_known=True)} == {"unknown"}
    assert {s.origin for s in model.generate(5, forbid=["a"])} == {"new"}


def test_new_names_follow_the_conditional_distribution() -> None:
    # Of one and two letters, all equally likely; "a" is known, so b, c and d share the rest.
    model = memoryless("abcd", {"": 4}, known=frozenset(["a"]))
    texts = model.names(40_000, allow_repeats=True)
    assert "a" not in texts
    p = {1: 1 / 16, 2: 1 / 128}
    kept = 1 - 1 / 2 - p[1]  # neither the empty string nor "a"
    for text in ("b", "d", "ab", "dd"):
        share = p[len(text)] / kept
        tolerance = 5 * np.sqrt(share / 40_000)
        assert texts.count(text) / 40_000 == pytest.approx(share, abs=tolerance)


def test_the_order_is_that_of_independent_draws() -> None:
    # The walk finds strings by their prefixes; what comes out must not be sorted by them.
    texts = memoryless("ab", {"": 1, "a": 2, "b": 2}).names(4000, allow_repeats=True)
    first, second = ([text[0] for text in half] for half in (texts[:2000], texts[2000:]))
    assert abs(first.count("a") - second.count("a")) < 5 * np.sqrt(1000)
    pairs = sum(x == y for x, y in pairwise(first))
    assert abs(pairs - 1000) < 5 * np.sqrt(500)


def test_zero_temperature_ignores_the_seed_and_gives_one_name() -> None:
    model = lively()
    (only,) = model.generate(1, start="e", temperature=0, seed=1)
    assert model.generate(1, start="e", temperature=0, seed=2).samples == (only,)
    assert model.generate(1, start="e", top_k=1, seed=2).samples == (only,)
    three = model.names(3, start="e", temperature=0, allow_repeats=True)
    assert three == [only.text] * 3


def test_zero_temperature_cannot_give_two_and_says_why() -> None:
    generated = lively().generate(20, start="e", temperature=0)
    assert len(generated) == 1
    assert generated.reason is not None
    assert generated.reason.startswith("found 1 of 20 new names, and there are no others")
    assert "temperature 0 has one string only" in generated.reason
    assert "--best" in generated.reason
    assert "\n" not in generated.reason


def test_a_model_with_few_names_ends_with_all_of_them_and_a_reason() -> None:
    model = memoryless("ab", {"": 2}, longest=1)
    generated = model.generate(50, max_length=2)
    assert sorted(map(str, generated)) == ["a", "aa", "ab", "b", "ba", "bb"]
    assert "found 6 of 50 new names" in (generated.reason or "")
    assert generated.seen == 6
    assert generated.mass == pytest.approx(sum(2 / 4 * (1 / 4) ** n * 2**n for n in (1, 2)))


def test_a_model_that_generates_only_known_names_says_so() -> None:
    model = memoryless("a", {"": 1}, known=frozenset(["a", "aa"]))
    generated = model.generate(3, max_length=2)
    assert len(generated) == 0
    assert "found 0 of 3 new names" in (generated.reason or "")
    generated = memoryless("a", {"": 1e-3}, known=frozenset(["a"])).generate(3, max_length=1)
    assert "--max-length" in (generated.reason or "")


def test_the_reason_counts_names_not_new_ones_where_known_are_allowed() -> None:
    generated = memoryless("a", {"": 1}).generate(3, max_length=1, allow_known=True)
    assert "found 1 of 3 names, and there are no others" in (generated.reason or "")


def test_a_stream_ends_with_the_reason_too() -> None:
    search = memoryless("a", {"": 1}).stream(3, max_length=1)
    assert search.reason is None
    assert [str(sample) for sample in search] == ["a"]
    assert search.reason is not None
    assert next(search, None) is None


def test_a_stream_searches_only_for_what_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    search = lively().stream(50_000)
    next(search)
    assert search.seen < 10_000


def test_an_endless_stream_continues_where_one_with_a_count_ends() -> None:
    model = lively()
    endless = model.stream(None, seed=5)
    first = [next(endless).text for _ in range(6000)]
    assert len(set(first)) == 6000
    assert first == model.names(6000, seed=5)


def test_asking_for_more_begins_with_what_fewer_gave() -> None:
    model = lively()
    many = model.names(5000, seed=4)
    assert model.names(10, seed=4) == many[:10]
    assert model.names(700, seed=4) == many[:700]


def test_names_are_no_longer_than_max_length() -> None:
    model = lively()
    assert max(map(len, model.names(100, max_length=4))) <= 4
    assert max(map(len, lively(longest=1).names(500, allow_repeats=True))) <= 12  # 2 · 1 + 10


@pytest.mark.parametrize("n", [0, -3, 2.0, True, "5"])
def test_n_must_be_a_whole_number(n) -> None:
    with pytest.raises(ConfigError, match="n must be"):
        lively().generate(n)


def test_a_start_longer_than_max_length_is_refused() -> None:
    with pytest.raises(RuleError, match=r"--start 'abc' and --max-length 2 together"):
        lively().generate(1, start="abc", max_length=2)
    assert lively().names(1, start="a", max_length=1, allow_known=True) == ["a"]


def test_a_start_with_an_unseen_character_is_refused_by_name() -> None:
    with pytest.raises(VocabularyError, match="'ß'"):
        lively().stream(1, start="aß")  # at once, not when the first sample is taken


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="temperature"):
        lively().generate(1, temperature=-1)
    with pytest.raises(ConfigError, match="threads"):
        lively().generate(1, threads=0)
    with pytest.raises(ArgumentError, match=r"no option 'warmth'\. There are: allow.* top_p"):
        lively().generate(1, warmth=1)  # type: ignore[call-arg]


def test_a_vocabulary_of_another_size_is_refused() -> None:
    model = lively()
    with pytest.raises(ConfigError, match=r"6 ids\. Received: 3"):
        NameModel(model.rnn, Vocabulary(("a", "b")), frozenset(), 5)


def test_graphemes_are_generated_whole() -> None:
    flags = ("🇩🇪", "🇫🇷", "g̈")
    vocabulary = Vocabulary(tuple(sorted(flags)), unit="grapheme")
    model = NameModel(
        memoryless("abc", {"": 1}).rnn, vocabulary, training_set=frozenset(), longest=3
    )
    texts = model.names(20, start="g̈")
    for text in texts:
        assert text.startswith("g̈")
        assert vocabulary.unknown(text) == []


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 60),
    temperature=st.sampled_from([0, 0.3, 1, 2]),
    start=st.text("abcde", max_size=3),
    allow_known=st.booleans(),
    allow_repeats=st.booleans(),
    forbid=st.lists(st.text("abcde", max_size=4), max_size=5),
    seed=st.integers(0, 99),
)
def test_the_promises_hold_together(
    n, start, allow_known, allow_repeats, forbid, **sampling
) -> None:
    model = lively()
    generated = model.generate(
        n,
        start=start,
        allow_known=allow_known,
        allow_repeats=allow_repeats,
        forbid=forbid,
        **sampling,
    )
    texts = [str(sample) for sample in generated]
    assert len(texts) == n or generated.reason
    assert all(text and text.startswith(start) and len(text) <= 26 for text in texts)
    assert not set(texts) & set(forbid)
    if not allow_known:
        assert not set(texts) & model.training_set
    if not allow_repeats:
        assert len(set(texts)) == len(texts)


def test_progress_rises_from_nothing_to_all() -> None:
    search = lively().stream(6000, seed=2)
    assert search.progress == 0
    seen = [search.progress for _ in search]
    assert seen[-1] == 1
    assert all(0 <= share <= 1 for share in seen)
    assert lively().stream(None).progress == 0


def test_a_small_search_whose_spare_names_are_known_goes_on() -> None:
    model = lively(training_set=frozenset())
    every = [sample.text for sample in model.generate(60, seed=4)]
    known = replace(model, training_set=frozenset(every[:30]))  # more than the names to spare
    assert [sample.text for sample in known.generate(10, seed=4)] == every[30:40]
    assert model.names(10, seed=4) == every[:10]


@pytest.mark.parametrize("letters", ["ab", "a\U0001f409", "\0a", "a\ud800"])
def test_names_are_spelled_with_any_characters(letters: str) -> None:
    model = memoryless(letters, dict.fromkeys(letters, 2.0))
    found = model.names(6, seed=1, start=letters[0], max_length=4)
    assert len(set(found)) == 6
    assert all(name[0] == letters[0] and set(name) <= set(letters) for name in found)
