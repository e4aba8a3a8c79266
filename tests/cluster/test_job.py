"""A job in parts, without Dask: the names of one process, whatever happens to it."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from charloom.cluster import job as jobs
from charloom.cluster import task
from charloom.cluster.job import CUT, MANIFEST, WORK, Job, Pending
from charloom.cluster.task import WORKING, Work, walk_part
from charloom.cluster.writing import Writer
from charloom.errors import GenerationError, RunError
from charloom.generation.constraints import End, Length
from charloom.generation.search import horizon as horizons
from helpers.languages import named

COUNT = 2000
KNOWN = frozenset(["abca", "bad", "cab"])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(horizons, "FEWEST", 400)


def model():
    return named("abcd", seed=5, longest=9, known=KNOWN)


def run(work: Work, digest: str, pending: Pending) -> Iterator[int]:
    place = str(work.folder / WORKING / WORK)
    for number, part in pending:
        yield walk_part(place, digest, number, part)


def done(folder: Path, kind: str = "text", run=run, *, identity=None, parts=4, **options):
    """Do a job, and return its manifest."""
    job = Job(folder, identity or {"seed": 2}, kind, {"seed": 2}, parts)
    search = model().stream(COUNT, seed=2, **options)
    return job.names(search, run, lambda share: None)


def names_in(folder: Path, found) -> list[str]:
    return [
        name
        for file in found["files"]
        for name in (folder / file["file"]).read_text("utf-8").splitlines()
    ]


@pytest.mark.parametrize("parts", [1, 4, 30])
def test_the_names_are_those_of_one_process_whatever_the_number_of_parts(tmp_path, parts) -> None:
    found = done(tmp_path / "out", parts=parts)
    names = names_in(tmp_path / "out", found)
    assert len(names) == found["names"] == COUNT
    assert set(names) == set(model().names(COUNT, seed=2))


@pytest.mark.parametrize(
    "options",
    [
        {"start": "ba"},
        {"rules": Length(5, 9), "temperature": 1.5},
        {"rules": End("ab"), "temperature": 2.0},
        {"min_edits": 2, "forbid": ["abab"]},
        {"allow_known": True, "top_k": 4},
    ],
    ids=str,
)
def test_options_have_the_same_effect_in_parts(tmp_path, options) -> None:
    names = names_in(tmp_path, done(tmp_path, **options))
    assert len(names) == COUNT
    assert set(names) == set(model().names(COUNT, seed=2, **options))


@pytest.mark.parametrize(("count", "parts"), [(COUNT, 4), (500, 100)])
def test_the_manifest_describes_every_file(tmp_path, monkeypatch, count, parts) -> None:
    monkeypatch.setitem(globals(), "COUNT", count)
    found = done(tmp_path, parts=parts)
    assert all(file["names"] for file in found["files"])
    assert json.loads((tmp_path / MANIFEST).read_text()) == found
    assert found["complete"]
    assert {path.name for path in tmp_path.iterdir()} == {
        MANIFEST,
        *(file["file"] for file in found["files"]),
    }
    for file in found["files"]:
        data = (tmp_path / file["file"]).read_bytes()
        assert (len(data), data.count(b"\n")) == (file["bytes"], file["names"])
        assert hashlib.sha256(data).hexdigest() == file["sha256"]


def test_lines_of_json_and_parquet_hold_the_same(tmp_path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = names_in(tmp_path / "json", done(tmp_path / "json", "json"))
    rows = [json.loads(line) for line in lines]
    assert {row.pop("seed") for row in rows} == {2}
    found = done(tmp_path / "table", "parquet")
    tables = [parquet.read_table(tmp_path / "table" / file["file"]) for file in found["files"]]
    assert [len(table) for table in tables] == [file["names"] for file in found["files"]]
    table = [row for one in tables for row in one.to_pylist()]
    assert [row | {"nats": round(row["nats"], 6)} for row in table] == rows
    assert {row["text"] for row in rows} == set(model().names(COUNT, seed=2))
    assert {row["origin"] for row in rows} == {"new"}


class KilledError(Exception):
    pass


def test_an_interrupted_job_continues(tmp_path) -> None:
    walked: list[int] = []

    def noted(work: Work, digest: str, pending: Pending) -> Iterator[int]:
        for number, _ in pending:
            walked.append(number)
        yield from run(work, digest, pending)

    def dies(work: Work, digest: str, pending: Pending) -> Iterator[int]:
        for count in noted(work, digest, pending[::-1]):
            yield count
            raise KilledError

    peace = done(tmp_path / "peace")
    with pytest.raises(KilledError):
        done(tmp_path / "out", run=dies)
    assert not json.loads((tmp_path / "out" / MANIFEST).read_text())["complete"]
    del walked[:]
    found = done(tmp_path / "out", run=noted)
    assert walked == [1, 2, 3]
    assert found == peace
    del walked[:]
    assert done(tmp_path / "out", run=noted) == found
    assert walked == []


def test_what_is_missing_or_damaged_is_made_again(tmp_path) -> None:
    def stops(work: Work, digest: str, pending: Pending) -> Iterator[int]:
        yield from run(work, digest, pending)
        raise KilledError

    for damaged in ("names-00002.txt", "names-00000.txt", f"{WORKING}/{CUT}"):
        folder = tmp_path / damaged.replace("/", "-")
        with pytest.raises(KilledError):
            done(folder, run=stops)
        (folder / damaged).write_text("ab\n")
        assert set(names_in(folder, done(folder))) == set(model().names(COUNT, seed=2))


def test_another_jobs_folder_is_refused(tmp_path) -> None:
    done(tmp_path / "out")
    with pytest.raises(RunError, match="holds another job: its seed is 2, and 3 is asked for"):
        done(tmp_path / "out", identity={"seed": 3})
    with pytest.raises(RunError, match="its kind is 'text', and 'json' is asked for"):
        done(tmp_path / "out", "json")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "names-00000.txt").write_text("precious\n")
    with pytest.raises(RunError, match="must be empty or new"):
        done(tmp_path / "full")
    (tmp_path / "full" / MANIFEST).write_text("{}")
    with pytest.raises(RunError, match="is no manifest of a job"):
        done(tmp_path / "full")
    assert (tmp_path / "full" / "names-00000.txt").read_text() == "precious\n"


def test_a_file_is_no_folder_for_a_job(tmp_path) -> None:
    (tmp_path / "names.txt").write_text("precious\n")
    with pytest.raises(RunError, match="is a file, and --out a folder"):
        done(tmp_path / "names.txt")
    assert (tmp_path / "names.txt").read_text() == "precious\n"


def test_too_few_names_are_one_line_and_no_files(tmp_path) -> None:
    with pytest.raises(GenerationError, match="there are no others"):
        done(tmp_path, rules=Length(2, 3))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_no_half_file(tmp_path, monkeypatch) -> None:
    add, calls = Writer.add, []

    def full(writer: Writer, rows: object) -> None:
        calls.append(rows)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        add(writer, rows)

    monkeypatch.setattr(Writer, "add", full)
    with pytest.raises(RunError, match=r"could not be written: No space left on device\. Complete"):
        done(tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))
    assert len(list(tmp_path.glob("names-*"))) == 3
    monkeypatch.undo()
    monkeypatch.setattr(horizons, "FEWEST", 400)
    assert set(names_in(tmp_path, done(tmp_path))) == set(model().names(COUNT, seed=2))


@pytest.mark.parametrize("shift", [-1.5, 1.5])
def test_a_horizon_that_was_estimated_wrongly_is_corrected(tmp_path, monkeypatch, shift) -> None:
    def wrong(search):
        found = horizons.horizon(search)
        low = (found.low + found.high) / 2 + shift
        return horizons.replace(found, low=low, high=low + 0.1)

    monkeypatch.setattr(jobs, "horizon", wrong)
    assert set(names_in(tmp_path, done(tmp_path))) == set(model().names(COUNT, seed=2))


def test_work_that_was_changed_is_not_unpickled(tmp_path) -> None:
    def forged(work: Work, digest: str, pending: Pending) -> Iterator[int]:
        (work.folder / WORKING / WORK).write_bytes(b"cos\nabort\n(tR.")
        return run(work, digest, pending)

    with pytest.raises(RunError, match="was changed while the job ran"):
        done(tmp_path, run=forged)


def test_the_memory_of_a_task_does_not_grow_with_its_part(tmp_path, monkeypatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr("charloom.generation.search.arrivals.HANDED_ON", 60)
    monkeypatch.setattr("charloom.generation.search.arrivals.WIDE", 8)
    monkeypatch.setattr("charloom.generation.search.arrivals.BLOCK", 16)
    monkeypatch.setattr(task, "np", _Noting(sizes))
    done(tmp_path, parts=1)
    assert len(sizes) > 10
    assert max(sizes[1:]) < 600


class _Noting:
    """NumPy, but ``flatnonzero`` notes the sizes."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes

    def __getattr__(self, name: str) -> object:
        return getattr(np, name)

    def flatnonzero(self, array):
        self._sizes.append(len(array))
        return np.flatnonzero(array)
