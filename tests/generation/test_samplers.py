"""Samplers that callers pass: exact for sampling, for search and under constraints."""

from __future__ import annotations

import copy
from collections import Counter

import numpy as np
import pytest

from charloom import TextModel, constraints, samplers
from charloom.errors import ArgumentError, ConfigError, GenerationError
from helpers.languages import chi_square, named, texts_of

SETTINGS = [
    (samplers.Temperature(0.6), {"temperature": 0.6}),
    (samplers.TopK(2), {"top_k": 2}),
    (samplers.TopP(0.7), {"top_p": 0.7}),
    (samplers.MinP(0.3), {"min_p": 0.3}),
    (samplers.Chain(samplers.Temperature(1.4), samplers.TopK(3)), {"temperature": 1.4, "top_k": 3}),
]


class Favour:
    """A sampler as a user writes one: it makes some ids more likely."""

    def __init__(self, ids, by: float) -> None:
        self.ids, self.by = ids, by

    def __call__(self, logits):
        return logits + np.where(np.isin(np.arange(logits.shape[1]), self.ids), self.by, 0)


def without_the_best(logits):
    """Exclude the most likely id of each row, unless it is the end."""
    result = logits.copy()
    best = result[:, 1:].argmax(axis=1) + 1
    result[np.arange(len(result)), best] = -np.inf
    return result


@pytest.fixture
def model():
    return named("abc", longest=4)


@pytest.mark.parametrize(("sampler", "options"), SETTINGS, ids=str)
def test_a_value_does_what_the_setting_of_its_name_does(model, sampler, options):
    common = {"seed": 4, "max_length": 5, "allow_repeats": True}
    assert model.names(50, sampler=sampler, **common) == model.names(50, **options, **common)
    text = TextModel(model.rnn, model.vocabulary)
    assert text.text(200, sampler=sampler, seed=4) == text.text(200, **options, seed=4)


@pytest.mark.parametrize("sampler", [Favour([2], 1.5), without_the_best])
def test_strings_are_drawn_from_the_changed_distribution(model, sampler):
    drawn = Counter(model.names(4000, sampler=sampler, max_length=4, allow_repeats=True, seed=2))
    assert chi_square(drawn, texts_of(model, max_length=4, transform=sampler)) > 1e-3
    assert chi_square(drawn, texts_of(model, max_length=4)) < 1e-9


@pytest.mark.heavy
@pytest.mark.parametrize("sampler", [Favour([2], 1.5), without_the_best])
def test_the_first_of_different_strings_are_drawn_in_proportion(model, sampler):
    firsts = Counter(
        model.names(1, sampler=sampler, max_length=3, seed=seed)[0] for seed in range(600)
    )
    assert chi_square(firsts, texts_of(model, max_length=3, transform=sampler)) > 1e-3


@pytest.mark.parametrize("beam", [None, 1000])
def test_the_most_likely_strings_are_those_of_the_changed_distribution(model, beam):
    sampler = Favour([3], 2.0)
    expected = texts_of(model, max_length=4, transform=sampler)
    ranked = sorted(expected, key=lambda text: -expected[text])[:10]
    found = model.best(10, sampler=sampler, max_length=4, beam=beam)
    assert [sample.text for sample in found] == ranked
    assert ranked != [sample.text for sample in model.best(10, max_length=4)]


def test_constraints_are_satisfied_with_the_changed_distribution(model):
    sampler = Favour([2], 1.5)
    everything = texts_of(model, max_length=4, transform=sampler)
    expected = {text: p for text, p in everything.items() if text.endswith("ca")}
    drawn = model.names(
        2000,
        sampler=sampler,
        rules=constraints.End("ca"),
        max_length=4,
        allow_repeats=True,
        seed=3,
    )
    assert chi_square(Counter(drawn), expected) > 1e-3


def test_log_probabilities_stay_the_models_own(model):
    samples = model.generate(20, sampler=Favour([2], 1.5), max_length=4)
    texts = [sample.text for sample in samples]
    np.testing.assert_allclose([s.nats for s in samples], model.nll(texts), rtol=1e-5)


def test_a_cycle_of_temperatures_is_applied_after_the_sampler(model):
    sampler, cycle = Favour([2], 1.5), (0.5, 2.0)
    expected = texts_of(model, max_length=3, transform=sampler, temperature=cycle)
    found = model.best(5, sampler=sampler, temperature=cycle, max_length=3)
    ranked = sorted(expected, key=lambda text: -expected[text])[:5]
    assert [sample.text for sample in found] == ranked


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (lambda logits: logits[:, :2], "of the shape that it is given"),
        (lambda logits: np.full_like(logits, -np.inf), "leave at least one id"),
        (lambda logits: np.full_like(logits, np.nan), "leave at least one id"),
        (lambda logits: 1, "of the shape that it is given"),
    ],
)
def test_a_sampler_that_returns_no_distribution_is_refused(model, sampler, message):
    with pytest.raises(GenerationError, match=message):
        model.names(3, sampler=sampler)
    with pytest.raises(GenerationError, match=message):
        TextModel(model.rnn, model.vocabulary).text(3, sampler=sampler)


@pytest.mark.parametrize("value", ["x", [[1], [1, 2]], {}])
def test_a_sampler_that_returns_no_numbers_is_refused(model, value):
    with pytest.raises(ArgumentError, match="must return logits, an array of numbers"):
        model.names(3, sampler=lambda logits: value)


def test_a_sampler_cannot_change_the_models_logits_in_place(model):
    def careless(logits):
        logits[:, 1] = -np.inf
        return logits

    with pytest.raises(ValueError, match="read-only"):
        model.names(3, sampler=careless)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (samplers.Temperature, -1),
        (samplers.TopK, 0),
        (samplers.TopP, 0),
        (samplers.MinP, 1.5),
    ],
)
def test_a_value_out_of_range_is_refused(kind, value):
    with pytest.raises(ConfigError, match="Received"):
        kind(value)


@pytest.mark.parametrize("sampler", [sampler for sampler, _ in SETTINGS], ids=str)
def test_a_value_that_is_sent_to_another_process_does_the_same(sampler):
    logits = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    again = copy.copy(sampler)  # as pickle copies
    assert again(logits).tolist() == sampler(logits).tolist()
