"""What the README shows, works."""

from __future__ import annotations

import io
import re
import shlex
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


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = block("python").replace(
        'out="runs/dinosaurs"', 'out="runs/dinosaurs", epochs=1, units=32'
    )
    exec(compile(code, "README.md", "exec"), {})
    names, scores = capsys.readouterr().out.splitlines()
    assert len(names.split(",")) == 10
    assert scores.startswith("[")


def test_every_command_line_that_is_shown_is_understood(tmp_path, monkeypatch, capsys):
    (tmp_path / "names.txt").write_text("\n".join(NameCorpus.builtin().names[::7]))
    (tmp_path / "dinos.txt").write_text("\n".join(NameCorpus.builtin().names[::7]))
    (tmp_path / "taken.txt").write_text("Ramosaurus\n")
    (tmp_path / "candidates.txt").write_text("Abelisaurus\n")
    (tmp_path / "other.txt").write_text("Abelisaurus\nAardonyx\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("/quit\n"))
    lines = re.findall(r"^charloom (.*?)\s*(?:#.*)?$", README, re.MULTILINE)
    assert len(lines) >= 9
    for line in lines:
        arguments = shlex.split(line)
        if arguments[0] == "train":
            arguments += ["--epochs", "3", "--units", "32"]
        assert run(arguments, started=0.0) in (0, 1), capsys.readouterr().err


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
