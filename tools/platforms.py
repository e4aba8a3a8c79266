"""Prints which versions of the dependencies resolve on each platform, by packages alone.

    pip install uv
    python tools/platforms.py

It asks the package registry, builds and installs nothing, and exits with 1 if a platform that
docs/installation.md names has no solution. Nothing runs on these platforms: that every dependency
has a package there is all that is checked.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
PLATFORMS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-apple-darwin",
)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SHOWN = ("jax", "keras", "numpy", "scipy")


def main() -> int:
    unsolved = 0
    for platform in PLATFORMS:
        for python in PYTHONS:
            asked = ["uv", "pip", "compile", str(PROJECT), "--quiet", "--no-build", "--no-header"]
            asked += ["--no-annotate", "--python-platform", platform, "--python-version", python]
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            pins = dict(line.split("==") for line in done.stdout.splitlines() if "==" in line)
            found = ", ".join(f"{name} {pins.get(name, 'none')}" for name in SHOWN)
            unsolved += done.returncode != 0
            print(f"{platform:26} {python}  {'no solution' if done.returncode else found}")
    return int(unsolved > 0)


if __name__ == "__main__":
    sys.exit(main())
