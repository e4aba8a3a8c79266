"""Scores against probabilities multiplied up one character at a time."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.config import ModelConfig
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.sampling import Sampler
from charloom.models.scoring import names as module
from charloom.models.scoring.names import (
    log_softmax,
    score,
    sequence_probabilities,
    target_nats,
)

V = 5


def toy(cell: str = "gru", layers: int = 1) -> NumpyRNN:
    config = ModelConfig(cell=cell, units=4, layers=layers, embedding=2)
    rng = np.random.default_rng(0)
    shapes = weight_shapes(config, V)
    return NumpyRNN(config, {k: rng.normal(0, 1.2, s).astype("f4") for k, s in shapes.items()})


def one_by_one(rnn: NumpyRNN, string: list[int]) -> float:
    carry, nats = rnn.initial_carry(1), 0.0
    for last, following in zip([0, *string], [*string, 0], strict=True):
        logits, carry = rnn.step(np.array([last]), carry)
        nats -= float(Sampler().log_probabilities(logits)[0, following])
    return nats


def ids(strings: list[list[int]]) -> list[np.ndarray]:
    return [np.array(string, dtype=np.int32) for string in strings]


lists_of_strings = st.lists(st.lists(st.integers(1, V - 1), max_size=6), max_size=12)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("layers", [1, 2])
def test_scores_are_products_of_probabilities(cell: str, layers: int) -> None:
    rnn = toy(cell, layers)
    strings = [[1, 2, 3], [], [1, 2, 4, 4, 4], [1], [1, 2, 3], [4, 3], [1, 2]]
    expected = [one_by_one(rnn, string) for string in strings]
    np.testing.assert_allclose(score(rnn, ids(strings)), expected, atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("stretch", [1, 4, 256])
def test_a_string_far_longer_than_the_others_is_scored_like_them(cell, stretch, monkeypatch):
    rnn, rng = toy(cell), np.random.default_rng(1)
    strings = [[1, 2, 3], [2], rng.integers(1, V, 41).tolist()]
    monkeypatch.setattr(module, "STRETCH", stretch)
    expected = [one_by_one(rnn, string) for string in strings]
    np.testing.assert_allclose(score(rnn, ids(strings)), expected, rtol=1e-5)
    p = sequence_probabilities(rnn, ids(strings), [1.0])[:, 0]
    empty = np.exp(-one_by_one(rnn, []))
    np.testing.assert_allclose(p, np.exp(-np.array(expected)) / (1 - empty), rtol=1e-4)


def test_what_cannot_be_probable_any_more_is_not_read_to_its_end(monkeypatch):
    rnn, steps = toy(), 0
    step = rnn.step

    def counted(*arguments):
        nonlocal steps
        steps += 1
        return step(*arguments)

    monkeypatch.setattr(rnn, "step", counted)
    long = np.random.default_rng(1).integers(1, V, 20_000).tolist()
    for strings in ([long], [[1, 2], long, long]):
        steps = 0
        p = sequence_probabilities(rnn, ids(strings), [0.5, 1.0, 2.0])
        assert (p[-1] == 0).all() and steps < 5_000
        assert score(rnn, ids([long]))[0] > 1000


@settings(max_examples=50, deadline=None)
@given(strings=lists_of_strings, rows=st.integers(1, 5), cells=st.sampled_from([1, 10, 1000]))
def test_scores_do_not_depend_on_the_company(strings, rows, cells) -> None:
    rnn = toy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROWS", rows)
        patch.setattr(module, "CELLS", cells)
        got = score(rnn, ids(strings))
    assert got.shape == (len(strings),)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, [one_by_one(rnn, s) for s in strings], atol=1e-5)


def test_all_strings_together_have_the_probability_one() -> None:
    config = ModelConfig(units=4, embedding=2)
    rng = np.random.default_rng(0)
    weights = {k: rng.normal(0, 1, s).astype("f4") for k, s in weight_shapes(config, 3).items()}
    weights["logits.bias"][0] = 4  # soon to end, so that the short strings have nearly all of it
    strings = [list(s) for n in range(8) for s in product([1, 2], repeat=n)]
    total = np.exp(-score(NumpyRNN(config, weights), ids(strings))).sum()
    assert 0.999 < total < 1


def test_no_strings_have_no_scores() -> None:
    assert score(toy(), []).shape == (0,)


def test_the_empty_string_is_just_the_end_symbol() -> None:
    rnn = toy()
    logits, _ = rnn.step(np.array([0]), rnn.initial_carry(1))
    expected = -Sampler().log_probabilities(logits)[0, 0]
    assert score(rnn, ids([[]])).tolist() == pytest.approx([expected], abs=1e-6)


def test_the_number_of_threads_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    strings = [rng.integers(1, V, rng.integers(0, 9)).astype(np.int32) for _ in range(3000)]
    one = score(toy(), strings, threads=1)
    np.testing.assert_array_equal(one, score(toy(), strings, threads=3))


def test_equal_prefixes_are_stepped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []
    step = NumpyRNN.step
    monkeypatch.setattr(
        NumpyRNN,
        "step",
        lambda self, ids, *rest: (rows.append(len(ids)), step(self, ids, *rest))[1],
    )
    score(toy(), ids([[1, 2, 3], [1, 2, 3], [1, 2, 4], [1, 2, 3]]), threads=1)
    assert rows == [1, 1, 1, 2]  # before 1, before 2, before 3 or 4, before the ends


def test_one_very_long_string_does_not_pad_the_short_ones() -> None:
    lengths = np.array([3] * 2000 + [5_000_000])
    groups = module._cut(np.argsort(lengths, kind="stable"), lengths)
    assert [len(group) for group in groups] == [1024, 976, 1]
    assert sorted(np.concatenate(groups).tolist()) == list(range(2001))


@pytest.mark.parametrize("begin", [True, False])
def test_the_nats_of_each_next_id_sum_to_the_score_and_are_in_order(begin: bool) -> None:
    rnn = toy()
    rnn.config = rnn.config.replace(begin=begin)
    strings = ids([[1, 2, 3], [2], [1, 2], [1, 2, 3], [3] * 9, *([[]] if begin else [])])
    rows = target_nats(rnn, strings)
    assert [len(row) for row in rows] == [len(s) + begin for s in strings]
    np.testing.assert_array_equal([row.sum() for row in rows], score(rnn, strings))
    for string, row in zip(strings, rows, strict=True):
        carry, given = rnn.initial_carry(1), [0, *string] if begin else list(string)
        for place, here in enumerate(given):
            logits, carry = rnn.step(np.array([here]), carry)
            target = [*given, 0][place + 1]
            assert row[place] == pytest.approx(-log_softmax(logits)[0, target], abs=1e-5)
    assert target_nats(rnn, []) == []
