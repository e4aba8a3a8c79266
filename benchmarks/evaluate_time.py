"""Claim: all metrics of a model, on 10,000 samples, take at most 20 seconds.

Measures the whole command ``charloom evaluate RUN`` in a new process. The run is trained first,
with the default recipe. The parts are timed in one further evaluation within this process.

    python benchmarks/evaluate_time.py [--run RUN]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import charloom
from _common import Claim, describe_machine, environment, lines_of, parser, print_table, seconds
from charloom.api import load
from charloom.data.names import NameCorpus
from charloom.evaluation import measure
from charloom.run import Run


def main() -> None:
    arguments = parser(__doc__, repeats=3)
    arguments.add_argument("--run", type=Path, help="a run trained on names; default: train one")
    options = arguments.parse_args()
    samples = 500 if options.quick else 10_000
    print(describe_machine({"charloom": charloom.__version__}))
    with tempfile.TemporaryDirectory() as folder:
        run = options.run or Path(folder) / "run"
        if options.run is None:
            corpus = NameCorpus.of(lines_of(options.data))
            charloom.train(corpus, out=run, **({"epochs": 1} if options.quick else {}))
        command = [
            sys.executable,
            "-m",
            "charloom",
            "evaluate",
            str(run),
            "--samples",
            str(samples),
        ]

        def evaluate() -> None:
            subprocess.run(command, env=environment(), capture_output=True, check=True)

        times = [seconds(evaluate) for _ in range(options.repeats)]
        print_table(
            [Claim(what=f"evaluate, {samples:,} samples", ours=times, at_most=20.0, absolute=True)]
        )
        opened = Run.open(run)
        model = load(opened.measured)
        last, since = "loading", time.perf_counter()

        def tell(what: str, share: float) -> None:
            nonlocal last, since
            now = time.perf_counter()
            print(f"  {last:24}{now - since:6.2f} s")
            last, since = what, now

        measure(
            model,
            opened.held_out_names,
            train=opened.train_names,
            samples=samples,
            progress=tell,
        )


if __name__ == "__main__":
    main()
