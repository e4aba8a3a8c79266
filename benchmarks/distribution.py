"""Claim: generation samples the exact distribution, by chi-square tests at p > 0.001.

The strings of a toy model are enumerated with their probabilities, and its samples are counted:
plain, filtered, with the training names removed, under each constraint with both methods, and
the first two strings without replacement.

    python benchmarks/distribution.py
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from charloom.generation.constraints import Block, Chars, Contains, End, Length, Regex, Start
from charloom.generation.search import without_replacement as unique
from helpers.languages import chi_square, named, texts_of

LONGEST = 5
RULES = (
    (End("ab"), lambda s: s.endswith("ab")),
    (Contains("ca"), lambda s: "ca" in s),
    (Length(3, 4), lambda s: 3 <= len(s) <= 4),
    (Chars("ab"), lambda s: set(s) <= set("ab")),
    (Regex("a.*b|c+"), lambda s: bool(re.fullmatch("a.*b|c+", s))),
    (Block(("aa", "cb")), lambda s: "aa" not in s and "cb" not in s),
    (
        Start("b") & Contains("c") & Length(3, 5),
        lambda s: s.startswith("b") and "c" in s and len(s) >= 3,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=50_000)
    options = parser.parse_args()
    worst = 1.0
    print(f"{'what':44}{'strings':>9}{'samples':>12}{'p':>9}{'seconds':>9}")

    def tell(what: str, counts: Counter[Any], exact: dict[Any, float], seconds: float) -> None:
        nonlocal worst
        p = chi_square(counts, exact)
        worst = min(worst, p)
        print(f"{what:44}{len(exact):9,}{counts.total():12,}{p:9.4f}{seconds:9.1f}")

    def draw(what: str, exact: dict[str, float], **asked: Any) -> None:
        start = time.perf_counter()
        how = {"max_length": LONGEST, "seed": 11, "allow_repeats": True, **asked}
        counts = Counter(sample.text for sample in model.stream(options.draws, **how))
        tell(what, counts, exact, time.perf_counter() - start)

    model = named("abc", seed=20)
    everything = texts_of(model, max_length=LONGEST)
    draw("plain", everything)
    for filters in ({"temperature": 0.5}, {"temperature": 2.0}, {"top_p": 0.9}, {"min_p": 0.05}):
        draw(str(filters), texts_of(model, max_length=LONGEST, **filters), **filters)
    for rule, obeys in RULES:
        for name, frequent in (("unguided", 0.0), ("guided", 1.1)):
            usual, unique.FREQUENT = unique.FREQUENT, frequent
            exact = {s: p for s, p in everything.items() if obeys(s)}
            draw(f"{rule.describe()}, {name}", exact, rules=rule)
            unique.FREQUENT = usual

    known = frozenset(sorted(everything, key=lambda s: -everything[s])[:20])
    model = named("abc", seed=20, known=known)
    draw("without the 20 most likely", {s: p for s, p in everything.items() if s not in known})

    model = named("ab", seed=22, known=frozenset(["a"]))
    new = {s: p for s, p in texts_of(model, max_length=3).items() if s != "a"}
    total = sum(new.values())
    start = time.perf_counter()
    pairs = Counter(tuple(model.names(2, max_length=3, seed=s)) for s in range(options.pairs))
    ordered = {
        (a, b): p / total * q / (total - p)
        for (a, p), (b, q) in itertools.permutations(new.items(), 2)
    }
    tell("first two, without replacement", pairs, ordered, time.perf_counter() - start)
    print(f"least p: {worst:.4f}, {'all pass' if worst > 0.001 else 'FAILED'} at 0.001")


if __name__ == "__main__":
    main()
