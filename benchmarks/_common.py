"""Shared by the benchmarks: options, the baseline's worker, the machine's limit, the table."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

os.environ["KERAS_BACKEND"] = "jax"  # the claims are about charloom on JAX

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data" / "dinos.txt"
TUTORIAL = HERE / "tutorial.py"


def parser(doc: str, repeats: int) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks share."""
    result = argparse.ArgumentParser(description=doc.splitlines()[0])
    result.add_argument("--data", type=Path, default=DATA, help="dinos.txt, a name a line")
    result.add_argument(
        "--baseline-python",
        default=sys.executable,
        metavar="PATH",
        help="Python interpreter with TensorFlow; default: this one",
    )
    result.add_argument("--repeats", type=int, default=repeats)
    result.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    return result


def checked(options: argparse.Namespace) -> argparse.Namespace:
    """Exit with an error if the data or TensorFlow is missing, before measuring anything."""
    if not options.data.is_file():
        raise SystemExit(f"no such file: {options.data}. Pass --data with the tutorial's list.")
    python = options.baseline_python
    try:
        found = subprocess.run(
            [python, "-c", "import tensorflow"], env=environment("tensorflow"), capture_output=True
        )
    except OSError as error:
        raise SystemExit(f"--baseline-python {python}: {error.strerror}.") from error
    if found.returncode:
        raise SystemExit(
            f"{python} cannot import TensorFlow, which the baseline needs. "
            "Pass --baseline-python with one that can; see benchmarks/README.md."
        )
    if options.quick:
        options.repeats = 1
        print("--quick: a smoke test; its figures mean nothing")
    return options


def environment(backend: str = "jax", **more: str) -> dict[str, str]:
    """Return the environment for a child process that uses a Keras backend.

    Bytecode is cached, as for an installed package.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", **more}


def lines_of(data: Path) -> list[str]:
    """Return the tutorial's lines, repeats included."""
    return data.read_text(encoding="utf-8").splitlines()


class Worker:
    """Runs ``tutorial.py`` in its own process; a context manager that ends the process."""

    def __init__(self, python: str, backend: str = "tensorflow") -> None:
        self.started = time.perf_counter()
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [python, str(TUTORIAL)],
            env=environment(backend),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )

    def answers(self, command: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Yield a command's answers as they arrive."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps({"command": command, **arguments}), file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("done"):
                return
            yield answer
        self._errors.seek(0)
        last = (self._errors.read().strip() or "no message").splitlines()[-1]
        raise SystemExit(f"the baseline's worker died: {last}")

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Return all answers of a command, merged."""
        result: dict[str, Any] = {}
        for answer in self.answers(command, **arguments):
            result |= answer
        return result

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        assert self._process.stdin is not None
        if kind is not None:  # it may be busy for an hour
            self._process.kill()
        self._process.stdin.close()
        self._process.wait()
        self._errors.close()


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def matrix_product_rates(size: int = 2048) -> dict[str, float]:
    """Return float32 operations a second of a large matrix product on all cores: best of 3."""
    import jax
    import jax.numpy as jnp

    a = np.ones((size, size), np.float32)
    out, b = np.empty_like(a), jnp.asarray(a)
    product = jax.jit(jnp.matmul)
    product(b, b).block_until_ready()
    ways: dict[str, Callable[[], object]] = {
        "NumPy": lambda: np.matmul(a, a, out=out),
        "JAX": lambda: product(b, b).block_until_ready(),
    }
    return {way: 2 * size**3 / min(seconds(work) for _ in range(3)) for way, work in ways.items()}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A row of the table.

    Attributes:
        what: what is compared.
        ours, baseline: one value a repeat, in the same order; ``baseline`` may be empty.
        at_most: the target for their ratio, or for ``ours`` if ``absolute``; ``None``: no target.
        absolute: whether the target is for ``ours`` itself.
        unit: the unit of both values.
    """

    what: str
    ours: Sequence[float]
    baseline: Sequence[float] = ()
    at_most: float | None = None
    absolute: bool = False
    unit: str = "s"


def print_table(
    claims: Sequence[Claim], average: Callable[[Sequence[float]], float] = median
) -> None:
    """Print each claim: averages, their ratio, its range over the repeats, and the target."""
    width = max(len(claim.what) for claim in claims) + 2
    print(
        f"{'':{width}}{'charloom':>13}{'baseline':>13}{'ratio':>8}{'least to most':>18}"
        f"{'target':>14}"
    )
    for claim in claims:
        ours = average(claim.ours)
        cells = [f"{figure(ours)} {claim.unit}", "", "", "", ""]
        reached, values = ours, list(claim.ours)
        if claim.baseline:
            baseline = average(claim.baseline)
            cells[1] = f"{figure(baseline)} {claim.unit}"
            ratio = ours / baseline
            cells[2] = f"{ratio:.3f}"
            if not claim.absolute:
                reached = ratio
            values = [a / b for a, b in zip(claim.ours, claim.baseline, strict=True)]
        cells[3] = f"{figure(min(values))} to {figure(max(values))}"
        verdict = ""
        if claim.at_most is not None:
            cells[4] = f"≤ {figure(claim.at_most)}{' ' + claim.unit if claim.absolute else ''}"
            verdict = "  reached" if reached <= claim.at_most else "  missed"
        one, two, three, four, five = cells
        print(f"{claim.what:{width}}{one:>13}{two:>13}{three:>8}{four:>18}{five:>14}{verdict}")


def figure(value: float) -> str:
    """Format a number with three or four significant digits."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.{0 if value >= 100 else 3}f}"


def describe_machine(versions: Mapping[str, str]) -> str:
    """Describe the machine and the versions that were measured."""
    from charloom.models.threads import usable_cores

    parts = (f"{name} {version}" for name, version in versions.items())
    return f"{usable_cores()} cores; {', '.join(parts)}"
