"""Batches in two halves: the steps are those of whole batches, and only some networks take them."""

import numpy as np
import pytest

from charloom import ModelConfig, TrainConfig
from charloom.data.batches.names import Batch
from charloom.models.rnn.initial import initial_weights
from charloom.training.engines.factory import backend_name, make_engine

pytestmark = pytest.mark.skipif(backend_name() != "jax", reason="only JAX trains in halves")

VOCABULARY, ROWS, LENGTH = 11, 6, 9


def batch(seed: int, *, labels: bool = False, distributions: bool = False) -> Batch:
    rng = np.random.default_rng(seed)
    shape = (ROWS, LENGTH)
    inputs, targets = rng.integers(0, VOCABULARY, (2, *shape)).astype(np.int32)
    if distributions:
        targets = rng.dirichlet(np.ones(VOCABULARY), shape).astype(np.float32)
    mask = (np.arange(LENGTH) < rng.integers(2, LENGTH + 1, ROWS)[:, None]).astype(np.float32)
    own = rng.integers(0, 4, ROWS).astype(np.int32) if labels else None
    return Batch(inputs, targets, mask, names=ROWS, labels=own)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("gru", "plain"),
        pytest.param("lstm", "plain", marks=pytest.mark.heavy),
        pytest.param("lstm", "labels", marks=pytest.mark.heavy),
        pytest.param("gru", "distributions", marks=pytest.mark.heavy),
    ],
)
def test_halves_take_the_steps_of_whole_batches(cell, kind):
    from charloom.training.engines.jax import JaxEngine
    from charloom.training.engines.jax_halves import HalvesEngine

    labels, distributions = kind == "labels", kind == "distributions"
    model = ModelConfig(
        cell=cell, units=10, layers=2, embedding=5, dropout=0.4, labels=3 if labels else 0
    )
    training = TrainConfig(batch_size=ROWS, clip_norm=0.3, weight_decay=0.05)
    weights = initial_weights(model, VOCABULARY, seed=0)
    whole, halves = (engine(model, training, weights, 30.0) for engine in (JaxEngine, HalvesEngine))
    if kind == "plain":
        whole.prepare([LENGTH])
        halves.prepare([LENGTH])
    for step in range(4):
        rows = batch(step, labels=labels, distributions=distributions)
        assert float(halves.step(rows, 0.01)) == pytest.approx(
            float(whole.step(rows, 0.01)), rel=1e-5
        )
    expected, found = whole.weights(), halves.weights()
    for name in weights:
        np.testing.assert_allclose(found[name], expected[name], atol=2e-5, err_msg=name)
    assert np.abs(expected["embedding"] - weights["embedding"]).max() > 0.01


def test_halves_resume_bit_for_bit():
    from charloom.training.engines.jax_halves import HalvesEngine

    model = ModelConfig(units=10, embedding=5, dropout=0.5)
    training = TrainConfig(batch_size=ROWS)
    weights = initial_weights(model, VOCABULARY, seed=0)
    engine = HalvesEngine(model, training, weights, 30.0)
    engine.step(batch(0), 0.01)
    state = engine.state()
    ahead = [float(engine.step(batch(i), 0.01)) for i in (1, 2)]
    other = HalvesEngine(model, training, weights, 30.0)
    other.restore(state)
    assert [float(other.step(batch(i), 0.01)) for i in (1, 2)] == ahead


@pytest.mark.parametrize(
    ("changes", "rows", "in_halves"),
    [
        ({}, 32, True),
        ({"cell": "gru"}, 64, True),
        ({}, 16, False),
        ({}, 33, False),
        ({"units": 128}, 32, False),
        ({"units": 1024}, 32, False),
        ({"cell": "rnn"}, 32, False),
    ],
)
def test_networks_of_a_middle_size_are_trained_in_halves(changes, rows, in_halves):
    from charloom.training.engines.jax_halves import HalvesEngine

    model = ModelConfig(**{"cell": "lstm", "units": 256, "embedding": 8, **changes})
    training = TrainConfig(batch_size=rows, precision="float32")
    engine = make_engine("jax", model, training, initial_weights(model, 7, 0), 30.0)
    assert isinstance(engine, HalvesEngine) == in_halves


def test_text_is_not_trained_in_halves():
    from charloom.training.engines.jax_halves import HalvesEngine

    model = ModelConfig(cell="lstm", units=256, embedding=8, text=True)
    training = TrainConfig(batch_size=32, preparation="text")
    engine = make_engine("jax", model, training, initial_weights(model, 7, 0), 30.0)
    assert not isinstance(engine, HalvesEngine)
