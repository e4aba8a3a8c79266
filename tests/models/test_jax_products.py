"""Products in bfloat16 are rounded at most as bfloat16 rounds; in float32 they are exact."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from charloom.config import ModelConfig, TrainConfig
from charloom.data.batches.names import Batch
from charloom.errors import ConfigError
from charloom.models.rnn import jax_model
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.jax_products import product, times, times_transposed
from charloom.training.engines import precision as precisions
from charloom.training.engines.jax import JaxEngine
from charloom.training.engines.precision import has_fast_bfloat16, settled
from charloom.training.events import Started
from charloom.training.trainer import fit

A, B = (
    np.random.default_rng(0).normal(size=shape).astype(np.float32) for shape in ((5, 7), (7, 4))
)


def rounded(array):
    return np.array(jnp.array(array).astype(jnp.bfloat16).astype(jnp.float32))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_product_sums_in_float32(precision):
    a, b = (rounded(A), rounded(B)) if precision == "bfloat16" else (A, B)
    assert (rounded(A) != A).any()
    for found in (times(A, B, precision), times_transposed(A, B.T, precision)):
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, a @ b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_its_gradients_have_the_same_precision(precision):
    g = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    by_a, by_b = jax.grad(lambda a, b: (product(a, b, precision) * g).sum(), (0, 1))(A, B)
    a, b, g = (rounded(one) if precision == "bfloat16" else one for one in (A, B, g))
    np.testing.assert_allclose(by_a, g @ b.T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(by_b, a.T @ g, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cell", ["gru", pytest.param("lstm", marks=pytest.mark.heavy)])
def test_a_models_gradient_is_close(cell):
    config = ModelConfig(cell=cell, layers=2, units=24, embedding=6)
    weights = {k: jnp.array(w) for k, w in initial_weights(config, 9, 0, as_tutorial=False).items()}
    ids, targets = np.random.default_rng(2).integers(0, 9, (2, 6, 8))

    def loss(weights, precision):
        scores, _ = jax_model.logits(config, weights, ids, precision=precision)
        return jax_model.nats(scores, targets, np.ones((6, 8), np.float32))

    exact, near = (
        jax.jit(jax.grad(loss), static_argnums=1)(weights, one) for one in ("float32", "bfloat16")
    )
    for name, gradient in exact.items():
        away = float(jnp.linalg.norm(near[name] - gradient) / jnp.linalg.norm(gradient))
        assert away < 0.02, name
    assert any((near[name] != exact[name]).any() for name in exact)


def test_an_engine_multiplies_as_it_is_told():
    model, ids = ModelConfig(units=16, embedding=4, dropout=0.0), np.array([[0, 1, 2, 3]] * 2)
    batch = Batch(
        inputs=ids[:, :-1].astype(np.int32),
        targets=ids[:, 1:].astype(np.int32),
        mask=np.ones((2, 3), np.float32),
        names=2,
    )
    found = []
    for one in ("auto", "float32", "bfloat16"):
        training = TrainConfig(batch_size=2, precision=one)
        weights = initial_weights(model, 4, 0, as_tutorial=False)
        engine = JaxEngine(model, training, weights, 6.0)
        engine.prepare([3])
        engine.step(batch, 0.01)
        found.append(engine.weights()["rnn.0.recurrent_kernel"])
    assert (found[0] == found[1]).all() and (found[1] != found[2]).any()
    np.testing.assert_allclose(found[1], found[2], atol=0.021)  # Adam's first step is ± the rate


@pytest.fixture
def processor(tmp_path, monkeypatch):
    def is_one(flags):
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
        monkeypatch.setattr(precisions, "CPUINFO", path)
        has_fast_bfloat16.cache_clear()

    yield is_one
    has_fast_bfloat16.cache_clear()


def test_auto_is_what_the_processor_is_fast_at(processor):
    large, small = ModelConfig(units=512), ModelConfig(units=256)
    for flags in ("fpu amx_bf16 amx_tile", "fpu avx512f avx512_bf16"):
        processor(flags)
        assert [settled("auto", one) for one in (large, small)] == ["bfloat16", "float32"]
    assert settled("auto", large, on_jax=False) == "float32"
    assert settled("float32", large) == "float32" and settled("bfloat16", small) == "bfloat16"
    processor("fpu avx2 avx512f")
    assert settled("auto", large) == "float32"


def test_a_machine_that_does_not_tell_multiplies_in_float32(monkeypatch, tmp_path):
    monkeypatch.setattr(precisions, "CPUINFO", tmp_path / "none")
    has_fast_bfloat16.cache_clear()
    assert settled("auto", ModelConfig(units=512)) == "float32"
    has_fast_bfloat16.cache_clear()


def test_bfloat16_needs_our_own_step(toy):
    with pytest.raises(ConfigError, match="precision bfloat16 needs training on JAX"):
        fit(toy, training=TrainConfig(precision="bfloat16"), loop="custom")


def test_a_run_says_what_it_was_trained_in(toy):
    model, training = ModelConfig(units=8, embedding=4), TrainConfig(epochs=1)
    for one in ("float32", "bfloat16"):
        events = list(fit(toy, model=model, training=training.replace(precision=one)))
        assert isinstance(events[0], Started) and events[0].precision == one
        facts = events[-1].saved.facts
        assert facts.get("precision", "float32") == one
        assert facts["training"]["precision"] == one


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("length", [2, 3, 4])
def test_short_names_are_trained_in_bfloat16(cell, length):
    model = ModelConfig(cell=cell, units=8, embedding=4, dropout=0.0)
    ids = np.ones((2, length), np.int32)
    batch = Batch(inputs=ids, targets=ids, mask=np.ones((2, length), np.float32), names=2)
    training = TrainConfig(batch_size=2, precision="bfloat16")
    engine = JaxEngine(model, training, initial_weights(model, 4, 0, as_tutorial=False), 6.0)
    engine.prepare([length])
    assert np.isfinite(float(engine.step(batch, 0.01)))
