"""``charloom report`` of running text: where it finds the text that the run was trained on."""

from __future__ import annotations

import importlib.util
import json

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason="needs the plotting extra"
)


@pytest.fixture
def learned(call, write, tmp_path):
    """A run of text, and the file it was trained on."""
    text = write("".join(f"Line {i} of {i * 7919 % 1000}.\n" for i in range(400)), "text.txt")
    run = tmp_path / "run"
    assert call("train", text, "--as", "text", "--model", "ngram", "--out", run)[0] == 0
    return run, text


@pytest.mark.heavy
def test_the_training_text_is_found_where_it_was(call, learned, tmp_path):
    code, _, err = call("report", learned[0], "--out", tmp_path / "r.html")
    assert code == 0 and "memorisation" not in err


@pytest.mark.heavy
def test_a_text_that_has_moved_is_said_and_may_be_given(call, learned, tmp_path):
    run, text = learned
    moved = text.rename(tmp_path / "moved.txt")
    code, _, err = call("report", run, "--out", tmp_path / "r.html")
    assert code == 0 and "--source" in err and "left out: memorisation" in err
    code, _, err = call("report", run, "--out", tmp_path / "r.html", "--source", moved)
    assert code == 0 and "memorisation" not in err


def test_another_text_than_it_was_trained_on_is_refused(call, learned, write, tmp_path):
    other = write("Something else altogether.\n" * 50, "other.txt")
    out = tmp_path / "r.html"
    code, stdout, err = call("report", learned[0], "--out", out, "--source", other)
    assert (code, stdout, err.count("\n")) == (1, "", 1)
    assert "is not the text" in err and not out.exists()


def test_a_run_without_held_out_text_says_so_and_counts_as_info_does(call, learned, tmp_path):
    run, out = tmp_path / "all", tmp_path / "r.html"
    options = ("--as", "text", "--model", "ngram", "--held-out", 0, "--out", run)
    assert call("train", learned[1], *options)[0] == 0
    code, _, err = call("report", run, "--out", out)
    assert code == 0 and "left out: measures: the run held out no text" in err
    parameters = json.loads(call("info", run, "--json")[1])["parameters"]
    assert f"{parameters:,}" in out.read_text("utf-8")
