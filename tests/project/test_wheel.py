"""A wheel of the project works in fresh environments: of every Python here, by uvx and by pipx."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FROZEN = ROOT / "tests" / "frozen"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

pytestmark = pytest.mark.heavy


def interpreter(version):
    """Return a Python of this version, from PATH or from pyenv, which hides those not in use."""
    found = [shutil.which(f"python{version}")]
    if pyenv := shutil.which("pyenv"):
        root = Path(run(pyenv, "root").strip())
        found += sorted(root.glob(f"versions/{version}.*/bin/python"))
    for python in filter(None, found):
        told = subprocess.run([python, "-c", "import venv"], capture_output=True, check=False)
        if told.returncode == 0:
            return str(python)
    pytest.skip(f"there is no Python {version} here")


def tool(name):
    """Return a program of constraints/ci.txt."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


def run(*command, **options):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel that this environment builds."""
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
        "--wheel-dir", folder, ROOT,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wheel_works_on_every_python(wheel, tmp_path, version):
    """With the packages for generating alone: all of them would take CI minutes."""
    uv = tool("uv")
    run(interpreter(version), "-m", "venv", "--without-pip", tmp_path / "venv")
    install = (uv, "pip", "install", "-q", "--python", tmp_path / "venv")
    run(*install, "-r", ROOT / "constraints" / "generate.txt")
    run(*install, "--no-deps", wheel)
    charloom = tmp_path / "venv" / "bin" / "charloom"
    run(
        charloom, "train", FROZEN / "names.txt", "--model", "ngram", "--out", "towns",
        cwd=tmp_path,
    )  # fmt: skip
    for trained in ("towns", FROZEN / "mixture" / "run"):
        names = run(charloom, "generate", trained, "-n", "5", "--seed", "1", cwd=tmp_path)
        assert len(set(names.split("\n"))) == 6
        run(
            charloom,
            "export",
            trained,
            "--to",
            "html",
            "--out",
            "page.html",
            "--force",
            cwd=tmp_path,
        )
        assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")


@pytest.fixture
def environment(tmp_path):
    """Variables that make uv and pipx install what is pinned, pipx in this folder."""
    text = (ROOT / "constraints" / "run.txt").read_text("utf-8")
    pins = re.findall(r"^(\w.*?) *\\?$", text, re.MULTILINE)
    (tmp_path / "pins.txt").write_text("\n".join(pins), "utf-8")
    own = {"PIPX_HOME": tmp_path / "pipx", "PIPX_BIN_DIR": tmp_path / "bin"}
    own |= dict.fromkeys(("UV_CONSTRAINT", "PIP_CONSTRAINT"), tmp_path / "pins.txt")
    return {**os.environ, **{name: str(value) for name, value in own.items()}}


@pytest.mark.parametrize("name", ["uvx", "pipx"])
def test_a_wheel_trains_a_network_by_uvx_and_pipx(wheel, tmp_path, environment, name):
    program = tool(name)
    if name == "uvx":
        charloom = [program, "--python", sys.executable, "--from", wheel, "charloom"]
    else:
        run(program, "install", "--python", sys.executable, wheel, env=environment)
        charloom = [tmp_path / "bin" / "charloom"]
    shutil.copy(FROZEN / "names.txt", tmp_path)
    for arguments in (
        ["train", "names.txt", "--epochs", "1", "--out", "towns"],
        ["generate", "towns", "-n", "5"],
    ):
        found = run(*charloom, *arguments, cwd=tmp_path, env=environment)
        assert len(found.splitlines()) >= 5
