"""Some cases of the fuzz benchmark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "benchmarks" / "fuzz.py"


@pytest.mark.heavy
def test_500_hostile_cases_are_clean():
    done = subprocess.run(
        [sys.executable, str(FUZZ), "--cases", "500", "--seed", "18"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "500 cases" in done.stdout
