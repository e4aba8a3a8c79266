"""Standard streams that are closed, full or unread, and terminals of impossible sizes."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

FROZEN = Path(__file__).parents[1] / "frozen"
RUN = FROZEN / "ngram" / "run"
NAMES = FROZEN / "names.txt"

PRINTING = {
    "help": "--help",
    "version": "--version",
    "explore": f"explore {NAMES}",
    "explore --json": f"explore {NAMES} --json",
    "generate": f"generate {RUN} -n 3 --seed 1",
    "generate --explain": f"generate {RUN} -n 2 --seed 1 --explain",
    "generate text": f"generate {FROZEN / 'text' / 'run'} --characters 50",
    "score": f"score {RUN} {NAMES}",
    "info": f"info {RUN}",
    "plot": f"plot {RUN}",
    "card": f"card {RUN} --out - --samples 3",
    "evaluate": f"evaluate {RUN} --samples 0",
    "compare": f"compare {RUN} {FROZEN / 'mixture' / 'run'} --samples 0",
    "train": f"train {NAMES} --model ngram --out new",
    "play": f"play {RUN}",
}
"""Commands that print results; quick ones first."""

QUICK = ("help", "explore", "generate", "generate --explain")
SOME = [name if name in QUICK else pytest.param(name, marks=pytest.mark.heavy) for name in PRINTING]


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which CHARLOOM stands for the command."""
    command = f"{shlex.quote(sys.executable)} -m charloom"
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    return subprocess.run(
        ["bash", "-c", "set -o pipefail; " + line.replace("CHARLOOM", command)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=kept | environment,
    )


@pytest.mark.parametrize("name", SOME)
def test_without_a_reader_a_command_dies_of_sigpipe(name, tmp_path):
    done = shell(f"echo a | CHARLOOM {PRINTING[name]} | true", tmp_path)
    assert done.returncode == 141
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("end", [">&-", ">/dev/full"])
def test_results_that_cannot_be_written_are_one_line_and_code_1(name, end, tmp_path):
    done = shell(f"echo a | CHARLOOM {PRINTING[name]} {end}", tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("charloom: ")
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.parametrize("end", ["2>&-", "2>/dev/full", "<&-", "<&- 2>&-"])
def test_results_come_without_the_other_streams(end, tmp_path):
    done = shell(f"CHARLOOM generate {RUN} -n 3 --seed 1 {end}", tmp_path)
    assert done.returncode == 0
    assert done.stdout == shell(f"CHARLOOM generate {RUN} -n 3 --seed 1", tmp_path).stdout


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path):
    shell(f"CHARLOOM train {NAMES} --model ngram --out new <&- >&- 2>&-", tmp_path)
    done = shell("CHARLOOM info new", tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "new" / "train_names.txt").read_text("utf-8").count("\n") == 36


@pytest.mark.parametrize("command", ["play", "score"])
def test_reading_a_closed_standard_input_is_one_line_and_code_1(command, tmp_path):
    done = shell(f"CHARLOOM {command} {RUN} <&-", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("charloom: standard input is closed. ")
    assert len(done.stderr.splitlines()) == 1


def test_a_message_without_a_reader_ends_by_sigpipe_too(tmp_path):
    assert shell("CHARLOOM info nowhere 2>&1 >/dev/null | true", tmp_path).returncode == 141


@pytest.mark.parametrize("size", ["0", "1", "-5", "²", "٣", "9" * 5000, "", "80 "])
def test_impossible_sizes_of_a_terminal_are_ignored(call, size, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    expected = call("explore")
    monkeypatch.setenv("COLUMNS", size)
    monkeypatch.setenv("LINES", size)
    assert call("explore") == expected


@pytest.mark.heavy
def test_a_clock_that_jumps_back_does_not_matter(tmp_path, monkeypatch, call):
    """Durations are measured by a clock that never jumps; only the cache compares times of day."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 10 * 365 * 86_400)
    arguments = ("train", NAMES, "--model", "ngram", "--out", tmp_path / "run")
    assert call(*arguments)[0] == 0
    assert call("generate", tmp_path / "run", "-n", "2", "--seed", "1")[0] == 0
    text = tmp_path / "text.txt"
    words = random.Random(0).choices(["to", "be", "or", "not", "that", "is"], k=1_500_000)
    text.write_text(" ".join(words))  # large enough for the cache
    for _ in range(2):
        done = call("train", text, "--as", "text", "--model", "unigram", "--out", tmp_path / "t",
                    "--force")  # fmt: skip
        assert done[0] == 0, done[2]
