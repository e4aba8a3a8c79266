"""``--to onnx``: a step in ONNX Runtime gives the logits of NumPy."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import charloom
from charloom import NameCorpus, Run, TextCorpus
from charloom.config import ModelConfig
from charloom.data.tokens import Tokens
from charloom.data.vocabulary import Vocabulary
from charloom.export import export
from charloom.models.factory import recurrence
from charloom.models.log_linear import EXPONENTS
from charloom.models.rnn.shapes import weight_shapes
from helpers.run_folders import toy

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from charloom.export.onnx import ngram, onnx_model  # noqa: E402  # they need onnx

TESTS = Path(__file__).parents[1]
FROZEN = sorted(path.parent.name for path in (TESTS / "frozen").glob("*/outputs.json"))
PAGE = TESTS.parent / "docs" / "export.md"
TYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64}
ROWS, STEPS = 23, 25


def run_of(saved) -> Run:
    return Run(Path("run"), saved)


def session_of(run):
    model = onnx_model(run)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString())


def feeds_of(session, rows):
    return {i.name: np.zeros((rows, *i.shape[1:]), TYPES[i.type]) for i in session.get_inputs()}


def log_softmax(logits):
    logits = logits - logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits.astype(float)).sum(axis=1, keepdims=True))


def check(run, model=None, **fixed):
    """Read strings, mostly the model's own, and compare every logit on the way."""
    model = model or recurrence(run.config, run.weights)
    session, rng = session_of(run), np.random.default_rng(0)
    names = [output.name for output in session.get_outputs()]
    feeds, carry = feeds_of(session, ROWS), model.initial_carry(ROWS)
    feeds |= {name: np.full(ROWS, value) for name, value in fixed.items()}
    for _ in range(STEPS):
        logits, carry = model.step(feeds["ids"], carry.copy())
        found = dict(zip(names, session.run(None, feeds), strict=True))
        ours, theirs = log_softmax(logits), log_softmax(found.pop("logits"))
        np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(np.exp(theirs), np.exp(ours), rtol=0, atol=1e-5)
        feeds |= {name.removesuffix("_after"): carried for name, carried in found.items()}
        likely = (ours + rng.gumbel(size=ours.shape)).argmax(axis=1)
        any_id = rng.integers(run.vocabulary.size, size=ROWS)
        feeds["ids"] = np.where(rng.random(ROWS) < 0.9, likely, any_id)


@pytest.fixture(scope="module")
def fitted():
    """A fitted n-gram of names of several scripts."""
    parts = ("BDg", ("a", "ei", "ou"), "lnr", ("a", "é-", "i "), ("ns", "K", ""))
    names = NameCorpus.of("".join(p) for p in itertools.product(*parts))
    return charloom.train(names, kind="ngram", seed=1).saved


def network_weights(config, size, seed=0):
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config, size)
    return {n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}


@pytest.mark.parametrize("kind", FROZEN)
def test_every_frozen_run(kind):
    check(Run.open(TESTS / "frozen" / kind / "run"))


@pytest.mark.parametrize("kind", ["ngram", "mixture", "text_mixture"])
@pytest.mark.parametrize("table_bytes", [0, 2000])
def test_contexts_that_are_in_no_table(kind, table_bytes, monkeypatch):
    monkeypatch.setattr(ngram, "TABLE_BYTES", table_bytes)
    check(Run.open(TESTS / "frozen" / kind / "run"))


@pytest.mark.parametrize("table_bytes", [0, 2000, 1 << 19])
def test_a_fitted_n_gram(fitted, table_bytes, monkeypatch):
    monkeypatch.setattr(ngram, "TABLE_BYTES", table_bytes)
    check(run_of(fitted))


def test_a_fitted_n_gram_without_sparse_contexts(fitted):
    none = {"keys": 0, "firsts": 1, "ids": 0, "counts": 0}
    cut = {f"ngram.{name}": fitted.weights[f"ngram.{name}"][:n] for name, n in none.items()}
    check(run_of(replace(fitted, weights={**fitted.weights, **cut})))


@pytest.mark.parametrize(
    "exponents", [[0.6, 0.7], [[0.6, 0.1, -0.2, 0.1], [0.7, -0.5, 0.3, 0.2], [0, 2, 0.4, 0.3]]]
)
def test_a_log_linear_mixture(fitted, exponents):
    config = ModelConfig(cell="lstm", units=5, embedding=4, kind="mixture", smoothing="fitted")
    weights = network_weights(config.network_part(), fitted.vocabulary.size)
    both = {
        EXPONENTS: np.array(exponents, np.float32),
        "ngram.weights": np.append(fitted.weights["ngram.weights"][:11], np.float32([0.2, 0.3])),
    }
    weights = {**weights, **fitted.weights, **both}
    check(run_of(replace(fitted, config=config, weights=weights)))


@pytest.mark.parametrize("kind", ["unigram", "uniform"])
def test_a_baseline(kind):
    check(run_of(charloom.train(["Ann", "Anna", "Hanna", "Bea"], kind=kind).saved))


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("layers", [1, 3])
def test_a_network(cell, layers):
    check(run_of(toy(config=ModelConfig(cell=cell, units=4, embedding=3, layers=layers))))


def test_labels_are_an_input():
    run = Run.open(TESTS / "frozen" / "labels" / "run")
    model = recurrence(run.config, run.weights)
    for label in range(run.config.labels):
        check(run, model.labelled(label), labels=label + 1)


def test_the_metadata_say_what_the_ids_are():
    unit = Tokens(("ab",))
    vocabulary = Vocabulary(("ab", "c"), unit, True)
    run = run_of(toy(vocabulary=vocabulary, train_names=None, held_out_names=None))
    known = {p.key: p.value for p in onnx_model(run).metadata_props}
    assert json.loads(known["vocabulary"]) == ["", "ab", "c", ""]
    assert json.loads(known["boundary"]) == 0
    assert json.loads(known["unknown"]) == 3
    assert json.loads(known["unit"]) == "token"
    assert json.loads(known["tokens"]) == ["ab"]
    assert known["digest"] == run.digest
    assert json.loads(known["begin"]) is True


def test_the_file_is_the_same_each_time_and_holds_no_names(tmp_path):
    run = Run.open(TESTS / "frozen" / "mixture" / "run")
    files = [tmp_path / "a.onnx", tmp_path / "b.onnx"]
    for file in files:
        assert export(run, "onnx", file).size == file.stat().st_size
    data = files[0].read_bytes()
    assert data == files[1].read_bytes()
    assert not any(name.encode() in data for name in run.training_set if len(name) > 4)


# What is refused


def refused(call, *arguments):
    code, out, err = call("export", *arguments)
    assert (code, out) != (0, "")
    assert len(err.splitlines()) == 1
    return code, err


@pytest.mark.parametrize(("characters", "most"), [(100, 2048), (9, 2048), (100, 5)])
def test_a_model_that_adapts_to_recent_text(characters, most, monkeypatch):
    for module in ("charloom.models.recent", "charloom.export.onnx.recent"):
        monkeypatch.setattr(f"{module}.MOST_ALIKE", most)
    text = TextCorpus.of("Anna met Otto at noon. Otto met Anna at the old mill. " * 40)
    saved = charloom.train(text, kind="ngram", smoothing="fitted", recent=characters).saved
    check(run_of(saved))


def test_a_missing_package_is_named(call, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    run, out = TESTS / "frozen" / "ngram" / "run", tmp_path / "a.onnx"
    code, err = refused(call, run, "--to", "onnx", "--out", out)
    assert code == 2
    assert "pip install 'charloom[onnx]'" in err
    assert not out.exists()


def test_a_model_that_is_too_large_for_the_format_is_refused(call, monkeypatch, tmp_path):
    monkeypatch.setattr("charloom.export.onnx.MOST_BYTES", 1000)
    run = TESTS / "frozen" / "ngram" / "run"
    code, err = refused(call, run, "--to", "onnx", "--out", tmp_path / "a.onnx")
    assert code == 2
    assert "export it to huggingface" in err


# The page


def test_the_examples_of_the_page_run_and_give_the_names_of_charloom(
    call, tmp_path, monkeypatch, capsys
):
    plain, same = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[:2]
    monkeypatch.chdir(tmp_path)
    shutil.copytree(TESTS / "frozen" / "mixture" / "run", "runs/towns")
    code, _, err = call("export", "runs/towns", "--to", "onnx", "--out", "towns.onnx")
    assert code == 0, err
    exec(plain, {})
    names = capsys.readouterr().out.splitlines()
    assert len(names) == 10
    assert all(set(name) <= set(Run.open("runs/towns").vocabulary.characters) for name in names)
    exec(same, {})
    names = capsys.readouterr().out
    assert names == call("generate", "runs/towns", "--seed", 1)[1]
