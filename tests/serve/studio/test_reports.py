"""Reports that are kept: whole or not at all, known by the runs as they are."""

from __future__ import annotations

import os

import pytest

from charloom.errors import RunError
from charloom.serve.library import UnknownRunError
from charloom.serve.studio import reports
from charloom.serve.studio.place import Place
from helpers.run_folders import save_toy

KEY = "0" * 64


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_what_is_kept_comes_back(place):
    reports.keep(place, KEY, {"loss": [1.5, float("inf")], "name": "Šuša\n"})
    assert reports.kept(place, KEY) == '{"loss": [1.5, null], "name": "Šuša\\n"}'.encode()
    assert reports.kept(place, "1" * 64) is None
    reports.forget(place, KEY)
    assert reports.kept(place, KEY) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data.replace(b"1.5", b"1.6"),
        lambda data: b"",
        lambda data: data.partition(b"\n")[2],
        lambda data: data.replace(b'"charloom_report": 1', b'"charloom_report": 0'),
    ],
    ids=["cut", "changed", "empty", "headless", "of another version"],
)
def test_what_is_damaged_is_not_there(place, damage):
    reports.keep(place, KEY, {"loss": 1.5})
    path = place.part("reports") / f"{KEY}.json"
    path.write_bytes(damage(path.read_bytes()))
    assert reports.kept(place, KEY) is None


def test_what_is_a_folder_or_a_link_is_not_there(place, tmp_path):
    (place.part("reports") / f"{KEY}.json").mkdir()
    assert reports.kept(place, KEY) is None


def test_those_not_read_for_longest_are_removed(place, monkeypatch):
    monkeypatch.setattr(reports, "KEPT", 2)
    for number in range(3):
        reports.keep(place, str(number), {})
        os.utime(place.part("reports") / f"{number}.json", (number, number))
    reports.kept(place, "1")
    reports.keep(place, "3", {})
    assert {path.stem for path in place.part("reports").iterdir()} == {"1", "3"}


def test_a_key_stands_for_runs_as_they_are(place):
    for name in ("a", "b"):
        save_toy(place.folder / name)
    first = reports.key_of(place, "report", ["a"])
    assert first == reports.key_of(place, "report", ["a"])
    others = [
        reports.key_of(place, "report", ["b"]),
        reports.key_of(place, "comparison", ["a"]),
        reports.key_of(place, "comparison", ["a", "b"]),
        reports.key_of(place, "comparison", ["b", "a"]),
    ]
    (place.folder / "a" / "checkpoints" / "7").mkdir(parents=True)
    others.append(reports.key_of(place, "report", ["a"]))
    save_toy(place.folder / "a", seed=1)
    others.append(reports.key_of(place, "report", ["a"]))
    assert len({first, *others}) == 7


def test_what_is_no_run_has_no_key(place):
    (place.folder / "begun").mkdir()
    with pytest.raises(RunError, match="begun holds no model yet"):
        reports.key_of(place, "report", ["begun"])
    with pytest.raises(UnknownRunError):
        reports.key_of(place, "report", ["../begun"])
