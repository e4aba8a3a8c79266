"""``charloom train --model``, ``--order`` and ``--recipe FILE``, as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from charloom.run import load_model
from charloom.training.recipe_file import RecipeFile, write_recipe
from helpers.options import FAST


@pytest.mark.parametrize("kind", ["ngram", "unigram", "uniform"])
def test_what_counts_is_counted_and_prints_names(call, names_file, kind, tmp_path):
    code, out, err = call("train", names_file, "--model", kind, "--out", tmp_path / "run")
    assert code == 0 and len(out.splitlines()) == 10
    assert "Fitted in" in err and "epoch" not in err.splitlines()[-1]
    assert load_model(tmp_path / "run").config.kind == kind


def test_the_order_is_chosen_or_given_and_said(call, names_file, tmp_path):
    run, options = tmp_path / "run", ["--model", "ngram", "--json", "--out"]
    code, out, err = call("train", names_file, *options, run)
    chosen = json.loads(out)
    assert code == 0 and chosen["model"] == "ngram" and 2 <= chosen["order"] <= 8
    assert f"n-gram of order {chosen['order']}" in err
    _, out, _ = call("train", names_file, *options, run, "--force", "--order", "2")
    assert json.loads(out)["order"] == 2


@pytest.mark.parametrize(
    ("smoothing", "key", "said"),
    [("fitted", "exponents", "(network) and"), ("kneser-ney", "share", "mixture weight")],
)
def test_a_mixture_says_how_it_weighs_its_parts(call, names_file, tmp_path, smoothing, key, said):
    options = ["--model", "mixture", "--json", "--smoothing", smoothing, "--out", tmp_path / "run"]
    code, out, err = call("train", names_file, *options, *FAST)
    weights = json.loads(out)[key]
    assert code == 0 and all(0 <= weight <= 1 for weight in np.atleast_1d(weights))
    assert "Best: epoch" in err and said in err
    assert load_model(tmp_path / "run").config.smoothing == smoothing


def test_smoothing_is_refused_for_a_model_without_an_ngram(call, names_file, tmp_path):
    options = ["--model", "network", "--smoothing", "fitted", "--out", tmp_path / "run"]
    code, _, err = call("train", names_file, *options)
    assert code != 0 and "smoothing is for the kinds ngram and mixture" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_counting_loads_no_framework(names_file, tmp_path):
    script = (
        "import sys, time; from charloom.cli.main import run\n"
        f"run(['train', {str(names_file)!r}, '--model', 'ngram', '--out', {str(tmp_path / 'r')!r}],"
        " started=time.monotonic())\n"
        "print(sorted({'jax', 'keras', 'optuna'} & {m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "ngram", "--units", "3"], "--units is for networks"),
        (["--model", "ngram", "--batch-size", "3"], "--batch-size is for networks"),
        (["--model", "unigram", "--loop", "custom"], "--loop custom is for networks"),
        (["--model", "uniform", "--from", "RUN"], "--from is for networks"),
        (["--model", "ngram", "--freeze", "embedding"], "--freeze is for networks"),
        (["--model", "ngram", "--tensorboard", "logs"], "--tensorboard is for networks"),
        (["--model", "network", "--order", "3"], "--order is for --model ngram and mixture"),
        (["--model", "unigram", "--order", "3"], "--order is for --model ngram and mixture"),
        (["--model", "ngram", "--order", "9"], "--order"),
        (["--model", "mixture", "--recipe", "tutorial"], "must be of the kind network. Choose"),
        (
            ["--model", "ngram", "--format", "csv", "--column", "1", "--label-column", "1"],
            "must be of the kind network. Choose --model network, or leave out the labels.",
        ),
        (["--recipe", "tutorial", "--canaries", "3"], "canaries need names"),
        (["--recipe", "dinner"], "no such file"),
    ],
)
def test_what_makes_no_sense_together_is_refused_in_one_line(call, names_file, options, said):
    code, out, err = call("train", names_file, *options)
    assert (code, out) == (2, "") and said in err.splitlines()[-1]


@pytest.mark.slow
def test_a_recipe_file_sets_what_no_option_does(call, names_file, tmp_path):
    mine = tmp_path / "mine.json"
    write_recipe(mine, RecipeFile({"kind": "network", "units": 12, "embedding": 6, "epochs": 2}))
    options = ["--recipe", mine, "--embedding", "5", "--out", tmp_path / "run"]
    assert call("train", names_file, *options)[0] == 0
    config = load_model(tmp_path / "run").config
    assert (config.units, config.embedding) == (12, 5)


def test_a_recipe_that_counts_refuses_options_for_networks(call, names_file, tmp_path):
    mine = tmp_path / "mine.json"
    write_recipe(mine, RecipeFile({"kind": "ngram", "order": 3}))
    code, _, err = call("train", names_file, "--recipe", mine, "--units", "12")
    assert code == 2 and "--units is for networks" in err
    assert call("train", names_file, "--recipe", mine, "--out", tmp_path / "run")[0] == 0
    assert load_model(tmp_path / "run").config.kind == "ngram"
