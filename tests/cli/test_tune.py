"""``charloom tune``, as a user meets it: a search, its recipe, and what stops it on its way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from charloom.run import load_model
from charloom.training.recipe_file import read_recipe
from helpers.processes import start, wait_until

pytest.importorskip("optuna")

pytestmark = pytest.mark.heavy

SMALL = {"kind": "network", "cell": "gru", "layers": 1, "units": 8, "embedding": 4,
         "batch_size": 32, "epochs": 2}  # fmt: skip
FIX = [part for name, value in SMALL.items() for part in ("--fix", f"{name}={value}")]


@pytest.fixture(scope="module")
def searched(names_file, tmp_path_factory):
    """A search's files, and what it printed; tests only read them."""
    out = tmp_path_factory.mktemp("tuned") / "mine.json"
    done = shell("tune", names_file, "--trials", 3, "--folds", 2, *FIX, "--out", out)
    assert done.returncode == 0, done.stderr
    return out, done


def shell(*arguments):
    command = [sys.executable, "-m", "charloom", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_search_prints_its_result_and_leaves_a_recipe_and_a_journal(searched):
    out, done = searched
    assert "3 trials" in done.stdout and "in the search" in done.stdout
    assert "learning_rate" in done.stdout and f"--recipe {out}" in done.stdout
    lines = done.stderr.splitlines()  # two on the names, one on what is searched, few on trials
    assert lines[2].startswith("Each trial is measured")
    assert 4 <= len(lines) <= 8 and lines[-1].startswith(("trial", "fresh split"))
    assert sorted(path.name for path in out.parent.iterdir()) == ["mine.json", "mine.json.journal"]
    recipe = read_recipe(out)
    assert SMALL.items() <= recipe.settings.items()
    assert recipe.found["trials"] == 3 and recipe.found["corpus"]["names"] == 120


def test_its_recipe_trains(searched, call, names_file, tmp_path):
    out, _ = searched
    assert call("train", names_file, "--recipe", out, "--out", tmp_path / "run")[0] == 0
    model = load_model(tmp_path / "run")
    settings = read_recipe(out).settings
    assert model.config.units == 8 and model.config.dropout == settings["dropout"]


def test_it_resumes_where_it_was_and_json_says_it_all(searched, call, names_file):
    out, _ = searched
    options = ["--trials", 4, "--folds", 2, *FIX, "--out", out, "--json"]
    code, stdout, err = call("tune", names_file, *options)
    result = json.loads(stdout)
    assert code == 0 and "continuing after 3 trials" in err
    assert result["trials"] == 4 and result["recipe"] == str(out)
    assert result["best"] <= result["default"] and set(result["search"]) >= {"low", "high"}
    assert result["found"] == read_recipe(out).found


def test_another_list_is_refused_in_one_line(searched, call, write):
    out, _ = searched
    before = out.read_bytes()
    code, stdout, err = call("tune", write("\n".join(f"name {i}" for i in range(40))), "--out", out)
    assert (code, stdout) == (1, "") and "another corpus" in err.splitlines()[-1]
    assert out.read_bytes() == before


def begun(names_file, out, *options):
    """Start a search that has minutes to do, and wait for its first trial's end."""
    options = ["--minutes", "5", "--folds", "2", *FIX, "--out", out, *options]
    process, journal = start("tune", names_file, *options), out.with_name(f"{out.name}.journal")
    wait_until(process, lambda: journal.exists() and b'"values":[' in journal.read_bytes())
    return process, journal


def test_sigterm_ends_it_with_the_best_so_far(names_file, tmp_path):
    process, _ = begun(names_file, tmp_path / "mine.json")
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert b"Written to" in stdout
    assert read_recipe(tmp_path / "mine.json").found["trials"] >= 1


def test_ctrl_c_before_there_is_a_result_is_code_130(names_file, tmp_path):
    options = ["--trials", "5", "--out", str(tmp_path / "mine.json")]
    with start("tune", names_file, *options) as process:
        assert process.stderr is not None
        while b"Searched:" not in (line := process.stderr.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, b"")
    assert stderr.splitlines()[-1] == b"charloom: interrupted."
    assert not (tmp_path / "mine.json").exists()


def test_a_search_on_text_says_how_to_train_on_text(call, write, tmp_path):
    source = write("the quick brown fox jumps over the lazy dog\n" * 40)
    out = tmp_path / "mine.json"
    options = [*FIX, "--fix", "window=16", "--min-count", 2, "--trials", 1, "--out", out]
    code, stdout, err = call("tune", source, "--as", "text", *options)
    assert code == 0, err
    assert stdout.startswith("1 trial (") and "+0.0000" not in stdout
    said = f"charloom train SOURCE --recipe {out} --as text --min-count 2"
    assert stdout.rstrip().endswith(said)
    how = said.split()[3:]
    assert call("train", source, *how, "--epochs", 1, "--out", tmp_path / "run")[0] == 0
    assert load_model(tmp_path / "run").config.units == 8


def test_a_list_with_labels_is_searched_with_them(call, write, tmp_path):
    lines = [f"{name},{'even' if len(name) % 2 else 'odd'}" for name in map(str, range(90, 130))]
    source, out = write("name,kind\n" + "\n".join(lines), "list.csv"), tmp_path / "mine.json"
    how = ["--column", "name", "--label-column", "kind"]
    options = [*how, *FIX[2:], "--trials", 1, "--folds", 2, "--out", out]
    code, stdout, err = call("tune", source, *options)
    assert code == 0 and "2 labels" in err, err
    assert stdout.rstrip().endswith("--label-column kind --column name")
    assert read_recipe(out).settings["kind"] == "network"
    assert call("tune", "--label-column", "kind")[0] == 2


def test_a_killed_search_resumes_after_its_last_complete_trial(call, names_file, tmp_path):
    process, journal = begun(names_file, tmp_path / "mine.json")
    process.kill()
    process.communicate(timeout=60)
    tried = journal.read_bytes().count(b'"values":[')
    assert not (tmp_path / "mine.json").exists()
    options = ["--trials", tried + 1, "--folds", 2, *FIX, "--out", tmp_path / "mine.json"]
    code, stdout, err = call("tune", names_file, *options)
    assert code == 0 and f"{tried + 1} trials" in stdout
    assert "continuing after" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fix", "units"], "NAME=VALUE"),
        (["--fix", "unitz=3"], "unitz"),
        (["--fix", "kind=ngram"], "nothing to search"),
        (["--minutes", "0"], "--minutes': must be a number"),
        (["--minutes", "nan"], "--minutes': must be a number"),
        (["--trials", "0"], "--trials"),
        (["--min-count", "2"], "--as text"),
        (["--fix", "labels=3"], "sets labels itself"),
        (["--fix", "units=null"], "not null"),
        (["--out", "."], "not a folder"),
        (["--out", os.devnull, "--force"], "regular file"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(call, names_file, options, said, tmp_path):
    code, out, err = call("tune", names_file, "--out", tmp_path / "mine.json", *options)
    assert (code, out) == (2, "") and said in err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_no_search_wrote_is_left_alone(call, names_file, tmp_path):
    (tmp_path / "mine.json").write_text("mine")
    code, _, err = call("tune", names_file, "--out", tmp_path / "mine.json")
    assert code == 2 and "--force" in err
    assert (tmp_path / "mine.json").read_text() == "mine"


def test_without_optuna_one_line_says_what_to_install(call, names_file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, out, err = call("tune", names_file, "--out", tmp_path / "mine.json")
    assert (code, out) == (2, "") and "pip install 'charloom[tune]'" in err.splitlines()[-1]
