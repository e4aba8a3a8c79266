"""Claim: several processes encode a large file at 1.6 times the rate of one, to the same bytes.

Text in ASCII, text with other letters, and a list of names, generated with a seed and deleted
afterwards. charloom's cache is empty each time; both sides are measured alternately, and what they
write is compared by SHA-256. One process already reads, hashes and writes in threads of its own,
so on two cores the ratio cannot reach 2; that of ASCII is about 1.4, since both take the same
processor time. On a busy machine only the processor time means something.

    python benchmarks/ranges.py [--gigabytes 10] [--workers N] [--only ascii] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from _common import describe_machine, environment
from charloom import __version__
from charloom.config.cores import usable_cores
from encoding import PEAK, cpu_seconds, verdict, write

LEAST_RATIO = 1.6
MOST_NAMES = 0.2  # GB; their hashes are sorted in memory, by one process and by several
NAMES = 100_000
REPEATED = 0.1  # GB; writing random words takes longer than encoding them
READ = f"""
import json, sys
from charloom.data.{{module}} import {{corpus}}
{{corpus}}.read(sys.argv[1])
{PEAK}
print(json.dumps(peak))
"""
TEXT = READ.format(module="text", corpus="TextCorpus")
LIST = READ.format(module="names", corpus="NameCorpus")


@dataclass
class Side:
    """The measurements of one number of processes."""

    workers: int
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)  # MB, of the process that asks
    digests: set[str] = field(default_factory=set)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of each file")
    parser.add_argument("--workers", type=int, default=usable_cores(), help="default: the cores")
    parser.add_argument("--only", choices=list(KINDS), help="measure one kind of file")
    parser.add_argument("--folder", type=Path, help="folder for the files; default: temporary")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    options = parser.parse_args()
    if options.quick:
        options.gigabytes, options.repeats = 0.07, 1
        print("--quick: a smoke test; its figures mean nothing")
    print(
        f"{'':8}{'MB':>8}{'processes':>11}{'seconds':>9}{'CPU s':>8}{'MB/s':>8}{'peak MB':>9}"
        f"{'ratio':>8}{'least to most':>16}"
    )
    for kind in [options.only] if options.only else KINDS:
        code, make = KINDS[kind]
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            folder = Path(name)
            path = folder / f"{kind}.txt"
            make(path, options.gigabytes)
            os.utime(path, (time.time() - 100,) * 2)  # old enough to be cut into ranges
            one, several = Side(1), Side(options.workers)
            for _ in range(options.repeats):
                for side in (one, several):
                    measure(side, folder, path, code)
            report(kind, path.stat().st_size / 1e6, one, several)
    versions = {"charloom": __version__, "NumPy": np.__version__}
    print(f"{describe_machine(versions)}; load {os.getloadavg()[0]:.1f} at the end")


def text(path: Path, gigabytes: float, foreign: bool = False) -> None:
    """Write text: words of 1 to 11 letters, the same again after ``REPEATED``."""
    write(path, int(1000 * min(gigabytes, REPEATED)), foreign)
    block = path.read_bytes()
    with path.open("ab") as file:
        for _ in range(round(1e9 * gigabytes / len(block)) - 1):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())  # or writing it would slow down the first measurement


def foreign(path: Path, gigabytes: float) -> None:
    text(path, gigabytes, foreign=True)


def names(path: Path, gigabytes: float) -> None:
    """Write names of 4 to 20 letters, of which some are repeated."""
    rng = np.random.default_rng(0)
    onsets = np.array([*"bcdfghklmnprstvz", "br", "st", "ch", "ž"], object)
    nuclei = np.array([*"aeiouéö", "ei", "ia"], object)
    left = 1e9 * min(gigabytes, MOST_NAMES)
    with path.open("wb") as file:
        while left > 0:
            made = rng.choice(onsets, (NAMES, 5)) + rng.choice(nuclei, (NAMES, 5))
            sizes = rng.integers(2, 6, NAMES).tolist()
            lines = ["".join(row[:size]) for row, size in zip(made, sizes, strict=True)]
            left -= file.write("\n".join([*lines, ""]).encode())


KINDS: dict[str, tuple[str, Callable[[Path, float], None]]] = {
    "ascii": (TEXT, text),
    "utf-8": (TEXT, foreign),
    "names": (LIST, names),
}


def measure(side: Side, folder: Path, path: Path, code: str) -> None:
    cache = folder / "cache"
    changes = {"CHARLOOM_CACHE": str(cache), "CHARLOOM_WORKERS": str(side.workers)}
    start, used = time.perf_counter(), cpu_seconds()
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env=environment(**changes),
        check=True,
        capture_output=True,
    )
    side.seconds.append(time.perf_counter() - start)
    side.cpu.append(cpu_seconds() - used)
    side.peaks.append(json.loads(done.stdout) / (1e6 if sys.platform == "darwin" else 1e3))
    side.digests.add(digest(cache / "entries"))
    shutil.rmtree(cache)


def digest(folder: Path) -> str:
    """Return the SHA-256 of all files in a folder, with their names."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            own = hashlib.file_digest(file, "sha256").hexdigest()
        found.update(f"{path.relative_to(folder)} {own}\n".encode())
    return found.hexdigest()


def report(kind: str, size: float, one: Side, several: Side) -> None:
    for side in (one, several):
        seconds = median(side.seconds)
        print(
            f"{kind:8}{size:>8,.0f}{side.workers:>11}{seconds:>9.1f}{median(side.cpu):>8.1f}"
            f"{size / seconds:>8,.0f}{max(side.peaks):>9,.0f}",
            end="\n" if side is one else "",
        )
    ratios = [a / b for a, b in zip(one.seconds, several.seconds, strict=True)]
    ratio = median(one.seconds) / median(several.seconds)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"{ratio:>8.2f}{spread:>16}")
    same = one.digests == several.digests and len(one.digests) == 1
    print(
        f"{kind}: rate ≥ {LEAST_RATIO} times: {verdict(ratio >= LEAST_RATIO)}; "
        f"the same bytes: {'yes' if same else 'NO'}"
    )


if __name__ == "__main__":
    main()
