"""docs/cli.md says what the commands' help says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from charloom.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate_cli.py", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_the_page_has_every_command():
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert all(f"\n## charloom {name}\n" in page for name in COMMANDS)
