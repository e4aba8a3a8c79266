"""Claim: trainings killed 100 times by SIGKILL, at any moment, lose nothing and end bit-identical.

``charloom train`` is killed at random moments, some of them while a save is in progress, and
resumed each time until it finishes; then the next seed starts. After each kill, the model and
the latest state must be intact, and not older than before. Each result is compared with that of
an uninterrupted training: weights, optimiser, best weights, and the history except for its
seconds.

With ``--processes N`` each training runs on N processes, and any one of them, or the
command that watches them, is killed; the others must end within a minute.

    python benchmarks/kills.py [--text] [--kills 100] [--processes 2]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from _common import HERE, describe_machine, environment, seconds

TEXT = HERE.parent.parent / "shared" / "data" / "tinyshakespeare.txt"
NAMES_OPTIONS = "--units 32 --embedding 16 --epochs 60 --patience 0 --save-steps 15"
TEXT_OPTIONS = (
    "--as text --units 48 --embedding 16 --window 32 --batch-size 16 --epochs 16 --patience 0 "
    "--save-steps 15"
)
TEXT_BYTES = 100_000
AIMED = 0.4
"""Fraction of the kills that wait for a save."""

ALIVE = 3.0
"""Seconds after about the first step within which a training is killed, apart from that wait."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--text", action="store_true", help="train on text instead of names")
    parser.add_argument(
        "--data", type=Path, default=TEXT, help="a text file; only its beginning is used"
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--processes", type=int, default=1, help="train on so many processes")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the moments")
    parser.add_argument("--quick", action="store_true", help="smoke test: 3 kills")
    options = parser.parse_args()
    if options.text and not options.data.is_file():
        raise SystemExit(f"no such file: {options.data}. Pass --data with a text.")
    kills = 3 if options.quick else options.kills
    print(describe_machine({"python": sys.version.split()[0]}))
    with tempfile.TemporaryDirectory() as folder:
        data = options.data if options.text else None
        bench = Bench(Path(folder), data, options.seed, options.processes)
        begun = time.monotonic()
        while bench.count["kills"] < kills:
            bench.training(kills)
        bench.report(time.monotonic() - begun)


class Bench:
    """Trainings in a folder, one seed after the other; ``count`` counts events by name."""

    def __init__(self, folder: Path, data: Path | None, seed: int, processes: int = 1) -> None:
        self.folder, self.rng, self.count = folder, random.Random(seed), Counter[str]()
        self.environment = environment(XDG_CACHE_HOME=str(folder / "cache"))
        self.command = [sys.executable, "-m", "charloom", "train", *NAMES_OPTIONS.split()]
        if data is not None:
            (folder / "text.txt").write_bytes(data.read_bytes()[:TEXT_BYTES])
            source = [str(folder / "text.txt"), *TEXT_OPTIONS.split()]
            self.command = [*self.command[:4], *source]
        if processes > 1:
            self.command += ["--processes", str(processes)]

        self.finish(self.start(folder / "warm-up", 0))  # compiles
        process, begun = self.start(folder / "warm-up-2", 0), time.monotonic()
        while process.poll() is None and not (folder / "warm-up-2" / "checkpoints").exists():
            time.sleep(0.01)
        self.startup = time.monotonic() - begun
        self.finish(process)

    def start(self, run: Path, seed: int) -> subprocess.Popen[bytes]:
        command = [*self.command, "--seed", str(seed), "--out", str(run), "--resume"]
        with (self.folder / "log.txt").open("wb") as log:
            return subprocess.Popen(
                command, env=self.environment, stdout=subprocess.DEVNULL, stderr=log
            )

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for a training, which must succeed."""
        if process.wait():
            raise SystemExit(f"FAILED: {(self.folder / 'log.txt').read_text('utf-8')[-500:]}")

    def training(self, kills: int) -> None:
        """Kill and resume a training until it finishes or there were enough kills."""
        number = self.count["trainings"] + 1
        uninterrupted, run = self.folder / f"uninterrupted-{number}", self.folder / f"run-{number}"
        took = seconds(lambda: self.finish(self.start(uninterrupted, number)))
        reached = -1
        while True:
            process = self.start(run, number)
            ended = self.count["kills"] >= kills or not self.kill(process, run)
            if ended:
                self.finish(process)
                break
            reached = self.check(run, reached)
        self.count["trainings"] += 1
        self.count["identical"] += self.same(run, uninterrupted)
        so_far = f"{self.count['kills']} kills so far"
        print(f"training {number}, {took:.1f} s uninterrupted: {so_far}", flush=True)

    def kill(self, process: subprocess.Popen[bytes], run: Path) -> bool:
        """Kill ``process`` unless it ends first; return whether it was killed."""
        aimed = self.rng.random() < AIMED
        until = time.monotonic() + self.rng.uniform(self.startup / 4, self.startup + ALIVE)
        while time.monotonic() < until and process.poll() is None:
            time.sleep(0.001)
        if aimed:
            while process.poll() is None and not saving(run):
                pass
            time.sleep(self.rng.uniform(0, 0.004))
        ended = process.poll() is not None
        watched = [] if ended else psutil.Process(process.pid).children()
        if watched:
            victim = self.rng.randrange(len(watched) + 1)
            ([*watched, process][victim]).kill()
            self.count["killed the command" if victim == len(watched) else "killed a process"] += 1
            process.wait(timeout=60)
            _, left = psutil.wait_procs(watched, timeout=60)
            if left:
                raise SystemExit(f"FAILED: a minute after a kill there are {len(left)} processes")
        process.kill()
        process.wait()
        if not ended:
            self.count["kills"] += 1
            self.count["aimed at a save"] += aimed
        return not ended

    def check(self, run: Path, reached: int) -> int:
        """Check what a kill left; return the step at which training will resume."""
        from charloom.run import find_state, holds_model, holds_state, load_model

        if saving(run):
            self.count["hit a save"] += 1
        if not run.exists() or not holds_state(run):
            self.count["before the first save"] += 1
            return reached
        if holds_model(run):
            load_model(run)  # raises unless it is whole
        found = find_state(run)
        step = int(found.data["progress"]["step"])
        if found.damaged or step < reached:
            raise SystemExit(f"FAILED: after step {reached} there is {step}; {found.damaged}")
        return step

    def same(self, run: Path, uninterrupted: Path) -> bool:
        """Return whether two trainings ended bit-identical."""
        ends = [end(folder) for folder in (run, uninterrupted)]
        if ends[0] != ends[1]:
            parts = [part for part in ends[0] if ends[0][part] != ends[1][part]]
            print(f"{run.name} ended differently: {parts}")
        return bool(ends[0] == ends[1])

    def report(self, took: float) -> None:
        count = self.count
        print(f"{'kills':34}{count['kills']:>6}   in {took:.0f} s")
        for what in ("aimed at a save", "hit a save", "before the first save",
                     "killed a process", "killed the command"):  # fmt: skip
            print(f"  {what:32}{count[what]:>6}")
        print(f"{'states or models lost':34}{0:>6}")  # the first would have ended this
        print(f"{'trainings ended':34}{count['trainings']:>6}")
        failed = count["trainings"] - count["identical"]
        verdict = "reached" if not failed else "MISSED"
        print(f"{'  of which not bit-identical':34}{failed:>6}   target 0   {verdict}")
        if failed:
            raise SystemExit(1)


def saving(run: Path) -> bool:
    """Return whether a save is in progress, or was when the process died."""
    try:
        states = list((run / "checkpoints").iterdir())
        parts = [path.name for folder in (run, *states) for path in folder.iterdir()]
        unsealed = any(not (state / "training.json").exists() for state in states)
    except OSError:  # not there yet, or just removed
        return (run / "checkpoints").exists()
    return len(states) > 2 or unsealed or any(name.endswith((".tmp", ".next")) for name in parts)


def end(run: Path) -> dict[str, Any]:
    """Return what must be identical: everything except times."""
    from charloom.run import load_model, load_state

    model = load_model(run)
    arrays, state = load_state(run)

    def timeless(entry: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in entry.items() if key != "seconds"}

    def plain(named: Mapping[str, Any]) -> dict[str, Any]:
        return {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in named.items()}

    progress = state["progress"]
    lines = (run / "history.jsonl").read_text("utf-8").splitlines()
    return {
        "weights": plain(model.weights),
        "state": plain(arrays),
        "progress": {**progress, "history": [timeless(e) for e in progress["history"]]},
        "history": [timeless(json.loads(line)) for line in lines],
        "best": timeless(model.facts["best"]),
        "corpus": (model.train_names, model.held_out_names, model.held_out_text),
    }


if __name__ == "__main__":
    main()
