"""Packages are built and checked, and the smaller installation of docs/installation.md works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.heavy

LIMIT = 100e6
"""Bytes of the packages for generating, byte code aside."""

NO_PACKAGE = {"pip", "setuptools", "pkg_resources", "_distutils_hack", "__pycache__"}


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The project's files as a clone has them."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("src", "constraints", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
            )
        else:
            shutil.copy(source, folder / name)
    return folder


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout, done.stderr


def test_generating_needs_a_few_packages(copied):
    page = (ROOT / "docs" / "installation.md").read_text("utf-8")
    (command,) = re.findall(r"<!-- generate -->\n```sh\n(.*?)\n```", page)
    code, _, err = run("bash", "-euo", "pipefail", "-c", command, cwd=copied)
    assert code == 0, err
    charloom, frozen = copied / ".venv" / "bin" / "charloom", ROOT / "tests" / "frozen"
    names = str(frozen / "mixture" / "run")
    for arguments in (
        ["generate", names, "-n", "3", "--seed", "1", "--min-edits", "2", "--explain"],
        ["generate", str(frozen / "text" / "run"), "--characters", "40"],
        ["train", str(frozen / "names.txt"), "--model", "ngram", "--out", "runs/towns"],
        ["score", "runs/towns", str(frozen / "names.txt")],
        ["info", "runs/towns"],
    ):
        code, out, err = run(charloom, *arguments, cwd=copied)
        assert code == 0 and out, err
    code, _, err = run(charloom, "evaluate", names, cwd=copied)
    assert code == 1
    assert err == "charloom: this needs scipy, which is not installed. Run: pip install scipy\n"
    (packages,) = (copied / ".venv" / "lib").glob("python*/site-packages")
    present = {path.name for path in packages.iterdir()}
    assert not present & {"jax", "jaxlib", "keras", "scipy", "tensorflow", "torch"}
    sizes = [
        path.stat().st_size
        for path in packages.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
        and not NO_PACKAGE & set(path.relative_to(packages).parts)
    ]  # fmt: skip
    assert sum(sizes) < LIMIT


def test_packages_are_built_and_pass_the_checks(copied, tmp_path):
    environment = tmp_path / "tools"
    assert run(sys.executable, "-m", "venv", environment, cwd=tmp_path)[0] == 0
    python = environment / "bin" / "python"
    tools = ("build", "twine", "hatchling", "editables")
    code, _, err = run(python, "-m", "pip", "install", "-q", *tools, cwd=tmp_path)
    assert code == 0, err
    code, _, err = run(
        python, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", cwd=copied
    )
    assert code == 0, err
    built = sorted((tmp_path / "dist").iterdir())
    assert [path.suffix for path in built] == [".whl", ".gz"]
    code, out, err = run(python, "-m", "twine", "check", "--strict", *built, cwd=tmp_path)
    assert code == 0, out + err
    assert out.count("PASSED") == 2
    wheel = next(path for path in built if path.suffix == ".whl")
    import zipfile

    held = zipfile.ZipFile(wheel).namelist()
    for part in ("py.typed", "serve/studio/page/index.html", "serve/studio/page/vendor/preact.js"):
        assert f"charloom/{part}" in held
    assert not [name for name in held if "__pycache__" in name or name.startswith("tests")]
