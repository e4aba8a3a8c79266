"""Claim: names in parts are those of one process, at little more cost, even if workers are killed.

One process writes the names; then a cluster of this machine does, in parts; then another, of which
a worker is killed every few seconds. The processor time is that of whole processes, from their
start to their end, the cluster's included; that of all tasks is shown too. The memory of a task is
the most that its worker has ever had. With --ngram it is the n-gram of the mixture that is drawn
from, which is faster. Where processes that run side by side slow each other down, as two threads of
one core do, one process alone is no fair baseline: --beside N runs N of them at once.

    python benchmarks/bulk.py --run RUN -n 1000000 [--ngram] [--kill-every 20] [--beside 2]
"""

from __future__ import annotations

import argparse
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
    parser.add_argument("--beside", type=int, default=1, help="single processes to run at once")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        write_all(options)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, megabytes = in_one_process(folder / "one.txt", options.beside)
        print(f"one process: {one:.0f} s, {megabytes:.0f} MB", flush=True)
        spent: list[tuple[float, float]] = []
        before, own = processor_time(), time.process_time()
        found = job(options, folder / "parts").names(
            searched(options), lambda *work: measured(options.workers, spent, *work), quiet
        )
        cpu, own = processor_time() - before, time.process_time() - own
        tasks = sum(seconds for seconds, _ in spent)
        print(
            f"{len(spent)} parts: {cpu:.0f} s ({tasks:.1f} in tasks, {own:.1f} for horizon, cut "
            f"and scheduler, {cpu - tasks - own:.1f} to start the workers), {cpu / one:.3f} of one "
            f"process; the largest worker {max(megabytes for _, megabytes in spent):.0f} MB",
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


def in_one_process(path: Path, beside: int) -> tuple[float, float]:
    """Let processes write all names to a file each; return the processor time of one, in seconds,
    and its memory, in megabytes."""
    before = processor_time()
    paths = [path, *(path.with_suffix(f".{i}") for i in range(1, beside))]
    running = [
        subprocess.Popen(
            [sys.executable, __file__, *sys.argv[1:], "--one", str(one)], stdout=subprocess.PIPE
        )
        for one in paths
    ]
    printed = [process.communicate()[0] for process in running]
    return (processor_time() - before) / beside, float(printed[0])


def processor_time() -> float:
    """Return the seconds of this process and of those it has started and that have ended."""
    return sum(os.times()[:4])


def write_all(options: argparse.Namespace) -> None:
    with options.one.open("w", encoding="utf-8") as file:
        file.writelines(f"{sample.text}\n" for sample in searched(options))
    print(most_memory())


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
    from distributed import Client, as_completed

    from charloom.cluster.job import WORK
    from charloom.cluster.runner import local_cluster
    from charloom.cluster.task import WORKING

    place = str(work.folder / WORKING / WORK)
    with local_cluster(workers) as cluster, Client(cluster) as client:
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
