"""The documentation becomes a site, without dead links and without outside requests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.heavy

LOADED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]*)\"|<link\b[^>]*>")
"""What a page loads by itself."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "docs", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr  # a warning is an error
    return folder


def test_every_page_is_there(site):
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages <= {path.stem for path in site.glob("*.html")}
    assert "Quick start" in (site / "overview.html").read_text("utf-8")
    assert "NameGenerator" in (site / "api.html").read_text("utf-8")


def test_nothing_is_requested_from_elsewhere(site):
    for page in site.rglob("*.html"):
        for found in LOADED.finditer(page.read_text("utf-8")):
            source = found[1] or re.search(r"href=\"([^\"]*)\"", found[0])[1]
            assert not re.match(r"(https?:)?//", source), (page.name, source)
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text("utf-8"))
