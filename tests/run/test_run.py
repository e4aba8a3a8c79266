"""A run folder is opened, verified and read once, and says what is sound of its facts."""

from __future__ import annotations

import pytest

from charloom import Run, load
from charloom.errors import RunError
from charloom.run import EPOCHS, save_model
from charloom.run.facts import Facts
from charloom.storage import disk
from helpers.run_folders import forge, toy
from helpers.text_runs import save_text_run


def reads_of_weights(monkeypatch) -> list[str]:
    found: list[str] = []
    read = disk.read

    def counted(path, limit):
        if path.name.startswith("model.safetensors"):
            found.append(path.name)
        return read(path, limit)

    monkeypatch.setattr(disk, "read", counted)
    return found


def test_opening_and_loading_reads_the_weights_once(folder, monkeypatch):
    reads = reads_of_weights(monkeypatch)
    run = Run.open(folder)
    model = load(run)
    assert run.digest == Run(run.path, run.saved).digest
    assert model.vocabulary == run.vocabulary and list(run.held_out_names) == ["ß"]
    assert reads.count("model.safetensors") == 1


def test_a_run_of_names_has_names_and_one_of_text_has_text(folder, tmp_path):
    names, text = Run.open(folder), Run.open(save_text_run(tmp_path / "text"))
    assert (names.data_kind, text.data_kind) == ("names", "text")
    assert names.held_out_text == "" and list(text.held_out_names) == []
    assert text.held_out_text
    assert repr(names).startswith("Run(") and "network of names" in repr(names)
    with pytest.raises(RunError, match="no held-out text"):
        names.need_held_out_text()
    with pytest.raises(RunError, match="no held-out names"):
        text.need_held_out_names()


def test_the_digest_stands_for_the_model_and_not_for_its_facts(tmp_path):
    def digest(name, *arguments, **changes):
        save_model(tmp_path / name, toy(*arguments, **changes))
        return Run.open(tmp_path / name).digest

    first = digest("a")
    assert first == digest("b", facts={"other": 1}) != digest("c", 1)
    assert len(bytes.fromhex(first)) == 32


def test_facts_that_are_not_sound_are_left_out(folder):
    facts = {
        "created": 5, "corpus": ["no"], "train_names": -1, "held_out_names": True, "longest": 2**60,
        "canaries": "abc", "training": None, "history": [1, {"epoch": 1}], "seconds": "long",
    }  # fmt: skip
    forge(folder / "model.json", lambda fields: fields.update(facts=facts))
    run = Run.open(folder)
    assert run.facts == Facts(history=[{"epoch": 1}])
    assert load(run).longest == 50


def test_canaries_are_not_among_the_real_training_names(tmp_path):
    saved = toy(facts={"canaries": ["ßßa"]}, train_names=("aß", "ßßa"))
    save_model(tmp_path / "run", saved)
    run = Run.open(tmp_path / "run")
    assert list(run.training_set or ()) == ["aß", "ßßa"] and list(run.train_names) == ["aß"]


def test_epochs_come_in_their_order(folder):
    for number in ("010", "002", "x"):
        (folder / EPOCHS / number).mkdir(parents=True)
    assert [path.name for path in Run.open(folder).epochs] == ["002", "010"]
    assert Run.open(folder).checkpoints == ()
