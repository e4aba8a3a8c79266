"""Claim: ten million names, or a gigabyte of text, take ten times as long as a tenth of them.

And they need less than 1 GB of memory. Each size is read, planned and trained on in its own
process, with a GRU of 512 units and batches of 128 names, or of 32 windows of 64 characters.
Names and text are generated from a seed in a temporary folder, which also holds the cache and is
removed at the end. Lists below 16 MB are held as strings, so the time a name differs up to a
million names.

    python benchmarks/scale.py [--most 1000000] [--figure scale.png]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from _common import describe_machine, environment

MOST = 10**7
BATCH, STREAMS, WINDOW, UNITS = 128, 32, 64, 512
STEPS, BATCHES = 50, 200
MEGABYTES_A_NAME = 1e-4
"""The size of the text to compare with a list of names: 1,000 MB for ten million names."""
TARGET = 1000
"""MB of memory, exclusive."""

CHUNK = 1 << 17
CONSONANTS, VOWELS = "bcdfghklmnprstvz", "aeio"
ENDINGS = ("", "", "", "n", "s", "x", "ra", "us", "oth", "elia")


def write_names(path: Path, count: int) -> None:
    """Write distinct names: the first eight letters are a scrambled number of 24 bits."""
    letters = np.array([[ord(c), ord(v)] for c in CONSONANTS for v in VOWELS], np.uint8)
    endings = np.zeros((len(ENDINGS), 5), np.uint8)
    for row, ending in zip(endings, ENDINGS, strict=True):
        row[: len(ending) + 1] = list(f"{ending}\n".encode())
    with path.open("wb") as file:
        for low in range(0, count, CHUNK):
            number = np.arange(low, min(low + CHUNK, count), dtype=np.uint32)
            number = number * np.uint32(0x9E3779B1) & np.uint32(0xFFFFFF)
            syllables = letters[number[:, None] >> np.arange(0, 24, 6, dtype=np.uint32) & 63]
            tails = endings[number * np.uint32(0x85EBCA77) % np.uint32(len(ENDINGS))]
            row = np.concatenate([syllables.reshape(len(number), 8), tails], axis=1)
            file.write(row[row > 0].tobytes())


def write_text(path: Path, megabytes: int) -> None:
    """Write sentences with words from a few thousand, the shorter ones more often."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("etaoinshrdlu"), n)) for n in rng.integers(1, 9, 4000)]
    words = sorted({*words}, key=len)
    with path.open("wb") as file:
        left = megabytes * 10**6
        while left > 0:
            picks = (len(words) * rng.random(CHUNK) ** 3).astype(int).tolist()
            text = " ".join(words[i] for i in picks)
            left -= file.write(f"{text[:left]}.\n".encode())


Figures = tuple[float, float, float]
"""Wall-clock seconds, CPU seconds, and peak memory so far in MB."""


class Watch:
    """Measures each kind of work."""

    def __init__(self) -> None:
        self.found: dict[str, Figures] = {}

    def __call__(self, what: str, work: Callable[[], Any], times: int = 1) -> Any:
        """Do ``work``, and record its time divided by ``times``."""
        begun, used = time.perf_counter(), time.process_time()
        result = work()
        seconds, used = time.perf_counter() - begun, time.process_time() - used
        self.found[what] = seconds / times, used / times, peak_megabytes()
        return result


def peak_megabytes() -> float:
    """Return the peak memory of this process in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would include the parent's
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1000
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measure_names(path: Path, steps: int) -> Watch:
    """Measure reading, planning, making batches and training on names."""
    from charloom.data.batches.names import NameBatches, bucket_count, encode
    from charloom.data.names import NameCorpus

    watch = Watch()
    corpus = watch("read", lambda: NameCorpus.read(path))
    del corpus
    corpus = watch("read again", lambda: NameCorpus.read(path))

    def plan() -> NameBatches:
        train, _ = corpus.split(0.1, 0)
        ids = encode(train, corpus.vocabulary)
        buckets = bucket_count(ids.lengths, 10**6, 2)
        batches = NameBatches(ids, BATCH, 0, buckets)
        batches.batch(0, 0)
        return batches

    batches = watch("split, plan an epoch", plan)
    train(watch, batches, corpus.vocabulary.size, steps, text=False)
    return watch


def measure_text(path: Path, steps: int) -> Watch:
    """Measure reading, making batches and training on text."""
    from charloom.data.batches.windows import TextBatches
    from charloom.data.text import TextCorpus

    watch = Watch()
    text = watch("read", lambda: TextCorpus.read(path))
    del text
    text = watch("read again", lambda: TextCorpus.read(path))
    batches = TextBatches(text, len(text), STREAMS, WINDOW)
    train(watch, batches, text.vocabulary.size, steps, text=True)
    return watch


def train(watch: Watch, batches: Any, size: int, steps: int, *, text: bool) -> None:
    """Measure making batches, and training a model on some of them."""
    places = [divmod(step, batches.steps_per_epoch) for step in range(max(steps, BATCHES))]
    watch("make a batch", lambda: [batches.batch(*at) for at in places[:BATCHES]], BATCHES)
    from charloom.config import ModelConfig, TrainConfig
    from charloom.models.rnn.initial import initial_weights
    from charloom.training.engines.factory import make_engine

    model = ModelConfig(units=UNITS, dropout=0.1, text=text)
    training = TrainConfig(
        batch_size=batches.batch_size, **({"preparation": "text"} if text else {})
    )
    weights = initial_weights(model, size, 0)
    per_batch = batches.characters_per_batch
    engine = make_engine("jax", model, training, weights, per_batch, "fit")
    engine.prepare(batches.times)
    float(engine.step(batches.batch(0, 0), 1e-3))  # the first call compiles the update

    def step() -> None:
        for at in places[:steps]:
            loss = engine.step(batches.batch(*at), 1e-3)
        float(loss)

    watch("take a step", step, steps)


MEASURES = {"names": (measure_names, write_names), "MB of text": (measure_text, write_text)}
A_PIECE = ("make a batch", "take a step")
"""Work whose time should not depend on the size: it is not divided by the size."""


def sizes_of(kind: str, most: int) -> Iterator[int]:
    """Yield the sizes of a kind, each ten times the one before."""
    size, last = (1000, most) if kind == "names" else (1, max(1, round(most * MEGABYTES_A_NAME)))
    while size <= last:
        yield size
        size *= 10


def run(kind: str, size: int, steps: int, folder: Path) -> dict[str, Figures]:
    """Measure one size in its own process, and remove its files."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        path = Path(own) / "source.txt"
        MEASURES[kind][1](path, size)
        past = time.time() - 60  # files written just now are not cached
        os.utime(path, (past, past))
        done = subprocess.run(
            [sys.executable, __file__, "--worker", kind, str(path), str(steps)],
            env=environment(CHARLOOM_CACHE=own, XDG_CACHE_HOME=str(folder)),
            stdout=subprocess.PIPE,
            check=True,
        )
    return {what: tuple(figures) for what, figures in json.loads(done.stdout).items()}


def print_results(kind: str, found: dict[int, dict[str, Figures]]) -> None:
    """Print each kind of work at each size; other processes affect the wall-clock time."""
    print(f"\n{kind:>24}{'wall clock':>14}{'CPU':>12}{'each':>12}{'ratio':>8}{'MB':>8}")
    for what in next(iter(found.values())):
        print(what)
        before = None
        for size, times in found.items():
            seconds, used, memory = times[what]
            each = used if what in A_PIECE else used / size
            ratio = f"{each / before:.2f}" if before else ""
            piece = f"{1e6 * each:,.3g} µs" if each < 1e-3 else f"{1e3 * each:,.3g} ms"
            print(
                f"{size:>24,}{seconds:>12.4f} s{used:>10.4f} s{piece:>12}{ratio:>8}{memory:>8,.0f}"
            )
            before = each
    peak = max(memory for times in found.values() for *_, memory in times.values())
    verdict = "reached" if peak < TARGET else "missed"
    print(f"peak up to {size:,} {kind}: {peak:,.0f} MB, target below {TARGET:,} MB: {verdict}")


def draw(path: Path, results: dict[str, dict[int, dict[str, Figures]]]) -> None:
    """Plot time and memory by size, one row for each kind of source."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, rows = plt.subplots(len(results), 2, figsize=(10, 4 * len(results)), squeeze=False)
    for (kind, found), axes in zip(results.items(), rows, strict=True):
        sizes = list(found)
        for what in found[sizes[0]]:
            for axis, part in zip(axes, (1, 2), strict=True):
                axis.loglog(sizes, [found[s][what][part] for s in sizes], "o-", ms=3, label=what)
        axes[0].set_ylabel("CPU seconds")
        axes[1].set_ylabel("peak memory so far, MB")
        axes[1].axhline(TARGET, color="grey", ls=":", lw=1)
        axes[1].set_ylim(20, 2 * TARGET)
        for axis in axes:
            axis.set_xlabel(kind)
            axis.grid(alpha=0.3)
        axes[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--most", type=int, default=MOST, help="largest list, in names; the text matches it"
    )
    parser.add_argument("--figure", type=Path, metavar="FILE.png", help="plot time and memory")
    parser.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    options = parser.parse_args()
    if not 1000 <= options.most <= 2**24:
        raise SystemExit(f"--most must lie in [1000, {2**24}]. Received: {options.most}")
    if options.quick:
        print("--quick: a smoke test; its figures mean nothing")
    most, steps = (10_000, 2) if options.quick else (options.most, STEPS)
    results: dict[str, dict[int, dict[str, Figures]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in MEASURES:
            results[kind] = {}
            for size in sizes_of(kind, most):
                print(f"measuring {size:,} {kind} ...", file=sys.stderr, flush=True)
                results[kind][size] = run(kind, size, steps, Path(folder))
    import charloom

    print(describe_machine({"charloom": charloom.__version__, "NumPy": np.__version__}))
    print("ratio: CPU time of each to that at the size before; linear is 1")
    for kind, found in results.items():
        print_results(kind, found)
    if options.figure:
        draw(options.figure, results)
        print(f"figure: {options.figure}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        kind, path, steps = sys.argv[2:]
        print(json.dumps(MEASURES[kind][0](Path(path), int(steps)).found))
    else:
        main()
