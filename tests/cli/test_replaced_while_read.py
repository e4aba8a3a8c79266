"""A model is read while a training replaces it: old or new, never a mixture, never a traceback."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helpers.processes import shell

pytestmark = pytest.mark.heavy

LISTS = {
    "ab": ["abba", "baba", "aabb", "bab", "abab"],
    "xy": ["xyxy", "yxxy", "xyyx", "yx", "xxyy"],
}


def test_names_come_from_one_of_the_two_models(tmp_path: Path) -> None:
    run, stop = tmp_path / "run", threading.Event()
    for letters, names in LISTS.items():
        (tmp_path / f"{letters}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")

    def train(letters: str) -> subprocess.CompletedProcess[str]:
        source = tmp_path / f"{letters}.txt"
        return shell("train", source, "--model", "ngram", "--out", run, "--force", "--json")

    assert train("ab").returncode == 0
    failed: list[str] = []

    def replacing() -> None:
        while not stop.is_set():
            for letters in ("xy", "ab"):
                if (done := train(letters)).returncode:
                    failed.append(done.stderr)

    thread = threading.Thread(target=replacing)
    thread.start()
    seen = set()
    try:
        for seed in range(40):
            done = subprocess.run(
                [sys.executable, "-m", "charloom", "generate", run, "-n", "3", "--allow-known",
                 "--seed", str(seed), "--temperature", "1"],
                capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert "Traceback" not in done.stderr
            if done.returncode == 0:
                letters = {*"".join(done.stdout.split())}
                assert letters <= {*"ab"} or letters <= {*"xy"}
                seen |= letters
            else:
                assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    finally:
        stop.set()
        thread.join()
    assert not failed
    assert seen & {*"ab"} and seen & {*"xy"}
