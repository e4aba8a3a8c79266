"""Claim: 100,000 distinct new strings at 15,000 a second, in less than 1 GB.

Compared in the same run, alternately: rejection sampling from the same model, which drops known
strings and repeats, as other tools do, with the same model step in batches. Each measurement is
its own process, so that it has its own peak memory.

    python benchmarks/unique.py --run RUN [--million]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from charloom import SampleConfig, load
from charloom.generation import LanguageModel
from charloom.models.sampling import Sampler
from charloom.models.threads import usable_cores

MOST_DRAWS = 40
"""Samples a string after which rejection gives up."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="run folder of the default recipe")
    parser.add_argument("--number", type=int, default=100_000, help="strings a measurement")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--million", action="store_true", help="also a million strings, ours only")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        way, number, temperature, seed = options.measure
        print(json.dumps(measure(options.run, way, int(number), float(temperature), int(seed))))
        return
    print(
        f"{options.number:,} distinct new strings, {usable_cores()} cores; "
        f"medians of {options.repeats}"
    )
    print(
        f"{'':26}{'strings/s':>10}{'least to most':>20}{'samples each':>14}"
        f"{'MB':>7}{'MB before':>11}"
    )
    for temperature in (0.5, 1.0):
        found: dict[str, list[dict[str, float]]] = {"charloom": [], "rejection": []}
        for repeat in range(options.repeats):
            for way, results in found.items():
                results.append(child(options.run, way, options.number, temperature, repeat))
        for way, results in found.items():
            row(f"{way}, temperature {temperature}", results)
    if options.million:
        row("charloom, a million", [child(options.run, "charloom", 1_000_000, 1.0, 0)])


def row(name: str, results: list[dict[str, float]]) -> None:
    """Print a row of the table."""
    rates = [result["found"] / result["seconds"] for result in results]
    spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
    short = "" if all(result["short"] == 0 for result in results) else "  fell short"
    megabytes = max(result["megabytes"] for result in results)
    before = max(result["before"] for result in results)
    draws = median(result["draws"] / result["found"] for result in results)
    print(
        f"{name:26}{median(rates):10,.0f}{spread:>20}{draws:14.2f}{megabytes:7,.0f}{before:11,.0f}{short}"
    )


def child(run: Path, way: str, number: int, temperature: float, seed: int) -> dict[str, float]:
    """Measure in a child process."""
    arguments = [way, str(number), str(temperature), str(seed)]
    command = [sys.executable, __file__, "--run", str(run), "--measure", *arguments]
    result: dict[str, float] = json.loads(subprocess.check_output(command))
    return result


def measure(run: Path, way: str, number: int, temperature: float, seed: int) -> dict[str, float]:
    """Generate and check; memory is the peak of the process, at the end and before."""
    model = load(run)
    assert model.training_set is not None
    model.names(100)  # warm
    before = peak()
    start = time.perf_counter()
    if way == "charloom":
        search = model.stream(number, temperature=temperature, seed=seed)
        texts = [sample.text for sample in search]
        draws = search.seen
    else:
        texts, draws = rejected(model, number, temperature, seed)
    seconds = time.perf_counter() - start
    megabytes = peak()
    assert len(set(texts)) == len(texts)
    assert not model.training_set & set(texts)
    return {
        "found": len(texts),
        "seconds": seconds,
        "draws": draws,
        "megabytes": megabytes,
        "before": before,
        "short": number - len(texts),
    }


def peak() -> float:
    """Return the peak resident size of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rejected(
    model: LanguageModel, number: int, temperature: float, seed: int, batch: int = 4096
) -> tuple[list[str], int]:
    """Sample in batches; return the new strings and the number of samples."""
    rng = np.random.default_rng(seed)
    sampler = Sampler(SampleConfig(temperature=temperature))
    characters = np.array(["", *model.vocabulary.characters], dtype=object)
    seen: dict[str, None] = {}
    draws = 0
    while len(seen) < number and draws < MOST_DRAWS * number:
        ids, carry = np.zeros(batch, np.int64), model.rnn.initial_carry(batch)
        rows, texts = np.arange(batch), np.full(batch, "", dtype=object)
        for _ in range(2 * model.longest + 10):
            logits, carry = model.rnn.step(ids, carry)
            ids = sampler.pick(logits, rng)
            ended = ids == 0
            for text in texts[rows[ended]]:
                if text and text not in model.training_set and len(seen) < number:
                    seen.setdefault(text)
            rows, ids, carry = rows[~ended], ids[~ended], carry[:, ~ended]
            if not len(rows):
                break
            texts[rows] += characters[ids]
        draws += batch
    return list(seen), draws


if __name__ == "__main__":
    main()
