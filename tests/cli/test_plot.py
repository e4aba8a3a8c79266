"""``charloom plot``: what it draws, prints and refuses."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from charloom import load
from charloom.cli.plot import FIGURES, OPTIONS
from charloom.data.vocabulary import Vocabulary
from charloom.evaluation import activity, next_characters
from charloom.run import load_model, save_state
from helpers.run_folders import save_toy

needs_matplotlib = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None,
    reason="needs the plotting extra, charloom[plot]",
)

HISTORY = [
    {"epoch": 1, "step": 2, "train_nats_per_char": 2.5, "held_out_nats_per_char": 2.0},
    {"epoch": 2, "step": 4, "train_nats_per_char": 2.25, "held_out_nats_per_char": None},
]
SIGNATURES = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def save(tmp_path):
    """Save a small model, changed as asked for, and return its folder."""

    def save(**changes):
        facts = {"history": HISTORY, "longest": 3}
        return save_toy(tmp_path / "run", **({"facts": facts} | changes))

    return save


@pytest.fixture
def data(call):
    """Return a figure's data."""

    def data(run, what, *arguments):
        code, out, err = call("plot", run, "--what", what, "--json", *arguments)
        assert (code, err) == (0, "")
        return json.loads(out)

    return data


def refused(result, code):
    """Make sure that a command was refused with ``code``, and return its one line."""
    assert result[:2] == (code, "")
    assert len(result[2].splitlines()) == 1
    return result[2]


@needs_matplotlib
@pytest.mark.parametrize("ending", SIGNATURES)
@pytest.mark.parametrize("what", FIGURES)
def test_each_figure_is_drawn_as_its_ending_says(call, save, what, ending, tmp_path):
    out = tmp_path / f"figure{ending}"
    draws = ["-n", "20"] if what in OPTIONS["n"] else []
    code, stdout, err = call("plot", save(), "--what", what, "--out", out, *draws)
    assert (code, stdout, err) == (0, "", f"Written to {out}\n")
    assert out.read_bytes().startswith(SIGNATURES[ending])


@needs_matplotlib
def test_the_figure_and_its_data_can_come_at_once(call, save, tmp_path):
    run, out = save(), tmp_path / "figure.svg"
    code, stdout, _ = call("plot", run, "--what", "units", "--json", "--out", out)
    assert code == 0
    assert stdout == call("plot", run, "--what", "units", "--json")[1]
    assert b"<svg" in out.read_bytes()


def test_without_a_figure_they_are_listed(call, save):
    run = save()
    code, out, _ = call("plot", run)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(FIGURES)
    assert json.loads(call("plot", run, "--json")[1]) == FIGURES


def test_the_loss_is_the_runs_history(save, data):
    assert data(save(), "loss") == {"history": HISTORY}


def test_epochs_after_the_best_one_are_in_the_loss(save, data):
    run, later = save(), [*HISTORY, {**HISTORY[0], "epoch": 3}]
    save_state(run, {"a": np.zeros(1)}, {"progress": {"history": later}})
    assert data(run, "loss") == {"history": later}


def test_a_training_state_of_another_model_does_not_change_the_loss(save, data):
    run, others = save(), [{**HISTORY[0], "train_nats_per_char": 9.0}] * 3
    save_state(run, {"a": np.zeros(1)}, {"progress": {"history": others}})
    assert data(run, "loss") == {"history": HISTORY}


def test_lengths_are_counted_in_the_models_unit(save, data):
    assert data(save(), "lengths") == {"unit": "character", "lengths": [[2, 2], [3, 1]]}
    vocabulary = Vocabulary(("a", "🇩🇪"), "grapheme")
    run = save(vocabulary=vocabulary, train_names=("a🇩🇪",), held_out_names=())
    assert data(run, "lengths") == {"unit": "grapheme", "lengths": [[2, 1]]}


def test_the_sweep_takes_the_temperatures_and_draws_asked_for(save, data):
    run = save()
    sweep = data(run, "sweep", "--temperatures", "1,0.5", "-n", "7")
    assert [draw["temperature"] for draw in sweep["draws"]] == [1, 0.5]
    assert [draw["strings"] for draw in sweep["draws"]] == [7, 7]
    nats = load(run).nll(["ßaß", "a"]).sum()
    assert sweep["real_nats_per_char"] == pytest.approx(nats / 6, rel=1e-5)
    (draw,) = data(run, "sweep", "--temperatures", "2", "--n", "5", "--start", "ß")["draws"]
    assert (draw["temperature"], draw["strings"]) == (2, 5)


def test_a_sweep_without_held_out_names_has_no_line_for_real_ones(save, data):
    assert data(save(held_out_names=()), "sweep", "-n", "5")["real_nats_per_char"] is None


@pytest.mark.parametrize("what", ["letters", "pairs"])
def test_real_characters_are_the_training_names(save, data, what):
    found = data(save(), what, "-n", "20")
    if what == "letters":
        assert found["characters"] == ["a", "ß"]
        assert found["real"] == pytest.approx([5 / 7, 2 / 7], abs=1e-6)  # aßa, ßa, aa
        assert sum(found["generated"]) == pytest.approx(1, abs=1e-5)
        return
    assert found["characters"] == ["\n", "a", "ß"]
    real = [[0, 2 / 3, 1 / 3], [3 / 5, 1 / 5, 1 / 5], [0, 1, 0]]
    assert np.array(found["real"]) == pytest.approx(np.array(real), abs=1e-6)
    assert np.array(found["generated"]).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_drawn_lengths_lie_beside_real_ones(save, data):
    run = save()
    found = data(run, "drawn-lengths", "-n", "50")
    drawn = load(run).names(50, allow_known=True, allow_repeats=True)
    columns = (found[key] for key in ("lengths", "generated", "real"))
    for length, share, real in zip(*columns, strict=True):
        assert share == sum(len(name) == length for name in drawn) / 50
        assert real == pytest.approx({2: 2 / 3, 3: 1 / 3}.get(length, 0), abs=1e-6)
    assert {2, 3, *map(len, drawn)} <= set(found["lengths"])


def test_distances_of_held_out_names_lie_beside_those_of_draws(save, data):
    found = data(save(), "distances", "-n", "50")
    assert found["real"] == [0, 1]  # ßaß and a are one edit from ßa and aa
    assert sum(found["generated"]) == pytest.approx(1)
    assert data(save(held_out_names=None), "distances", "-n", "5")["real"] is None


def test_copies_are_measured_at_each_temperature(save, data):
    found = data(save(), "memorisation")
    assert found["verdict"] and len(found["by_temperature"]) > 1
    assert {"temperature", "copied", "ideal"} <= set(found["by_temperature"][0])


def test_calibration_has_what_was_said_and_what_came(save, data):
    bins = data(save(), "calibration")["bins"]
    assert {"predicted", "observed", "count"} <= set(bins[0])
    assert all(0 <= one["observed"] <= 1 for one in bins)


@pytest.mark.parametrize("what", ["embedding", "units"])
def test_a_model_that_only_counts_has_no_figures_of_a_network(call, names_file, tmp_path, what):
    run = tmp_path / "counted"
    assert call("train", names_file, "--out", run, "--model", "ngram", "--order", "3")[0] == 0
    said = refused(call("plot", run, "--what", what, "--json"), 2)
    assert "for networks" in said and "calibration" in said


def test_next_reads_the_text_or_else_a_held_out_or_a_training_name(save, data):
    run = save()
    found = data(run, "next", "--text", "aß")
    assert (found["text"], found["targets"]) == ("aß", ["a", "ß", "\n"])
    assert found["characters"] == ["\n", "a", "ß"]
    real = next_characters(load(run), "aß").probabilities
    assert np.array(found["probabilities"]) == pytest.approx(real, abs=1e-6)
    assert data(run, "next")["text"] == "ßaß"
    assert data(save(held_out_names=None), "next")["text"] == "aßa"


def test_the_embeddings_map_keeps_the_distances_of_a_plane(save, data):
    run = save()  # its embedding has two columns: nothing is lost
    found = data(run, "embedding")
    points, table = np.array(found["points"]), load_model(run).weights["embedding"]
    for i, j in ((0, 1), (1, 2), (0, 2)):
        distance = np.linalg.norm(table[i] - table[j])
        assert np.linalg.norm(points[i] - points[j]) == pytest.approx(distance, abs=1e-4)
    assert found["characters"] == ["\n", "a", "ß"]
    assert found["kinds"] == ["other", "vowel", "other"]
    assert sum(found["explained"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [([], ["ßaß", "a"]), (["--text", "aaß", "--text", "ß"], ["aaß", "ß"])],
)
def test_units_have_the_models_activity_after_each_character(save, data, arguments, texts):
    run = save()
    found = data(run, "units", *arguments)
    assert found["names"] == list(map(list, texts))
    assert {unit["unit"] for unit in found["units"]} == {0, 1}
    hidden = activity(load(run), texts)  # (T, H) a name
    for unit in found["units"]:
        for row, h in zip(unit["activities"], hidden, strict=True):
            assert row == pytest.approx(h[:, unit["unit"]], abs=1e-6)


def test_drawing_changes_nothing_in_the_run(call, save):
    run = save()
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    for what in FIGURES:
        assert call("plot", run, "--what", what, "--json")[0] == 0
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


@pytest.mark.parametrize(
    ("what", "changes", "said"),
    [
        ("loss", {"facts": {}}, "no history"),
        ("loss", {"facts": {"history": []}}, "no history"),
        ("loss", {"facts": {"history": [{"epoch": "1"}]}}, "no history"),
        ("lengths", {"train_names": None}, "train_names.txt"),
        ("sweep", {"train_names": None, "held_out_names": None}, "training list"),
        ("next", {"train_names": None, "held_out_names": None}, "--text"),
        ("units", {"held_out_names": ()}, "--text"),
        ("letters", {"train_names": None, "held_out_names": None}, "train_names.txt"),
        ("distances", {"train_names": None}, "train_names.txt"),
        ("calibration", {"held_out_names": ()}, "held-out"),
        ("memorisation", {"held_out_names": ()}, "held-out"),
        ("units", {"train_names": ("a",), "held_out_names": ("a",)}, "second character"),
    ],
)
def test_what_a_run_lacks_is_one_line_and_code_1(call, save, what, changes, said):
    assert said in refused(call("plot", save(**changes), "--what", what, "--json"), 1)


@pytest.mark.parametrize("what", OPTIONS["text"])
def test_text_that_the_model_cannot_read_is_one_line_and_code_1(call, save, what):
    run = save()
    asked = ("plot", run, "--what", what, "--json", "--text")
    assert "GREEK CAPITAL LETTER OMEGA" in refused(call(*asked, "aΩ"), 1)
    assert "empty" in refused(call(*asked, ""), 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--what", "loss"], "--out"),
        (["--what", "beauty", "--json"], "beauty"),
        (["--out", "figure.png"], "--what"),
        (["--what", "loss", "--out", "figure.gif"], ".png, .svg or .pdf"),
        (["--what", "loss", "--json", "-n", "5"], "sweep"),
        (["--what", "sweep", "--json", "--text", "a"], "next or units"),
        (["--start", "a"], "sweep"),
        (["--what", "embedding", "--json", "-n", "5"], "letters"),
    ],
)
def test_wrong_usage_is_found_before_the_run_is_read(call, tmp_path, arguments, said):
    assert said in refused(call("plot", tmp_path / "missing", *arguments), 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--temperatures", "-1"],
        ["--temperatures", "0.5,x"],
        ["--temperatures", "nan"],
        ["-n", "0"],
    ],
)
def test_a_sweep_of_nonsense_is_wrong_usage(call, save, arguments):
    refused(call("plot", save(), "--what", "sweep", "--json", *arguments), 2)


def test_next_reads_one_name_only(call, save):
    texts = ("--text", "a", "--text", "ß")
    assert "one" in refused(call("plot", save(), "--what", "next", "--json", *texts), 2)


@pytest.mark.parametrize("arguments", [[], ["--what", "loss", "--json"]])
def test_a_folder_that_is_no_run_is_one_line_and_code_1(call, save, tmp_path, arguments):
    refused(call("plot", tmp_path / "missing", *arguments), 1)
    run = save()
    (run / "model.safetensors").write_bytes(b"")
    refused(call("plot", run, *arguments), 1)


@needs_matplotlib
def test_a_figure_that_cannot_be_written_is_one_line_and_code_1(call, save, tmp_path):
    out = tmp_path / "none" / "figure.png"
    refused(call("plot", save(), "--what", "loss", "--out", out), 1)


def test_without_matplotlib_one_line_says_how_to_get_it(call, tmp_path, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    asked = call("plot", tmp_path / "missing", "--what", "loss", "--out", "figure.png")
    assert "charloom[plot]" in refused(asked, 1)


@pytest.mark.slow
def test_the_data_need_no_framework_and_no_matplotlib(save):
    code = (
        "import sys; from charloom.cli.main import run\n"
        "for what in sys.argv[2:]:\n"
        "    assert run(['plot', sys.argv[1], '--what', what, '--json'], started=0.0) == 0\n"
        "assert not {'jax', 'keras', 'matplotlib', 'jinja2'} & set(sys.modules)\n"
    )
    arguments = [sys.executable, "-c", code, str(save()), *FIGURES]
    subprocess.run(arguments, check=True, timeout=60, stdout=subprocess.DEVNULL)
