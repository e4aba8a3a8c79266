"""Claim: 20,000 names a second on two cores, and half the rate that matrix products alone allow.

Compared in the same run, alternately: a plain NumPy loop, and the limit. The limit is the
machine's rate for large float32 matrix products, divided by the products that a name needs if
every one of its steps is computed. (Sharing prefixes needs fewer, so the limit can be exceeded.)
For a mixture, the loop and the limit are those of the network. The network may be a GRU or an
LSTM of one layer.

    python benchmarks/names_per_second.py --run RUN
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from _common import matrix_product_rates, seconds
from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.generation import NameModel
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import GATES
from charloom.models.threads import usable_cores

Weights = Mapping[str, NDArray[np.float32]]
Arrays = tuple[NDArray[np.float32], ...]
Cell = Callable[[Weights, NDArray[np.int64], Arrays], Arrays]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, help="run folder of a one-layer GRU or LSTM")
    parser.add_argument("--npz", type=Path, help="its weights, instead of a run folder ...")
    parser.add_argument("--names", type=Path, help="... with the list it was trained on")
    parser.add_argument("--number", type=int, default=100_000, help="names a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    model, weights = from_run(options.run) if options.run else from_npz(options.npz, options.names)
    config = model.rnn.config
    if config.cell not in PLAIN or config.layers != 1 or not config.has_network:
        parser.error(f"needs a one-layer GRU or LSTM. Received: {config}")
    cell = PLAIN[config.cell]

    def ours(seed: int) -> list[str]:
        return model.names(options.number, seed=seed, allow_known=True, allow_repeats=True)

    steps = 1 + sum(map(len, ours(0))) / options.number  # counts the end symbol; also warms up
    few = max(1, options.number // 10)  # enough to time the slower way
    product = (
        2 * config.units * GATES[config.cell] * config.units
    )  # operations of a step's recurrent product
    rates: dict[str, list[float]] = {"charloom": [], "plain NumPy loop": [], "limit": []}
    for repeat in range(1, options.repeats + 1):
        rates["charloom"].append(options.number / seconds(lambda: ours(repeat)))  # noqa: B023
        rates["plain NumPy loop"].append(few / seconds(lambda: plain(weights, few, repeat, cell)))  # noqa: B023
        rates["limit"].append(max(matrix_product_rates().values()) / (product * steps))

    size = model.vocabulary.size
    print(
        f"{config.kind}, {config.cell.upper()} H={config.units} E={config.embedding} V={size}, "
        f"{steps:.2f} steps a name, "
        f"{options.number:,} names, {usable_cores()} cores; medians of {options.repeats}"
    )
    print(f"{'':18}{'names/s':>10}{'  charloom / this'}{'  least to most':>22}")
    for name, values in rates.items():
        ratio = median(a / b for a, b in zip(rates["charloom"], values, strict=True))
        spread = f"{min(values):,.0f} to {max(values):,.0f}"
        print(f"{name:18}{median(values):10,.0f}{ratio:17.2f}{spread:>22}")
    taken, share = inside(lambda: ours(0))
    print(f"sharing saves {1 - taken / (options.number * steps):.0%} of the steps")
    print(f"matrix products take {share:.0%} of the threads' time")


def gru(weights: Weights, ids: NDArray[np.int64], states: Arrays) -> Arrays:
    """A GRU step, written plainly: (h,) to (h,)."""
    (h,) = states
    x = weights["embedding"][ids] @ weights["rnn.0.kernel"] + weights["rnn.0.bias"][0]
    y = h @ weights["rnn.0.recurrent_kernel"] + weights["rnn.0.bias"][1]
    (xz, xr, xh), (yz, yr, yh) = np.split(x, 3, axis=1), np.split(y, 3, axis=1)
    z, r = 1 / (1 + np.exp(-(xz + yz))), 1 / (1 + np.exp(-(xr + yr)))
    return (z * h + (1 - z) * np.tanh(xh + r * yh),)


def lstm(weights: Weights, ids: NDArray[np.int64], states: Arrays) -> Arrays:
    """An LSTM step, written plainly: (h, c) to (h, c)."""
    h, c = states
    x = weights["embedding"][ids] @ weights["rnn.0.kernel"] + weights["rnn.0.bias"]
    i, f, g, o = np.split(x + h @ weights["rnn.0.recurrent_kernel"], 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c


PLAIN = {"gru": gru, "lstm": lstm}


def plain(weights: Weights, number: int, seed: int, cell: Cell, batch: int = 4096) -> int:
    """Draw names as one would write it down, in batches; return how many steps were taken."""
    rng = np.random.default_rng(seed)
    steps = 0
    for start in range(0, number, batch):
        ids = np.zeros(min(batch, number - start), dtype=np.int64)
        zero = np.zeros((len(ids), len(weights["rnn.0.recurrent_kernel"])), dtype=np.float32)
        states: Arrays = (zero,) * (2 if cell is lstm else 1)
        while len(ids):
            steps += len(ids)
            states = cell(weights, ids, states)
            logits = states[0] @ weights["logits.kernel"] + weights["logits.bias"]
            p = np.exp(logits - logits.max(axis=1, keepdims=True))
            ends = np.cumsum(p, axis=1)
            ids = (ends < rng.random((len(ids), 1)) * ends[:, -1:]).sum(axis=1)
            states, ids = tuple(state[ids > 0] for state in states), ids[ids > 0]
    return steps


def inside(work: Callable[[], object]) -> tuple[int, float]:
    """Run ``work``; return the rows that were stepped, and the fraction of the time in products."""
    rows: list[int] = []
    products: list[float] = []
    step, matmul = NumpyRNN.step, np.matmul

    def counting_step(self, ids, *rest):  # type: ignore[no-untyped-def]
        rows.append(len(ids))
        return step(self, ids, *rest)

    def timed_matmul(*arguments, **options):  # type: ignore[no-untyped-def]
        start = time.perf_counter()
        result = matmul(*arguments, **options)
        products.append(time.perf_counter() - start)
        return result

    NumpyRNN.step, np.matmul = counting_step, timed_matmul  # type: ignore[method-assign]
    try:
        total = seconds(work)
    finally:
        NumpyRNN.step, np.matmul = step, matmul  # type: ignore[method-assign]
    return sum(rows), sum(products) / (total * usable_cores())


def from_run(run: Path) -> tuple[NameModel, Weights]:
    from charloom import Run, load

    opened = Run.open(run)
    return load(opened), opened.weights


def from_npz(weights_file: Path, names_file: Path) -> tuple[NameModel, Weights]:
    weights = dict(np.load(weights_file))
    names = frozenset(names_file.read_text(encoding="utf-8").split())
    embedding, units = weights["embedding"].shape[1], len(weights["logits.kernel"])
    rnn = NumpyRNN(ModelConfig(units=units, embedding=embedding), weights)
    model = NameModel(rnn, Vocabulary.of(names), names, longest=max(map(len, names)))
    return model, weights


if __name__ == "__main__":
    main()
