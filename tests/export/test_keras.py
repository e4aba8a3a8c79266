"""``--to keras``: the network in Keras' own layers, and as a SavedModel."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charloom import Run
from charloom.config import ModelConfig
from charloom.errors import ConfigError
from charloom.export import export
from charloom.models.factory import recurrence
from charloom.run import save_model
from helpers.run_folders import toy

FROZEN = Path(__file__).parents[1] / "frozen"
NETWORKS = ["labels", "mixture", "network", "text", "text_mixture", "tutorial"]

if importlib.util.find_spec("keras") is None:
    pytest.skip("needs Keras", allow_module_level=True)

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs charloom[tensorflow]"
)


def run_of(config: ModelConfig) -> Run:
    names = [f"label {number}" for number in range(config.labels)]
    return Run(Path("run"), toy(config=config, labels=tuple(names)))


def ids_of(run, rows=5, length=12):
    ids = np.random.default_rng(1).integers(run.vocabulary.size, size=(rows, length))
    ids[:, 0] = 0
    return ids.astype(np.int32)


def expected(run, ids, labels=None):
    """The logits of NumPy, (B, T, V), and the last carry."""
    model = recurrence(run.config.network_part(), network(run))
    found = []
    for row in range(len(ids)):
        one = model if labels is None or not labels[row] else model.labelled(labels[row] - 1)
        carry, logits = one.initial_carry(1), []
        for number in ids[row]:
            step, carry = one.step(np.array([number]), carry.copy())
            logits.append(step[0].copy())
        found.append((np.stack(logits), carry[:, 0].ravel()))
    return tuple(np.stack(part) for part in zip(*found, strict=True))


def network(run):
    others = ("ngram.", "mixture.", "recent.")
    return {name: array for name, array in run.weights.items() if not name.startswith(others)}


FOREIGN = """
import sys
sys.modules["charloom"] = None
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
inputs = [np.load(path) for path in sys.argv[3:]]
np.save(sys.argv[2], keras.ops.convert_to_numpy(model(inputs if len(inputs) > 1 else inputs[0])))
"""


def by_keras_alone(file, folder, *inputs):
    """The logits of a process that has Keras and not charloom."""
    paths = [folder / f"in{number}.npy" for number in range(len(inputs))]
    for path, array in zip(paths, inputs, strict=True):
        np.save(path, array)
    arguments = [file, folder / "out.npy", *paths]
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN, *map(str, arguments)],
        capture_output=True, text=True, timeout=300, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return np.load(folder / "out.npy")


def check_alone(run, folder):
    file = folder / "model.keras"
    done = export(run, "keras", file)
    assert done.size == file.stat().st_size
    ids = ids_of(run)
    labels = np.arange(len(ids), dtype=np.int32) % (run.config.labels + 1)
    inputs = (ids, labels) if run.config.labels else (ids,)
    logits, _ = expected(run, *inputs)
    np.testing.assert_allclose(by_keras_alone(file, folder, *inputs), logits, atol=1e-5)


@pytest.mark.heavy
@pytest.mark.slow
def test_the_file_needs_keras_alone(tmp_path):
    check_alone(Run.open(FROZEN / "labels" / "run"), tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", NETWORKS)
def test_every_frozen_network(kind, tmp_path):
    check_alone(Run.open(FROZEN / kind / "run"), tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_every_cell_in_two_layers(cell, tmp_path):
    config = ModelConfig(cell=cell, units=4, embedding=3, layers=2, labels=2)
    check_alone(run_of(config), tmp_path)


@pytest.mark.slow
def test_the_command_says_that_a_mixtures_network_is_exported(call, tmp_path):
    arguments = ("export", FROZEN / "mixture" / "run", "--to", "keras")
    code, out, err = call(*arguments, "--out", tmp_path / "a.keras")
    assert (code, out) == (0, "")
    # pytest has DeprecationWarnings of Keras shown
    said, written = [line for line in err.splitlines() if not line.startswith("warning: ")]
    assert said.startswith("Only the network of this mixture is exported")
    assert written.startswith("Written to")


def test_an_n_gram_is_refused_and_nothing_is_written(call, tmp_path):
    for out in (tmp_path / "a.keras", tmp_path / "folder"):
        code, _, err = call("export", FROZEN / "ngram" / "run", "--to", "keras", "--out", out)
        assert code == 2
        assert "an n-gram has no layers" in err
        assert len(err.splitlines()) == 1
        assert not out.exists()


@pytest.mark.parametrize(
    ("out", "missing", "remedy"),
    [("a.keras", "keras", "pip install keras"), ("a", "tensorflow", r"charloom\[tensorflow\]")],
)
def test_a_missing_package_is_named(out, missing, remedy, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigError, match=remedy):
        export(Run.open(FROZEN / "network" / "run"), "keras", tmp_path / out)
    assert not (tmp_path / out).exists()


@pytest.mark.slow
def test_the_example_of_the_page_runs(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text("utf-8")
    code = next(c for c in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "keras" in c)
    run = Run.open(FROZEN / "network" / "run")
    export(run, "keras", tmp_path / "towns.keras")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert capsys.readouterr().out == f"(1, 1, {run.vocabulary.size})\n"


# SavedModels


def check_saved_model(run, folder):
    import tensorflow as tf

    export(run, "keras", folder)
    signatures = tf.saved_model.load(str(folder)).signatures
    assert {"step", "sequences", "serving_default"} <= set(signatures)
    ids = ids_of(run)
    labels = np.arange(len(ids), dtype=np.int32) % (run.config.labels + 1)
    more = {"labels": tf.constant(labels)} if run.config.labels else {}
    logits, carry = expected(run, ids, labels if more else None)
    found = signatures["sequences"](ids=tf.constant(ids), **more)["logits"]
    np.testing.assert_allclose(found, logits, atol=1e-5)
    hidden = tf.zeros((len(ids), carry.shape[1]))
    for place in range(ids.shape[1]):
        found = signatures["step"](ids=tf.constant(ids[:, place]), hidden=hidden, **more)
        np.testing.assert_allclose(found["logits"], logits[:, place], atol=1e-5)
        hidden = found["hidden_after"]
    np.testing.assert_allclose(hidden, carry, atol=1e-5)


@needs_tensorflow
@pytest.mark.heavy
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_saved_model_of_every_frozen_network(kind, tmp_path):
    check_saved_model(Run.open(FROZEN / kind / "run"), tmp_path / "saved")


@needs_tensorflow
@pytest.mark.heavy
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_a_saved_model_of_every_cell_in_two_layers(cell, tmp_path):
    config = ModelConfig(cell=cell, units=4, embedding=3, layers=2)
    check_saved_model(run_of(config), tmp_path / "saved")


@needs_tensorflow
@pytest.mark.heavy
def test_a_saved_model_does_not_go_to_a_folder_in_use(call, tmp_path):
    save_model(tmp_path / "run", toy())
    code, _, err = call("export", tmp_path / "run", "--to", "keras", "--out", tmp_path / "run")
    assert code == 1
    assert "must be empty or new" in err.splitlines()[-1]
    Run.open(tmp_path / "run")
