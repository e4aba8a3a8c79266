"""Which processes ``train --distributed`` starts, and what it says when one has died."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from charloom.cli import train
from charloom.cli.main import run
from charloom.cli.processes import LOST, Place, _has_died, _why, places_of

NONE = dict.fromkeys(
    ("processes", "coordinator", "num_processes", "process_id", "join_seconds", "workers"), None
)
SHELL = {"coordinator": "host:5555", "num_processes": 2, "process_id": 1}


def places(**given):
    return places_of(**{"distributed": False, **NONE, **given})


def test_an_ordinary_training_starts_no_processes():
    assert places() == []


def test_processes_on_this_machine_share_one_address():
    found = places(processes=3)
    assert [one.rank for one in found] == [0, 1, 2] and {one.count for one in found} == {3}
    assert len({one.coordinator for one in found}) == 1
    assert found[0].coordinator.startswith("127.0.0.1:")


def test_a_shell_starts_its_own_process():
    (found,) = places(**SHELL, join_seconds=9)
    assert (found.coordinator, found.count, found.rank, found.seconds) == ("host:5555", 2, 1, 9)


def test_a_cluster_says_the_rest():
    (found,) = places(distributed=True)
    assert (found.coordinator, found.count, found.rank) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({**SHELL, "processes": 2}, "Leave out --coordinator"),
        ({**SHELL, "process_id": None}, "--coordinator needs --process-id"),
        ({"num_processes": 2}, "--num-processes needs --coordinator"),
        ({**SHELL, "process_id": 2}, "--process-id must be below --num-processes, 2. Received: 2"),
        ({**SHELL, "coordinator": "host"}, "--coordinator takes HOST:PORT. Received: 'host'"),
        ({**SHELL, "coordinator": "host:0"}, "--coordinator takes HOST:PORT"),
        ({**SHELL, "coordinator": ":80"}, "--coordinator takes HOST:PORT"),
        ({"join_seconds": 5}, "Add --distributed"),
        (
            {"processes": 2, "workers": 2},
            "--workers trains several networks at once, and --processes",
        ),
        ({**SHELL, "workers": 2}, "--workers trains several networks at once, and --coordinator"),
    ],
)
def test_options_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(click.UsageError) as error:
        places(**given)
    assert message in error.value.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-", "--processes", "2"], "several processes cannot read standard input"),
        (["--model", "ngram", "--distributed"], "--distributed is for networks"),
        (["--model", "ngram", "--workers", "2"], "--workers is for networks"),
        (["--workers", "65"], "must be a whole number from 1 to 64"),
        (["--processes", "0"], "must be a whole number from 1 to 4096"),
    ],
)
def test_what_several_processes_cannot_train_is_refused_before_they_start(options, message, capsys):
    assert run(["train", *options], started=0.0) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1


def test_workers_without_several_networks_are_refused_in_one_line(names_file, tmp_path, capsys):
    out = tmp_path / "run"
    assert run(["train", str(names_file), "--out", str(out), "--workers", "2"], started=0.0) == 2
    said = capsys.readouterr().err.splitlines()
    assert "workers are for several networks" in said[-1]
    assert not out.exists()


def child(code, rank=0, mark="/"):
    place = Place(coordinator="h:1", count=2, rank=rank, seconds=7)
    return SimpleNamespace(place=place, mark=Path(mark), process=SimpleNamespace(returncode=code))


def test_the_process_that_was_killed_is_named_before_those_that_lost_it():
    died = [child(LOST), child(-signal.SIGABRT, 2), child(-signal.SIGKILL, 1)]
    said = _why(died, None)
    assert said.startswith("process 1 of this training was ended by SIGKILL. With --out RUN")


def test_a_process_that_lost_the_others_says_how_to_resume():
    said = _why([child(-signal.SIGABRT)], Path("runs/a"))
    assert "another process of this training died, or does not answer" in said
    assert "To resume: charloom " in said and said.endswith("--out runs/a --resume")


def test_processes_that_never_met_say_so(tmp_path):
    said = _why([child(-signal.SIGABRT, mark=tmp_path / "none")], Path("runs/a"))
    assert "did not find each other within 7 s" in said and "--resume" not in said


def test_only_an_end_without_a_word_is_a_death():
    assert [_has_died(code) for code in (None, 0, 1, 2, LOST, -9)] == [False] * 4 + [True] * 2


PAGE = Path(__file__).parents[2] / "docs" / "distributed.md"
OPTIONS = [*NONE, "distributed"]


def test_the_commands_of_the_page_on_processes_start_what_it_says():
    text = PAGE.read_text("utf-8").replace("\\\n", " ").replace("$JOB_COMPLETION_INDEX", "1")
    text = re.sub(r"\n +--", " --", text)  # lines of the Job
    found = []
    for line in re.findall(r"\bcharloom train (\S+\.txt .*)$", text, re.MULTILINE):
        context = train.command.make_context("train", shlex.split(line), obj=0.0)
        found += places_of(**{name: context.params[name] for name in OPTIONS})
    assert [(one.count, one.rank) for one in found] == [
        (2, 0), (2, 1), (2, 0), (2, 1), (None, None), (2, 1),
    ]  # fmt: skip
