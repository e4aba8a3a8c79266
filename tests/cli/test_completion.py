"""The shell completes commands, options, their values and files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHARLOOM = Path(sys.executable).with_name("charloom")

pytestmark = pytest.mark.skipif(not CHARLOOM.exists(), reason="charloom is not installed here")


def asked(line: str, shell: str = "bash") -> list[str]:
    """What the command offers for the last word of a line, each with its kind."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "COMP_WORDS": line,
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
        "_CHARLOOM_COMPLETE": f"{shell}_complete",
    }
    done = subprocess.run([CHARLOOM], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("charloom gen", "plain,generate"),
        ("charloom generate runs --temp", "plain,--temperature"),
        ("charloom plot runs --what cal", "plain,calibration"),
        ("charloom generate ru", "dir,ru"),
        ("charloom compare ru", "file,ru"),
        ("charloom train na", "file,na"),
        ("charloom train --out ru", "file,ru"),
        ("charloom score runs can", "file,can"),
        ("charloom serve ru", "dir,ru"),
    ],
)
def test_what_is_offered(line, offered):
    assert offered in asked(line)


def test_zsh_and_fish_are_answered_in_their_own_form():
    assert asked("charloom gen", "zsh")[:2] == ["plain", "generate"]
    assert any(line.startswith("plain,generate") for line in asked("charloom gen", "fish"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_of_the_shell(shell, tmp_path):
    environment = {**os.environ, "_CHARLOOM_COMPLETE": f"{shell}_source"}
    done = subprocess.run([CHARLOOM], env=environment, capture_output=True, text=True, timeout=60)
    assert "_CHARLOOM_COMPLETE" in done.stdout
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    script = tmp_path / "script"
    script.write_text(done.stdout, "utf-8")
    assert subprocess.run([shell, "-n", script], capture_output=True).stderr == b""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(tmp_path):
    line = """
eval "$(_CHARLOOM_COMPLETE=bash_source charloom)"
COMP_WORDS=(charloom gene); COMP_CWORD=1
_charloom_completion charloom gene charloom
echo "${COMPREPLY[@]}"
"""
    environment = {**os.environ, "PATH": f"{CHARLOOM.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "generate", done.stderr
