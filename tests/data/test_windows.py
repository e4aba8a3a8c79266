"""Windows of running text: every character once an epoch, in order along each stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.data.batches.windows import TextBatches
from charloom.data.vocabulary import BOUNDARY


class Numbered:
    """A text whose every id is its own place, followed by ids that must not be learned."""

    def __init__(self, size: int, beyond: int = 50) -> None:
        self.all = np.arange(size + beyond, dtype=np.int32)

    def ids(self, start, stop):
        return self.all[start:stop]

    def windows(self, starts, length):
        places = np.asarray(starts)[:, None] + np.arange(length)
        inside = places < len(self.all)
        return np.where(inside, self.all[np.minimum(places, len(self.all) - 1)], BOUNDARY)


SHAPES = st.tuples(st.integers(2, 300), st.integers(1, 9), st.integers(2, 40))


@given(SHAPES, st.integers(0, 3), st.integers(0, 2))
def test_every_character_is_a_target_once_an_epoch(shape, seed, epoch):
    n, rows, window = shape
    batches = TextBatches(Numbered(n), n, rows, window, seed)
    found = []
    for step in range(batches.steps_per_epoch):
        batch = batches.batch(epoch, step)
        assert batch.inputs.shape == batch.targets.shape == batch.mask.shape == (rows, window)
        found += batch.targets[batch.mask > 0].tolist()
    assert sorted(found) == list(range(1, n))
    share = 1 - len(found) / (batches.steps_per_epoch * rows * window)
    assert batches.padded_share == pytest.approx(share)


@given(SHAPES, st.integers(0, 3))
def test_each_input_is_the_character_before_its_target_but_where_a_stream_begins(shape, seed):
    n, rows, window = shape
    batches = TextBatches(Numbered(n), n, rows, window, seed)
    for step in range(batches.steps_per_epoch):
        batch = batches.batch(0, step)
        real = batch.mask > 0
        if step == 0:
            assert (batch.inputs[:, 0] == BOUNDARY).all()
            real[:, 0] = False
        assert (batch.inputs[real] == batch.targets[real] - 1).all()
        assert batch.continues == (step > 0)


def test_a_window_begins_where_the_one_before_ended():
    batches = TextBatches(Numbered(1000), 1000, 4, 10, seed=1)
    before = batches.batch(2, 3)
    assert (batches.batch(2, 4).inputs[:, 0] == before.targets[:, -1]).all()


def test_a_batch_is_a_function_of_seed_epoch_and_step():
    one, other = (TextBatches(Numbered(500), 500, 4, 8, seed=7) for _ in range(2))
    one.batch(0, 0)
    for name in ("inputs", "targets", "mask"):
        assert (getattr(one.batch(3, 2), name) == getattr(other.batch(3, 2), name)).all()


def test_epochs_and_seeds_cut_the_text_at_other_places():
    def first(epoch: int, seed: int) -> list[int]:
        return TextBatches(Numbered(5000), 5000, 4, 8, seed).batch(epoch, 0).targets[:, 0].tolist()

    assert len({tuple(first(epoch, seed)) for epoch in range(3) for seed in range(3)}) == 9
