"""What the README shows, works."""

from __future__ import annotations

import io
import re
import shlex
import time
from pathlib import Path

import pytest

from charloom import NameCorpus
from charloom.cli.main import run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def block(marker: str) -> str:
    found = re.search(rf"^<!-- {marker} -->\n```\w+\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found, f"README.md has no block {marker}"
    return found[1]


def test_the_names_at_the_top_are_new():
    quoted = "".join(re.findall(r"^> (.*\n)", README, re.MULTILINE))
    names = re.findall(r"\w+", quoted)
    assert len(names) >= 5
    assert not set(names) & set(NameCorpus.builtin().names)


@pytest.mark.slow
def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = block("python").replace(
        'out="runs/dinosaurs"', 'out="runs/dinosaurs", epochs=1, units=32'
    )
    exec(compile(code, "README.md", "exec"), {})
    names, scores = capsys.readouterr().out.splitlines()
    assert len(names.split(",")) == 10
    assert scores.startswith("[")


NAMES = NameCorpus.builtin().names
SPEECH = "ROMEO:\nBut, soft! what light through yonder window breaks?\n\nJULIET:\nAy me!\n\n"
FILES = {
    "names.txt": NAMES[::7],
    "dinos.txt": NAMES[::7],
    "other.txt": NAMES[1::7],
    "villages.txt": NAMES[2::7],
    "taken.txt": ["Ramosaurus"],
    "candidates.txt": ["Abelisaurus"],
    "people.csv": ["name,country", *(f"{n},{c}" for n in NAMES[::20] for c in ("Wales", "Peru"))],
    "babies.csv": ["name,count", *(f"{n},{len(n) ** 4}" for n in NAMES[::10])],
    "shakespeare.txt": [SPEECH] * 100,
}
"""Every file that the README's commands read, and its lines."""

SMALLER = {
    "train": ["--epochs", "3", "--units", "32", "--embedding", "16"],
    "tune": shlex.split("--minutes 5 --trials 2 --folds 2 --fix epochs=2 --fix units=16"),
    "report": ["--samples", "200"],
    "evaluate": ["--samples", "200"],
    "compare": ["--samples", "200"],
    "card": ["--samples", "200"],
}
"""Options put behind those of the README, where a command would take minutes."""

UNTIL_INTERRUPTED = {"serve", "mcp"}
"""Commands that do not end by themselves; tests/serve runs them."""

COMMAND = re.compile(r"^charloom (.+?)\s*(?:#.*)?$|`charloom\s+([a-z][^`]*)`", re.MULTILINE)
"""A command on a line of its own in a block of code, or within a sentence."""


@pytest.mark.slow
def test_every_command_that_is_shown_succeeds(tmp_path, monkeypatch, capsys):
    for name, lines in FILES.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    commands = [shlex.split(found[1] or found[2]) for found in COMMAND.finditer(README)]
    assert len(commands) >= 20
    for command in commands:
        if command[0] in UNTIL_INTERRUPTED:
            continue
        monkeypatch.setattr("sys.stdin", io.StringIO("/quit\n"))
        code = run([*command, *SMALLER.get(command[0], [])], started=time.monotonic())
        assert code == 0, (command, capsys.readouterr().err)


def test_every_file_that_is_named_exists_in_the_test_of_the_commands():
    named = {word for found in COMMAND.finditer(README) for word in found[0].split("#")[0].split()}
    sources = {word for word in named if re.fullmatch(r"[\w-]+\.(txt|csv|tsv|jsonl)", word)}
    assert sources <= FILES.keys()


@pytest.mark.parametrize("path", ["README.md", *sorted(p.name for p in ROOT.glob("docs/*.md"))])
def test_links_to_files_lead_somewhere(path):
    page = ROOT / path if path == "README.md" else ROOT / "docs" / path
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_built_in_list_is_sorted_and_distinct_and_large():
    path = ROOT / "src" / "charloom" / "data" / "builtin" / "dinosaurs.txt"
    names = path.read_text("ascii").splitlines()
    assert len(names) >= 1000
    assert names == sorted(set(names))
    assert all(re.fullmatch("[A-Z][a-z]+", name) for name in names)
