"""The page's engine computes the logits that NumPy does, for every kind of model."""

from __future__ import annotations

import numpy as np
import pytest

from charloom.export.html.packing import quantised
from charloom.models.factory import recurrence
from charloom.run import Run

from .conftest import FROZEN

FROZEN_RUNS = ["labels", "mixture", "network", "ngram", "text", "text_mixture", "tutorial"]
SIZES = {"units": 9, "embedding": 5, "layers": 2}
KINDS = {
    "rnn": ("kneser-ney", {"kind": "network", "cell": "rnn", **SIZES}),
    "gru": ("kneser-ney", {"kind": "network", "cell": "gru", **SIZES}),
    "lstm": ("kneser-ney", {"kind": "network", "cell": "lstm", **SIZES}),
    "fitted n-gram": ("names", {}),
    "Kneser-Ney": ("kneser-ney", {}),
    "log-linear mixture": ("names", {"kind": "mixture", "cell": "lstm", **SIZES}),
    "linear mixture": ("kneser-ney", {"kind": "mixture", "cell": "gru", **SIZES}),
    "recent text": ("text", {}),
    "recent text, mixture": ("text", {"kind": "mixture", "cell": "gru", **SIZES}),
}


def expected(rnn, strings):
    found = []
    for ids in strings:
        carry, rows = rnn.initial_carry(1), []
        for one in [0, *ids]:
            logits, after = rnn.step(np.array([one]), carry)
            carry = after.copy()
            rows.append(logits[0].copy())
        found.append(np.array(rows))
    return found


def some_strings(size, count=12, longest=40):
    rng = np.random.default_rng(1)
    return [rng.integers(1, size, rng.integers(0, longest)).tolist() for _ in range(count)]


def check(engine, run, weights="float32"):
    config = run.config
    strings = some_strings(run.vocabulary.size)
    if run.held_out_text:
        strings.append(run.vocabulary.encode(run.held_out_text[:300].replace("\x1e", "")).tolist())
    strings += [run.vocabulary.encode(name).tolist() for name in run.held_out_names[:5]]
    (found,) = engine(run, {"kind": "logits", "strings": strings}, weights=weights)
    rnn = recurrence(config, quantised(config, run.weights, weights))
    for ours, theirs in zip(found, expected(rnn, strings), strict=True):
        assert np.abs(np.array(ours) - theirs).max() < 1e-4


@pytest.mark.parametrize("kind", FROZEN_RUNS)
def test_a_step_equals_numpy_in_frozen_runs(engine, kind):
    check(engine, Run.open(FROZEN / kind / "run"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_equals_numpy_in_every_kind_of_model(engine, run_of, kind):
    source, changes = KINDS[kind]
    check(engine, run_of(source, **changes))


@pytest.mark.parametrize("weights", ["float16", "int8"])
def test_rounded_weights_are_those_that_were_measured(engine, run_of, weights):
    check(engine, run_of("names", kind="mixture", cell="lstm", **SIZES), weights)
