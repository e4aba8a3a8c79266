"""The reference names every public object."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import charloom
import charloom.evaluation

DOCS = Path(__file__).parents[2] / "docs"
NAMED = re.findall(
    r"^\.\. auto(\w+):: (\S+)$",
    "".join(path.read_text("utf-8") for path in DOCS.glob("api*.md")),
    re.MULTILINE,
)
OBJECTS = {name for kind, name in NAMED if kind != "module"}
MODULES = {name for kind, name in NAMED if kind == "module"}


@pytest.mark.parametrize("module", [charloom, charloom.evaluation])
def test_every_public_name_is_there(module):
    for name in module.__all__:
        value = getattr(module, name)
        home = getattr(value, "__module__", None) or value.__name__
        within = any(one == home or one.startswith(f"{value.__name__}.") for one in MODULES)
        assert f"{module.__name__}.{name}" in OBJECTS or within, name
