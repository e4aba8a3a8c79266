"""What the pages of docs/ show, runs; where they show what it prints, it prints that."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from helpers.shown import run_commands, write_files

DOCS = Path(__file__).parents[2] / "docs"

BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
"""A Python example, and what it prints."""

SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)

EXPLANATIONS = sorted(path.name for path in DOCS.glob("explain-*.md"))

BEFORE = {
    "base-model.md": "charloom train names.txt --out runs/towns",
    "evaluation.md": "",
    "export.md": "charloom train names.txt --out runs/towns",
    "generation.md": "charloom train names.txt --out runs/dinosaurs",
    "notebooks.md": "charloom train names.txt --out runs/towns",
    "start.md": "",
    "text.md": "",
}
"""Pages that are run here, and the command that makes what their examples begin with."""

SMALLER = {
    "seconds=300": "seconds=2",
    "10_000": "200",
    "2000": "200",
    ", out=": ", force=True, out=",
}
"""What is replaced in Python, where it would take minutes, or train what a command has trained."""

ELSEWHERE = {
    "bulk.md": "tests/cluster/test_runner.py",
    "cli.md": "tests/project/test_docs_cli.py",
    "distributed.md": "tests/cli/test_processes.py",
    "installation.md": "tests/project/test_installing.py",
    "recipes.md": "tests/project/test_recipes.py",
    "serve.md": "tests/serve/test_completions.py",
    "tokens.md": "tests/cli/test_tokens.py",
}
"""Pages whose examples another test runs."""


@pytest.mark.heavy
@pytest.mark.parametrize("page", EXPLANATIONS)
def test_an_explanation_prints_what_it_shows(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scope: dict = {"__name__": "page"}
    for code, shown in BLOCK.findall((DOCS / page).read_text("utf-8")):
        exec(compile(code, page, "exec"), scope)
        assert capsys.readouterr().out == shown


@pytest.mark.heavy
@pytest.mark.parametrize("page", BEFORE)
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_files()
    text = (DOCS / page).read_text("utf-8")
    lines = "\n".join([BEFORE[page], *SHELL.findall(text)])
    if not find_spec("tensorflow"):
        lines = re.sub(r".*# needs TensorFlow\n", "", lines)
    run_commands(lines, monkeypatch, capsys)
    if page == "export.md":  # tests/export runs its Python
        return
    scope: dict = {"poems": ["Two roads diverged.", "I wandered lonely."] * 50}
    for code, _ in BLOCK.findall(text):
        for given, smaller in SMALLER.items():
            code = code.replace(given, smaller)
        exec(compile(code, page, "exec"), scope)


def test_every_page_with_examples_is_run():
    pages = {
        path.name
        for path in DOCS.glob("*.md")
        if re.search("^```(python|sh|console)$", path.read_text("utf-8"), re.MULTILINE)
    }
    assert pages <= {*EXPLANATIONS, *BEFORE, *ELSEWHERE}
    for page, test in ELSEWHERE.items():
        assert page.removesuffix(".md") in (DOCS.parent / test).read_text("utf-8")
