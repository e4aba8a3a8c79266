"""Wrong usage, bad data, damaged models: one line on stderr, and the exit code."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import sys

import pytest

from charloom import load
from charloom.cli.main import COMMANDS
from helpers.options import FAST

USAGE = {
    "no such command": ["weave"],
    "no such option": ["train", "--unitz", "3"],
    "an option without its other": ["train", "--label-dropout", "0.5"],
    "no number": ["generate", "RUN", "-n", "many"],
    "n of 0": ["generate", "RUN", "-n", "0"],
    "negative temperature": ["generate", "RUN", "--temperature", "-1"],
    "top-p of 2": ["generate", "RUN", "--top-p", "2"],
    "start beyond max-length": ["generate", "RUN", "--start", "balan", "--max-length", "2"],
    "dropout of 1": ["train", "--dropout", "1"],
    "epochs of 0": ["train", "--epochs", "0"],
    "no run": ["generate"],
    "resume without out": ["train", "--resume"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE)
def test_wrong_usage_is_one_line_and_code_2(call, trained, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*[trained if a == "RUN" else a for a in arguments])
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("charloom: ")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


DATA = {
    "empty file": (b"", "no names"),
    "blank lines": (b"\n \n\t\n", "no names"),
    "1 MB line": (b"x" * 1_000_000, "--max-line"),
    "binary": (bytes(range(256)) * 40, "binary"),
    "invalid UTF-8": (b"Ann\nZo\xe9\n", "--encoding"),
    "control character": (b"Ann\nB\x1b[31mo\n", "control"),
}


@pytest.mark.parametrize(("content", "message"), DATA.values(), ids=DATA)
def test_bad_data_is_one_line_and_code_1(call, content, message, tmp_path):
    (tmp_path / "bad.txt").write_bytes(content)
    code, out, err = call("train", tmp_path / "bad.txt", "--out", tmp_path / "run", *FAST)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert message in err
    assert not (tmp_path / "run").exists()


def test_a_missing_file_and_a_folder_are_one_line_and_code_1(call, tmp_path):
    for source in (tmp_path / "missing.txt", tmp_path):
        code, out, err = call("train", source, "--out", tmp_path / "run")
        assert (code, out, len(err.splitlines())) == (1, "", 1)


@pytest.mark.slow
@pytest.mark.parametrize("names", [["Ann"], ["a", "b", "c", "d"]])
def test_a_handful_of_names_draws_a_warning_and_works(call, names, tmp_path):
    (tmp_path / "few.txt").write_text("\n".join(names))
    code, _, err = call("train", tmp_path / "few.txt", "--out", tmp_path / "run")
    assert code == 0
    assert "few" in err
    assert load(tmp_path / "run").known == set(names)


def damage_truncate(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def damage_flip(folder):
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-5] ^= 16
    (folder / "model.safetensors").write_bytes(data)


def damage_foreign(folder):
    (folder / "model.json").write_bytes(gzip.compress(b"{}"))


def damage_remove(folder):
    (folder / "model.json").unlink()


@pytest.mark.parametrize("damage", [damage_truncate, damage_flip, damage_foreign, damage_remove])
@pytest.mark.parametrize("command", ["generate", "info", "evaluate"])
def test_a_damaged_model_is_one_line_and_code_1(call, trained, damage, command, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    damage(tmp_path / "run")
    code, out, err = call(command, tmp_path / "run")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1


def test_an_unseen_character_in_the_start_is_named(call, trained):
    code, out, err = call("generate", trained, "--start", "Ω")
    assert (code, out) == (1, "")
    assert "GREEK CAPITAL LETTER OMEGA" in err


LONG = ("train", "tune", "serve", "studio", "mcp")
"""Commands that take long, or run until they are interrupted."""


def test_random_arguments_never_give_a_traceback(call, trained, names_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = random.Random(0)
    words = [str(trained), str(names_file), "-n", "3", "--start", "b", "-", "--json", "1e99", "",
             "--temperature", "nan", "0.5", "--seed", "--top-k", "--data"]  # fmt: skip
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115, PTH123
    for _ in range(150):
        command = rng.choice([c for c in COMMANDS if c not in LONG])
        code, _, err = call(command, *rng.choices(words, k=rng.randrange(5)))
        assert code in (0, 1, 2)
        assert "Traceback" not in err
        assert code == 0 or err
