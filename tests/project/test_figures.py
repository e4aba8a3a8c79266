"""The figures of the explanations are what the script draws."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = sorted((DOCS / "figures").glob("*.svg"))
INKS, COLOURS = ("fill", "stroke"), {"#3d84c6", "#d67a2c", "#80868d", "#fff"}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def test_every_figure_is_small_and_shown_with_a_description():
    pages = "".join(path.read_text("utf-8") for path in DOCS.glob("explain-*.md"))
    shown = re.findall(r"!\[([^]]+)\]\(figures/([\w-]+\.svg)\)", pages)
    assert sorted(name for _, name in shown) == [path.name for path in FIGURES]
    assert all(len(words) > 100 for words, _ in shown)
    assert all(path.stat().st_size < 60_000 for path in FIGURES)


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_a_figure_is_readable_on_light_and_dark_pages(path):
    used = {part.get(name) for part in ElementTree.parse(path).getroot() for name in INKS}
    assert used <= {None, "none", "currentColor", *COLOURS}


@pytest.mark.heavy
def test_the_script_draws_what_is_committed(tmp_path):
    """Up to the rounding of another machine, which moves a point by a pixel or two."""
    command = [sys.executable, str(DOCS / "figures.py"), str(tmp_path)]
    subprocess.run(command, check=True, timeout=600)
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in FIGURES]
    for path in FIGURES:
        drawn, there = (tmp_path / path.name).read_text("utf-8"), path.read_text("utf-8")
        assert NUMBER.sub("", drawn) == NUMBER.sub("", there), path.name
        numbers = [np.array(NUMBER.findall(text), float) for text in (drawn, there)]
        np.testing.assert_allclose(*numbers, atol=2, err_msg=path.name)
