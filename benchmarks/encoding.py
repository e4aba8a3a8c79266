"""Claim: text is encoded to ids at 150 MB/s or more, in at most 300 MB of memory, at any size.

Each value is for a whole process, on a file that is in the operating system's page cache if it
fits there; charloom's own cache is empty each time. Compared: ``wc -m``, which counts the
characters, and Python reading the file into one string.

    python benchmarks/encoding.py [--size MB] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from _common import describe_machine, environment
from charloom import __version__

LEAST_RATE, MOST_MEMORY = 150, 300  # MB/s of ASCII, MB
MOST_TO_TRAIN, TRAIN_STEPS = 1000, 50  # MB
MOST_READ = 2000  # MB; a longer string may not fit into memory
WORDS, BLOCK = 20_000, 50_000
FOREIGN = str.maketrans({"e": "é", "o": "ö", "u": "ж", "x": "語"})

PEAK = """
try:  # since the process started; getrusage starts with the parent's
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
"""
OURS = f"""
import json, sys, time
import numpy as np
from charloom.data.text import TextCorpus
text = TextCorpus.read(sys.argv[1])
{PEAK}
starts = np.random.default_rng(0).integers(0, len(text) - 65, (200, 64))
windows = []
for row in starts:
    begin = time.perf_counter()
    text.windows(row, 65)
    windows.append(time.perf_counter() - begin)
windows = float(np.median(windows))
print(json.dumps({{"peak": peak, "characters": len(text), "windows": windows}}))
"""
TRAINED = f"""
import itertools, json, sys
from charloom.data.text import TextCorpus
from charloom.training.trainer import fit
count = itertools.count(1)
text = TextCorpus.read(sys.argv[1])
for event in fit(text, stop=lambda: next(count) >= {TRAIN_STEPS}):
    pass
{PEAK}
print(json.dumps({{"peak": peak, "characters": len(text)}}))
"""
PLAIN = f"""
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
{PEAK}
print(json.dumps({{"peak": peak, "characters": len(text)}}))
"""


@dataclass
class Line:
    """A row of the table: the measurements of each repeat."""

    what: str
    size: float  # MB
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # seconds of all cores together
    peaks: list[float] = field(default_factory=list)  # MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--size", type=int, default=1000, metavar="MB", help="size of the ASCII file"
    )
    parser.add_argument(
        "--folder", type=Path, help="folder for the files; default: a temporary one"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    options = parser.parse_args()
    if options.quick:
        options.size, options.repeats = 20, 1
        print("--quick: a smoke test; its figures mean nothing")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        ascii_file, foreign = folder / "ascii.txt", folder / "foreign.txt"
        size = write(ascii_file, options.size, foreign=False)
        foreign_size = write(foreign, min(options.size, 1000), foreign=True)
        encoded = Line("charloom, ASCII", size)
        again = Line("charloom, again", size)
        wc, read = Line("wc -m, ASCII", size), Line("open().read(), ASCII", size)
        others = Line("charloom, other UTF-8", foreign_size)
        foreign_wc = Line("wc -m, other UTF-8", foreign_size)
        lines = [encoded, again, wc, read, others, foreign_wc]
        windows = []
        trained = Line("charloom, training", size)
        for repeat in range(options.repeats):
            run(encoded, folder, ascii_file, [sys.executable, "-c", OURS])
            windows.append(run(again, folder, ascii_file, [sys.executable, "-c", OURS]))
            if repeat == 0:
                run(trained, folder, ascii_file, [sys.executable, "-c", TRAINED])
            shutil.rmtree(folder / "cache")
            if options.size <= MOST_READ:
                run(read, folder, ascii_file, [sys.executable, "-c", PLAIN])
            run(others, folder, foreign, [sys.executable, "-c", OURS])
            shutil.rmtree(folder / "cache")
            if shutil.which("wc"):
                run(wc, folder, ascii_file, ["wc", "-m"])
                run(foreign_wc, folder, foreign, ["wc", "-m"])
    print_lines([line for line in lines if line.seconds])
    rate, peak = size / median(encoded.seconds), max(encoded.peaks + others.peaks)
    print(
        f"\n64 windows of 65 ids, at random: {1e6 * median(windows):.0f} µs"
        f"\nASCII    {rate:,.0f} MB/s, target ≥ {LEAST_RATE}: {verdict(rate >= LEAST_RATE)}"
        f"\nmemory   {peak:,.0f} MB, target ≤ {MOST_MEMORY}: {verdict(peak <= MOST_MEMORY)}"
        f"\n{TRAIN_STEPS} steps of training, held-out loss included: {trained.peaks[0]:,.0f} MB, "
        f"target ≤ {MOST_TO_TRAIN}: {verdict(trained.peaks[0] <= MOST_TO_TRAIN)}"
        f"\n{describe_machine({'charloom': __version__, 'NumPy': np.__version__})}"
        f"; load {os.getloadavg()[0]:.1f} at the end"
    )


def words(foreign: bool) -> Iterator[bytes]:
    """Yield endless text in blocks: words of 1 to 11 letters, some commas and line breaks."""
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"eeeeetttaaaooiinnsshhrrddlucmfwypvbgkjqxz", "S1")
    made = (rng.choice(letters, rng.integers(1, 12)).tobytes().decode() for _ in range(WORDS))
    spelt = [word.translate(FOREIGN).encode() if foreign else word.encode() for word in made]
    chosen = np.array([*spelt, *(word.capitalize() for word in spelt[:2000])], object)
    ends = np.array([b" "] * 10 + [b", ", b".\n"], object)
    while True:
        parts = np.stack([rng.choice(chosen, BLOCK), rng.choice(ends, BLOCK)], axis=1)
        yield b"".join(parts.ravel())


def write(path: Path, megabytes: int, foreign: bool) -> float:
    """Write a file of at least ``megabytes``; return its size in MB."""
    done = 0
    with path.open("wb") as file:
        for block in words(foreign):
            done += file.write(block)
            if done >= 1e6 * megabytes:
                break
        file.flush()
        os.fsync(file.fileno())  # or writing it would slow down the first measurement
    os.utime(path, (time.time() - 100,) * 2)  # old enough to be cached
    return done / 1e6


def run(line: Line, folder: Path, path: Path, command: list[str]) -> float:
    """Measure a process that reads ``path``; return the seconds for windows, 0 if not measured."""
    changes = {"CHARLOOM_CACHE": str(folder / "cache"), "LC_ALL": "C.UTF-8"}
    start, used = time.perf_counter(), cpu_seconds()
    done = subprocess.run(
        [*command, str(path)], env=environment(**changes), check=True, capture_output=True
    )
    line.seconds.append(time.perf_counter() - start)
    line.cpu.append(cpu_seconds() - used)
    if command[0] != sys.executable:
        return 0.0
    answer = json.loads(done.stdout)
    line.peaks.append(answer["peak"] / (1e6 if sys.platform == "darwin" else 1e3))
    return float(answer.get("windows", 0.0))


def cpu_seconds() -> float:
    """Return the CPU seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def print_lines(lines: list[Line]) -> None:
    print(
        f"{'':24}{'MB':>8}{'seconds':>9}{'CPU s':>8}{'MB/s':>8}{'least to most':>18}{'peak MB':>9}"
    )
    for line in lines:
        rates = [line.size / seconds for seconds in line.seconds]
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        peak = f"{max(line.peaks):,.0f}" if line.peaks else ""
        print(
            f"{line.what:24}{line.size:>8,.0f}{median(line.seconds):>9.2f}"
            f"{median(line.cpu):>8.2f}{median(rates):>8,.0f}{spread:>18}{peak:>9}"
        )


def verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


if __name__ == "__main__":
    main()
