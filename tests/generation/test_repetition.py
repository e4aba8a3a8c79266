"""With ``no_repeat_ngram_size``, no n-gram of the text's last part occurs twice."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from charloom import NameModel, TextModel
from charloom.config import ModelConfig, SampleConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError
from charloom.generation import repetition
from charloom.models.blend import Blend, Member
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes


def model(characters="abcdefghij", text=True, seed=0):
    config, vocabulary = ModelConfig(units=8, embedding=4, text=text), Vocabulary(tuple(characters))
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config, vocabulary.size)
    weights = {n: rng.standard_normal(s).astype("f4") for n, s in shapes.items()}
    rnn = NumpyRNN(config, weights)
    return TextModel(rnn, vocabulary) if text else NameModel(rnn, vocabulary)


def repeated(text, n):
    counts = Counter(text[i : i + n] for i in range(len(text) - n + 1))
    return sum(count - 1 for count in counts.values())


@pytest.mark.parametrize("how", [{"temperature": 0}, {"temperature": 0.2}, {"top_k": 4}], ids=str)
@pytest.mark.parametrize("n", [3, 5, 20])
def test_no_ngram_of_the_text_occurs_twice(n, how):
    looping = model().text(80, seed=1, **how)
    assert repeated(looping, n) > 0 or n == 20
    text = model().text(80, seed=1, no_repeat_ngram_size=n, **how)
    assert repeated(text, n) == 0


def test_the_text_is_the_same_until_a_context_occurs_again():
    plain = model().text(200, seed=3)
    first = next(i for i in range(200) if repeated(plain[: i + 1], 3))
    text = model().text(200, seed=3, no_repeat_ngram_size=4)
    assert text[: first + 1] == plain[: first + 1] and text != plain


def test_ngrams_of_the_start_count():
    greedy = {"temperature": 0}
    loop = model().text(30, **greedy)
    again = model().text(1, start=loop, **greedy)[-1]
    assert repeated(loop + again, 6) > repeated(loop, 6)
    assert model().text(1, start=loop, no_repeat_ngram_size=6, **greedy)[-1] != again


def test_only_the_last_part_of_the_text_counts(monkeypatch):
    monkeypatch.setattr(repetition, "REPEAT_WINDOW", 30)
    text = model().text(400, temperature=0, no_repeat_ngram_size=3)
    assert repeated(text, 3) > 0
    for end in range(33, 401):  # the n-grams that end here, and the 30 before them
        ngrams = [text[i - 3 : i] for i in range(end - 30, end + 1)]
        assert ngrams[-1] not in ngrams[:-1]


def test_memory_does_not_grow_with_the_text(monkeypatch):
    monkeypatch.setattr(repetition, "REPEAT_WINDOW", 50)
    reader = repetition.NoRepeats(model().rnn.without([0]).one_row(), 3)
    for character in np.random.default_rng(1).integers(1, 11, 2000).tolist():
        reader.read(character)
    assert len(reader._ngrams) == sum(map(len, reader._after.values())) == 50
    assert len(reader._after) <= 51


def test_a_text_that_has_no_other_way_repeats():
    text = model("ab").text(60, no_repeat_ngram_size=1)
    assert set(text) == {"a", "b"} and len(text) == 60
    assert set(model("a").text(20, no_repeat_ngram_size=2)) == {"a"}


def test_a_blend_has_no_repetitions_either():
    rnn = model().rnn
    blend = TextModel(Blend([Member(rnn, 0.5), Member(rnn, 0.5)]), model().vocabulary)
    assert repeated(blend.text(80, temperature=0, no_repeat_ngram_size=4), 4) == 0


def test_a_sampler_cannot_bring_a_repetition_back():
    def favour_a(logits):
        return logits + np.where(np.arange(logits.shape[1]) == 1, 50, 0)

    text = model().text(24, no_repeat_ngram_size=3, sampler=favour_a)
    assert repeated(text, 3) == 0 and text.count("a") > 12


@pytest.mark.parametrize("size", [0, 101, 2.5, True])
def test_the_size_lies_in_its_range(size):
    with pytest.raises((ConfigError, TypeError), match="no_repeat_ngram_size must be"):
        model().text(5, no_repeat_ngram_size=size)


def test_it_is_for_text():
    with pytest.raises(ConfigError, match="no_repeat_ngram_size is for running text"):
        model(text=False).names(3, config=SampleConfig(no_repeat_ngram_size=3))
