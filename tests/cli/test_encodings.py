"""Names that the encoding of the output lacks: UTF-8 in pipes, question marks on terminals."""

from __future__ import annotations

import io
import os
import sys
import time

import pytest

from charloom.cli.main import run
from helpers.memoryless import save_memoryless
from helpers.processes import in_terminal, shell

COMMANDS = [
    ("generate", "-n", "4"),
    ("generate", "-n", "4", "--json"),
    ("generate", "-n", "2", "--explain"),
    ("info",),
    ("info", "--json"),
    ("evaluate", "--samples", "20", "--data", "names.txt"),
    ("score", "names.txt"),
    ("score", "names.txt", "--explain"),
    ("score", "names.txt", "--json"),
]


@pytest.fixture(scope="module")
def polish(tmp_path_factory):
    """A folder with a list of names, and a model that only knows ł and ż."""
    folder = tmp_path_factory.mktemp("polish")
    (folder / "names.txt").write_text("ł\nłż\nłżł\nżł\nżżł\n", "utf-8")
    save_memoryless(folder / "run", {"": 3, "ł": 5, "ż": 2})
    return folder


@pytest.fixture
def piped(polish, monkeypatch):
    """Run a command whose streams are files of an encoding; return its code and outputs."""

    def piped(encoding, *arguments):
        monkeypatch.chdir(polish)
        streams = [io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        code = run([str(argument) for argument in arguments], started=time.monotonic())
        for stream in streams:
            stream.flush()
        return code, *(stream.buffer.getvalue().decode("utf-8") for stream in streams)

    return piped


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_files_get_utf_8(command, encoding, piped):
    name, *options = command
    code, out, err = piped(encoding, name, "run", *options)
    assert code == 0, err
    assert "ł" in out or name == "evaluate"


@pytest.mark.slow
def test_explore_and_train_write_utf_8_to_files(piped, tmp_path):
    assert "ż" in piped("cp1252", "explore", "names.txt")[1]
    folder = tmp_path / "ł"
    code, _, err = piped("cp1252", "train", "names.txt", "--out", folder, "--model", "ngram")
    assert code in (0, 1), err  # there are few such names
    assert str(folder) in err


def test_pipes_get_utf_8_in_the_c_locale(polish):
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    options = {"env": os.environ | env, "encoding": "utf-8", "input": "ł\n/quit\n"}
    done = shell("play", polish / "run", **options)
    assert done.returncode == 0, done.stderr
    assert '"ł"' in done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("command", [("generate", "-n", "4"), ("info",)])
def test_terminals_show_a_question_mark_and_one_line_says_so(command, encoding, polish):
    name, *options = command
    code, shown = in_terminal(name, polish / "run", *options, encoding=encoding)
    assert code == 0
    assert "?" in shown
    assert shown.count(f"terminal's encoding, {encoding}, lacks some characters") == 1
    assert "Traceback" not in shown


def test_a_terminal_that_can_show_all_says_nothing(polish):
    code, shown = in_terminal("score", polish / "run", polish / "names.txt", encoding="utf-8")
    assert code == 0
    assert "łż" in shown
    assert "lacks" not in shown
