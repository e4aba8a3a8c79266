"""A search's journal is a file of its own, whose trials are checked."""

from __future__ import annotations

import json

import pytest

from charloom.errors import RunError
from charloom.tuning.study import open_study

TERMS = {"corpus": "c", "folds": 1, "seed": 0, "default": {}, "parameters": {}}
SETTINGS = {"units": 8, "kind": "network"}


def search(path, *, force=False, trials=1, **attributes):
    recorded = {"settings": SETTINGS, "losses": [1.0], "points": {"0": 1.0}} | attributes
    with open_study(path, TERMS, force=force) as study:
        for _ in range(trials):
            trial = study.ask()
            for name, value in recorded.items():
                trial.set_user_attr(name, value)
            study.tell(trial, 1.0)
        return len(study.get_trials())


@pytest.mark.parametrize("name", ["j", "j.lock"])
@pytest.mark.parametrize("hard", [False, True], ids=["link", "hard link"])
def test_no_file_elsewhere_is_changed(tmp_path, name, hard):
    other = tmp_path / "other"
    other.write_bytes(b'{"op_code": 0}\nrest')
    place = tmp_path / name
    place.hardlink_to(other) if hard else place.symlink_to(other)
    with pytest.raises(RunError, match=r"regular file|second name"):
        search(tmp_path / "j")
    assert other.read_bytes() == b'{"op_code": 0}\nrest'


def test_a_link_is_replaced_by_force(tmp_path):
    (tmp_path / "other").write_bytes(b"theirs")
    (tmp_path / "j").symlink_to(tmp_path / "other")
    assert search(tmp_path / "j", force=True) == 1
    assert (tmp_path / "other").read_bytes() == b"theirs"


@pytest.mark.parametrize(
    "attributes",
    [
        {"settings": {"units": "\x1b[2J"}},
        {"settings": {"\x1b[2J": 1}},
        {"settings": []},
        {"losses": ["x"]},
        {"losses": 3},
        {"points": {"0": None}},
    ],
)
def test_trials_that_no_search_records_are_refused(tmp_path, attributes):
    search(tmp_path / "j", **attributes)
    with pytest.raises(RunError, match=r"is damaged.*--force") as caught:
        search(tmp_path / "j")
    assert str(caught.value).isprintable()
    assert search(tmp_path / "j", force=True) == 1
    assert search(tmp_path / "j", trials=0) == 1
    assert json.loads((tmp_path / "j").read_bytes().splitlines()[0])
