"""Claim: this checkout is at most 5 % slower than another one, for each command.

Whole commands, each in its own process, alternately from this checkout and from the other: the
machine's speed drifts, so only the ratio within a pair is compared. Both get the same run
folder, list and seed, so they do the same work. The table has each command's median seconds, and
the median, smallest and largest ratio of its pairs.

    git worktree add ../before HEAD~1
    python benchmarks/against.py ../before [--pairs 10]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from _common import HERE, describe_machine

MOST = 1.05
"""The target for the median ratio."""

COMMANDS = {
    "generate one name, cold": "generate RUN -n 1 --seed 0",
    "train on the built-in list": "train --out OUT --seed 0",
    "an epoch of the tutorial's model": "train --recipe tutorial --epochs 1 --out OUT",
    "sample 100,000 names": "generate RUN -n 100000 --seed 0 --allow-known --allow-repeats",
    "30,000 new names, temperature 0.5": "generate RUN -n 30000 --seed 0 --temperature 0.5",
    "evaluate": "evaluate RUN --seed 0",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("other", type=Path, help="the other checkout's root")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--only", help="measure only commands whose title contains this")
    options = parser.parse_args()
    checkouts = [HERE.parent, options.other.resolve()]
    for checkout in checkouts:
        if not (checkout / "src" / "charloom").is_dir():
            parser.error(f"{checkout} is not a checkout: it has no src/charloom.")
    print(describe_machine({"python": sys.version.split()[0]}))
    print(f"{'':36}{'this':>9}{'other':>9}{'ratio':>8}   least to most, {options.pairs} pairs")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run = folder / "run"
        # by the other, which may be older and not read what this one writes
        spend(checkouts[1], f"train --out {run} --seed 0", folder)
        for title, command in COMMANDS.items():
            if options.only is None or options.only in title:
                words = command.replace("RUN", str(run))
                print(row(title, words, checkouts, options.pairs, folder), flush=True)


def row(title: str, command: str, checkouts: list[Path], pairs: int, folder: Path) -> str:
    """Time ``command`` in ``pairs`` alternating pairs, and return the row of the table."""
    for checkout in checkouts:
        spend(checkout, command, folder)  # warms the caches for both
    times: list[tuple[float, float]] = []
    for number in range(pairs):
        order = checkouts if number % 2 == 0 else checkouts[::-1]
        spent = {checkout: spend(checkout, command, folder) for checkout in order}
        times.append((spent[checkouts[0]], spent[checkouts[1]]))
    ratios = sorted(ours / theirs for ours, theirs in times)
    ratio = median(ratios)
    verdict = "reached" if ratio <= MOST else "missed"
    ours, theirs = (median(side) for side in zip(*times, strict=True))
    spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f}"
    return f"{title:36}{ours:9.3f}{theirs:9.3f}{ratio:8.3f}   {spread}  {verdict}"


def spend(checkout: Path, command: str, folder: Path) -> float:
    """Run ``charloom`` from ``checkout``; return the seconds that it took."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        words = command.replace("OUT", f"{out}/run").split()
        environment = os.environ | {"PYTHONPATH": str(checkout / "src")}
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "charloom", *words],
            env=environment,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
