"""The commands that pages show, run on small files, with less to train."""

from __future__ import annotations

import gzip
import io
import re
import shlex
import time
from pathlib import Path

import pytest

from charloom import NameCorpus
from charloom.cli.main import run

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
    "other.txt.gz": [SPEECH] * 20,
    "sonnets.txt": [SPEECH] * 50,
    "prompt.txt": ["ROMEO:"],
    "poems/one.txt": [SPEECH] * 30,
    "poems/two.txt": [SPEECH] * 30,
    "poems.txt": [SPEECH] * 60,
    "tweets.txt": SPEECH.split("\n\n") * 30,
    "recipes.csv": ["title,body", *(f"{n},Take {n} and stir {len(n)} times." for n in NAMES[::10])],
    "corpus.txt": ["<|endoftext|>".join([SPEECH] * 30)],
    "fortunes": ["\n%\n".join([SPEECH] * 30)],
}
"""Every file that the commands read, and its lines."""

SMALLER = {
    "train": ["--epochs", "3", "--units", "32", "--embedding", "16"],
    "tune": shlex.split("--minutes 5 --trials 2 --folds 2 --fix epochs=2 --fix units=16"),
    "report": ["--samples", "200"],
    "evaluate": ["--samples", "200"],
    "compare": ["--samples", "200"],
    "card": ["--samples", "200"],
}
"""Options put behind those that are shown, where a command would take minutes."""

UNTIL_INTERRUPTED = {"serve", "studio", "mcp"}
"""Commands that do not end by themselves; tests/serve runs them."""

COMMAND = re.compile(r"^charloom (.+?)\s*(?:#.*)?$|`charloom\s+([a-z][^`]*)`", re.MULTILINE)
"""A command on a line of its own in a block of code, or within a sentence."""


def write_files() -> None:
    """Write the files to the current folder."""
    for name, lines in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        content = ("\n".join(lines) + "\n").encode()
        Path(name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


def run_commands(
    page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> int:
    """Run the commands of ``page`` in the current folder; return how many there are."""
    commands = [shlex.split(found[1] or found[2]) for found in COMMAND.finditer(page)]
    for command in commands:
        if command[0] in UNTIL_INTERRUPTED:
            continue
        monkeypatch.setattr("sys.stdin", io.StringIO("/quit\n"))
        smaller = [] if "ngram" in command else SMALLER.get(command[0], [])
        code = run([*command, *smaller], started=time.monotonic())
        assert code == 0, (command, capsys.readouterr().err)
    return len(commands)
