"""Claim: constrained strings have the model's own distribution: the nats a character of rejection.

For each constraint, from the same model: masking (at each step, forbidden characters are left
out, as constrained decoders do), rejection (sampling until the constraint is satisfied: exact,
but slow), ours, and ours with the look-ahead even though the constraint is often satisfied.
Masking's effective sample size is (Σw)² / Σw² for its weights w = p / q; samples of ours and of
rejection need no weights. TV is the total variation distance between the joint distributions of
length and first letter, to twice as many strings by rejection; the value of rejection itself is
the floor.

    python benchmarks/rules.py --run RUN
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from charloom import load
from charloom.generation import LanguageModel
from charloom.generation.constraints import Contains, End, Length, Rule, Rules, compile_rules
from charloom.generation.constraints.automaton import accepting_all
from charloom.generation.search import without_replacement as unique
from charloom.generation.search.guides import ConstraintGuide

RULES: list[tuple[Rule, Callable[[str], bool]]] = [
    (End("saurus"), lambda s: s.endswith("saurus")),
    (Contains("z"), lambda s: "z" in s),
    (Length(12, 12), lambda s: len(s) == 12),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="run folder of the default recipe")
    parser.add_argument("--number", type=int, default=4000, help="strings for each method")
    options = parser.parse_args()
    model = load(options.run)
    print(f"{options.number:,} strings for each method, with repeats and known strings")
    for rule, obeys in RULES:
        print(f"\n{rule.describe()}")
        print(f"  {'':14}{'effective':>10}{'nats/char':>11}{'±':>7}{'TV':>7}{'strings/s':>11}")
        truth, rate, seconds = rejection(model, obeys, 3 * options.number)
        strings, truth = truth[: options.number], truth[options.number :]
        show("rejection", 1.0, strings, truth, 3 * options.number / seconds)
        print(f"  {'':14}(one sample in {1 / rate:.1f} satisfies it)")
        strings, effective, seconds = masking(model, rule, options.number)
        show("masking", effective, strings, truth, options.number / seconds)
        for name, frequent in (("ours", unique.FREQUENT), ("ours, guided", 1.1)):
            usual, unique.FREQUENT = unique.FREQUENT, frequent
            start = time.perf_counter()
            search = model.stream(
                options.number, rules=rule, seed=1, allow_known=True, allow_repeats=True
            )
            strings = [(sample.text, sample.nats) for sample in search]
            seconds = time.perf_counter() - start
            unique.FREQUENT = usual
            assert all(obeys(text) for text, _ in strings)
            show(name, 1.0, strings, truth, options.number / seconds)
            print(f"  {'':14}(about {search.missing:.1%} of the strings missed)")


Strings = Sequence[tuple[str, float]]


def show(name: str, effective: float, strings: Strings, truth: Strings, rate: float) -> None:
    """Print a method's row: nats a character with the standard error of their mean."""
    nats = np.array([nats for _, nats in strings])
    lengths = np.array([len(text) + 1 for text, _ in strings])
    mean = nats.sum() / lengths.sum()
    error = float(np.std(nats - mean * lengths) / np.sqrt(len(nats)) / lengths.mean())
    distance = total_variation(strings, truth)
    print(f"  {name:14}{effective:10.2f}{mean:11.3f}{error:7.3f}{distance:7.3f}{rate:11,.0f}")


def total_variation(a: Strings, b: Strings) -> float:
    """Return the total variation distance of two samples, by length and first letter."""
    counts = [Counter((len(text), text[:1]) for text, _ in side) for side in (a, b)]
    keys = set(counts[0]) | set(counts[1])
    return sum(abs(counts[0][k] / len(a) - counts[1][k] / len(b)) for k in keys) / 2


def rejection(
    model: LanguageModel, obeys: Callable[[str], bool], number: int
) -> tuple[list[tuple[str, float]], float, float]:
    """Sample until ``number`` satisfy it; return them, the fraction that did, and the seconds."""
    kept: list[tuple[str, float]] = []
    drawn, seed, start = 0, 1000, time.perf_counter()
    while len(kept) < number:
        for sample in model.stream(20_000, seed=seed, allow_known=True, allow_repeats=True):
            drawn += 1
            if obeys(sample.text):
                kept.append((sample.text, sample.nats))
        seed += 1
    return kept[:number], len(kept) / drawn, (time.perf_counter() - start) * number / len(kept)


def masking(
    model: LanguageModel, rule: Rule, number: int
) -> tuple[list[tuple[str, float]], float, float]:
    """Sample from the allowed characters at each step.

    Returns:
        The strings with their nats, the effective sample size as a fraction, and the seconds.
    """
    rng, start = np.random.default_rng(1), time.perf_counter()
    limit = 2 * model.longest + 10
    compiled = compile_rules(Rules((rule,)), model.vocabulary, limit)
    automaton = compiled.automaton or accepting_all(model.vocabulary.size)
    constraints = ConstraintGuide(automaton, compiled.least, compiled.most)
    ids, carry = np.zeros(number, np.int64), model.rnn.initial_carry(number)
    states, rows = np.full(number, constraints.root[0]), np.arange(number)
    texts = np.full(number, "", dtype=object)
    characters = np.array(["", *model.vocabulary.characters], dtype=object)
    log_p, log_q = np.zeros(number), np.zeros(number)
    for length in range(limit + 1):
        logits, carry = model.rnn.step(ids, carry)
        p = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
        p /= p.sum(axis=1, keepdims=True)
        lengths = np.full(len(rows), length)
        q = p * constraints.estimates(lengths, states, np.zeros_like(states))
        q /= q.sum(axis=1, keepdims=True)
        points = rng.random((len(rows), 1))
        ids = np.minimum((np.cumsum(q, axis=1) <= points).sum(axis=1), q.shape[1] - 1)
        each = np.arange(len(rows))
        log_p[rows] += np.log(p[each, ids])
        log_q[rows] += np.log(q[each, ids])
        on = ids != 0
        texts[rows[on]] += characters[ids[on]]
        states, _ = constraints.advance(states, states, ids)
        rows, ids, states, carry = rows[on], ids[on], states[on], carry[:, on]
        if not len(rows):
            break
    weights = np.exp(log_p - log_q - (log_p - log_q).max())
    effective = weights.sum() ** 2 / (weights**2).sum() / number
    strings = list(zip(texts.tolist(), (-log_p).tolist(), strict=True))
    return strings, float(effective), time.perf_counter() - start


if __name__ == "__main__":
    main()
