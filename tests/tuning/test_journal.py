"""The journal of a search: it resumes what it holds, and refuses what is not its own."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import pytest

from charloom.data.names import NameCorpus
from charloom.errors import ConfigError, RunError
from charloom.tuning import TrainingProgress, tune
from helpers.searches import FIXED, searched

optuna = pytest.importorskip("optuna")


def test_a_resumed_search_proposes_what_an_uninterrupted_one_would(toy, world, tmp_path):
    world()
    whole, _, _ = searched(toy, journal=tmp_path / "whole")
    first, _, _ = searched(toy, journal=tmp_path / "parts", trials=5)
    second, tuned, events = searched(toy, journal=tmp_path / "parts")
    assert events[0].finished_trials == 5
    assert [t.settings for t in first + second] == [t.settings for t in whole]
    _, again, _ = searched(toy, journal=tmp_path / "parts")
    assert again.trials == 12 and again.settings == tuned.settings


def test_a_partial_last_line_and_an_unfinished_trial_do_not_matter(toy, world, tmp_path):
    world()
    journal = tmp_path / "j"
    searched(toy, journal=journal, trials=4)
    before = journal.read_bytes()
    events = tune(toy, trials=9, folds=3, fixed=FIXED, journal=journal)
    for event in events:
        if isinstance(event, TrainingProgress):  # a trial is running: here the process is killed
            break
    torn = journal.read_bytes() + b'{"op_code": 4, "worke'
    events.close()
    assert torn.startswith(before)
    journal.write_bytes(torn)
    tried, tuned, events = searched(toy, journal=journal, trials=6)
    assert events[0].finished_trials == 4 and len(tried) == 2 and tuned.trials == 6


@pytest.mark.parametrize("cut", [1, 7, 40, 0.3, 0.6])
def test_a_journal_cut_anywhere_is_resumed_or_refused_in_one_line(toy, world, cut, tmp_path):
    world()
    searched(toy, journal=tmp_path / "j", trials=4)
    data = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(data[: cut if cut >= 1 else int(cut * len(data))])
    _, tuned, _ = searched(toy, journal=tmp_path / "j", trials=5)
    assert tuned.trials == 5


@pytest.mark.parametrize(
    "data", [b"names\n", b"[1]\n", b'{"op_code": 0}\n', b'{"op_code": 99}\n', b"\0\0\n\xff\n"]
)
def test_a_file_that_is_not_a_journal_is_refused_in_one_line(toy, world, data, tmp_path):
    world()
    (tmp_path / "j").write_bytes(data)
    with pytest.raises(RunError, match=r"journal.*--force") as caught:
        searched(toy, journal=tmp_path / "j")
    assert str(caught.value).isprintable()
    assert (tmp_path / "j").read_bytes() == data
    assert searched(toy, journal=tmp_path / "j", force=True)[1].trials == 12


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"folds": 2}, "another number of folds (folds 3; now 2)"),
        ({"seed": 5}, "another seed (seed 0; now 5)"),
        ({"fixed": FIXED | {"units": 64}}, "other fixed settings"),
    ],
)
def test_a_journal_of_another_search_is_refused(toy, world, changes, said, tmp_path):
    world()
    searched(toy, journal=tmp_path / "j", trials=2)
    with pytest.raises(RunError) as caught:
        searched(toy, journal=tmp_path / "j", **changes)
    assert said in str(caught.value)


def test_a_journal_of_0_1_0_is_refused_and_not_changed(toy, world, tmp_path):
    world()
    journal, old = tmp_path / "j", (Path(__file__).parent / "journal_0.1.0").read_bytes()
    for content in (old, old + b'{"op_code":4,"wor'):  # whole, or killed while it was written
        journal.write_bytes(content)
        with pytest.raises(RunError, match=r"another version.*format 1; now 2.*--force"):
            searched(toy, journal=journal)
        assert journal.read_bytes() == content
    assert searched(toy, journal=journal, force=True)[1].trials == 12


def test_a_refused_journal_is_not_changed(toy, world, tmp_path):
    world()
    searched(toy, journal=tmp_path / "j", trials=2)
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(RunError, match="another seed"):
        searched(toy, journal=tmp_path / "j", seed=5)
    assert (tmp_path / "j").read_bytes() == before
    optuna.create_study(study_name="theirs", storage=storage_in(tmp_path / "theirs"))
    before = (tmp_path / "theirs").read_bytes()
    with pytest.raises(RunError, match="not the journal of a search"):
        searched(toy, journal=tmp_path / "theirs")
    assert (tmp_path / "theirs").read_bytes() == before


def storage_in(path):
    backend = optuna.storages.journal.JournalFileBackend(str(path))
    return optuna.storages.JournalStorage(backend)


def test_a_journal_of_another_corpus_is_refused(toy, world, tmp_path):
    world()
    searched(toy, journal=tmp_path / "j", trials=2)
    with pytest.raises(RunError, match="another corpus"):
        searched(NameCorpus.of(toy.names[:-1]), journal=tmp_path / "j")


def test_a_full_disk_ends_a_search_in_one_line_and_keeps_its_journal(
    toy, world, tmp_path, monkeypatch
):
    from optuna.storages.journal import JournalFileBackend

    world()
    write, count = JournalFileBackend.append_logs, itertools.count()

    def full(self, logs):
        if next(count) > 150:
            with (tmp_path / "j").open("ab") as file:
                file.write(b'{"op_code":8,')  # what the disk had space for
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, logs)

    monkeypatch.setattr(JournalFileBackend, "append_logs", full)
    with pytest.raises(RunError, match=r"j cannot be written: No space left.*free some space"):
        searched(toy, journal=tmp_path / "j", trials=50)
    monkeypatch.setattr(JournalFileBackend, "append_logs", write)
    _, tuned, events = searched(toy, journal=tmp_path / "j", trials=20)
    assert events[0].finished_trials >= 1 and tuned.trials == 20


def test_two_searches_do_not_share_a_journal(toy, world, tmp_path):
    world()
    one = tune(toy, trials=3, folds=3, fixed=FIXED, journal=tmp_path / "j")
    next(one)
    with pytest.raises(RunError, match="in use by another search"):
        searched(toy, journal=tmp_path / "j")
    one.close()
    searched(toy, journal=tmp_path / "j", trials=3)
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


def test_an_error_of_a_training_is_not_reported_as_one_of_the_journal(toy, world, tmp_path):
    def loss(split, model, training):
        raise ConfigError("a rule of its own")

    world(loss=loss)
    with pytest.raises(ConfigError, match="a rule of its own"):
        searched(toy, journal=tmp_path / "j")
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="must be a folder"):
        searched(toy, journal=tmp_path / "file" / "j")
