"""The temperature sweep: a toy model whose distribution is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charloom import NameModel, Vocabulary
from charloom.config import ModelConfig
from charloom.errors import ConfigError, GenerationError
from charloom.evaluation import temperature_sweep
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes

A_SHARE = 0.8


def letters(known=("a",), begin=True, ends=True):
    """A model of two strings: ``a`` with p = 0.8, ``b`` with p = 0.2; each ends at once."""
    config = ModelConfig(cell="rnn", units=3, embedding=3, begin=begin)
    weights = {n: np.zeros(s, np.float32) for n, s in weight_shapes(config, 3).items()}
    weights["embedding"] = weights["rnn.0.kernel"] = np.eye(3, dtype=np.float32)
    logits = np.full((3, 3), -60.0)
    logits[0, 1:] = math.log(A_SHARE), math.log(1 - A_SHARE)
    logits[1:, 0 if ends else 1] = 0
    weights["logits.kernel"] = (logits / np.tanh(1)).astype(np.float32)
    names = None if known is None else frozenset(known)
    return NameModel(NumpyRNN(config, weights), Vocabulary(("a", "b")), names, 1)


def test_shares_are_those_of_the_distribution():
    greedy, cold, plain = temperature_sweep(letters(), [0, 0.5, 1.0], 4000, seed=1)
    assert (greedy.temperature, greedy.strings) == (0, 4000)
    assert (greedy.copied, greedy.new) == (1, 0)
    assert greedy.repeated == pytest.approx(1 - 1 / 4000)
    assert plain.copied == pytest.approx(A_SHARE, abs=0.03)
    squared = A_SHARE**2 / (A_SHARE**2 + (1 - A_SHARE) ** 2)  # p to the power of 1 / 0.5
    assert cold.copied == pytest.approx(squared, abs=0.03)
    for draws in (cold, plain):
        assert draws.repeated == pytest.approx(1 - 2 / 4000)
        assert draws.new == pytest.approx(1 / 4000)


def test_nats_are_the_models_own_whatever_the_temperature():
    greedy, plain = temperature_sweep(letters(), [0, 1.0], 4000)
    # Two characters a string, the end counted, which is certain.
    assert greedy.nats_per_char == pytest.approx(-math.log(A_SHARE) / 2, rel=1e-4)
    entropy = -A_SHARE * math.log(A_SHARE) - (1 - A_SHARE) * math.log(1 - A_SHARE)
    assert plain.nats_per_char == pytest.approx(entropy / 2, rel=0.05)


def test_without_a_begin_symbol_the_start_costs_nothing_and_is_not_counted():
    (draws,) = temperature_sweep(letters(begin=False), [1.0], 10, start="b")
    assert draws.nats_per_char == pytest.approx(0, abs=1e-4)
    assert (draws.copied, draws.repeated, draws.new) == (0, 0.9, 0.1)


def test_without_a_begin_symbol_or_a_start_samples_start_as_training_names_do():
    (draws,) = temperature_sweep(letters(known=("a",), begin=False), [1.0], 200)
    assert (draws.copied, draws.new) == (1, 0)
    (draws,) = temperature_sweep(letters(known=("bb",), begin=False), [1.0], 200)
    assert (draws.copied, draws.new) == (0, 1 / 200)


def test_one_seed_gives_one_result_on_any_number_of_threads():
    one = temperature_sweep(letters(), [0.7, 1.0], 500, seed=3, threads=1)
    two = temperature_sweep(letters(), [0.7, 1.0], 500, seed=3, threads=2)
    assert one == two
    assert one[0].to_dict().keys() == {
        "temperature", "strings", "nats_per_char", "copied", "repeated", "new",
    }  # fmt: skip


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ConfigError, match="one at least"):
        temperature_sweep(letters(), [])
    with pytest.raises(GenerationError, match="training list"):
        temperature_sweep(letters(known=None), [1.0])
    with pytest.raises(GenerationError, match=r"at temperature 0\.1 the model found 0"):
        temperature_sweep(letters(ends=False), [0.1], 5)
