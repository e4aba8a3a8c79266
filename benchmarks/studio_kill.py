"""Claim: SIGKILL of the studio's server or of a training's process costs nothing but time.

Trainings begin in a real studio and are hit at random moments, in turn the server and the process
that trains. After the server, the training must continue and be found again by the next server;
after the process, it must be known as lost and resume. Each must end with the weights, bit for
bit, of ``charloom train`` with the same settings.

    python benchmarks/studio_kill.py [--kills 20] [--seed 0] [--quick]
"""

from __future__ import annotations

import argparse
import http.cookiejar
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

SETTINGS = {"epochs": 12, "units": 64, "kind": "network"}
PATIENCE = 300.0
"""Seconds that a training may take."""


class Studio:
    """A studio in a process of its own, and a client that it knows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, "0"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.client = urllib.request.build_opener(cookies)
        self.start()

    def start(self) -> None:
        """Start it on the port that it had before."""
        command = [sys.executable, "-m", "charloom", "studio", str(self.folder), "--no-open"]
        self.process = subprocess.Popen(
            [*command, "--port", self.port], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        found = re.search(r"(http://[^/]+:(\d+))/enter\S+", self.process.stderr.readline())
        assert found is not None, "the studio did not start"
        self.address, self.port = found[1], found[2]
        self.client.open(found[0]).read()

    def kill(self, how: int = signal.SIGKILL) -> None:
        """Kill it."""
        self.process.send_signal(how)
        self.process.wait()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return what it answers."""
        request = urllib.request.Request(
            f"{self.address}/studio/trainings{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with self.client.open(request, timeout=60) as answer:
            return json.load(answer)

    def wait(self, run: str, states: tuple[str, ...]) -> str:
        """Wait until a training is in one of the states; return the one that it is in."""
        until, state = time.monotonic() + PATIENCE, ""
        while state not in states and time.monotonic() < until:
            state = self.ask("GET", f"/{run}")["state"]
            time.sleep(0.05)
        return state

    def worker(self, run: str) -> int | None:
        """Return the number of the process that trains, once it has noted it."""
        noted = self.folder / ".charloom" / "trainings" / run / "process.json"
        return json.loads(noted.read_text())["pid"] if noted.exists() else None

    def weights(self, run: str) -> bytes:
        """Return what a run ended with."""
        return (self.folder / run / "model.safetensors").read_bytes()


def undisturbed(folder: Path) -> tuple[bytes, float]:
    """Return the weights that ``charloom train`` ends with, and the seconds it took."""
    out, began = folder / "reference", time.monotonic()
    command = [sys.executable, "-m", "charloom", "train", "--out", str(out)]
    options = [
        f"--{'model' if name == 'kind' else name}={value}" for name, value in SETTINGS.items()
    ]
    subprocess.run([*command, *options], check=True, capture_output=True)
    return (out / "model.safetensors").read_bytes(), time.monotonic() - began


def hit(studio: Studio, run: str, server: bool, seconds: float, draw: random.Random) -> str:
    """Begin a training and kill at a random moment; return what became of it."""
    asked = {"list": "builtin", "look": {"form": "names"}, "run": run, "settings": SETTINGS}
    studio.ask("POST", "", asked)
    time.sleep(draw.uniform(0.0, seconds))
    if server:
        studio.kill()
        time.sleep(draw.uniform(0.0, 1.0))
        studio.start()
    elif (number := studio.worker(run)) is not None:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            return "was over"
    state = studio.wait(run, ("finished", "lost", "failed", "stopped"))
    if state == "finished":
        return "continued"
    studio.ask("POST", f"/{run}/resume")
    return (
        "resumed" if studio.wait(run, ("finished", "failed", "stopped")) == "finished" else "lost"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="two kills")
    options = parser.parse_args()
    kills, draw = 2 if options.quick else options.kills, random.Random(options.seed)
    rows: dict[str, list[tuple[str, bool]]] = {"server": [], "process": []}
    with tempfile.TemporaryDirectory() as folder:
        expected, seconds = undisturbed(Path(folder))
        studio = Studio(Path(folder) / "place")
        try:
            for number in range(kills):
                what = ("server", "process")[number % 2]
                became = hit(studio, f"run-{number}", what == "server", 0.9 * seconds, draw)
                same = became != "lost" and studio.weights(f"run-{number}") == expected
                rows[what].append((became, same))
                print(f"{number + 1}: {what} killed, {became}, identical: {same}", flush=True)
        finally:
            studio.kill(signal.SIGTERM)
    print(f"\n{'killed':<10}{'kills':>6}{'continued':>11}{'resumed':>9}{'identical':>11}")
    for what, ends in rows.items():
        counts = [sum(end == kind for end, _ in ends) for kind in ("continued", "resumed")]
        identical = sum(same for _, same in ends)
        print(f"{what:<10}{len(ends):>6}{counts[0]:>11}{counts[1]:>9}{identical:>11}")
    raise SystemExit(any(not same for ends in rows.values() for _, same in ends))


if __name__ == "__main__":
    main()
