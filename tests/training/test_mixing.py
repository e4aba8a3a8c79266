"""The exponents of a mixture are fitted to what it did not train on."""

from __future__ import annotations

import numpy as np
import pytest

from charloom import train
from charloom.models.gates import by_context
from charloom.models.log_linear import EXPONENTS
from charloom.models.scoring.names import log_softmax
from charloom.training.mixing import TYPICAL_MEANS, TYPICAL_SLOPES, Predicted, usual_exponents

TRUTH = np.array([[0.4, 0.05, -0.2, 0.3], [0.7, -0.1, 0.4, 0.2], [0, 3, 0.5, 0.2]])


def predicted(count, exponents=TRUTH, seed=0):
    """Targets that a mixture of two random parts predicts, with ``exponents``."""
    rng = np.random.default_rng(seed)
    parts = [log_softmax(rng.normal(0, 2, (count, 9)).astype(np.float32)) for _ in range(2)]
    features = np.ones((count, 4), np.float32)
    features[:, 1], features[:, 2:] = rng.integers(0, 7, count), rng.random((count, 2))
    both = by_context(exponents.astype(np.float32), features)
    logits = both[:, :1] * parts[0] + both[:, 1:] * parts[1]
    targets = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return Predicted(*parts, features, targets.astype(np.int32))


def test_exponents_of_a_mixture_are_recovered():
    many = predicted(60_000)
    found = many.exponents(np.array([0.5, 0.5]), TYPICAL_SLOPES)
    assert found[2] == pytest.approx([0, *many.features.mean(axis=0)[1:]], abs=1e-5)
    rows = many.features[:500]
    expected, ours = (by_context(one.astype(np.float32), rows) for one in (TRUTH, found))
    assert np.abs(ours - expected).max() < 0.05
    assert many.nats(found) < many.nats(np.array([0.5, 0.5])) - 0.01


def test_no_other_exponents_are_more_probable():
    some = predicted(300)
    usual = np.array([0.5, 0.5])
    found = some.exponents(usual, TYPICAL_SLOPES)
    prior = np.column_stack([usual, TYPICAL_SLOPES])
    cost = np.array([100, 1000, 100, 100])

    def loss(exponents):
        away = exponents[:2] - prior
        return len(some.targets) * some.nats(exponents) + float((cost * away**2).sum())

    best = loss(found)
    for row in range(2):
        for column in range(4):
            for change in (-0.01, 0.01):
                other = found.copy()
                other[row, column] += change
                assert loss(other) > best


def test_a_few_targets_leave_them_as_usual():
    usual = np.array([0.3, 0.8])
    found = predicted(2).exponents(usual, TYPICAL_SLOPES)
    assert found[:2, 0] == pytest.approx(usual, abs=0.05)
    assert found[:2, 1:] == pytest.approx(TYPICAL_SLOPES, abs=0.05)


def test_without_anything_held_out_they_are_the_usual_ones():
    usual = np.array([0.3, 0.8])
    found = usual_exponents(usual, TYPICAL_SLOPES).astype(np.float32)
    typical = np.array([[1, *TYPICAL_MEANS[1:]]], np.float32)
    assert by_context(found, typical)[0] == pytest.approx(usual)
    typical[0, 2] += 0.5  # fewer followers: the n-gram has more say
    assert by_context(found, typical)[0] - usual == pytest.approx(TYPICAL_SLOPES[:, 1] / 2)
    model = train(["Ann", "Anna", "Hanna", "Bea"], units=4, embedding=4, epochs=1, base="none")
    assert model.saved.weights[EXPONENTS][:, 1:] == pytest.approx(found[:, 1:])


def test_parts_are_joined():
    parts = [predicted(40, seed=seed) for seed in (1, 2)]
    whole = Predicted.joined(parts)
    exponents = TRUTH.astype(np.float32)
    assert whole.nats(exponents) == pytest.approx(np.mean([one.nats(exponents) for one in parts]))
