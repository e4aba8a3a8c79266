"""The notebooks run from top to bottom, and the outputs that are kept in them are whole."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from charloom.training.engines.factory import backend_name

nbformat = pytest.importorskip("nbformat", reason="needs the dev extra, charloom[dev]")

FOLDER = Path(__file__).parents[2] / "notebooks"

FIGURES = {"tutorial": 8, "training_loops": 1, "from_a_list_to_a_page": 0}
PATH = re.compile(r"(?<![\w.)/])(?:/(?:home|root|tmp|usr|var|opt|work|mnt|Users)/|[A-Z]:\\)")


@pytest.fixture
def execute(monkeypatch, tmp_path):
    """Execute with the interpreter that runs the tests, none of the user's settings around."""
    for module in ("nbclient", "ipykernel"):
        pytest.importorskip(module, reason="needs the heavy extra, charloom[heavy]")
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.delenv("CHARLOOM_NAMES", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    from execute import execute

    return execute


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def images(notebook):
    return [o.data["image/png"] for o in outputs(notebook) if "image/png" in o.get("data", {})]


def printed(notebook):
    """All text that cells gave, on whatever way."""
    texts = [output.get("text", "") for output in outputs(notebook)]
    texts += [str(output.get("data", {}).get("text/plain", "")) for output in outputs(notebook)]
    return "\n".join(texts)


def check_whole(name, notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert not [output for output in outputs(notebook) if output.output_type == "error"]
    assert not [o.text for o in outputs(notebook) if o.get("name") == "stderr"]
    assert len(images(notebook)) == FIGURES[name]


def test_every_notebook_is_checked():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(FIGURES)


@pytest.mark.heavy
@pytest.mark.parametrize("name", FIGURES)
def test_a_notebook_runs_from_top_to_bottom(name, execute):
    if name == "from_a_list_to_a_page":
        pytest.importorskip("anywidget", reason="needs the notebook extra, charloom[notebook]")
    # It needs no dinos.txt, and takes the backend that the tests run on.
    environment = {"CHARLOOM_NOTEBOOK": "quick", "KERAS_BACKEND": backend_name()}
    notebook = execute(FOLDER / f"{name}.ipynb", environment, timeout=300)
    assert len(images(notebook)) == FIGURES[name]
    assert not [output for output in outputs(notebook) if output.output_type == "error"]


@pytest.mark.parametrize("name", FIGURES)
def test_the_kept_outputs_are_whole_small_and_tell_nothing_of_the_machine(name):
    path = FOLDER / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    check_whole(name, notebook)
    assert path.stat().st_size < 1_000_000
    everything = printed(notebook) + "".join(cell.source for cell in notebook.cells)
    assert not PATH.search(everything)
    assert os.path.expanduser("~") not in everything  # noqa: PTH111
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert not [cell.metadata for cell in notebook.cells if cell.metadata]


def test_the_kept_tutorial_has_the_tutorials_numbers():
    text = printed(nbformat.read(FOLDER / "tutorial.ipynb", as_version=4))
    for fact in (
        "19,913 characters, 53 distinct, in 1,543 names",
        "rows: (1543, 24)",
        "24 batches an epoch, inputs (64, 23), targets (64, 23)",
        "logits (64, 23, 53)",
        "4,006,197 parameters, 24 steps an epoch",
        "epoch  1: loss 2.89",
        "epoch 20: loss 0.71",
        "checkpoints 001 to 020",
    ):
        assert fact in text, fact


def test_the_kept_keras_route_has_the_tutorials_numbers():
    text = printed(nbformat.read(FOLDER / "tutorial.ipynb", as_version=4))
    for fact in (
        "on tensorflow",
        "19,913 characters, 53 of them unique, in 1,543 names",
        "TensorSpec(shape=(64, 23), dtype=tf.int32",
        "logits (64, 23, 53) loss 3.966",
        "loaded ckpt_20.weights.h5",
        "saved: unpacked_10.weights.h5 unpacked_5.weights.h5",
    ):
        assert fact in text, fact
    losses = [float(loss) for loss in re.findall(r"/step - loss: (\S+)", text)]
    assert len(losses) == 20
    assert 0.60 <= losses[-1] <= 0.75
    unpacked = [float(loss) for loss in re.findall(r"^Epoch \d+ Loss (\S+),", text, re.MULTILINE)]
    assert unpacked == pytest.approx(losses[:10], rel=0.1)
    assert "65,536" not in text  # the state, which is not counted


def test_the_kept_loops_ran_on_every_backend_with_one_result():
    text = printed(nbformat.read(FOLDER / "training_loops.ipynb", as_version=4))
    assert "not installed" not in text
    lines = re.findall(r"^  (?:fit|unpacked|own) +(\d.*)$", text, re.MULTILINE)
    assert len(lines) == 9
    losses = [[float(loss) for loss in line.split()] for line in lines]
    for other in losses:
        assert other == pytest.approx(losses[0], rel=1e-4)


def test_a_path_of_a_machine_would_be_found():
    assert PATH.search("saved to /home/somebody/run")
    assert PATH.search("'/tmp/x1/run'")
    assert not PATH.search("../docs/results.md and charloom/training/loops, nats/char")
