"""Claim: names in parts are those of one process, at little more cost, even if workers are killed.

One process writes the names; then a cluster of this machine does, in parts; then another, of which
a worker is killed every few seconds. The processor time of the parts is that of finding the
horizon, of cutting the tree and of all tasks; the memory of a task is the most that its worker has
ever had. With --ngram it is the n-gram of the mixture that is drawn from, which is faster.

    python benchmarks/bulk.py --run RUN -n 1000000 [--ngram] [--kill-every 20]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the run folder of a mixture")
    parser.add_argument("-n", type=int, default=1_000_000)
    parser.add_argument("--ngram", action="store_true", help="draw from the n-gram alone")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=20.0, help="seconds; 0: never")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        write_all(options)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = in_one_process(folder / "one.txt")
        print(f"one process: {one['cpu']:.0f} s, {one['megabytes']:.0f} MB", flush=True)
        spent: list[tuple[float, float]] = []
        before = time.process_time()
        found = job(options, folder / "parts").names(
            searched(options), lambda *work: measured(options.workers, spent, *work), quiet
        )
        own = time.process_time() - before
        cpu = own + sum(seconds for seconds, _ in spent)
        print(
            f"{len(spent)} parts: {cpu:.0f} s ({own:.0f} of them not in tasks), "
            f"{cpu / one['cpu']:.3f} of one process; the largest worker "
            f"{max(megabytes for _, megabytes in spent):.0f} MB",
            flush=True,
        )
        print(compared(folder / "one.txt", folder / "parts", found), flush=True)
        if options.kill_every:
            killed, again = with_kills(options, folder / "killed")
            print(f"{killed} workers killed: {'the same' if again == found else 'OTHER'} files")


def model_of(options: argparse.Namespace) -> Any:
    from charloom import load

    model: Any = load(options.run)
    return replace(model, rnn=model.rnn.ngram, saved=None) if options.ngram else model


def searched(options: argparse.Namespace) -> Any:
    return model_of(options).stream(options.n, seed=SEED, threads=1)


def in_one_process(path: Path) -> Any:
    """Let a process of its own write all names to a file."""
    command = [sys.executable, __file__, *sys.argv[1:], "--one", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def write_all(options: argparse.Namespace) -> None:
    search = searched(options)
    before = time.process_time()
    with options.one.open("w", encoding="utf-8") as file:
        file.writelines(f"{sample.text}\n" for sample in search)
    print(json.dumps({"cpu": time.process_time() - before, "megabytes": most_memory()}))


def most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def job(options: argparse.Namespace, folder: Path) -> Any:
    from charloom.cluster.job import Job

    return Job(folder, {"n": options.n})


def quiet(share: float) -> None:
    """Say nothing."""


def measured(
    workers: int, spent: list[tuple[float, float]], work: Any, digest: str, pending: Any
) -> Iterator[int]:
    """Run the tasks, and note the processor time of each and the most memory of its worker."""
    from distributed import Client, LocalCluster, as_completed

    from charloom.cluster.job import WORK
    from charloom.cluster.task import WORKING

    place = str(work.folder / WORKING / WORK)
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0", memory_limit=0
        ) as cluster,
        Client(cluster) as client,
    ):
        futures = [client.submit(timed, place, digest, *one, pure=False) for one in pending]
        for future in as_completed(futures):
            count, seconds, megabytes = future.result()
            spent.append((seconds, megabytes))
            yield count


def timed(place: str, digest: str, number: int, part: Any) -> tuple[int, float, float]:
    from charloom.cluster.task import walk_part

    before = time.process_time()
    count = walk_part(place, digest, number, part)
    return count, time.process_time() - before, most_memory()


def compared(path: Path, folder: Path, found: Any) -> str:
    """Return how the names of the files differ from those of one process, in words."""
    one = hashes(path.open(encoding="utf-8"))
    parts = np.concatenate(
        [hashes((folder / file["file"]).open(encoding="utf-8")) for file in found["files"]]
    )
    different = len(np.setdiff1d(one, parts)), len(np.setdiff1d(parts, one))
    twice = len(parts) - len(np.unique(parts))
    return (
        f"{len(one):,} names and {len(parts):,} in parts, {twice} of them twice: "
        f"{different[0]} only in one process, {different[1]} only in parts"
    )


def hashes(lines: Iterable[str]) -> Any:
    return np.fromiter(map(hash, lines), np.int64)


def with_kills(options: argparse.Namespace, folder: Path) -> tuple[int, Any]:
    """Do the job while workers are killed; return how many were, and the manifest."""
    from distributed import default_client

    from charloom.cluster.runner import tasks

    killed, over = 0, threading.Event()

    def kill(client: Any) -> None:
        nonlocal killed
        while not over.wait(options.kill_every):
            pids = [nanny.pid for nanny in client.cluster.workers.values()]
            if running := [pid for pid in pids if pid is not None]:  # else it is starting
                os.kill(random.choice(running), signal.SIGKILL)
                killed += 1

    with tasks(options.workers, None) as run:
        killer = threading.Thread(target=kill, args=(default_client(),))
        killer.start()
        try:
            found = job(options, folder).names(searched(options), run, quiet)
        finally:
            over.set()
            killer.join()
    return killed, found


if __name__ == "__main__":
    main()
