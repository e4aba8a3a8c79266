"""Question: does scheduled sampling (Bengio et al. 2015) help a model of names?

For each seed: a split, and a default training without and with each curve. Two measures: nats a
character of the held-out names, and the share of generated names of 8 or more characters that an
independent 4-gram model finds plausible. It is trained on other names than the network (the
half of the list that the network never sees), and a name is plausible if it is likelier, a
character, than the unlikeliest twentieth of real held-out names. Both measures are printed as
differences to the training without, paired by seed, with their standard error.

    python benchmarks/curriculum.py
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import mean, stdev

import charloom
from _common import describe_machine, lines_of, parser
from charloom.api import language_model
from charloom.data.names import NameCorpus
from charloom.training.events import Finished
from charloom.training.recipes import recipe

CURVES = {
    "none": {},
    "linear, 0.75": {"scheduled_sampling": "linear", "truth": 0.75},
    "linear, 0.25": {"scheduled_sampling": "linear", "truth": 0.25},
    "inverse sigmoid, 0.75": {"scheduled_sampling": "inverse_sigmoid", "truth": 0.75},
    "inverse sigmoid, 0.25": {"scheduled_sampling": "inverse_sigmoid", "truth": 0.25},
}
SAMPLES = 2000
LONG = 8
ORDER = 4


class NGram:
    """A character n-gram model, its orders interpolated after Witten and Bell 1991."""

    def __init__(self, names: Iterable[str], size: int) -> None:
        self.size = size
        self.counts: Counter[tuple[str, str]] = Counter()
        self.totals: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        for name in names:
            for context, character in self._events(name):
                for start in range(len(context) + 1):
                    short = context[start:]
                    self.kinds[short] += not self.counts[short, character]
                    self.counts[short, character] += 1
                    self.totals[short] += 1

    def _events(self, name: str) -> Iterable[tuple[str, str]]:
        padded = "\n" * (ORDER - 1) + name + "\n"
        for end in range(ORDER - 1, len(padded)):
            yield padded[end - ORDER + 1 : end], padded[end]

    def nats_per_char(self, name: str) -> float:
        nats = 0.0
        for context, character in self._events(name):
            p = 1 / self.size
            for start in range(len(context), -1, -1):
                short = context[start:]
                if total := self.totals[short]:
                    kinds = self.kinds[short]
                    p = (self.counts[short, character] + kinds * p) / (total + kinds)
            nats -= math.log(p)
        return nats / (len(name) + 1)


def main() -> None:
    options = parser(__doc__, repeats=5).parse_args()
    names = sorted(set(lines_of(options.data)))
    changes = {"epochs": 1} if options.quick else {}
    held: dict[str, list[float]] = {curve: [] for curve in CURVES}
    plausible: dict[str, list[float]] = {curve: [] for curve in CURVES}
    for seed in range(1 if options.quick else options.repeats):
        order = list(names)
        random.Random(seed).shuffle(order)
        half = len(order) // 2
        corpus, others = NameCorpus.of(order[:half]), order[half:]
        tenth = len(others) // 5
        judge = NGram(others[tenth:], 1 + len(set("".join(names))))
        real = sorted(judge.nats_per_char(name) for name in others[:tenth] if len(name) >= LONG)
        limit = real[int(0.95 * len(real))]
        for curve, setting in CURVES.items():
            loss, made = train(corpus, seed, {**setting, **changes})
            held[curve].append(loss)
            good = [judge.nats_per_char(name) <= limit for name in made if len(name) >= LONG]
            plausible[curve].append(mean(good))
    print(describe_machine({"charloom": charloom.__version__}))
    print(f"{half} names to learn from; {options.repeats} seeds; {SAMPLES} names at temperature 1")
    print(f"{'curve, share at the end':26}{'held-out nats/char':>20}{'difference':>20}", end="")
    print(f"{'plausible':>12}{'difference':>20}")
    for curve in CURVES:
        print(
            f"{curve:26}{mean(held[curve]):20.4f}{difference(held[curve], held['none']):>20}"
            f"{mean(plausible[curve]):12.3f}{difference(plausible[curve], plausible['none']):>20}"
        )


def train(corpus: NameCorpus, seed: int, changes: dict[str, object]) -> tuple[float, list[str]]:
    """Return the best held-out loss, and names of the model that has it."""
    model, _ = recipe(corpus.report.names, corpus.report.characters, **changes)
    *_, finished = charloom.fit(corpus, seed=seed, **changes)
    assert isinstance(finished, Finished)
    assert finished.held_out_nats_per_char is not None
    made = language_model(corpus, model, finished.weights).names(
        SAMPLES, seed=seed, allow_known=True, allow_repeats=True
    )
    return finished.held_out_nats_per_char, made


def difference(ours: Sequence[float], baseline: Sequence[float]) -> str:
    """Return the mean difference of pairs and its standard error."""
    pairs = [a - b for a, b in zip(ours, baseline, strict=True)]
    error = stdev(pairs) / math.sqrt(len(pairs)) if len(pairs) > 1 else math.nan
    return f"{mean(pairs):+.4f} ± {error:.4f}"


if __name__ == "__main__":
    main()
