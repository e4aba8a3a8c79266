"""The memory of a step: its estimate, its bound, and allocations that fail."""

from __future__ import annotations

import pytest

from charloom import NameCorpus, fit
from charloom.config import ModelConfig, TrainConfig
from charloom.errors import ConfigError, TrainingError
from charloom.models.rnn.initial import initial_weights
from charloom.training.engines import memory
from charloom.training.engines.memory import check_memory, step_bytes, telling_of_memory


def failing(error):
    """Events of which the first cannot be made."""
    raise error
    yield


SIZES = [("lstm", 32, 1, 20, 8, 400), ("gru", 48, 2, 40, 8, 200), ("rnn", 32, 1, 300, 16, 300)]


@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.parametrize("cell, units, layers, size, rows, longest", SIZES)
def test_the_estimate_is_close_to_what_the_compiler_plans(cell, units, layers, size, rows, longest):
    from charloom.training.engines.jax import JaxEngine

    model = ModelConfig(kind="network", cell=cell, units=units, embedding=16, layers=layers)
    training = TrainConfig(batch_size=rows)
    engine = JaxEngine(model, training, initial_weights(model, size, 0), 100.0)
    engine.prepare([longest])
    planned = engine._compiled[longest].memory_analysis().temp_size_in_bytes
    assert 0.8 < step_bytes(model, size, rows, longest) / planned < 1.4


def test_a_step_that_does_not_fit_is_refused_before_it_is_allocated(monkeypatch):
    monkeypatch.setattr(memory, "_free_bytes", lambda backend: 10**8)
    with pytest.raises(TrainingError) as caught:
        check_memory(ModelConfig(units=160), TrainConfig(batch_size=64), 30, 60_000, "jax")
    said = str(caught.value)
    assert "64 rows of 60,000 characters" in said
    assert "0.1 GB are free" in said
    assert "--batch-size" in said
    check_memory(ModelConfig(units=16), TrainConfig(batch_size=4), 30, 20, "jax")


def test_a_training_is_refused_before_it_starts(monkeypatch):
    monkeypatch.setattr(memory, "_free_bytes", lambda backend: 10**4)
    with pytest.raises(TrainingError, match="GB are free"):
        next(iter(fit(NameCorpus.of(["Ann", "Anna", "Hanna"]), kind="network", base="none")))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 98304000 bytes."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_a_failed_allocation_is_one_line_with_a_remedy(error):
    with pytest.raises(TrainingError) as caught:
        next(telling_of_memory(failing(error), ModelConfig()))
    assert "there is not enough memory for a step. Lower --batch-size" in str(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("something else"), ConfigError("memory")])
def test_other_errors_stay_as_they_are(error):
    with pytest.raises(type(error)) as caught:
        next(telling_of_memory(failing(error), ModelConfig()))
    assert caught.value is error


def test_the_free_memory_is_known_here():
    free = memory._free_bytes("numpy")
    assert free is None or free > 10**6
