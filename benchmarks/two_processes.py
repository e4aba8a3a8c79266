"""Claim: two processes of one core each train text ≥ 1.5 times as fast as one process of one core.

GRU and LSTM of 512 units, in characters a second, alternately (A B C A B C): one process with whole
batches; two that share them and sum their gradients; and two with half the rows that do not, which
is the limit. Losses of the first 20 steps must be those of one process to 1e-5. With --quick the
figures mean nothing.

    python benchmarks/two_processes.py [--data TEXT] [--batch-size 64] [--window 32]

Needs two cores that are free: a process that has to wait for a core holds up the other one. The
processor time of a step says what a busy machine would give if it were not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from _common import describe_machine, environment

TARGET = 1.5
COMPARED = 20
"""Steps whose losses are compared; after them steps are timed."""

ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NPROC": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="a text; by default random words")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--window", type=int, default=32)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--cells", nargs="+", default=["gru", "lstm"])
    parser.add_argument("--precision", default="auto", help="auto, float32 or bfloat16")
    parser.add_argument("--steps", type=int, default=60, help="steps that are timed each time")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(json.loads(options.worker))
        return
    if options.quick:
        options.units, options.steps, options.repeats = 32, 5, 1
    print(describe_machine({"python": sys.version.split()[0]}))
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or Path(folder) / "text.txt"
        if options.data is None:
            data.write_text(words(400_000), "utf-8")
        job = {"data": str(data), "batch_size": options.batch_size, "window": options.window,
               "units": options.units, "steps": options.steps,
               "precision": options.precision}  # fmt: skip
        print(f"{'':10}{'characters/s':>38}{'ratio':>24}{'of processor time':>22}{'losses':>12}")
        print(f"{'':10}{'one':>12}{'two':>13}{'apart':>13}{'two':>12}{'apart':>12}{'two':>22}")
        for cell in options.cells:
            compare(cell, job, options.repeats, Path(folder))


def compare(cell: str, job: dict[str, Any], repeats: int, folder: Path) -> None:
    """Measure one kind of cell, and print its row."""
    found: dict[str, list[list[dict[str, Any]]]] = {"one": [], "two": [], "apart": []}
    for repeat in range(repeats):
        for way, results in found.items():
            results.append(run({**job, "cell": cell, "way": way}, repeat, folder))
    rates = {
        way: median(1 / median(results[0]["seconds"]) for results in every)
        for way, every in found.items()
    }
    used = {
        way: median(max(one["processor"] for one in results) for results in every)
        for way, every in found.items()
    }
    one, two = (found[way][0][0]["losses"] for way in ("one", "two"))
    worst = max(abs(a - b) / a for a, b in zip(one, two, strict=True))
    size = job["batch_size"] * job["window"]
    ratios = [rates[way] / rates["one"] for way in ("two", "apart")]
    verdict = "reached" if ratios[0] >= TARGET and worst <= 1e-5 else "missed"
    print(
        f"{cell} {job['units']:<6}{rates['one'] * size:>11,.0f}{rates['two'] * size:>13,.0f}"
        f"{rates['apart'] * size:>13,.0f}{ratios[0]:>12.2f}{ratios[1]:>12.2f}"
        f"{used['one'] / used['two']:>22.2f}{worst:>12.1e}   target ≥ {TARGET}   {verdict}",
        flush=True,
    )


def run(job: dict[str, Any], repeat: int, folder: Path) -> list[dict[str, Any]]:
    """Run the processes of a job, each on a core of its own; return what each has measured."""
    count = 1 if job["way"] == "one" else 2
    cores = sorted(os.sched_getaffinity(0))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    children = []
    for rank in range(count):
        own = {**job, "count": count, "rank": rank, "address": address,
               "core": cores[(rank + repeat) % len(cores)]}  # fmt: skip
        children.append(
            subprocess.Popen(
                [sys.executable, __file__, "--worker", json.dumps(own)],
                env=environment(XDG_CACHE_HOME=str(folder / "cache"), **ONE_THREAD),
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    outputs = [child.communicate()[0] for child in children]
    if any(child.returncode for child in children):
        raise SystemExit(f"FAILED: {job}")
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def work(job: dict[str, Any]) -> None:
    """Train some steps as one of the processes; print losses and times."""
    os.sched_setaffinity(0, {job["core"]})
    from charloom.config import ModelConfig, TrainConfig
    from charloom.data.text import TextCorpus
    from charloom.models.rnn.initial import initial_weights
    from charloom.training.engines.jax import JaxEngine
    from charloom.training.engines.jax_processes import joined
    from charloom.training.engines.jax_rows import RowsEngine
    from charloom.training.text_data import TextData
    from charloom.training.together import wait_for_all

    with joined(job["address"], job["count"], job["rank"], 120) as together:
        corpus = TextCorpus.read(job["data"])
        model = ModelConfig(
            kind="network", text=True, cell=job["cell"], units=job["units"], embedding=64,
            dropout=0.1,
        )  # fmt: skip
        size = job["batch_size"] // (2 if job["way"] == "apart" else 1)
        training = TrainConfig(
            preparation="text", batch_size=size, window=job["window"], precision=job["precision"]
        )
        data = TextData(corpus, model, training)
        shares = job["way"] == "two"
        batches = data.batches(together.rows(size) if shares else None)
        make = RowsEngine if shares else JaxEngine
        weights = initial_weights(model, data.vocabulary.size, 0)
        engine = make(model, training, weights, data.batches().characters_per_batch)
        engine.prepare(batches.times)
        wait_for_all(together)
        losses = [float(engine.step(batches.batch(0, step), 2e-3)) for step in range(COMPARED)]
        wait_for_all(together)
        seconds, processor, pending = [], time.process_time(), None
        last = time.perf_counter()
        for step in range(COMPARED, COMPARED + job["steps"]):
            loss = engine.step(batches.batch(0, step), 2e-3)
            if pending is not None:  # one step late, as the trainer reads it
                float(pending)
                seconds.append(time.perf_counter() - last)
                last = time.perf_counter()
            pending = loss
        processor = (time.process_time() - processor) / job["steps"]
    print(json.dumps({"losses": losses, "seconds": seconds, "processor": processor}))


def words(size: int) -> str:
    """Return text of random words."""
    rng = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgkjqxzETAOINS,.;'!?"
    known = ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(3000)]
    found, length = [], 0
    while length < size:
        found.append(rng.choice(known))
        length += len(found[-1]) + 1
    return " ".join(found)


if __name__ == "__main__":
    main()
