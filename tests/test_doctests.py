"""The usage examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"


def has_examples(path: Path) -> bool:
    lines = path.read_text("utf-8").splitlines()
    return any(line.lstrip().startswith(">>> ") and "+SKIP" not in line for line in lines)


MODULES = [
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in sorted(SOURCE.rglob("*.py"))
    if has_examples(path)
]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_work(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert result.attempted
    assert not result.failed
