"""Claim: drawing is faster than in another checkout, from ten names to a hundred thousand.

Two processes, one for each checkout, load the same run and draw the same things alternately: the
machine's speed drifts, so only the ratio within a pair is compared. The table has for each line
the median milliseconds on the clock and of all cores, and the median ratios of the pairs. The limit
is what the matrix products of the network alone would take, for the prefixes that this checkout
steps: the best time of one core for the products of 1,024 rows, divided among all cores on the
clock. An n-gram has no products.

    git worktree add ../before HEAD~1
    python benchmarks/drawing.py ../before --run RUN [--pairs 10] [--only 1,000]
    python benchmarks/drawing.py ../before --run RUN --other-run ITS_RUN  # with another model
    python benchmarks/drawing.py ../before --run RUN --memory 10000000
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve()
MANY = 100_000
KINDS = {"clock": len(os.sched_getaffinity(0)), "cores": 1}
"""What is timed, and among how many cores its limit is divided."""

Line = Callable[[Any, int], object]


def lines() -> dict[str, Line]:
    """Return what is measured: functions of the model and a seed."""
    from charloom.generation.constraints import End, Length

    saurus, z = End("saurus") & Length(8, 10), End("z")
    repeats: dict[str, Any] = {"allow_known": True, "allow_repeats": True}
    return {
        "generate(10)": lambda model, seed: model.generate(10, seed=seed),
        "generate(10), ...saurus": lambda model, seed: model.generate(10, seed=seed, rules=saurus),
        "1,000 names": lambda model, seed: model.names(1000, seed=seed),
        "2,000 names, ...z": lambda model, seed: model.names(2000, seed=seed, rules=z),
        "100,000 drawn": lambda model, seed: model.names(MANY, seed=seed, **repeats),
        "100,000 new": lambda model, seed: model.names(MANY, seed=seed),
        "100,000 of the n-gram": lambda model, seed: ngram(model).names(MANY, seed=seed, **repeats),
    }


def ngram(model: Any) -> Any:
    """Return the model with its n-gram alone."""
    from dataclasses import replace

    return replace(model, rnn=model.rnn.ngram, saved=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("other", type=Path, help="the other checkout's root")
    parser.add_argument("--run", type=Path, required=True, help="the run folder of a mixture")
    parser.add_argument("--other-run", type=Path, help="the other's run, by default the same")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--only", default="", help="measure only lines whose title contains this")
    parser.add_argument("--memory", type=int, help="draw so many names once each; report memory")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.run)
        return
    checkouts = [HERE.parents[1], options.other.resolve()]
    runs = [options.run, options.other_run or options.run]
    if options.memory:
        for checkout, run in zip(checkouts, runs, strict=True):
            with worker(checkout, run) as process:
                spent = ask(process, f"memory {options.memory}", 0)
            print(f"{checkout.name}: {spent['gigabytes']:.2f} GB, {spent['clock']:.0f} s")
        return
    titles = [title for title in lines() if options.only in title]
    with worker(checkouts[0], runs[0]) as ours, worker(checkouts[1], runs[1]) as theirs:
        columns = "".join(f"{kind:>9}{'other':>9}{'ratio':>7}{'limit':>9}" for kind in KINDS)
        print(f"{'milliseconds':26}{columns}")
        for title in titles:
            print(row(title, [ours, theirs], options.pairs), flush=True)


def row(title: str, processes: list[Any], pairs: int) -> str:
    """Measure a line in alternating pairs, each with a seed of its own."""
    found: list[list[dict[str, float]]] = []
    for seed in range(-1, pairs):  # the first warms up
        order = processes if seed % 2 else processes[::-1]
        answers = {id(process): ask(process, title, max(seed, 0)) for process in order}
        found.append([answers[id(process)] for process in processes])
    rows = median(pair[0]["rows"] for pair in found[1:])
    limit = 1000 * rows * ask(processes[0], "product", 0)["cores"]
    text = f"{title:26}"
    for kind, share in KINDS.items():
        ours, theirs = (median(1000 * pair[i][kind] for pair in found[1:]) for i in (0, 1))
        ratio = median(pair[0][kind] / pair[1][kind] for pair in found[1:])
        least = f"{limit / share:9.1f}" if limit else f"{'-':>9}"
        text += f"{ours:9.1f}{theirs:9.1f}{ratio:7.2f}{least}"
    return text


def product_seconds(config: Any, size: int) -> float:
    """Return the seconds of a core for a row's products with the network's weights."""
    import numpy as np

    from charloom.models.rnn.shapes import GATES
    from charloom.models.threads import one_blas_thread

    units, rows = config.units, 1024
    hidden, recurrent = np.ones((rows, units), np.float32), np.ones((units, units), np.float32)
    logits, gates = np.ones((units, size), np.float32), GATES[config.cell] * (2 * config.layers - 1)
    gate, found = np.empty((rows, units), np.float32), []
    with one_blas_thread():
        for _ in range(30):
            start = time.thread_time()
            for _ in range(gates):
                np.matmul(hidden, recurrent, out=gate)
            np.matmul(hidden, logits)
            found.append(time.thread_time() - start)
    return min(found) / rows


def worker(checkout: Path, run: Path, script: Path = HERE) -> subprocess.Popen[str]:
    """Start a process of ``script`` that draws with ``checkout``."""
    return subprocess.Popen(
        [sys.executable, str(script), str(checkout), "--run", str(run.resolve()), "--serve"],
        env=os.environ | {"PYTHONPATH": str(checkout / "src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(process: Any, title: str, seed: int) -> Any:
    process.stdin.write(json.dumps([title, seed]) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def serve(run: Path) -> None:
    """Answer what the parent asks for, until it closes the pipe."""
    from charloom import load
    from charloom.models.rnn.numpy import NumpyRNN

    model, known = load(run), lines()
    step, stepped = NumpyRNN.step, []

    def counting_step(self, ids, *rest):  # type: ignore[no-untyped-def]
        stepped.append(len(ids))
        return step(self, ids, *rest)

    NumpyRNN.step = counting_step  # type: ignore[method-assign]
    for request in sys.stdin:
        title, seed = json.loads(request)
        stepped.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        if title == "product":
            print(json.dumps({"cores": product_seconds(model.rnn.config, model.vocabulary.size)}))
            sys.stdout.flush()
            continue
        if title in known:
            known[title](model, seed)
        else:
            for _ in model.stream(int(title.split()[1]), seed=seed):
                pass
        spent = {"clock": time.perf_counter() - wall, "cores": time.process_time() - cpu}
        spent["rows"] = sum(stepped)
        spent["gigabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps(spent), flush=True)


if __name__ == "__main__":
    main()
