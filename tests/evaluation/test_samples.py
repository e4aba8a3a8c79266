"""Samples are drawn once for each setting, and shared."""

from __future__ import annotations

import pytest

from charloom import NameModel, TextModel
from charloom.evaluation import NameSamples, TextSamples, measure, temperature_sweep
from helpers.toy_models import memoryless, uniform


@pytest.fixture
def calls(monkeypatch):
    """What a model of names or of text was asked to sample."""
    found = []
    generate, stream = NameModel.generate, TextModel.stream_texts
    monkeypatch.setattr(
        NameModel, "generate", lambda self, n, **o: (found.append(n), generate(self, n, **o))[1]
    )
    monkeypatch.setattr(
        TextModel,
        "stream_texts",
        lambda self, n, size, **o: (found.append(size), stream(self, n, size, **o))[1],
    )
    return found


def test_names_are_sampled_once_and_fewer_are_the_first_of_them(calls):
    model = memoryless()
    samples = NameSamples(model=model, seed=3)
    many, few = samples.take(3000), samples.take(100)
    assert calls == [3000] and few == many[:100]
    alone = model.generate(100, seed=3, allow_known=True, allow_repeats=True)
    assert few == list(alone)


def test_each_temperature_and_start_has_its_own_samples(calls):
    samples = NameSamples(model=memoryless())
    cold = samples.take(50, temperature=0.5)
    begun = samples.take(50, start="b")
    assert calls == [50, 50] and cold != begun
    assert all(sample.text.startswith("b") for sample in begun)


def test_more_names_than_there_were_are_sampled_again(calls):
    samples = NameSamples(model=memoryless())
    few, many = samples.take(20), samples.take(40)
    assert calls == [20, 40] and many[:20] == few


def test_measures_and_sweep_share_the_samples_and_their_figures_stay_the_same(calls):
    model = memoryless(known=frozenset(["ab", "ba", "c"]))
    alone = measure(model, ["abc", "cab"], samples=500, seed=1)
    swept = temperature_sweep(model, [1.0], 200, seed=1)
    calls.clear()
    samples = NameSamples(model=model, seed=1)
    shared = measure(model, ["abc", "cab"], samples=500, seed=1, drawn=samples)
    assert temperature_sweep(model, [1.0], 200, seed=1, drawn=samples) == swept
    assert calls == [500] and shared.to_dict() == alone.to_dict()


def test_text_is_sampled_once_and_less_is_its_beginning(calls):
    model = uniform(4, text=True)
    samples = TextSamples(model=model, seed=2)
    long, short = samples.take(300), samples.take(40)
    assert calls == [300] and short == long[:40] == model.text(40, seed=2)


def test_text_with_a_start_has_it_in_front(calls):
    model = uniform(4, text=True)
    samples = TextSamples(model=model, seed=2)
    assert samples.take(30, start="abc") == model.text(30, seed=2, start="abc")
    assert samples.take(10, start="abc") == model.text(10, seed=2, start="abc")
