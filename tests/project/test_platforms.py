"""Every platform of docs/installation.md has one pinned JAX, which suits the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PLATFORMS = {
    "linux": ("linux", "x86_64"),
    "linux-arm": ("linux", "aarch64"),
    "mac": ("darwin", "arm64"),
    "windows": ("win32", "AMD64"),
    "mac-intel": ("darwin", "x86_64"),
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def applying(lines, name, platform, python):
    """Return the requirements for ``name`` whose markers hold on a platform."""
    system, machine = PLATFORMS[platform]
    environment = {
        "sys_platform": system,
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.1",
    }
    found = (Requirement(line) for line in lines)
    return [
        one
        for one in found
        if one.name == name and (one.marker is None or one.marker.evaluate(environment))
    ]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("pins", ["run", "dev", "tensorflow"])
def test_each_platform_has_one_jax(pins, platform, python):
    text = (ROOT / "constraints" / f"{pins}.txt").read_text("utf-8")
    lines = re.findall(r"^(?! |#)(.+?) *\\?$", text, re.MULTILINE)
    for name in ("jax", "jaxlib"):
        pinned = applying(lines, name, platform, python)
        wanted = applying(PROJECT["dependencies"], "jax", platform, python)
        has_none = platform == "mac-intel" and python == "3.14"
        assert len(pinned) == len(wanted) == (0 if has_none else 1)
        for pin, asked in zip(pinned, wanted, strict=True):
            (version,) = (one.version for one in pin.specifier)
            assert asked.specifier.contains(version)
            assert (version == "0.4.38") == (platform == "mac-intel")
