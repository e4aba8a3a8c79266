"""The tutorial's route through Keras runs as a script, and stands in the notebook cell by cell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from charloom import NameCorpus
from charloom.training.engines.factory import backend_name

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "keras_tutorial.py"


@pytest.fixture(scope="module")
def printed():
    """What the script prints with a small model, on the backend that the tests run on."""
    environment = os.environ | {
        "CHARLOOM_NOTEBOOK": "quick",
        "KERAS_BACKEND": backend_name(),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    environment.pop("CHARLOOM_NAMES", None)
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=SCRIPT.parent,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def losses(pattern, printed):
    return [float(loss) for loss in re.findall(pattern, printed, re.MULTILINE)]


@pytest.mark.slow
def test_the_data_has_the_tutorials_shapes(printed):
    names = NameCorpus.builtin(repeats=True).names
    assert f"{len(vocabulary(names))} of them unique, in {len(names):,} names" in printed
    assert "inputs (64, 23) targets (64, 23)" in printed
    if backend_name() == "tensorflow":
        assert printed.count("TensorSpec(shape=(64, 23), dtype=tf.int32") == 2


@pytest.mark.slow
def test_the_untrained_model_finds_every_character_as_likely(printed):
    size = len(vocabulary(NameCorpus.builtin().names))
    assert f"logits (64, 23, {size})" in printed
    (loss,) = losses(r"logits \(.*\) loss (\S+)", printed)
    assert loss == pytest.approx(3.97, abs=0.03)
    (sampled,) = re.findall(r"^sampled ['\"](.*)['\"]$", printed, re.MULTILINE)
    assert len(sampled.replace("\\n", " ")) == 23


@pytest.mark.slow
def test_fit_learns_and_the_latest_weights_move_to_batch_size_1(printed):
    epochs = losses(r"- loss: (\S+)", printed)
    assert len(epochs) == 3
    assert epochs[-1] < epochs[0] - 0.5
    assert "loaded ckpt_3.weights.h5" in printed
    counts = re.findall(r"Total params: ([\d,]+)", printed)
    assert len(counts) == 2
    assert counts[0] == counts[1]
    assert len(re.findall(r"Non-trainable params: 0 ", printed)) == 2
    assert "(64, None, 64)" in printed and "(1, None, 64)" in printed


@pytest.mark.slow
def test_names_continue_the_start(printed):
    assert len(re.findall(r"^Ram\w*$", printed, re.MULTILINE)) == 5


@pytest.mark.slow
def test_the_unpacked_loop_learns_as_well_and_saves_every_fifth_epoch(printed):
    fit, unpacked = losses(r"- loss: (\S+)", printed), losses(r"^Epoch \d+ Loss (\S+),", printed)
    assert len(unpacked) == 5
    assert unpacked[2] == pytest.approx(fit[2], rel=0.1)
    assert "saved: unpacked_5.weights.h5" in printed


def vocabulary(names):
    return {"\n"}.union(*names)


def cells_of(script):
    """The cells of a script, as pairs of kind and source: comments are the text of markdown."""
    _, *parts = re.split(r"^# %%(.*)\n", script, flags=re.MULTILINE)
    found = []
    for kind, body in zip(parts[::2], parts[1::2], strict=True):
        lines = body.strip("\n").split("\n")
        if "markdown" in kind:
            text = [line.removeprefix("#").removeprefix(" ") for line in lines]
            found.append(("markdown", "\n".join(text)))
        else:
            found.append(("code", "\n".join(lines)))
    return found


def test_the_notebook_has_the_scripts_cells_in_order():
    nbformat = pytest.importorskip("nbformat", reason="needs the dev extra, charloom[dev]")
    notebook = nbformat.read(ROOT / "notebooks" / "tutorial.ipynb", as_version=4)
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells]
    expected = cells_of(SCRIPT.read_text("utf-8"))
    first = cells.index(expected[0])
    assert cells[first : first + len(expected)] == expected
