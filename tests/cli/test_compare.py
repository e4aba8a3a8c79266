"""``charloom compare``: several runs on the same unseen names."""

from __future__ import annotations

import itertools
import json
from itertools import pairwise

import numpy as np
import pytest

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.models.rnn.shapes import weight_shapes
from charloom.run import save_model
from helpers.run_folders import toy
from helpers.text_runs import save_text_run

NAMES = ["".join(t) for t in itertools.product("ab", repeat=6)]
TRAIN, HELD_OUT = NAMES[::2], NAMES[1::2]  # all of the second end with b


def save_run(folder, odds, train=TRAIN, held_out=HELD_OUT, **options):
    """A run without memory: the odds of the end, ``a`` and ``b``, anywhere."""
    config = ModelConfig(cell="rnn", units=1, embedding=1, **options)
    weights = {n: np.zeros(s, "f4") for n, s in weight_shapes(config, 3).items()}
    weights["logits.bias"] = np.log(odds).astype("f4")
    saved = toy(
        config=config, vocabulary=Vocabulary(("a", "b")), weights=weights, facts={"longest": 6},
        train_names=train, held_out_names=held_out,
    )  # fmt: skip
    folder.mkdir(parents=True)
    save_model(folder, saved)
    return folder


@pytest.fixture
def runs(tmp_path):
    return save_run(tmp_path / "x" / "good", [1, 2, 3]), save_run(tmp_path / "bad", [1, 9, 1])


def test_the_better_run_is_named(call, runs):
    code, out, err = call("compare", *runs, "--samples", 0)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "on 32 names, held out by every run; 224 characters"
    assert lines[2].split() == ["good", "bad"]
    assert any(line.startswith("nats/char") for line in lines)
    assert any("best" in line for line in lines)
    assert lines[-1].startswith("good predicts best: 0.")


def test_json_has_all(call, runs):
    code, out, _ = call("compare", *runs, "--samples", 0, "--json")
    data = json.loads(out)
    assert code == 0 and data["winner"] == data["best"] == "good"
    assert [model["run"] for model in data["models"]] == list(map(str, runs))
    assert data["models"][1]["difference"]["low"] > 0
    assert data["models"][0]["kind"] == "network"


def test_other_measures_are_of_the_same_names(call, runs, tmp_path):
    code, out, err = call("compare", *runs, "--samples", 100, "--json")
    models = json.loads(out)["models"]
    assert code == 0 and err == ""
    measures = [{one["name"] for one in model["measures"]} for model in models]
    assert measures[0] == measures[1] and "new" in measures[0]
    assert "nats_per_char" not in measures[0]
    code, out, _ = call("compare", *runs, "--samples", 100)
    rows = [line for line in out.splitlines() if line.startswith("New names")]
    assert code == 0 and len(rows) == 1 and rows[0].count(" to ") == 2


def test_real_values_are_given_for_each_run_if_their_lists_differ(call, runs, tmp_path):
    def rows(*runs):
        code, out, _ = call("compare", *runs, "--samples", 100)
        lines = out.splitlines()
        after = {one[:19]: two for one, two in pairwise(lines)}
        assert code == 0
        return after["Calibration error  "], next(x for x in lines if x.startswith("Letters, d"))

    calibration, letters = rows(*runs)
    assert calibration.startswith("  real ") and calibration.count("%") == 2
    assert letters.startswith("Letters, divergence (real: 0.")
    other = save_run(tmp_path / "other", [1, 1, 1], train=["a", "aab"])
    assert "(real:" not in rows(runs[0], other)[1]


def test_one_name_is_said_to_be_few(call, runs, write):
    code, out, err = call("compare", *runs, "--samples", 0, "--data", write("abbbab\n"))
    assert code == 0 and out.startswith("on 1 name, ")
    assert "1 name is too few" in err and "no significant difference" in out


def test_runs_of_one_name_are_told_apart_by_their_folders(call, tmp_path):
    runs = [save_run(tmp_path / name / "run", [1, 1, 1]) for name in ("one", "two")]
    _, out, _ = call("compare", *runs, "--samples", 0)
    assert "There is no significant difference between one/run and two/run." in out


def test_names_that_a_run_was_trained_on_are_left_out(call, runs, write):
    data = write("\n".join([*TRAIN[:4], *HELD_OUT]))
    code, out, err = call("compare", *runs, "--samples", 0, "--data", data)
    assert code == 0
    assert out.startswith("on 32 names")
    assert "warning: 4 names are left out: good was trained on them." in err
    code, _, err = call("compare", *runs, "--samples", 0, "--data", write("\n".join(TRAIN)))
    assert code == 1
    assert "some run was trained on every one of the names" in err


def test_only_names_that_every_run_held_out_are_compared_on(call, runs, tmp_path):
    other = save_run(tmp_path / "other", [1, 1, 1], train=HELD_OUT[2:], held_out=HELD_OUT[:2])
    code, out, err = call("compare", runs[0], other, "--samples", 0)
    assert code == 0 and out.startswith("on 2 names")
    assert "2 names are too few" in err
    none = save_run(tmp_path / "none", [1, 1, 1], held_out=None)
    code, out, err = call("compare", runs[0], none)
    assert (code, out) == (1, "")
    assert "no held-out name in common. Pass --data FILE" in err


def test_a_run_without_begin_has_first_characters_given(call, runs, tmp_path):
    other = save_run(tmp_path / "tutorial", [1, 2, 3], begin=False)
    code, out, _ = call("compare", runs[0], other, "--samples", 0)
    assert code == 0 and "first characters are given" in out
    assert "no significant difference" in out


def test_text_is_compared_by_blocks(call, tmp_path, write):
    held_out = "ab\n" * 2000
    good = save_text_run(tmp_path / "good", held_out=held_out)
    bad = save_text_run(
        tmp_path / "bad", {"": 1.0, "\n": 1.0, "a": 1.0, "b": 1.0, "c": 20.0}, held_out=held_out
    )
    code, out, err = call("compare", good, bad)
    assert (code, err) == (0, "")
    assert out.startswith("on 6 blocks of text, held out by every run; 6,000 characters")
    assert "good predicts best" in out
    code, out, err = call("compare", good, bad, "--data", write("abc" * 1000))
    assert code == 0 and "3,000 characters" in out
    code, _, err = call("compare", good, bad, "--column", "x")
    assert code == 2 and "--column is for names" in err
    other = save_text_run(tmp_path / "other", held_out="abc")
    code, _, err = call("compare", good, other)
    assert code == 1 and "did not hold out the same text" in err


def test_mistakes_are_one_line(call, runs, tmp_path, folder):
    text = save_text_run(tmp_path / "text")
    for arguments, said in (
        ([], "two runs or more. Received: 0"),
        ([runs[0]], "two runs or more. Received: 1"),
        ([runs[0], runs[0]], "given twice"),
        ([runs[0], text], "some runs were trained on names, others on text"),
        ([runs[0], tmp_path / "nowhere"], "nowhere"),
        ([runs[0], folder, "--samples", "-1"], "-1"),
        ([runs[0], folder, "--seed", "-1"], "--seed"),
    ):
        code, out, err = call("compare", *arguments)
        assert code in (1, 2) and out == ""
        assert said in err and err.count("\n") == 1
