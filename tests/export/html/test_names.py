"""With float32 weights the page's names are those of ``charloom generate`` for the same seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charloom import load
from charloom.data.random import root_key
from charloom.generation.constraints import Contains, End, Length, Rules
from charloom.run import Run

from .conftest import FROZEN
from .test_step import SIZES

CLOSE = 1e-4
"""Names may swap if the logs of their arrivals differ by less."""


@pytest.fixture
def compare(engine, record_property):
    """A function that fails unless names are equal, or swapped and close; it counts those."""

    def compared(run, n, options=None, **python):
        return compare_names(engine, record_property, run, n, options, **python)

    return compared


def compare_names(engine, record_property, run, n, options=None, label=None, **python):
    """Return how many places differ; see ``compare``."""
    asked = {"seed": 5, "temperature": 0.7, **(options or {})}
    model = load(run)
    if label is not None:
        model, asked["label"] = model.condition({label: 1}), run.labels.index(label)
    config = {"seed": asked["seed"], "temperature": asked["temperature"]}
    theirs = model.generate(n, **config, **python)
    (ours,) = engine(run, {"kind": "names", "n": n, **asked})
    assert len(ours) == len(theirs)
    arrivals = {one["text"]: one["arrival"] for one in ours}
    swapped = 0
    for mine, their in zip(ours, theirs, strict=True):
        if mine["text"] != their.text:
            swapped += 1
            assert abs(arrivals[their.text] - mine["arrival"]) < CLOSE
        else:
            assert math.isclose(mine["nats"], their.nats, abs_tol=1e-3)
    record_property("swapped", f"{swapped} of {len(ours):,} names")
    return swapped


@pytest.mark.parametrize("kind", ["mixture", "network", "ngram", "labels"])
def test_the_first_thousand_names_of_frozen_runs(compare, kind):
    assert compare(Run.open(FROZEN / kind / "run"), 1000) <= 2


def test_the_first_names_with_a_label(compare):
    run = Run.open(FROZEN / "labels" / "run")
    for label in run.labels:
        assert compare(run, 300, label=label) <= 2


def test_the_first_names_of_a_run_without_begin_symbol(compare):
    run = Run.open(FROZEN / "tutorial" / "run")
    assert compare(run, 300, {"start": "B"}, start="B") <= 2


def test_the_first_thousand_names_of_a_log_linear_mixture(compare, run_of):
    run = run_of("names", kind="mixture", cell="lstm", **SIZES)
    assert compare(run, 1000, {"temperature": 1}) <= 2


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ({"least": 5, "most": 9}, Length(5, 9)),
        ({"most": 7}, Length(0, 7)),
        ({"end": "a"}, End("a")),
        ({"contains": "an"}, Contains("an")),
        ({"end": "s", "contains": "r", "least": 4}, Rules((End("s"), Contains("r"), Length(4)))),
    ],
)
def test_names_under_constraints_that_are_often_satisfied(compare, options, rules):
    """Where they rarely are, the command looks ahead with other numbers than the page."""
    run = Run.open(FROZEN / "ngram" / "run")
    compare(run, 200, options, rules=rules)


def test_names_with_a_start_and_with_known_ones(compare):
    run = Run.open(FROZEN / "mixture" / "run")
    compare(run, 200, {"start": "An"}, start="An")
    compare(run, 200, {"fresh": False}, allow_known=True)


def test_large_seeds(engine):
    run = Run.open(FROZEN / "ngram" / "run")
    seed = 2**63 - 11
    (ours,) = engine(run, {"kind": "names", "n": 5, "seed": str(seed), "temperature": 1})
    assert [one["text"] for one in ours] == load(run).names(5, seed=seed)
    assert root_key(seed).dtype == np.uint64


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("options", "rule"), [({"contains": "tt"}, Contains("tt")), ({"end": "ck"}, End("ck"))]
)
def test_names_that_are_rarely_allowed_have_the_models_own_probabilities(
    engine, run_of, options, rule
):
    """The first of each seed is a draw given the constraint, as are those of the command."""
    run, seeds = run_of("kneser-ney"), range(150)
    model = load(run)
    theirs = [model.names(1, seed=seed, temperature=0.7, rules=rule)[0] for seed in seeds]
    asked = {"kind": "names", "n": 1, "temperature": 0.7, **options}
    ours = [found[0]["text"] for found in engine(run, *({**asked, "seed": s} for s in seeds))]
    assert all(rule.allows(name) for name in ours)
    for measure in (len, lambda name: name.count("a"), lambda name: name[0] in "AH"):
        a, b = (np.array([float(measure(name)) for name in names]) for names in (ours, theirs))
        assert abs(a.mean() - b.mean()) < 4 * np.sqrt((a.var() + b.var()) / len(seeds))
