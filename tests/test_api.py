"""Training and loading from Python: progress, history, and what ``save`` writes."""

from __future__ import annotations

import sys

import pytest

from charloom import NameCorpus, NameModel, Run, TextCorpus, TextModel, load, train
from charloom.errors import GenerationError

SETTINGS = {"units": 8, "embedding": 4, "batch_size": 16, "epochs": 2, "seed": 3}
KINDS = ["network", "mixture", "ngram"]


@pytest.fixture(scope="module")
def names() -> NameCorpus:
    return NameCorpus.of(a + b + c for a in "bdgk" for b in "aeiou" for c in ("l", "n", "rin", "t"))


@pytest.fixture(scope="module")
def text() -> TextCorpus:
    return TextCorpus.of("the loom weaves and the thread is tied again\n" * 60)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_is_the_trained_one_when_it_is_loaded(names, tmp_path, kind):
    model = train(names, kind=kind, canaries=2, **SETTINGS)
    model.save(tmp_path / "run")
    loaded = load(tmp_path / "run")
    assert isinstance(model, NameModel) and isinstance(loaded, NameModel)
    assert loaded.names(20, seed=5) == model.names(20, seed=5)
    assert loaded.training_set == model.training_set
    assert loaded.training_set > set(names.names)  # with the canaries
    assert (loaded.longest, loaded.labels) == (model.longest, model.labels)
    assert list(loaded.history) == list(model.history)
    run = Run.open(tmp_path / "run")
    assert {*run.train_names, *run.held_out_names} == set(names.names)
    assert run.held_out_names and run.facts.train_size == len(run.train_names)


@pytest.mark.slow
def test_what_save_writes_is_what_training_writes(names, tmp_path):
    model = train(names, kind="network", out=tmp_path / "trained", **SETTINGS)
    model.save(tmp_path / "saved")
    trained, saved = Run.open(tmp_path / "trained"), Run.open(tmp_path / "saved")
    assert saved.digest == trained.digest
    assert [entry["epoch"] for entry in saved.history] == [1, 2]
    assert saved.history == trained.history
    assert saved.training_set == trained.training_set
    assert saved.held_out_names == trained.held_out_names


@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["network", "ngram"])
def test_a_model_of_text_is_saved_with_its_held_out_text(text, tmp_path, kind):
    model = train(text, kind=kind, window=8, **SETTINGS)
    model.save(tmp_path / "run")
    loaded = load(tmp_path / "run")
    assert isinstance(model, TextModel) and isinstance(loaded, TextModel)
    assert loaded.text(50, seed=5) == model.text(50, seed=5)
    assert list(loaded.history) == list(model.history) != []
    assert Run.open(tmp_path / "run").held_out_text


def test_without_the_training_list_no_name_is_called_new(names, tmp_path):
    train(names, kind="ngram", held_out=0.1, out=tmp_path, seed=3)
    (tmp_path / "train_names.txt").unlink()
    assert Run.open(tmp_path).held_out_names
    model = load(tmp_path)
    assert model.training_set is None
    with pytest.raises(GenerationError, match="new names need a training list to differ from"):
        model.names(5)


def test_an_ngram_that_is_fitted_already_is_returned_as_it_is(names, tmp_path):
    first = train(names, kind="ngram", out=tmp_path, seed=3)
    again = train(names, kind="ngram", out=tmp_path, seed=3, resume=True)
    assert list(again.history) == list(first.history)
    assert again.names(5, seed=1) == first.names(5, seed=1)


@pytest.mark.slow
def test_progress_is_shown_on_stderr_if_it_is_asked_for(names, capsys):
    shown = train(names, kind="network", progress=True, **SETTINGS)
    output = capsys.readouterr()
    assert not output.out
    assert "72 to train on, 8 held out" in output.err
    silent = train(names, kind="network", progress=False, **SETTINGS)
    assert capsys.readouterr() == ("", "")
    assert silent.names(5, seed=1) == shown.names(5, seed=1)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_in_a_terminal_only(names, capsys, monkeypatch, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    train(names, kind="ngram")
    assert bool(capsys.readouterr().err) == terminal


def test_progress_is_shown_in_a_notebook(names, monkeypatch):
    displays = pytest.importorskip("IPython.display")

    class ZMQInteractiveShell:
        pass

    shown = []
    monkeypatch.setattr("IPython.get_ipython", ZMQInteractiveShell)
    monkeypatch.setattr(displays, "display", lambda *objects, **_: shown.extend(objects))
    train(names, kind="ngram")
    assert shown
