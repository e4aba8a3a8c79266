"""Claim: a training step takes at most 0.40 of stock Keras' time, an epoch of names 0.30.

The first row is the tutorial's model (E 256, H 1024) on its padded batches (64, 23): charloom's
JAX engine against ``fit`` of stock Keras on TensorFlow, with products in what ``--precision auto``
is on this machine; the row after it has them in float32. Another is an epoch over the same
number of names, in which charloom skips the padding. Stock Keras on JAX is shown for
information.

    python benchmarks/training_step.py --baseline-python PATH
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from _common import (
    Claim,
    Worker,
    checked,
    describe_machine,
    lines_of,
    matrix_product_rates,
    parser,
    print_table,
    seconds,
)
from charloom import ModelConfig, TrainConfig, Vocabulary
from charloom.config import Precision
from charloom.data.batches.names import Batch, NameBatches, bucket_count, encode
from charloom.models.rnn.initial import initial_weights
from charloom.models.rnn.shapes import parameter_count
from charloom.training.engines.base import Engine
from charloom.training.engines.factory import make_engine
from charloom.training.engines.precision import settled
from tutorial import BATCH, EMBEDDING, ROW, UNITS, alphabet, rows_of

MODEL = ModelConfig(cell="gru", units=UNITS, layers=1, embedding=EMBEDDING, dropout=0.0)
TRAINING = TrainConfig(batch_size=BATCH)
RATE = 1e-3
"""Adam's learning rate in the tutorial."""

BASELINES = ("tensorflow", "jax")
"""Backends of stock Keras."""

EPOCHS = 20
"""The tutorial's epochs, from which ``fit`` chooses the number of buckets."""


def main() -> None:
    options = checked(parser(__doc__, repeats=7).parse_args())
    lines = lines_of(options.data)
    if options.quick:
        lines = lines[: 3 * BATCH]
    size = len(alphabet(lines))
    # The tutorial drops the last, incomplete batch; we leave out as many names.
    count = len(lines) - len(lines) % BATCH
    chosen = random.Random(0).sample(lines, count)
    padded, packed = padded_epoch(rows_of(chosen, alphabet(lines))), packed_epoch(chosen)

    engine = new_engine(size, BATCH * (ROW - 1))
    exact = new_engine(size, BATCH * (ROW - 1), "float32")
    engine.prepare([ROW - 1]), exact.prepare([ROW - 1])
    packed_engine = new_engine(size, packed.characters / packed.steps_per_epoch)
    packed_engine.prepare([edge + 1 for edge in packed.edges])
    steps = [packed.batch(0, step) for step in range(packed.steps_per_epoch)]
    cells = sum(batch.mask.size for batch in steps)

    step_seconds: dict[str, list[float]] = {n: [] for n in ("charloom", "float32", *BASELINES)}
    epoch_seconds: dict[str, list[float]] = {n: [] for n in ("charloom", *BASELINES)}
    rates: dict[str, list[float]] = {"NumPy": [], "JAX": []}
    losses = {}
    with Worker(options.baseline_python) as stock, Worker(sys.executable, "jax") as stock_jax:
        workers = {"tensorflow": stock, "jax": stock_jax}
        versions = {n: worker.ask("learn", lines=lines)["keras"] for n, worker in workers.items()}
        train(engine, padded), train(exact, padded), train(packed_engine, steps)
        for _ in range(options.repeats):
            for name, worker in workers.items():
                answer = worker.ask("epoch")
                epoch_seconds[name].append(answer["seconds"])
                step_seconds[name].append(answer["seconds"] / len(padded))
                losses[f"Keras on {name}"] = answer["loss"]
            taken = seconds(lambda: losses.update(charloom=train(engine, padded)))
            step_seconds["charloom"].append(taken / len(padded))
            taken = seconds(lambda: losses.update(float32=train(exact, padded)))
            step_seconds["float32"].append(taken / len(padded))
            epoch_seconds["charloom"].append(seconds(lambda: train(packed_engine, steps)))
            for name, rate in matrix_product_rates().items():
                rates[name].append(rate)

    print(describe_machine({"stock Keras": versions["tensorflow"], "and": versions["jax"]}))
    print(
        f"E={EMBEDDING} H={UNITS} V={size} B={BATCH} T={ROW - 1}; an epoch is {count:,} of "
        f"{len(lines):,} lines, {len(padded)} steps; medians of {options.repeats}"
    )
    step, epoch = step_seconds["charloom"], epoch_seconds["charloom"]
    print_table(
        [
            Claim(what="step", ours=step, baseline=step_seconds["tensorflow"], at_most=0.40),
            Claim(
                what="step, products in float32",
                ours=step_seconds["float32"],
                baseline=step_seconds["tensorflow"],
            ),
            Claim(what="step, Keras on JAX", ours=step, baseline=step_seconds["jax"]),
            Claim(
                what="epoch without padding",
                ours=epoch,
                baseline=epoch_seconds["tensorflow"],
                at_most=0.30,
            ),
            Claim(what="the same, Keras on JAX", ours=epoch, baseline=epoch_seconds["jax"]),
        ]
    )
    print(f"cells an epoch: {cells:,} of the padded {count * (ROW - 1):,}")
    epochs = options.repeats + 1
    print(f"mean loss in padded epoch {epochs}, nats a target: ", end="")
    print(", ".join(f"{name} {loss:.3f}" for name, loss in sorted(losses.items())))
    precision = settled(TRAINING.precision, MODEL)
    print(f"products of the first row: {precision}; the limit is that of those in float32")
    print_limit(
        size,
        median(step_seconds["float32"]),
        {name: median(values) for name, values in rates.items()},
    )


def print_limit(size: int, taken: float, rates: dict[str, float]) -> None:
    """Print the fraction of the machine's rate of matrix products that a step reaches.

    Each forward product costs as much again for each of its two gradients. The recurrent product is
    needed T - 1 times, since the first carry is zero; the embedding's is taken for V rows.
    """
    recurrent = (ROW - 2) * BATCH * UNITS * 3 * UNITS
    dense = (ROW - 1) * BATCH * UNITS * size
    table = size * EMBEDDING * 3 * UNITS
    needed = 3 * 2 * (recurrent + dense + table)
    print(
        f"a step needs 3·2·((T-1)·B·H·3H + T·B·H·V + V·E·3H) = {needed / 1e9:.1f}e9 operations; "
        f"charloom does {needed / taken / 1e9:.0f}e9 a second"
    )
    for name, rate in rates.items():
        print(
            f"2048³ float32 product, {name}: {rate / 1e9:.0f}e9 operations a second; "
            f"fraction of this limit reached: {needed / taken / rate:.0%}"
        )


def new_engine(size: int, denominator: float, precision: Precision = "auto") -> Engine:
    weights = initial_weights(MODEL, size, seed=0)
    training = TRAINING.replace(precision=precision)
    return make_engine("jax", MODEL, training, weights, denominator)


def padded_epoch(rows: NDArray[np.int32]) -> list[Batch]:
    """Return the tutorial's batches, in which padding counts: the mask is all ones."""
    ones = np.ones((BATCH, ROW - 1), np.float32)
    return [
        Batch(inputs=part[:, :-1], targets=part[:, 1:], mask=ones, names=BATCH)
        for part in np.split(rows, len(rows) // BATCH)
    ]


def packed_epoch(names: Sequence[str]) -> NameBatches:
    vocabulary = Vocabulary.of(names)
    ids = encode(names, vocabulary)
    buckets = bucket_count(ids.lengths, parameter_count(MODEL, vocabulary.size), EPOCHS)
    return NameBatches(ids, BATCH, buckets=buckets)


def train(engine: Engine, batches: Sequence[Batch]) -> float:
    """Take one step a batch, waiting for each; return the mean loss in nats a target."""
    nats = sum(float(engine.step(batch, RATE)) for batch in batches)
    return float(nats / sum(batch.mask.sum() for batch in batches))


if __name__ == "__main__":
    main()
