"""Every recipe of docs/recipes.md runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import charloom
from charloom import NameCorpus

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
RECIPES = re.findall(r"\n## ([^\n]*)\n|```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def titled() -> list[tuple[str, str]]:
    found, title = [], ""
    for heading, code in RECIPES:
        title = heading or title
        if code:
            found.append((title, code))
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")
    names = NameCorpus.builtin().names[:300]
    charloom.train(names, kind="ngram", seed=1, out=folder / "runs" / "towns")
    return folder


@pytest.mark.heavy
@pytest.mark.parametrize(("title", "code"), titled())
def test_it_runs(title, code, place):
    for package in re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE):
        pytest.importorskip(package)
    path = place / "test_recipe.py"
    path.write_text(code, "utf-8")
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if "def test_" in code else []
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:charloom", *command, path.name],
        cwd=place, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout.strip()
    assert shown or "FastAPI" in title


def test_the_handler_for_fastapi_answers(place, monkeypatch):
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    monkeypatch.chdir(place)
    scope: dict = {}
    code = next(code for title, code in titled() if "FastAPI" in title)
    exec(code, scope)
    client = TestClient(scope["app"])
    assert len(client.get("/towns", params={"n": 3}).json()) == 3
    assert all(n.startswith("Al") for n in client.get("/towns", params={"start": "Al"}).json())
    assert client.get("/towns", params={"start": "日"}).status_code == 422
    assert client.get("/towns", params={"n": 0}).status_code == 422
