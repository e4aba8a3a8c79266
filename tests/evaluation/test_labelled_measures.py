"""Measures of a model with labels: without them, and once with."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from charloom.api import load
from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError
from charloom.evaluation import likelihood, measure
from charloom.models.scoring.names import score_labelled
from charloom.run import save_model
from helpers.run_folders import toy
from helpers.toy_models import uniform

pytestmark = pytest.mark.slow

NAMES = ["".join(t) for t in itertools.product("ab", repeat=4)]
KEY = "nats_per_char_with_labels"


def save_labelled(folder):
    """A run that has learned of two kinds of names, with weights at random."""
    folder.mkdir()
    saved = toy(
        config=ModelConfig(units=4, embedding=4, labels=2), vocabulary=Vocabulary(("a", "b")),
        labels=("even", "odd"), train_names=NAMES[:6], held_out_names=NAMES[6:],
        facts={"longest": 4},
    )  # fmt: skip
    save_model(folder, saved)
    return folder


@pytest.fixture
def labelled(tmp_path):
    return save_labelled(tmp_path / "labelled")


def test_the_likelihood_with_labels_is_that_of_each_names_own(labelled):
    model = load(labelled)
    kinds = ["even", "odd", "odd"] * 3
    names = NAMES[6:15]
    ids = [model.vocabulary.encode(name) for name in names]
    nats = score_labelled(model.rnn, ids, np.array([1, 2, 2] * 3))
    found = measure(model, names, labels=kinds, samples=0)
    assert found.measure(KEY).estimate.value == pytest.approx(nats.sum() / 45, rel=1e-6)
    plain = found.measure("nats_per_char").estimate.value
    assert plain == pytest.approx(likelihood(model, names).nats_per_char, rel=1e-6)
    assert abs(plain - nats.sum() / 45) > 0.01


def test_names_with_labels_that_the_model_does_not_know_do_not_count(labelled):
    model = load(labelled)
    some = measure(model, NAMES[6:10], labels=["odd", "odd", "strange", ""], samples=0)
    alone = measure(model, NAMES[6:8], labels=["odd", "odd"], samples=0)
    assert some.measure(KEY).estimate == alone.measure(KEY).estimate
    assert some.likelihood.names == 4
    assert "2 of 4 labels are unknown to the model ('strange', no label)" in some.notes[-1]
    none = measure(model, NAMES[6:10], labels=["x", "y", "z", "w"], samples=0)
    assert KEY not in [one.name for one in none.measures]
    assert "4 of 4 labels are unknown to the model ('x', 'y', 'z', …)" in none.notes[-1]


def test_a_name_of_two_kinds_counts_once_without_labels_and_twice_with(labelled):
    model = load(labelled)
    found = measure(model, ["abab", "abab"], labels=["even", "odd"], samples=0)
    assert found.likelihood.names == 1
    each = [
        measure(model, ["abab"], labels=[kind], samples=0).measure(KEY).estimate.value
        for kind in model.labels
    ]
    assert found.measure(KEY).estimate.value == pytest.approx(np.mean(each))


def test_useless_labels_are_refused(labelled):
    with pytest.raises(ConfigError, match="without labels"):
        measure(uniform(2), ["ab"], labels=["x"], samples=0)
    with pytest.raises(ConfigError, match="as many as names, 2"):
        measure(load(labelled), ["ab", "ba"], labels=["odd"], samples=0)


def test_the_command_says_that_it_measures_without_labels(call, labelled):
    code, out, _ = call("evaluate", labelled, "--samples", 50, "--json")
    assert code == 0
    assert any("is measured without labels" in note for note in json.loads(out)["notes"])


def test_the_command_reads_labels_from_a_column(call, labelled, write):
    data = write("name,kind\nbbaa,odd\nbbab,even\nbbba,new\n", "kinds.csv")
    options = ["--data", data, "--column", "name", "--label-column", "kind"]
    code, out, _ = call("evaluate", labelled, *options, "--samples", 50, "--json")
    assert code == 0
    found = {one["name"]: one for one in json.loads(out)["measures"]}
    assert found[KEY]["low"] <= found[KEY]["value"] <= found[KEY]["high"]
    code, out, _ = call("evaluate", labelled, *options, "--samples", 0, "--json")
    assert code == 0 and json.loads(out)[KEY] == pytest.approx(found[KEY]["value"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label-column", "kind"], "Add --data FILE"),
        (["--data", "NAMES", "--label-column", "kind"], "is for .csv and .tsv files"),
        (["--data", "KINDS", "--column", "name", "--label-column", "sort"], "no column 'sort'"),
    ],
)
def test_missing_labels_are_a_one_line_error(call, labelled, write, options, said):
    files = {
        "NAMES": write("abab\n", "names.txt"),
        "KINDS": write("name,kind\nabab,odd\n", "kinds.csv"),
    }
    code, out, err = call("evaluate", labelled, *(files.get(o, o) for o in options))
    assert code in (1, 2) and out == ""
    assert said in err and len(err.splitlines()) == 1


def test_a_run_without_labels_takes_none(call, trained, write):
    data = write("name,kind\nabab,odd\n", "kinds.csv")
    options = ["--data", data, "--column", "name", "--label-column", "kind"]
    code, _, err = call("evaluate", trained, *options)
    assert code == 2 and "was trained without labels" in err and len(err.splitlines()) == 1


def test_a_comparison_says_which_run_has_labels(call, labelled, tmp_path):
    other = save_labelled(tmp_path / "other")
    code, _, err = call("compare", labelled, other, "--samples", 0)
    assert code == 0 and "labelled was trained with labels" in err
