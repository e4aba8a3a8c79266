"""The likelihood of running text: with the carry from beginning to end, and in windows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.scoring import text as stream_score
from charloom.models.scoring.names import log_softmax
from charloom.models.scoring.text import stream_nats, window_nats


def model(cell: str = "gru", layers: int = 1) -> NumpyRNN:
    config = ModelConfig(cell=cell, units=9, layers=layers, embedding=5, text=True)
    weights = initial_weights(config, 6, seed=3)
    rng = np.random.default_rng(1)
    scaled = {name: (1.5 * w).astype(np.float32) for name, w in weights.items()}
    scaled["logits.bias"] = rng.normal(size=6).astype(np.float32)
    return NumpyRNN(config, scaled)


def ids(size: int) -> np.ndarray:
    drawn = np.random.default_rng(size).integers(1, 6, size)
    return np.concatenate([[0], drawn]).astype(np.int32)


def one_by_one(rnn: NumpyRNN, text: np.ndarray) -> float:
    """The definition: a step a character."""
    carry, nats = rnn.initial_carry(1), 0.0
    for at, target in itertools.pairwise(text.tolist()):
        logits, carry = rnn.step(np.array([at]), carry)
        nats -= float(log_softmax(logits)[0, target])
    return nats


@pytest.mark.parametrize(("cell", "layers"), [("gru", 1), ("lstm", 2), ("rnn", 1)])
def test_a_stream_is_scored_as_step_by_step(cell, layers):
    rnn, text = model(cell, layers), ids(700)
    assert stream_nats(rnn, text) == pytest.approx(one_by_one(rnn, text), rel=1e-5)


@pytest.mark.parametrize("size", [4000, 4096, 30_001])
def test_parts_that_are_read_side_by_side_make_no_difference_that_counts(size, monkeypatch):
    rnn, text = model(), ids(size)
    expected = one_by_one(rnn, text)
    monkeypatch.setattr(stream_score, "WARM", 100)
    monkeypatch.setattr(stream_score, "ROWS", 16)
    assert stream_nats(rnn, text) == pytest.approx(expected, rel=1e-5)


def test_threads_change_nothing():
    rnn, text = model(), ids(30_000)
    assert stream_nats(rnn, text, threads=1) == stream_nats(rnn, text, threads=2)
    assert window_nats(rnn, text, threads=1) == window_nats(rnn, text, threads=2)


@pytest.mark.parametrize(("size", "window"), [(100, 16), (96, 16), (5, 16), (1, 16), (300, 1)])
def test_windows_are_scored_each_on_its_own(size, window):
    rnn, text = model(), ids(size)
    expected = sum(one_by_one(rnn, text[low : low + window + 1]) for low in range(0, size, window))
    assert window_nats(rnn, text, window) == pytest.approx(expected, rel=1e-5)


def test_nothing_costs_nothing():
    rnn = model()
    assert stream_nats(rnn, ids(0)) == 0 == window_nats(rnn, ids(0))
