"""docs/cli.md says what the commands say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from charloom.cli.main import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"


def check():
    command = [sys.executable, DOCS / "generate_cli.py", "--check"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_page_of_the_command_line_is_up_to_date():
    done = check()
    assert done.returncode == 0, done.stderr  # which says how to generate it


def test_every_command_has_its_section():
    page = (DOCS / "cli.md").read_text("utf-8")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        f"## charloom {name}" for name in COMMANDS
    ]
    assert "\b" not in page
