"""What a network learns from several others: prefixes, distributions and batches."""

from __future__ import annotations

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.data.encoded.ragged import Ragged
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.training.distillation import HARD, SoftBatches, soft_names

MODEL = ModelConfig(units=8, embedding=4)
NAMES = [[1, 2], [1, 2, 3], [4], [1, 3]]


def networks(count=3, scale=4.0):
    found = []
    for seed in range(count):
        weights = initial_weights(MODEL, 6, seed)
        found.append(NumpyRNN(MODEL, {name: scale * value for name, value in weights.items()}))
    return found


def names_of(rows):
    return Ragged.of(
        np.concatenate([np.array(row, np.int32) for row in rows]), np.array([*map(len, rows)])
    )


def mean_after(rnns, ids):
    """The mean of the networks' distributions after a prefix, plainly."""
    total = np.zeros(6)
    for rnn in rnns:
        carry = rnn.initial_carry(1)
        for i in [0, *ids]:
            logits, carry = rnn.step(np.array([i]), carry)
        p = np.exp(logits[0].astype(np.float64))
        total += p / p.sum()
    return total / len(rnns)


def soft(sampled=40, longest=5, seed=1):
    return soft_names(networks(), names_of(NAMES), sampled, longest, np.random.default_rng(seed))


def test_each_prefix_has_the_mean_of_the_networks_distributions():
    rnns, found = networks(), soft()
    for row in (*range(len(NAMES)), len(found.ids) - 1):
        ids = found.ids.row(row)
        for time, prefix in enumerate(found.prefixes.row(row)):
            expected = mean_after(rnns, ids[:time])
            assert found.table[prefix] == pytest.approx(expected, abs=1e-5)


def test_names_of_the_list_come_first_and_sampled_ones_end_in_time():
    found = soft()
    assert [found.ids.row(i).tolist() for i in range(found.given)] == NAMES
    assert len(found.ids) > found.given
    assert found.ids.lengths.min() >= 1
    assert found.ids.lengths.max() <= 5
    assert (found.prefixes.lengths == found.ids.lengths + 1).all()


def test_a_list_longer_than_sampled_names_is_read_to_its_end():
    found = soft(longest=2)
    assert [found.ids.row(i).tolist() for i in range(found.given)] == NAMES
    assert found.ids.lengths[found.given :].max() <= 2


def test_equal_prefixes_are_read_once():
    found = soft()
    prefixes = {
        tuple(found.ids.row(i)[:length])
        for i in range(len(found.ids))
        for length in range(found.ids.lengths[i] + 1)
    }
    assert len(set(found.prefixes.values.tolist())) == len(prefixes)


def test_sampled_names_follow_the_mean_distribution():
    found = soft(sampled=4000)
    firsts = [int(found.ids.row(i)[0]) for i in range(found.given, len(found.ids))]
    expected = mean_after(networks(), [])[1:]  # empty names are left out
    shares = np.bincount(firsts, minlength=6)[1:] / len(firsts)
    assert shares == pytest.approx(expected / expected.sum(), abs=0.03)


def test_targets_are_distributions_and_lean_to_the_list():
    found = soft()
    batches = SoftBatches.of(found, 8, seed=0, buckets=2)
    seen = 0
    for step in range(batches.steps_per_epoch):
        batch, (names, _) = batches.batch(0, step), batches.names_of(0, step)
        assert batch.targets.shape == (*batch.inputs.shape, 6)
        for row, name in enumerate(names):
            ids = [*found.ids.row(name), 0]
            for time, prefix in enumerate(found.prefixes.row(name)):
                expected = found.table[prefix].copy()
                if name < found.given:
                    expected *= 1 - HARD
                    expected[ids[time]] += HARD
                assert batch.targets[row, time] == pytest.approx(expected)
            seen += 1
    assert seen == len(found.ids)


def test_the_loss_of_certain_distributions_is_that_of_their_ids():
    from charloom.models.rnn.jax_model import nats

    rng = np.random.default_rng(0)
    logits = rng.normal(size=(6, 3, 2)).astype(np.float32)  # (V, T, B)
    ids, mask = rng.integers(0, 6, (3, 2)), np.array([[1, 1], [1, 0], [1, 0]], np.float32)
    certain = np.eye(6, dtype=np.float32)[ids].transpose(2, 0, 1)
    assert float(nats(logits, certain, mask)) == pytest.approx(float(nats(logits, ids, mask)))
    even = np.full((6, 3, 2), 1 / 6, np.float32)
    by_id = [float(nats(logits, np.full((3, 2), i), mask)) for i in range(6)]
    assert float(nats(logits, even, mask)) == pytest.approx(np.mean(by_id), rel=1e-5)
