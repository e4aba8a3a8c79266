"""``charloom train --as text``, ``--from`` and ``--resume``, as a user meets them."""

from __future__ import annotations

import gzip
import json

import pytest

from charloom.run import load_model
from helpers.options import FAST

pytestmark = pytest.mark.slow

WORDS = "the cat sat on the mat and the dog sat on the log. "
TEXT = ["--as", "text", "--units", "12", "--embedding", "6", "--epochs", "2", "--batch-size", "4",
        "--window", "8"]  # fmt: skip


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(WORDS * 60, "utf-8")
    return path


@pytest.mark.heavy
def test_training_on_text_prints_more_of_it_and_leaves_a_run(call, text, tmp_path):
    code, out, err = call("train", text, *TEXT, "--out", tmp_path / "run")
    assert code == 0 and len(out) >= 300
    assert set(out) <= set(WORDS) | {"\n"}
    assert "characters to train on" in err and "held-out loss" in err
    code, out, _ = call("evaluate", tmp_path / "run", "--json")
    assert code == 0
    measured = json.loads(out)
    best = load_model(tmp_path / "run").facts["best"]
    assert measured["streamed_nats_per_char"] == pytest.approx(best["held_out_nats_per_char"])


@pytest.mark.heavy
def test_json_has_both_losses_and_the_text(call, text, tmp_path):
    code, out, _ = call("train", text, *TEXT, "--out", tmp_path / "run", "--json")
    result = json.loads(out)
    assert code == 0 and len(result["text"]) == 300
    assert result["held_out_nats_per_char"] > 0 < result["held_out_window_nats_per_char"]


@pytest.mark.heavy
def test_several_sources_are_read_in_order_gzipped_or_not(call, text, tmp_path):
    other = tmp_path / "other.txt.gz"
    other.write_bytes(gzip.compress(b"another text, " * 30))
    code, _, err = call("train", text, other, *TEXT, "--out", tmp_path / "run")
    assert code == 0 and "2 documents" in err
    facts = load_model(tmp_path / "run").facts
    assert facts["corpus"]["sources"] == [text.name, other.name]


@pytest.mark.heavy
def test_rare_characters_are_one_unknown_symbol_that_never_comes_out(call, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(WORDS * 60 + "ÄÖÜ", "utf-8")
    code, out, _ = call("train", path, *TEXT, "--min-count", "3", "--out", tmp_path / "run")
    assert code == 0 and not set(out) & set("ÄÖÜ\ufffd")
    vocabulary = load_model(tmp_path / "run").vocabulary
    assert vocabulary.has_unknown and "Ä" not in vocabulary.characters


@pytest.mark.heavy
def test_a_training_goes_on_with_its_own_settings_and_another_budget(call, text, tmp_path):
    run = tmp_path / "run"
    assert call("train", text, *TEXT, "--seconds", "60", "--out", run)[0] == 0
    more = ["--as", "text", "--seconds", "90", "--epochs", "3", "--out", run, "--resume"]
    code, _, err = call("train", text, *more)
    assert code == 0, err
    model = load_model(run)
    assert model.config.units == 12 and model.facts["best"]["epoch"] == 3
    code, _, err = call("train", text, *more, "--units", "13")
    assert code == 1 and "another units (12; now 13)" in err


@pytest.mark.heavy
def test_fine_tuning_begins_with_a_run_and_adds_characters(call, text, tmp_path):
    run, tuned = tmp_path / "run", tmp_path / "tuned"
    assert call("train", text, *TEXT, "--out", run)[0] == 0
    other = tmp_path / "other.txt"
    other.write_text("zebras quiz vexed foxes, " * 60, "utf-8")
    where = ["--from", run, "--freeze", "recurrent", "--epochs", "1", "--out", tuned]
    assert call("train", other, "--as", "text", *where)[0] == 0
    before, after = load_model(run), load_model(tuned)
    assert set(before.vocabulary.characters) < set(after.vocabulary.characters)
    name = "rnn.0.recurrent_kernel"
    assert (before.weights[name] == after.weights[name]).all()


def test_a_model_of_names_does_not_go_on_with_text(call, write, text, tmp_path):
    names = write("anna\nbert\ncara\ndora\n" * 5)
    assert call("train", names, *FAST, "--out", tmp_path / "run")[0] == 0
    where = ["--from", tmp_path / "run", "--out", tmp_path / "other"]
    code, out, err = call("train", text, "--as", "text", *where)
    assert (code, out) == (2, "") and len(err.strip().splitlines()[-1]) < 300
    assert not (tmp_path / "other" / "model.json").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--column", "name"], "--column is for names"),
        (["--recipe", "tutorial"], "for names, not for text"),
        (["--label-column", "kind"], "--label-column is for names"),
        (["--max-line", "10"], "--max-line is for names"),
    ],
)
def test_options_for_names_are_refused_in_one_line(call, text, options, said):
    code, out, err = call("train", text, "--as", "text", *options)
    assert (code, out) == (2, "") and said in err.splitlines()[-1]


def test_options_for_text_are_refused_for_names(call, text):
    for option in (["--window", "9"], ["--min-count", "2"]):
        code, _, err = call("train", text, *option)
        assert code == 2 and "--as text" in err


def test_text_needs_a_source(call):
    code, _, err = call("train", "--as", "text")
    assert code == 2 and "SOURCE" in err


def test_an_empty_text_is_refused(call, write):
    code, _, err = call("train", write("\n \n"), "--as", "text")
    assert code == 1 and "holds no text" in err
