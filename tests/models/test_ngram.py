"""The n-gram against its definition, and as a recurrence."""

from __future__ import annotations

import dataclasses
import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError
from charloom.models.interface import NEVER
from charloom.models.ngram import model as ngram_model
from charloom.models.ngram.arrays import (
    LEAST_LEFT,
    check_arrays,
    level_ends,
    uniform_arrays,
)
from charloom.models.ngram.counts import Windows, count, stream_of
from charloom.models.ngram.kneser_ney import FALLBACK, discounted, discounts
from charloom.models.ngram.model import NGram, nodes_of
from charloom.models.scoring.names import score, target_nats
from helpers.ngram_definition import Definition, streams

CONFIG = ModelConfig(kind="ngram")
V = 4
"""The boundary, and three characters."""

STRINGS = st.lists(st.lists(st.integers(1, V - 1), min_size=1, max_size=7), min_size=1, max_size=12)


def stream(strings):
    flat = np.array(list(itertools.chain(*strings)), np.int32)
    return stream_of(flat, np.array([len(string) for string in strings]))


def model(strings, order, size=V, **options):
    return NGram(CONFIG, count(stream(strings), size, 8).arrays(order), **options)


def names(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, V, rng.integers(1, 9)).tolist() for _ in range(n)]


def probabilities_after(rnn, ids):
    carry = rnn.initial_carry(1)
    for i in (0, *ids):
        logits, carry = rnn.step(np.array([i]), carry)
    return np.exp(logits[0].astype(np.float64))


@pytest.mark.slow
@settings(max_examples=100)
@given(STRINGS, STRINGS, st.integers(1, 5))
def test_probabilities_are_those_of_the_definition(strings, others, order):
    definition = Definition(strings, V, order)
    rnn, lean = model(strings, order), model(strings, order, table_bytes=1)
    for other in others:
        ids = [np.array(other, np.int32)]
        want = [definition.probability(before, target) for before, target in streams([other])]
        for each in (rnn, lean):
            np.testing.assert_allclose(np.exp(-target_nats(each, ids)[0]), want, rtol=2e-6)


def test_few_rows_beyond_the_table_are_those_of_many(monkeypatch):
    rnn, rng = model(names(), 5, table_bytes=200), np.random.default_rng(1)
    nodes = rng.integers(0, rnn.contexts, 50).astype(np.int32)
    ids = rng.integers(0, V, 50)
    few = rnn.after(nodes, ids), rnn.probabilities(nodes)
    monkeypatch.setattr(ngram_model, "FEW_ROWS", 0)
    many = rnn.after(nodes, ids), rnn.probabilities(nodes)
    assert (nodes > 6).any()  # those in the table
    assert np.array_equal(few[0], many[0]) and np.array_equal(few[1], many[1])


@settings(max_examples=40)
@given(STRINGS, STRINGS, st.integers(1, 8))
def test_the_probabilities_of_all_orders_at_once_are_those_of_each(strings, others, order):
    counts = count(stream(strings), V)
    order = min(order, counts.most_order)
    rnn = NGram(CONFIG, counts.arrays(order))
    found = counts.probabilities(stream(others))[order - 1]
    want = np.concatenate(target_nats(rnn, [np.array(o, np.int32) for o in others]))
    np.testing.assert_allclose(-np.log(found), want, atol=2e-6)


@settings(max_examples=40)
@given(STRINGS, st.integers(1, 8), st.lists(st.integers(0, V - 1), max_size=20))
def test_every_distribution_sums_to_one_and_has_no_zero(strings, order, ids):
    order = min(order, count(stream(strings), V).most_order)
    for rnn in (model(strings, order), model(strings, order, table_bytes=200)):
        p = probabilities_after(rnn, ids)
        assert abs(p.sum() - 1) < 1e-5 and (p > 0).all()


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_probabilities_of_all_strings_sum_to_one(order):
    rnn = model([[1, 2], [2, 2, 1], [1]], order, size=3)
    ended, alive = 0.0, {(): 1.0}
    for _ in range(9):
        longer = {}
        for ids, mass in alive.items():
            p = probabilities_after(rnn, ids)
            ended += mass * p[0]
            longer |= {(*ids, i): mass * p[i] for i in (1, 2)}
        alive = longer
        assert abs(ended + sum(alive.values()) - 1) < 1e-5
    strings = [s for n in range(1, 4) for s in itertools.product((1, 2), repeat=n)]
    nats = score(rnn, [np.array(s, np.int32) for s in strings])
    by_hand = [np.prod([probabilities_after(rnn, s[:i])[c] for i, c in enumerate((*s, 0))])
               for s in strings]  # fmt: skip
    np.testing.assert_allclose(np.exp(-nats), by_hand, rtol=1e-5)


def test_a_text_of_several_documents_begins_each_anew():
    text = np.array([0, 1, 2, 1, 0, 1, 3, 3, 1], np.int32)
    counts = count(text, V, 3)
    rnn = NGram(CONFIG, counts.arrays(3))
    carry, found = rnn.initial_carry(1), []
    for here, there in itertools.pairwise(text):
        logits, carry = rnn.step(np.array([here]), carry)
        found.append(np.exp(logits[0, there]))
    np.testing.assert_allclose(found, counts.probabilities(text)[2], rtol=1e-6)
    # After a boundary nothing before it counts.
    after = probabilities_after(rnn, [])
    for ids in ([1, 2, 1, 0], [3, 0]):
        np.testing.assert_array_equal(probabilities_after(rnn, ids), after)


def test_uniform_counts_nothing():
    rnn = NGram(ModelConfig(kind="uniform"), uniform_arrays(5))
    for ids in ([], [1, 2], [4, 0, 4]):
        np.testing.assert_allclose(probabilities_after(rnn, ids), 0.2, rtol=1e-6)


def test_a_unigram_is_how_often_each_came():
    strings = [[1] * 30] * 10 + [[2] * 30] * 10
    p = probabilities_after(model(strings, 1), [])
    np.testing.assert_allclose(p, [20 / 620, 300 / 620, 300 / 620, 0], atol=0.005)
    assert p[3] > 0


def test_what_comes_in_many_contexts_goes_before_what_is_only_frequent():
    # 2 comes more often than 3, but always after 1; 3 comes after everything.
    strings = [[1, 2]] * 20 + [[1, 3], [2, 3], [3, 3], [3]]
    below = count(stream(strings), V, 2).arrays(2)["ngram.own"][:V]
    assert below[3] > below[2]


def test_discounts_are_those_of_chen_and_goodman():
    counts = np.repeat([1, 2, 3, 4, 9], [40, 20, 10, 5, 3])
    y = 40 / (40 + 2 * 20)
    want = (1 - 2 * y * 20 / 40, 2 - 3 * y * 10 / 20, 3 - 4 * y * 5 / 10)
    np.testing.assert_allclose(discounts(counts), want)
    assert discounts(np.array([1, 1, 1])) == FALLBACK
    assert discounts(np.array([5, 7, 9])) == FALLBACK
    assert discounts(np.array([1, 1, 1, 2])) == (1 - 2 * 0.6 / 3, 1.0, 1.5)


@given(st.lists(st.integers(0, 9), min_size=1))
def test_discounts_leave_something_of_every_count(counts):
    for k, discount in enumerate(discounts(np.array(counts)), start=1):
        assert 0 < discount < k or discount == FALLBACK[k - 1]


@settings(max_examples=30)
@given(STRINGS, st.integers(1, 8), st.integers(1, 2000))
def test_the_table_changes_no_number(strings, order, table_bytes):
    order = min(order, count(stream(strings), V).most_order)
    whole, part = model(strings, order), model(strings, order, table_bytes=table_bytes)
    rng = np.random.default_rng(0)
    here, there = whole.initial_carry(6), part.initial_carry(6)
    for _ in range(9):
        ids = rng.integers(0, V, 6)
        logits, here = whole.step(ids, here)
        others, there = part.step(ids, there)
        np.testing.assert_allclose(logits, others, atol=1e-6)
        np.testing.assert_array_equal(nodes_of(here), nodes_of(there))


def test_a_context_that_occurs_millions_of_times_leaves_enough_to_its_backoff():
    """Its discounts come to less than γ may be."""
    context = np.zeros(2, np.int32)
    _, left = discounted(np.array([4_000_000, 4_000_000]), context, 1)
    assert left[0] == LEAST_LEFT
    stream = np.tile(np.array([1, 2], np.int32), 1_500_000)
    arrays = count(np.append(np.int32(0), stream), 3, 2).arrays(2)
    check_arrays(arrays, 3)


def test_rows_are_independent_and_the_carry_may_be_a_part_of_a_wider_one():
    rnn = model(names(), 4, table_bytes=3000)
    rng = np.random.default_rng(1)
    ids = rng.integers(0, V, (5, 7))
    wide = np.zeros((3, 5, 4), np.float32)
    out = rnn.buffers(5, wide[1:2, :, :1])
    carry = rnn.initial_carry(5)
    rows = [rnn.initial_carry(1) for _ in range(5)]
    for time_ in range(7):
        logits, after = rnn.step(ids[:, time_], carry, out)
        carry = after.copy()
        for row in range(5):
            one, rows[row] = rnn.step(ids[row : row + 1, time_], rows[row])
            np.testing.assert_array_equal(one[0], logits[row])
    assert not wide[[0, 2]].any() and not wide[1, :, 1:].any()


def test_node_numbers_beyond_two_to_the_24_are_carried_exactly():
    carry = np.zeros((1, 4, 1), np.float32)
    numbers = np.array([1, 2**23 + 1, 2**24 + 1, 2**31 - 1], np.int32)
    nodes_of(carry)[:] = numbers
    copied = np.empty((2, 4, 3), np.float32)
    np.copyto(copied[1:, :, :1], np.take(carry, np.arange(4), axis=1).copy())
    np.testing.assert_array_equal(nodes_of(copied[1:]), numbers)


def test_without_leaves_ids_out_and_keeps_the_others_in_proportion():
    rnn = model(names(), 3)
    plain, less = (
        probabilities_after(each, [1, 2]) for each in (rnn, rnn.without([0]).without([2]))
    )
    assert less[0] == less[2] == 0
    np.testing.assert_allclose(less[[1, 3]] / less[1], plain[[1, 3]] / plain[1], rtol=1e-5)
    with pytest.raises(ConfigError, match=r"ids must lie in \[0, 4\)"):
        rnn.without([4])


@pytest.mark.parametrize("table_bytes", [1, 1 << 20])
def test_one_row_reads_as_a_step_does(table_bytes):
    rnn = model(names(), 4, table_bytes=table_bytes).without([3])
    reader, carry = rnn.one_row(), rnn.initial_carry(1)
    for i in (0, 1, 3, 2, 2, 0, 1, 1):
        logits, carry = rnn.step(np.array([i]), carry)
        np.testing.assert_array_equal(reader.read(i), logits[0])
    assert logits[0, 3] == np.float32(NEVER)


def test_too_many_contexts_end_the_order():
    counts = count(stream(names()), V, 8, most_nodes=60)
    assert counts.cut and 1 < counts.most_order < 8
    assert sum(level.contexts for level in counts.levels) <= 60
    check_arrays(counts.arrays(counts.most_order), V)
    assert not count(stream(names()), V, 3).cut


@pytest.mark.parametrize("size", [4, 5_000])  # eight ids fit into a number, or do not
@pytest.mark.parametrize("text", [False, True])
def test_the_first_strings_are_counted_as_if_they_were_alone(size, text):
    rng = np.random.default_rng(size + text)
    for _ in range(20):
        ids = np.append(0, rng.integers(0, 4, rng.integers(2, 60)) * ((size - 1) // 3))
        ids[-1] *= text
        ends = np.arange(1, len(ids)) if text else np.flatnonzero(ids == 0)[1:]
        total = int(rng.choice(ends))
        found, expected = Windows(ids, size).count(total=total), count(ids[: total + 1], size)
        assert len(found.levels) == len(expected.levels)
        for one, other in zip(found.levels, expected.levels, strict=True):
            for field in dataclasses.fields(one):
                np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


@pytest.mark.parametrize("text", [False, True])
def test_counts_without_some_strings_are_those_of_the_others(text):
    rng = np.random.default_rng(text)
    for _ in range(20):
        ids = np.append(0, rng.integers(text, V, rng.integers(12, 60)))
        ids[-1] *= text
        ends = np.arange(9, len(ids) - 1) if text else np.flatnonzero(ids == 0)
        end = int(rng.choice(ends[:-1])) if len(ends) > 1 else 0
        skipped = 8 * text
        counts = count(ids, V).without(ids[end - skipped :], skipped)
        expected = count(ids[: end + 1], V) if end else None
        for number, level in enumerate(counts.levels):
            there = level.raw > 0
            if expected is None or number >= len(expected.levels):
                assert not there.any()
                continue
            other = expected.levels[number]
            kept = other.raw > 0
            np.testing.assert_array_equal(level.target[there], other.target[kept])
            np.testing.assert_array_equal(level.raw[there], other.raw[kept])
            np.testing.assert_array_equal(counts.used(number)[there], expected.used(number)[kept])


def test_short_names_have_no_long_contexts():
    counts = count(stream([[1], [2], [1, 2]]), V, 8)
    assert (
        counts.most_order == 4 and not counts.cut
    )  # the boundary and two characters, before an end
    assert len(level_ends(counts.arrays(4)["ngram.backoff"])) == 4


def test_a_hundred_thousand_names_are_counted_in_seconds():
    rng = np.random.default_rng(0)
    lengths = rng.integers(4, 12, 100_000)
    ids = rng.integers(1, 27, int(lengths.sum()))
    began = time.process_time()
    count(stream_of(ids, lengths), 27, 5)
    assert time.process_time() - began < 10  # it takes one


def test_a_large_vocabulary_overflows_nothing():
    size = 60_000
    rng = np.random.default_rng(0)
    strings = [rng.integers(1, size, 9).tolist() for _ in range(30)]
    counts = count(stream(strings), size, 8)
    found = counts.probabilities(stream(strings))
    assert (found > 0).all() and found.max() <= 1
    rnn = NGram(CONFIG, counts.arrays(8))
    nats = np.concatenate(target_nats(rnn, [np.array(s, np.int32) for s in strings]))
    np.testing.assert_allclose(np.exp(-nats), found[7], rtol=1e-5)


def test_arrays_that_are_missing_are_named():
    arrays = uniform_arrays(3)
    del arrays["ngram.own"]
    with pytest.raises(ConfigError, match=r"ngram\.own"):
        NGram(CONFIG, arrays)


def test_on_the_dinosaurs_no_plain_five_gram_is_as_good(dinos):
    """An interpolated Kneser-Ney 5-gram with one discount comes to 1.582, mean of five splits."""
    from charloom.data.names import NameCorpus

    corpus = NameCorpus.read(dinos)
    nats = []
    for seed in range(5):
        train, held_out = corpus.split(0.1, seed)
        vocabulary: Vocabulary = corpus.vocabulary
        counts = count(stream_of(*vocabulary.encode_all(train)), vocabulary.size)
        found = counts.probabilities(stream_of(*vocabulary.encode_all(held_out)))
        nats.append(-np.log(found).mean(axis=1))
    by_order = np.mean(nats, axis=0)
    assert by_order[4] < 1.57 and by_order[5] < 1.56
