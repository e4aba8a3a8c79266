"""Every benchmark can be imported, and what it takes from charloom is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
IMPORT = re.compile(r"from (charloom[\w.]*) import (?:\(([^)]*)\)|([\w, ]+))")
"""An import anywhere in a file: in functions and in scripts for other processes too."""

IMPORTER = """
import importlib, json, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        found = {}
    except ModuleNotFoundError as error:
        found = {"missing": error.name}
    except Exception as error:
        found = {"error": repr(error)}
    print(json.dumps([name, found]))
"""


@pytest.fixture(scope="module")
def imported():
    """What importing each benchmark comes to, in a process that has nothing else loaded."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTER, *NAMES],
        capture_output=True, text=True, timeout=120, cwd=FOLDER,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines()))


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_can_be_imported(name, imported):
    found = imported[name]
    missing = found.get("missing", "")
    if missing and missing.split(".")[0] not in {"charloom", *NAMES}:
        pytest.skip(f"needs {missing}")
    assert not found


@pytest.mark.parametrize("name", NAMES)
def test_what_a_benchmark_takes_from_charloom_is_there(name):
    for module, several, line in IMPORT.findall((FOLDER / f"{name}.py").read_text("utf-8")):
        for item in filter(None, re.split(r"[,\s]+", re.sub(r" as \w+", "", several or line))):
            script = f"from {module} import {item}"
            exec(script, {})
