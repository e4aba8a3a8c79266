"""Claim: two processes of one core each train text ≥ 1.5 times as fast as one process of one core.

GRU and LSTM of 512 units, in characters a second, alternately (A B C A B C): one process with whole
batches; two that share them and sum their gradients; and two with half the rows that do not, which
is the limit.

Claim: in float32, losses of the first 20 steps are those of one process to 1e-5, for text and
names. They differ by rounding, which is 2e-3 in bfloat16, so in that format there is no target, and
what was measured is printed beside it. With --quick the figures mean nothing.

    python benchmarks/two_processes.py [--data TEXT] [--batch-size 64] [--window 32] [--only losses]

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
EQUAL = 1e-5
"""How far losses may differ in float32, relatively."""

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
    parser.add_argument("--only", choices=["rates", "losses"], help="measure only this")
    parser.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(json.loads(options.worker))
        return
    if options.quick:
        options.units, options.steps, options.repeats = 32, 5, 1
    print(describe_machine({"python": sys.version.split()[0]}))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = options.data or folder / "text.txt"
        if options.data is None:
            text.write_text(" ".join(words(400_000)), "utf-8")
        listed = folder / "names.txt"
        listed.write_text("\n".join(dict.fromkeys(words(20_000))), "utf-8")
        job = {"batch_size": options.batch_size, "window": options.window,
               "units": options.units}  # fmt: skip
        if options.only != "losses":
            rates = {"kind": "text", "data": str(text), "precision": options.precision,
                     "steps": options.steps}  # fmt: skip
            print(f"{'':10}{'characters/s':>38}{'ratio':>24}{'of processor time':>22}")
            print(f"{'':10}{'one':>12}{'two':>13}{'apart':>13}{'two':>12}{'apart':>12}{'two':>22}")
            for cell in options.cells:
                compare_rates(cell, job | rates, options.repeats, folder)
        if options.only != "rates":
            print(f"{'':24}{'largest relative difference of the losses':>42}")
            for kind, data in (("text", text), ("names", listed)):
                for cell in options.cells:
                    compare_losses(cell, job | {"kind": kind, "data": str(data)}, folder)


def compare_rates(cell: str, job: dict[str, Any], repeats: int, folder: Path) -> None:
    """Time the steps of one kind of cell, and print its row."""
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
    size = job["batch_size"] * job["window"]
    ratios = [rates[way] / rates["one"] for way in ("two", "apart")]
    print(
        f"{cell} {job['units']:<6}{rates['one'] * size:>11,.0f}{rates['two'] * size:>13,.0f}"
        f"{rates['apart'] * size:>13,.0f}{ratios[0]:>12.2f}{ratios[1]:>12.2f}"
        f"{used['one'] / used['two']:>22.2f}   target ≥ {TARGET}   {verdict(ratios[0] >= TARGET)}",
        flush=True,
    )


def compare_losses(cell: str, job: dict[str, Any], folder: Path) -> None:
    """Compare the losses of the first steps, and print a row for each number format."""
    for precision in ("float32", "bfloat16"):
        own = {**job, "cell": cell, "precision": precision, "steps": 0}
        one, two = (run({**own, "way": way}, 0, folder)[0]["losses"] for way in ("one", "two"))
        worst = max(abs(a - b) / a for a, b in zip(one, two, strict=True))
        said = f"target ≤ {EQUAL:g}   {verdict(worst <= EQUAL)}"
        if precision == "bfloat16":
            said = "no target in this format"
        print(f"{job['kind']:6}{cell:5}{job['units']:<5}{precision:9}{worst:>42.1e}   {said}",
              flush=True)  # fmt: skip


def verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


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
    from charloom.data.names import NameCorpus
    from charloom.data.text import TextCorpus
    from charloom.models.rnn.initial import initial_weights
    from charloom.training.engines.jax import JaxEngine
    from charloom.training.engines.jax_processes import joined
    from charloom.training.engines.jax_rows import RowsEngine
    from charloom.training.name_data import NameData
    from charloom.training.text_data import TextData
    from charloom.training.together import wait_for_all

    with joined(job["address"], job["count"], job["rank"], 120) as together:
        is_text = job["kind"] == "text"
        model = ModelConfig(
            kind="network", text=is_text, cell=job["cell"], units=job["units"], embedding=64,
            dropout=0.1,
        )  # fmt: skip
        size = job["batch_size"] // (2 if job["way"] == "apart" else 1)
        training = TrainConfig(
            preparation=job["kind"], batch_size=size, window=job["window"],
            precision=job["precision"],
        )  # fmt: skip
        data: TextData | NameData
        if is_text:
            data = TextData(TextCorpus.read(job["data"]), model, training)
        else:
            data = NameData(NameCorpus.read(job["data"]), model, training)
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
        processor = (time.process_time() - processor) / max(1, job["steps"])
    print(json.dumps({"losses": losses, "seconds": seconds, "processor": processor}))


def words(size: int) -> list[str]:
    """Return random words of ``size`` characters in all, about."""
    rng = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgkjqxzETAOINS,.;'!?"
    known = ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(3000)]
    found, length = [], 0
    while length < size:
        found.append(rng.choice(known))
        length += len(found[-1]) + 1
    return found


if __name__ == "__main__":
    main()
