"""``charloom evaluate``: the table and the JSON, on names and on text."""

from __future__ import annotations

import json
import math

import pytest

from charloom.run import load_model, save_model
from helpers.run_folders import toy as toy_model
from helpers.text_runs import save_text_run


@pytest.fixture(scope="module")
def result(trained, request):
    """What evaluate --json prints for the toy run."""
    import contextlib
    import io

    from charloom.cli.main import run

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(["evaluate", str(trained), "--samples", "1000", "--json"], started=0.0) == 0
    return json.loads(out.getvalue())


def by_name(result):
    return {one["name"]: one for one in result["measures"]}


@pytest.mark.slow
def test_json_has_the_likelihood_at_the_top_and_everything_else_beside(call, trained, result):
    alone = json.loads(call("evaluate", trained, "--samples", 0, "--json")[1])
    assert alone.items() <= result.items()
    assert isinstance(result["names"], int)
    assert {"measures", "calibration", "distances", "lengths", "ngrams", "drawn", "notes"} < set(
        result
    )
    assert result["memorisation"]["level"] in ("none", "some", "strong")
    assert by_name(result)["nats_per_char"]["value"] == pytest.approx(result["nats_per_char"])


@pytest.mark.slow
def test_the_table_shows_every_measure_and_the_verdict(call, trained, result):
    code, out, err = call("evaluate", trained, "--samples", 1000)
    assert (code, err) == (0, "")
    for one in result["measures"]:
        assert one["title"] in out and one["explanation"] in out
    assert result["memorisation"]["verdict"] in out
    assert "  predicted  " in out and "  observed   " in out
    assert "1,000 names sampled at temperature 1, seed 0" in out
    notes = result["notes"]
    lines = [line for line in out.splitlines() if " at temperature" not in line]
    assert all(len(line) <= 100 for line in lines if line not in notes)


def test_samples_0_measures_the_likelihood_alone(call, trained):
    code, out, _ = call("evaluate", trained, "--samples", 0)
    assert code == 0
    assert len(out.splitlines()) == 9 and "nats per char " in out
    assert "measures" not in json.loads(call("evaluate", trained, "--samples", 0, "--json")[1])


def test_names_that_the_model_was_trained_on_are_never_called_unseen(call, trained, tmp_path):
    train = load_model(trained).train_names
    (tmp_path / "mixed.txt").write_text("\n".join([*train[:4], "".join(train[:3])]))
    note = "4 of the 5 names are in the training list: the model was trained on them."
    options = ["evaluate", trained, "--data", tmp_path / "mixed.txt"]
    code, out, err = call(*options, "--samples", 0)
    assert (code, err) == (0, f"{note}\n") and len(out.splitlines()) == 9
    for samples in (0, 50):
        assert note in json.loads(call(*options, "--samples", samples, "--json")[1])["notes"]
    out = call(*options, "--samples", 50)[1]
    assert out.startswith("5 names, 4 of them in the training list, of ") and note in out


def test_rules_are_measured_not_imposed(call, trained):
    found = json.loads(call("evaluate", trained, "--samples", 300, "--length", "1:4", "--json")[1])
    valid = by_name(found)["valid"]
    assert 0 <= valid["value"] < 0.9
    assert any(len(one["text"]) > 4 for one in found["drawn"])
    capped = json.loads(call("evaluate", trained, "--samples", 300, "--max-length", 4, "--json")[1])
    assert by_name(capped)["valid"]["value"] == valid["value"]


def test_samples_begin_with_the_start(call, trained):
    found = json.loads(call("evaluate", trained, "--samples", 200, "--start", "b", "--json")[1])
    assert all(one["text"].startswith("b") for one in found["drawn"])
    assert found["start"] == "b"


def test_a_run_without_held_out_names_is_measured_by_its_samples(call, trained, tmp_path):
    saved = load_model(trained)
    run = tmp_path / "run"
    fields = {name: getattr(saved, name) for name in saved.__dataclass_fields__}
    save_model(run, type(saved)(**(fields | {"held_out_names": None})))
    code, out, _ = call("evaluate", run, "--samples", 500)
    assert code == 0
    assert "New names" in out and "Nats per character" not in out
    assert "There are no held-out names" in out and "Memorisation cannot be measured" in out
    code, _, err = call("evaluate", run, "--samples", 0)
    assert code == 1 and "--data FILE" in err and len(err.splitlines()) == 1
    code, out, _ = call("evaluate", run, "--samples", 500, "--json")
    assert code == 0 and json.loads(out)["names"] == 0


def test_a_run_without_its_list_says_what_is_left_out(call, tmp_path):
    save_model(tmp_path / "run", toy_model(train_names=None, held_out_names=None))
    (tmp_path / "names.txt").write_text("aß\nßa\naa\n", "utf-8")
    options = ["--data", tmp_path / "names.txt", "--samples", 100]
    code, out, _ = call("evaluate", tmp_path / "run", *options)
    assert code == 0
    assert "New names" not in out and "there is no training list" in out


def test_text_is_measured_and_compared_with_its_other_half(call, tmp_path):
    facts = {"corpus": {"sources": [str(tmp_path / "gone.txt")]}, "train_characters": 100}
    run = save_text_run(tmp_path / "run", held_out="abca\nabca bca"[:10] * 800, facts=facts)
    code, out, _ = call("evaluate", run, "--samples", 5000, "--json")
    found = json.loads(out)
    assert code == 0
    names = set(by_name(found))
    assert {"nats_per_char", "calibration_error", "ngram_js_4", "two_sample_accuracy"} < names
    nats = by_name(found)["nats_per_char"]
    assert nats["value"] == pytest.approx(found["streamed_nats_per_char"])
    assert nats["low"] <= nats["value"] <= nats["high"]
    # A text that repeats itself is nothing like that of a model without memory.
    assert by_name(found)["two_sample_accuracy"]["value"] > 0.95
    assert by_name(found)["ngram_js_4"]["value"] > 0.3 > by_name(found)["ngram_js_4"]["real"]["low"]
    assert found["memorisation"] is None  # its training text is nowhere
    shown = call("evaluate", run, "--samples", 5000)[1]
    assert "Memorisation cannot be measured" in shown and "Distinguished from real text" in shown
    assert "its files to `charloom report` or `card` with --source." in shown


def test_a_text_of_a_few_characters_is_measured_as_far_as_it_goes(call, tmp_path):
    run = save_text_run(tmp_path / "run", held_out="abca\nab")
    code, out, _ = call("evaluate", run, "--samples", 500, "--json")
    found = json.loads(out)
    assert code == 0
    assert math.isfinite(by_name(found)["nats_per_char"]["high"])
    assert "two_sample_accuracy" not in by_name(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--samples", "-1"], "--samples"),
        (["--temperature", "-1"], "--temperature"),
        (["--samples", "50", "--seed", "-1"], "--seed"),
        (["--samples", "50", "--length", "9:2"], "length"),
        (["--samples", "50", "--chars", "xyz"], "x"),
    ],
)
def test_mistakes_are_a_line(call, trained, options, message):
    code, out, err = call("evaluate", trained, *options)
    assert code in (1, 2) and out == ""
    assert message in err and len(err.splitlines()) == 1


def test_rules_are_not_for_text(call, tmp_path):
    run = save_text_run(tmp_path / "run")
    code, _, err = call("evaluate", run, "--length", "3:")
    assert code == 2 and "--length is for names" in err
