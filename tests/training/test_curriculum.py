"""Scheduled sampling reads what the model itself would say, ever more of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from charloom import Vocabulary, api
from charloom.config import ModelConfig, TrainConfig
from charloom.data.batches.names import NameBatches
from charloom.errors import ConfigError
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.training.curriculum import mixed, true_share
from charloom.training.events import Finished
from charloom.training.recipes import recipe

pytestmark = pytest.mark.slow

SMALL = {"units": 12, "embedding": 6, "batch_size": 16, "epochs": 3}


@pytest.fixture(scope="module")
def batch(toy):
    ids, lengths = Vocabulary.of(toy.names).encode_all(toy.names)
    return NameBatches(ids, lengths, 64, buckets=1).batch(0, 0)


@pytest.fixture(scope="module")
def rnn(toy):
    config = ModelConfig(units=12, embedding=6)
    return NumpyRNN(config, initial_weights(config, Vocabulary.of(toy.names).size, 0))


@pytest.mark.parametrize("curve", ["linear", "inverse_sigmoid"])
def test_the_true_share_falls_from_one_to_its_end(curve):
    config = TrainConfig(scheduled_sampling=curve, truth=0.2)
    shares = [true_share(config, progress) for progress in np.linspace(0, 1, 21)]
    assert shares[0] == pytest.approx(1, abs=0.003)
    assert shares[10] == pytest.approx(0.6)
    assert shares[-1] == pytest.approx(0.2, abs=0.003)
    assert all(a > b for a, b in pairwise(shares))


def test_without_it_every_character_is_true():
    assert true_share(TrainConfig(), 0.9) == 1


def test_all_true_changes_nothing_and_targets_never_change(rnn, batch):
    same = mixed(rnn, batch, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(same.inputs, batch.inputs)
    other = mixed(rnn, batch, 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(other.targets, batch.targets)
    np.testing.assert_array_equal(other.inputs[:, 0], batch.inputs[:, 0])
    np.testing.assert_array_equal(other.inputs == 0, batch.inputs == 0)  # no end is drawn
    assert (other.inputs != batch.inputs).mean() > 0.5


def test_half_the_characters_are_the_models_own_at_half(rnn, batch):
    other = mixed(rnn, batch, 0.5, np.random.default_rng(1))
    all_own = mixed(rnn, batch, 0.0, np.random.default_rng(1))
    changed, most = (other.inputs != batch.inputs).sum(), (all_own.inputs != batch.inputs).sum()
    assert 0.35 < changed / most < 0.65


def test_draws_follow_the_models_distribution(batch):
    """A model whose logits are its bias alone: the draws have that distribution."""
    config = ModelConfig(units=2, embedding=2)
    weights = initial_weights(config, 14, 0)
    weights["logits.kernel"][:] = 0
    weights["logits.bias"][:] = -20.0
    weights["logits.bias"][[0, 3, 5]] = [np.log(0.9), np.log(0.025), np.log(0.075)]
    drawn = []
    for seed in range(20):
        other = mixed(NumpyRNN(config, weights), batch, 0.0, np.random.default_rng(seed))
        drawn.append(other.inputs[:, 1:][batch.inputs[:, 1:] > 0])
    values, counts = np.unique(np.concatenate(drawn), return_counts=True)
    assert values.tolist() == [3, 5]  # the end is left out, the others share its mass
    assert counts[1] / counts.sum() == pytest.approx(0.75, abs=0.02)


def test_training_with_it_is_another_training_and_resumes_exactly(toy, tmp_path):
    from charloom.training.trainer import fit

    plain = list(api.fit(toy, **SMALL))[-1]
    curve = {"scheduled_sampling": "linear", "truth": 0.5}
    whole = list(api.fit(toy, **SMALL, **curve))[-1]
    assert isinstance(whole, Finished)
    assert any((whole.weights[name] != plain.weights[name]).any() for name in plain.weights)

    model, training = recipe(toy.report.names, toy.report.characters, **SMALL, **curve)
    settings = {"model": model, "training": training, "out": tmp_path / "run"}
    calls = iter(range(100))
    list(fit(toy, stop=lambda: next(calls) == 9, **settings))
    end = list(fit(toy, resume=True, **settings))[-1]
    for name, value in whole.weights.items():
        np.testing.assert_array_equal(end.weights[name], value)


def test_it_does_not_go_with_the_tutorials_batches():
    with pytest.raises(ConfigError, match="tutorial's preparation"):
        TrainConfig(scheduled_sampling="linear", preparation="tutorial")
