"""The classifier two-sample test: it finds differences, and only those."""

from __future__ import annotations

import random

import numpy as np
import pytest

from charloom.evaluation.metrics.two_sample import FEW, two_sample_accuracy

PARTS = ("bdgkptmv", "aeiou", "lnrs", "aeio", "nstk")


def real_names(count, seed):
    """Names of one pattern: 5,120 there are."""
    rng = random.Random(seed)
    found = {}
    while len(found) < count:
        found["".join(map(rng.choice, PARTS))] = None
    return list(found)


@pytest.mark.slow
@pytest.mark.parametrize("taught", [True, False])
def test_real_names_are_not_distinguished_from_real_names(taught):
    found = []
    for seed in range(12):
        names = real_names(1200, seed)
        train = names[700:] if taught else ()
        found.append(two_sample_accuracy(names[:100], names[100:700], train, seed=seed))
    assert np.mean([f.value for f in found]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([f.low <= 0.5 <= f.high for f in found]) >= 0.75


@pytest.mark.parametrize("taught", [True, False])
def test_shuffled_letters_are_distinguished_from_names(taught):
    names = real_names(700, 0)
    rng = random.Random(1)
    wrong = ["".join(rng.sample(name, len(name))) for name in real_names(800, 2)]
    found = two_sample_accuracy(names[:100], wrong, names[100:] if taught else ())
    assert found.value > 0.85 and found.low > 0.8


def test_lengths_alone_are_distinguished():
    names = real_names(600, 0)
    longer = [name + name for name in real_names(700, 1)]
    assert two_sample_accuracy(names[:100], longer, names[100:]).value > 0.95


def test_perfect_accuracy_has_an_interval():
    shouted = [name.upper() for name in real_names(600, 1)]
    few, more = (two_sample_accuracy(real_names(n, 0), shouted) for n in (FEW, 100))
    assert few.value == more.value == 1
    assert 0.8 < few.low < more.low < 1


def test_a_subtle_fault_is_found_better_with_the_training_names():
    names = real_names(1100, 3)
    faulty = [n[:4] + ("n" if n[4] == "k" else n[4]) for n in real_names(1500, 4)]
    with_them = two_sample_accuracy(names[:100], faulty, names[100:])
    assert with_them.low > 0.5


def test_too_few_names_give_no_figure():
    names = real_names(200, 0)
    assert two_sample_accuracy(names[: FEW - 1], names[100:]) is None
    assert two_sample_accuracy(names[:100], names[100:110]) is None


def test_the_same_seed_gives_the_same_figure():
    names = real_names(400, 0)
    assert two_sample_accuracy(names[:50], names[50:200], names[200:], seed=1) == (
        two_sample_accuracy(names[:50], names[50:200], names[200:], seed=1)
    )
