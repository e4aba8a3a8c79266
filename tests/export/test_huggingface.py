"""``--to huggingface``: a folder for the Hub, and models by their names there."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from charloom import Run, load
from charloom.errors import RunError
from charloom.export import export
from charloom.reporting import gathered
from charloom.run import save_model
from helpers.run_folders import save_toy

FROZEN = Path(__file__).parents[1] / "frozen"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def few_samples():
    """The card's measures are computed from few samples, which takes less time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathered, "SAMPLES", {"names": 60, "text": 200})
        yield


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Folders of the network of names, with and without its names."""
    run, place = Run.open(FROZEN / "network" / "run"), tmp_path_factory.mktemp("hub")
    with few_samples():
        for names, folder in ((True, "whole"), (False, "bare")):
            done = export(run, "huggingface", place / folder, names=names)
            assert "license" in done.notes[0]
    return place


def test_the_folder_is_the_run_with_a_card_and_a_config(exported):
    files = {path.name for path in (exported / "whole").iterdir()}
    assert files >= {"README.md", "config.json", "model.json", "model.safetensors"}
    run, original = Run.open(exported / "whole"), Run.open(FROZEN / "network" / "run")
    assert run.digest == original.digest
    assert run.training_set == original.training_set
    config = json.loads((exported / "whole" / "config.json").read_text("utf-8"))
    assert config["model_type"] == "charloom"
    assert config["units"] == run.config.units
    assert config["characters"] == list(run.vocabulary.characters)


def test_the_card_names_the_library_and_leaves_the_license_open(exported):
    card = (exported / "whole" / "README.md").read_text("utf-8")
    assert card.startswith("---\nlibrary_name: charloom\n")
    assert "\nlicense:" not in card
    assert "Not chosen yet" in card
    assert 'charloom.load("OWNER/whole")' in card


def test_it_generates_what_the_run_generates(exported):
    theirs = load(FROZEN / "network" / "run").names(5, seed=1)
    assert load(exported / "whole").names(5, seed=1) == theirs


def test_without_names_none_is_left_and_the_card_says_how_to_generate(exported):
    run = Run.open(FROZEN / "network" / "run")
    names = {*run.training_set, *run.held_out_names}
    for path in (exported / "bare").iterdir():
        words = {line.strip() for line in path.read_bytes().decode("utf-8", "replace").split("\n")}
        assert not {name for name in names if len(name) > 4} & words
    assert {"train_names.txt", "held_out_names.txt"}.isdisjoint(
        path.name for path in (exported / "bare").iterdir()
    )
    card = (exported / "bare" / "README.md").read_text("utf-8")
    assert "charloom generate bare -n 20 --allow-known" in card
    assert "names.txt" not in card
    bare = load(exported / "bare")
    assert bare.names(5, seed=1, allow_known=True) == load(run).names(5, seed=1, allow_known=True)


def test_what_was_measured_comes_along_where_the_network_was_refitted(tmp_path):
    run, out = tmp_path / "run", tmp_path / "out"
    save_toy(run, facts={"refit": {"network": {"names": 5, "steps": 9}}})
    save_toy(run / "measured", seed=1)
    for names in (True, False):
        with few_samples():
            export(Run.open(run), "huggingface", out / str(names), names=names)
        found = Run.open(out / str(names)).measured
        assert found.digest == Run.open(run / "measured").digest
        assert (found.training_set is not None) == names


def test_of_text_neither_the_held_out_part_nor_its_file_is_named(tmp_path):
    run = Run.open(FROZEN / "text" / "run")
    assert run.held_out_text
    assert run.facts.corpus["sources"] == ["text.txt"]
    with few_samples():
        export(run, "huggingface", tmp_path, names=False)
    assert not Run.open(tmp_path).held_out_text
    for path in tmp_path.iterdir():
        assert b"text.txt" not in path.read_bytes()


def test_a_folder_that_holds_something_is_not_written_to(call, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    arguments = ("export", FROZEN / "ngram" / "run", "--to", "huggingface", "--out", tmp_path)
    code, out, err = call(*arguments)
    assert (code, out) == (1, "")
    assert "must be empty or new" in err
    assert len(err.splitlines()) == 1
    with few_samples():
        assert call(*arguments, "--force")[0] == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"


# Models of the Hub


@pytest.fixture
def cached(exported, tmp_path, monkeypatch):
    """A cache of the Hub with one model, as huggingface_hub lays it out; there is no network."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    place = tmp_path / "models--somebody--towns"
    for part in ("blobs", "refs", f"snapshots/{COMMIT}"):
        (place / part).mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    for path in (exported / "whole").iterdir():
        shutil.copy(path, place / "blobs" / f"blob-of-{path.name}")
        (place / "snapshots" / COMMIT / path.name).symlink_to(f"../../blobs/blob-of-{path.name}")
    monkeypatch.chdir(tmp_path)
    return place


def test_a_model_of_the_hub_is_loaded_by_its_name(cached, exported):
    assert load("somebody/towns").names(3, seed=2) == load(exported / "whole").names(3, seed=2)


def test_a_local_folder_comes_first(cached, tmp_path):
    (tmp_path / "somebody").mkdir()
    with pytest.raises(RunError, match="is no folder"):
        load("somebody/towns")
    save_model(tmp_path / "somebody" / "towns", Run.open(FROZEN / "ngram" / "run").saved)
    assert load("somebody/towns").rnn.config.kind == "ngram"


def one_line(call) -> str:
    with pytest.raises(RunError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_name_that_the_hub_does_not_have_is_one_line(cached):
    assert "by this name" in one_line(lambda: load("somebody/rivers"))


def test_a_damaged_copy_is_one_line(cached):
    blob = cached / "blobs" / "blob-of-model.safetensors"
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    assert "sha256" in one_line(lambda: load("somebody/towns"))


def test_a_foreign_model_is_one_line(cached):
    (cached / "blobs" / "blob-of-model.json").write_text('{"format": "another"}')
    assert "is no charloom model" in one_line(lambda: load("somebody/towns"))


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "pip install 'charloom[hub]'" in one_line(lambda: load("somebody/towns"))
    assert "is no folder" in one_line(lambda: load("somebody"))
