"""What the README shows, works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from charloom import NameCorpus
from helpers.shown import COMMAND, FILES, run_commands, write_files

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


@pytest.mark.heavy
@pytest.mark.slow
def test_every_command_that_is_shown_succeeds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_files()
    assert run_commands(README, monkeypatch, capsys) >= 20


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
