"""Batches contain every name once, with little padding, and depend only on their arguments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.data.batches.names import NameBatches, bucket_count, bucket_edges
from charloom.data.encoded.ragged import Ragged
from charloom.data.vocabulary import BOUNDARY

LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=60)


def batches_of(lengths: list[int], batch_size: int = 4, seed: int = 0, buckets: int = 4):
    """Name i consists of the id i + 1, so that each can be recognised."""
    ids = np.concatenate([np.full(n, i + 1, np.int32) for i, n in enumerate(lengths)])
    return NameBatches(Ragged.of(ids, np.array(lengths, np.int64)), batch_size, seed, buckets)


def cost(lengths: list[int], edges: tuple[int, ...]) -> int:
    return sum(min(edge for edge in edges if edge >= n) for n in lengths)


@given(LENGTHS, st.integers(1, 9), st.integers(0, 3), st.integers(1, 5))
def test_an_epoch_holds_every_name_once(lengths, batch_size, epoch, buckets):
    batches = batches_of(lengths, batch_size, buckets=buckets)
    seen = []
    for step in range(batches.steps_per_epoch):
        batch = batches.batch(epoch, step)
        assert batch.inputs.shape == batch.targets.shape == batch.mask.shape
        assert batch.inputs.shape[0] == batch_size
        for row in range(batch.names):
            length = int(batch.mask[row].sum()) - 1
            assert batch.inputs[row, 0] == BOUNDARY
            assert batch.targets[row, length] == BOUNDARY
            name = batch.targets[row, :length]
            assert (batch.inputs[row, 1 : length + 1] == name).all()
            assert (name == name[0]).all() and length == lengths[name[0] - 1]
            seen.append(int(name[0]))
        assert not batch.mask[batch.names :].any()
    assert sorted(seen) == list(range(1, len(lengths) + 1))


@given(LENGTHS, st.integers(1, 9))
def test_all_batches_but_one_are_full(lengths, batch_size):
    batches = batches_of(lengths, batch_size)
    names = [batches.batch(0, step).names for step in range(batches.steps_per_epoch)]
    assert len(names) == -(-len(lengths) // batch_size)
    assert sum(count < batch_size for count in names) <= 1


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12), st.integers(1, 4))
def test_the_edges_are_the_best_that_exhaustive_search_finds(lengths, count):
    values = sorted(set(lengths))
    choices = itertools.chain.from_iterable(
        itertools.combinations(values[:-1], k) for k in range(min(count, len(values)))
    )
    best = min(cost(lengths, (*inner, values[-1])) for inner in choices)
    edges = bucket_edges(np.array(lengths), count)
    assert len(edges) <= count
    assert cost(lengths, tuple(edges)) == best


def test_thousands_of_distinct_lengths_still_get_edges_that_hold_the_longest():
    edges = bucket_edges(np.arange(1, 5001), 4)
    assert edges[-1] == 5000
    assert len(edges) == 4


def test_a_batch_is_a_pure_function_of_seed_epoch_and_step():
    lengths = list(np.random.default_rng(0).integers(1, 20, 50))
    forward, backward = batches_of(lengths), batches_of(lengths)
    steps = [(epoch, step) for epoch in range(3) for step in range(forward.steps_per_epoch)]
    made = {at: forward.batch(*at) for at in steps}
    for at in reversed(steps):
        assert (backward.batch(*at).inputs == made[at].inputs).all()


@pytest.mark.parametrize("other", [{"seed": 1}, {"epoch": 1}])
def test_seed_and_epoch_change_the_order(other):
    lengths = [3] * 40
    first = batches_of(lengths).batch(0, 0)
    second = batches_of(lengths, seed=other.get("seed", 0)).batch(other.get("epoch", 0), 0)
    assert (first.inputs != second.inputs).any()


def test_buckets_save_most_of_the_padding():
    lengths = list(np.random.default_rng(0).poisson(12, 1500) + 1)
    one, four = (batches_of(lengths, 32, buckets=n).padded_share for n in (1, 4))
    assert one > 0.4
    assert four < 0.15


def test_more_work_is_worth_more_buckets():
    lengths = np.random.default_rng(0).poisson(12, 1500) + 1
    counts = [bucket_count(lengths, parameters, 14) for parameters in (10**4, 264_309, 4 * 10**6)]
    assert counts[0] == 1 < counts[1] < counts[2]
    assert bucket_count(np.full(100, 7), 10**9, 100) == 1
