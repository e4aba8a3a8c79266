"""Jobs on clusters of Dask: real processes, some of which die."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import threading
import time
from pathlib import Path

import pytest

from charloom.cluster.job import Job
from charloom.cluster.runner import local_cluster, tasks
from charloom.data.encoded.workers import KEPT_MEMORY
from charloom.errors import ConfigError, RunError
from charloom.generation.search import horizon as horizons
from charloom.models.sampling import Temperature
from helpers.languages import named
from helpers.processes import shell

pytest.importorskip("distributed")

COUNT = 4000

BULK = Path(__file__).parents[2] / "docs" / "bulk.md"


class Slow:
    """A sampler that takes its time, so that there is some to be killed in."""

    def __call__(self, logits):
        time.sleep(0.01)
        return Temperature(1.5)(logits)


def searched(**options):
    return named("abcd", seed=5, longest=9).stream(COUNT, seed=2, **options)


def names_in(folder: Path, found) -> list[str]:
    files = [folder / file["file"] for file in found["files"]]
    return [name for file in files for name in file.read_text("utf-8").splitlines()]


def test_a_scheduler_that_does_not_answer_is_one_line(monkeypatch) -> None:
    monkeypatch.setattr("charloom.cluster.runner.PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "nowhere:at:all"):
        with (
            pytest.raises(ConfigError, match="no Dask scheduler answers at"),
            tasks(None, address),
        ):
            raise AssertionError


@pytest.mark.heavy
def test_four_workers_of_which_one_is_killed_write_the_same_files(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(horizons, "FEWEST", 400)
    with tasks(4, None) as run:
        peace = Job(tmp_path / "peace", {}, parts=12).names(searched(sampler=Slow()), run, print)
    killed: list[int] = []

    def kill(client) -> None:
        while not killed:
            busy = [address for address, keys in client.processing().items() if keys]
            if len(busy) == 4:
                killed.extend(n.pid for n in client.cluster.workers.values())
                os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.05)

    with tasks(4, None) as run:
        from distributed import default_client

        killer = threading.Thread(target=kill, args=(default_client(),))

        def watch(share: float) -> None:
            if not killer.ident:
                killer.start()

        found = Job(tmp_path / "out", {}, parts=12).names(searched(sampler=Slow()), run, watch)
        killer.join(60)
    assert killed
    assert found == peace
    assert set(names_in(tmp_path / "out", found)) == {s.text for s in searched(sampler=Slow())}


@pytest.mark.heavy
def test_workers_keep_freed_memory_and_are_not_profiled() -> None:
    from distributed import Client

    def settings() -> tuple[object, object]:
        import dask

        kept = os.environ.get("MALLOC_TRIM_THRESHOLD_")
        return kept, dask.config.get("distributed.worker.profile.enabled")

    with local_cluster(1) as cluster, Client(cluster) as client:
        found = client.run(settings)
    assert list(found.values()) == [(KEPT_MEMORY["MALLOC_TRIM_THRESHOLD_"], False)]


@pytest.mark.heavy
def test_an_error_of_a_task_ends_the_job_with_its_line(tmp_path, monkeypatch) -> None:
    def watch(share: float) -> None:
        for path in (tmp_path / ".parts").glob("*.pickle"):
            path.unlink()

    monkeypatch.setattr(Job, "_packed", lambda self, work: "another digest")
    with tasks(1, None) as run, pytest.raises(RunError, match="a worker cannot read"):
        Job(tmp_path, {}, parts=3).names(searched(), run, watch)


@pytest.mark.heavy
def test_the_command_writes_what_one_process_prints(tmp_path, trained) -> None:
    asked = ("generate", trained, "-n", 500, "--seed", 3, "--end", "us", "--min-edits", 2)
    out = tmp_path / "out"
    first = shell(*asked, "--out", out, "--workers", 2, "--json")
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert "500 names in" in first.stderr
    lines = names_in(out, json.loads((out / "manifest.json").read_text("utf-8")))
    assert sorted(lines) == sorted(shell(*asked, "--json").stdout.splitlines())
    again = shell(*asked, "--out", out, "--workers", 1, "--json")
    assert again.returncode == 0
    other = shell(*asked[:-1], 3, "--out", out, "--json")
    assert other.returncode == 1
    assert "holds another job: its min_edits is 2, and 3 is asked for" in other.stderr


@pytest.mark.heavy
def test_the_commands_of_the_page_on_bulk_write_the_same_names(tmp_path, trained) -> None:
    from distributed import LocalCluster

    found = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        for line in re.findall("^charloom generate (.*)", BULK.read_text("utf-8"), re.MULTILINE):
            line = line.replace("1000000000", "300").replace("/mnt/names", "names-too")
            line = line.replace("tcp://host:8786", cluster.scheduler_address)
            line = line.replace("runs/names", str(trained)).replace("-n", "--seed 1 -n")
            done = shell("generate", *shlex.split(line), cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            out = tmp_path / re.findall("--out (\\S+)", line)[0]
            found.append(names_in(out, json.loads((out / "manifest.json").read_text("utf-8"))))
    assert len(found) == 2
    assert len(set(found[0])) == 300
    assert sorted(found[0]) == sorted(found[1])
