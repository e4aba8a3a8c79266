"""Claim: text comes at more than half the rate at which memory delivers the recurrent matrix.

A step for a single string reads that matrix once and does little else. Compared in the same run,
alternately: a plain NumPy loop, the same loop over ``NumpyRNN.step`` and ``Sampler.pick``, and
the limit, a product of a vector with the matrix and nothing else.

    python benchmarks/characters_per_second.py --units 512
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median

import numpy as np

from _common import seconds
from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.generation import Sampler, TextModel
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.rnn.shapes import weight_shapes
from charloom.models.threads import one_blas_thread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--vocabulary", type=int, default=65, help="characters, at most 1,000")
    parser.add_argument("--characters", type=int, default=5_000, help="characters of text a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    units, number = options.units, options.characters
    config = ModelConfig(units=units, embedding=64, text=True)
    vocabulary = Vocabulary(tuple(chr(0x100 + i) for i in range(options.vocabulary)))
    rng = np.random.default_rng(0)
    shapes = weight_shapes(config, vocabulary.size)
    weights = {n: (0.05 * rng.standard_normal(s)).astype("f4") for n, s in shapes.items()}
    rnn = NumpyRNN(config, weights)
    model = TextModel(rnn, vocabulary)
    vector, matrix = np.ones(units, np.float32), weights["rnn.0.recurrent_kernel"]
    out = np.empty(3 * units, np.float32)

    def limit() -> None:
        with one_blas_thread():
            for _ in range(number):
                np.dot(vector, matrix, out=out)

    ways: dict[str, Callable[[int], object]] = {
        "charloom": lambda seed: model.text(number, seed=seed),
        "NumpyRNN.step": lambda seed: by_steps(rnn, number, seed),
        "plain NumPy loop": lambda seed: plain(weights, number, seed),
        "limit": lambda _: limit(),
    }
    assert model.text(500, seed=1) == vocabulary.decode(by_steps(rnn, 500, 1))  # the same text
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(options.repeats):
        for name, way in ways.items():
            rates[name].append(number / seconds(lambda: way(repeat)))  # noqa: B023
    print(
        f"GRU H={units}, V={vocabulary.size}, {number:,} characters; medians of {options.repeats}"
    )
    print(f"{'':18}{'characters/s':>14}{'  charloom / this':>18}")
    for name, values in rates.items():
        ratio = median(a / b for a, b in zip(rates["charloom"], values, strict=True))
        print(f"{name:18}{median(values):14,.0f}{ratio:18.2f}")


def by_steps(rnn: NumpyRNN, number: int, seed: int) -> list[int]:
    """Sample as ``TextModel.text`` does, but with the functions used for batches."""
    rnn, sampler, rng = rnn.without([0]), Sampler(), np.random.default_rng(seed)
    carry, ids, found = rnn.initial_carry(1), np.zeros(1, np.intp), []
    with one_blas_thread():
        for _ in range(number):
            logits, carry = rnn.step(ids, carry)
            ids = sampler.pick(logits, rng)
            found.append(int(ids[0]))
    return found


def plain(weights: dict[str, np.ndarray], number: int, seed: int) -> list[int]:
    """Sample with a straightforward NumPy loop, on the default number of threads."""
    rng, found, i = np.random.default_rng(seed), [], 0
    h = np.zeros(len(weights["rnn.0.recurrent_kernel"]), np.float32)
    for _ in range(number):
        x = weights["embedding"][i] @ weights["rnn.0.kernel"] + weights["rnn.0.bias"][0]
        y = h @ weights["rnn.0.recurrent_kernel"] + weights["rnn.0.bias"][1]
        (xz, xr, xh), (yz, yr, yh) = np.split(x, 3), np.split(y, 3)
        z, r = 1 / (1 + np.exp(-(xz + yz))), 1 / (1 + np.exp(-(xr + yr)))
        h = z * h + (1 - z) * np.tanh(xh + r * yh)
        logits = h @ weights["logits.kernel"] + weights["logits.bias"]
        p = np.exp(logits - logits.max()).astype(np.float64)
        i = int(rng.choice(len(p), p=p / p.sum()))
        found.append(i)
    return found


if __name__ == "__main__":
    main()
