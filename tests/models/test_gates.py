"""A mixture's exponents depend on what its n-gram knows of the last characters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from charloom import NameCorpus, train
from charloom.config import ModelConfig
from charloom.errors import ConfigError
from charloom.models.factory import recurrence
from charloom.models.gates import by_context, mean, shaped
from charloom.models.log_linear import EXPONENTS
from charloom.models.rnn.shapes import weight_shapes

NAMES = ["Aldham", "Wicksted", "Thornby", "Hartlow", "Esterby", "Aldby", "Wickham", "Hartham"]
ORDER = 4
GATES = np.array(
    [[0.6, 0.05, -0.1, 0.2], [0.5, -0.04, 0.3, 0.1], [9, 2, 0.4, 0.3]], np.float32
)  # fmt: skip


@pytest.fixture(scope="module")
def ngram():
    return train(NameCorpus.of(NAMES), kind="ngram", smoothing="fitted", order=ORDER).saved


def mixture(ngram, exponents):
    config = ModelConfig(cell="lstm", units=5, embedding=4, kind="mixture", smoothing="fitted")
    rng = np.random.default_rng(2)
    shapes = weight_shapes(config.network_part(), ngram.vocabulary.size)
    network = {name: rng.normal(0, 0.6, shape).astype(np.float32) for name, shape in shapes.items()}
    return recurrence(config, {**network, **ngram.weights, EXPONENTS: exponents})


def read(rnn, ids):
    """Return the logits and the carry after ``ids``."""
    carry = rnn.initial_carry(1)
    for one in ids:
        logits, after = rnn.step(np.array([one]), carry)
        carry = after.copy()
    return logits[0].copy(), carry


def log_p(logits):
    return logits - np.logaddexp.reduce(logits)


def known(vocabulary, ids):
    """Return the length and the followers of the longest known context, and of the one below."""
    followers = {(): {*range(vocabulary.size)}}
    for name in NAMES:
        string = [0, *vocabulary.encode(name).tolist(), 0]
        for end in range(1, len(string)):
            for start in range(max(0, end - ORDER + 1), end):
                followers.setdefault(tuple(string[start:end]), set()).add(string[end])
    ends = [tuple(ids[len(ids) - length :]) for length in range(min(len(ids), ORDER - 1) + 1)]
    longest = max((end for end in ["", *ends[1:]] if tuple(end) in followers), key=len)
    return len(longest), len(followers[tuple(longest)]), len(followers[tuple(longest[1:])])


@pytest.mark.parametrize("beginning", ["", "A", "Ald", "Aldh", "Wick", "Esterl", "hhh", "Thornby"])
def test_exponents_follow_the_longest_known_context(ngram, beginning):
    rnn = mixture(ngram, GATES)
    ids = [0, *ngram.vocabulary.encode(beginning).tolist()]
    length, followers, shorter = known(ngram.vocabulary, ids)
    logits, carry = read(rnn, ids)
    features = np.array([length, 1 / followers, 1 / shorter]) - GATES[2, 1:]
    expected = GATES[:2, 0] + GATES[:2, 1:] @ features
    assert rnn.exponents(carry)[0] == pytest.approx(expected, abs=1e-6)
    parts = [log_p(read(part, ids)[0]) for part in (rnn.network, rnn.ngram)]
    assert log_p(logits) == pytest.approx(log_p(expected @ parts), abs=1e-4)
    one_row = rnn.one_row()
    for one in ids:
        alone = one_row.read(one)
    assert log_p(alone) == pytest.approx(log_p(logits), abs=1e-4)


def test_without_slopes_they_are_the_same_everywhere(ngram):
    even = GATES * (np.arange(4) == 0)
    ids = [0, *ngram.vocabulary.encode("Hart").tolist()]
    both = [read(mixture(ngram, one), ids)[0] for one in (even, even[:2, 0])]
    np.testing.assert_allclose(*both, rtol=1e-6)
    assert mean(even) == mean(even[:2, 0]) == pytest.approx((0.6, 0.5))
    for one in (even, even[:2, 0]):
        np.testing.assert_array_equal(shaped(one.ravel().tolist()).astype(np.float32), one)


def test_no_part_has_a_negative_say():
    steep = GATES.copy()
    steep[0, 1] = -10
    found = by_context(steep, np.array([[1, 2, 0.4, 0.3], [1, 3, 0.4, 0.3]], np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.5], [0, 0.46]], atol=1e-6)


@pytest.mark.parametrize("wrong", [GATES[:2], GATES[:, :3], GATES * np.nan, GATES[0]])
def test_other_shapes_are_refused(ngram, wrong):
    with pytest.raises(ConfigError, match=r"must have mixture.exponents .* \(2,\) or \(3, 4\)"):
        mixture(ngram, wrong)


def test_a_run_with_two_exponents_still_loads(ngram, tmp_path):
    model = train(NameCorpus.of(NAMES * 3), units=5, embedding=4, epochs=1, base="none")
    old = replace(model.saved, weights={**model.saved.weights, EXPONENTS: np.float32([0.4, 0.6])})
    assert old.config == model.saved.config
    rnn = recurrence(old.config, old.weights)
    assert rnn.exponents(read(rnn, [0])[1])[0].tolist() == pytest.approx([0.4, 0.6])
