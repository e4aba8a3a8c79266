"""What many tests share: small corpora with a style, and a folder for compiled steps."""

from __future__ import annotations

import gzip
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from charloom.cli.main import run
from charloom.data.names import NameCorpus
from charloom.run import save_model
from helpers.options import FAST
from helpers.run_folders import toy as toy_model
from helpers.sources import Write
from helpers.studio_process import BROWSER, QUIET

settings.register_profile("charloom", deadline=None)  # a busy machine is no failure
settings.load_profile("charloom")

DINOS = Path(__file__).parents[2] / "shared" / "data" / "dinos.txt"


@pytest.fixture(scope="session", autouse=True)
def compilation_cache(tmp_path_factory):
    """Compiled steps go to a folder of the test session, not to the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def toy() -> NameCorpus:
    """120 names of one pattern: a model of a few units learns it in a few steps."""
    parts = ("bdgk", "aeiou", "lnr", "a", "ns")
    return NameCorpus.of("".join(p) for p in itertools.product(*parts))


@pytest.fixture
def dinos() -> Path:
    """The tutorial's list."""
    if not DINOS.exists():
        pytest.skip("needs ../shared/data/dinos.txt, which a user's clone does not have")
    return DINOS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "run", toy_model())
    return tmp_path / "run"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(data: bytes | str, name: str = "names.txt") -> Path:
        raw = data.encode() if isinstance(data, str) else data
        path = tmp_path / name
        path.write_bytes(gzip.compress(raw, 1) if name.endswith(".gz") else raw)
        return path

    return _write


@pytest.fixture(scope="session")
def names_file(toy, tmp_path_factory):
    path = tmp_path_factory.mktemp("names") / "names.txt"
    path.write_text("\n".join(toy.names) + "\n", "utf-8")
    return path


@pytest.fixture(scope="session")
def trained(names_file, tmp_path_factory):
    """A run folder; tests only read it."""
    folder = tmp_path_factory.mktemp("runs") / "toy"
    assert run(["train", str(names_file), "--out", str(folder), *FAST], started=0.0) == 0
    return folder


@pytest.fixture
def no_colours(monkeypatch):
    """Let no variable of the developer's terminal decide about colours."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def call(capsys):
    """Run a command; return its exit code, stdout and stderr."""

    def call(*arguments):
        code = run([str(a) for a in arguments], started=time.monotonic())
        return code, *capsys.readouterr()

    return call


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; tests that need it say so where there is none."""
    if BROWSER is None:
        pytest.skip("needs Chromium or Chrome")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield browser
        browser.close()
