"""Claim: the default's names are harder to tell from real ones than those of 0.1.0's default.

Both models are trained on the same nine tenths of the dinosaurs, and measured at temperature 1:

* the classifier two-sample test, with *one* classifier for both: it is trained on real names
  against as many generated ones, half of them from each model, and tested on held-out names and
  on other names of each model. The interval of the difference is over splits and tested names;
* how many of 10,000 samples are training names, also with the lengths that the earlier model's
  samples have, since short names are copied more often; and the verdict on memorisation.

With ``--lists``, the same question on short lists (``short_lists.py``): models of 100, 300 and
1,000 names, with the base model and without, each before a classifier of its own that is trained
on other names of the list; and the interval of the differences over lists and draws.

The base model has seen none of these names, except for 15 % of the languages.

    python benchmarks/default_against_before.py [--lists]
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import numpy as np

import charloom
from _common import describe_machine, lines_of, parser
from charloom.api import load
from charloom.data.names import NameCorpus
from charloom.data.random import Stream, generator
from charloom.evaluation import names_memorisation
from charloom.evaluation.metrics.distributions import ngrams
from charloom.evaluation.metrics.two_sample import (
    ORDERS,
    Encoded,
    _round,
    two_sample_accuracy,
)
from charloom.run import Run
from short_lists import lists

DRAWS, ROUNDS = 10_000, 4
SIZES, SAMPLES, MOST_ASKED, LEAST_OTHERS = (100, 300, 1_000), 6_000, 600, 400
BEFORE = "0.1.0's default"
MODELS: dict[str, dict[str, object]] = {
    BEFORE: {"smoothing": "kneser-ney", "base": "none"},
    "default": {},
    "default, --base none": {"base": "none"},
}
SETTINGS: dict[str, dict[str, object]] = {
    BEFORE: MODELS[BEFORE],
    "base": {"base": "latin"},
    "none": {"base": "none"},
}


def main() -> None:
    arguments = parser(__doc__, repeats=5)
    arguments.add_argument("--lists", action="store_true", help="short lists, a row for each")
    arguments.add_argument("--only", nargs="*", help="only these of the short lists")
    options = arguments.parse_args()
    if options.lists:
        on_lists(options.data.parent, 1 if options.quick else options.repeats, options.only)
        return
    corpus = NameCorpus.of(lines_of(options.data))
    draws = 2_000 if options.quick else DRAWS
    accuracy: defaultdict[str, list[float]] = defaultdict(list)
    differences: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    copies: defaultdict[str, list[tuple[float, float, str]]] = defaultdict(list)
    print(describe_machine({"charloom": charloom.__version__}))
    for seed in range(1 if options.quick else options.repeats):
        samples: dict[str, list[str]] = {}
        for name, settings in MODELS.items():
            with tempfile.TemporaryDirectory() as folder:
                run = Path(folder) / "run"
                epochs = {"epochs": 1} if options.quick else {}
                charloom.train(corpus, out=run, seed=seed, progress=False, **settings, **epochs)  # type: ignore[arg-type]
                opened = Run.open(run)
                train, held_out = list(opened.train_names), list(opened.held_out_names)
                model = load(opened.measured)
            samples[name] = list(
                model.names(draws, seed=seed, temperature=1, allow_known=True, allow_repeats=True)
            )
            verdict = names_memorisation(model, train, held_out, seed=seed).level
            copies[name].append((*copied(samples[name], samples[BEFORE], set(train)), verdict))
        for name, right in judged(held_out, samples, train, seed).items():
            accuracy[name].append(float(right[0].mean() + right[1].mean()) / 2)
            differences[name].append(right[1] / 2)
    print(f"{options.repeats} splits; {draws:,} samples each, temperature 1")
    print(
        f"{'':22}{'accuracy':>9}{'difference':>12}  {'95 % interval':22}"
        f"{'copies':>8}{'at equal length':>17}  memorisation"
    )
    for name in MODELS:
        value, low, high = interval(differences[name], differences[BEFORE])
        shares, equal, verdicts = zip(*copies[name], strict=True)
        found = ", ".join(f"{level} ({n})" for level, n in Counter(verdicts).most_common())
        print(
            f"{name:22}{mean(accuracy[name]):>9.1%}{100 * value:>12.2f}  "
            f"{f'{100 * low:+.2f} to {100 * high:+.2f}':22}{mean(shares):>8.2%}"
            f"{mean(equal):>17.2%}  {found}"
        )


def copied(texts: Sequence[str], lengths: Sequence[str], known: set[str]) -> tuple[float, float]:
    """Return the share of ``texts`` that are known, and that at the lengths of ``lengths``."""
    count, copies = Counter(map(len, texts)), Counter(len(t) for t in texts if t in known)
    wanted = {n: share for n, share in Counter(map(len, lengths)).items() if count[n]}
    equal = sum(share * copies[n] / count[n] for n, share in wanted.items())
    return sum(copies.values()) / len(texts), equal / sum(wanted.values())


def judged(
    held_out: Sequence[str], samples: dict[str, list[str]], train: Sequence[str], seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return for each model how often held-out names and its own were classified correctly."""
    rng, ids, known = generator(Stream.RESAMPLING, seed), dict[object, int](), set(train)

    def encoded(strings: Sequence[str]) -> Encoded:
        return [
            (len(s), [ids.setdefault(gram, len(ids)) for n in ORDERS for gram in ngrams(s, n)])
            for s in strings
        ]

    real, lessons = encoded(held_out), encoded(train)
    new = {
        name: encoded([text for text in dict.fromkeys(texts) if text not in known])
        for name, texts in samples.items()
    }
    asked, share = len(real), len(train) // len(samples)
    right: dict[str, list[np.ndarray]] = defaultdict(list)
    real_right: dict[str, list[np.ndarray]] = defaultdict(list)
    rounds = min(ROUNDS, min(map(len, new.values())) // (asked + share))
    for k in range(rounds):
        start = k * (asked + share)
        taught = [e for s in new.values() for e in s[start + asked : start + asked + share]]
        lesson = [lessons[i] for i in rng.permutation(len(train))[: len(taught)]]
        for name, strings in new.items():
            found = _round([*real, *strings[start : start + asked]], [*lesson, *taught], rng)
            real_right[name].append(found[:asked])
            right[name].append(found[asked:])
    return {
        name: (np.mean(real_right[name], axis=0), np.concatenate(right[name])) for name in samples
    }


def interval(ours: list[np.ndarray], before: list[np.ndarray]) -> tuple[float, float, float]:
    """Return the mean difference over splits and its interval, by a bootstrap over both."""
    rng = np.random.default_rng(0)

    def drawn(values: np.ndarray) -> float:
        return float(rng.choice(values, len(values)).mean())

    means = []
    for _ in range(2_000):
        chosen = rng.integers(len(ours), size=len(ours))
        means.append(mean(drawn(ours[i]) - drawn(before[i]) for i in chosen))
    value = mean(float(a.mean() - b.mean()) for a, b in zip(ours, before, strict=True))
    low, high = np.quantile(means, (0.025, 0.975))
    return value, float(low), float(high)


def on_lists(data: Path, draws: int, only: Sequence[str] | None) -> None:
    """Print a row for each list and size, and the mean differences of each size."""
    print(describe_machine({"charloom": charloom.__version__}))
    print(f"accuracies, means of {draws} draws; 50 % is chance; {SAMPLES:,} samples each")
    print(f"{'list':16}{'names':>6}{'0.1.0':>8}{'base':>8}{'none':>8}{'nats/char':>24}")
    differences: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for kind, names in lists(data):
        for size in SIZES if only is None or kind in only else ():
            if len(names) < size + LEAST_OTHERS:
                continue
            found = np.array([distinguished(names, size, draw) for draw in range(draws)])
            means = found.mean(axis=0)  # (variants, 2)
            accuracies = "".join(f"{value:8.1%}" for value in means[:, 0])
            nats = "".join(f"{value:8.3f}" for value in means[:, 1])
            print(f"{kind:16}{size:6,}{accuracies}{nats}", flush=True)
            for place, name in enumerate(SETTINGS):
                differences[size, name] += (found[:, place, 0] - found[:, 0, 0]).tolist()
    rng = np.random.default_rng(0)
    for (size, name), values in differences.items():
        if name != BEFORE:
            means = rng.choice(values, (5_000, len(values))).mean(axis=1)
            low, high = 100 * np.quantile(means, (0.025, 0.975))
            print(f"{name:16}{size:6,}{100 * mean(values):+8.2f} ({low:+.2f} to {high:+.2f})")


def distinguished(names: Sequence[str], size: int, draw: int) -> list[tuple[float, float]]:
    """Return accuracy and held-out nats per character of each of ``SETTINGS``."""
    shuffled = random.Random(draw).sample(names, len(names))
    train, others = shuffled[:size], shuffled[size:]
    asked = min(MOST_ASKED, len(others) // 3)
    held_out, lesson = others[:asked], others[asked:]
    found = []
    for settings in SETTINGS.values():
        model = charloom.train(NameCorpus.of(train), seed=draw, progress=False, **settings)
        made = model.names(SAMPLES, seed=draw, temperature=1, allow_known=True)
        new = [text for text in made if text not in set(train)]
        accuracy = two_sample_accuracy(held_out, new, lesson, seed=draw)
        known = [text for text in held_out if not model.vocabulary.unknown(text)]
        nats = model.nll(known).sum() / sum(len(text) + 1 for text in known)
        assert accuracy is not None
        found.append((accuracy.value, float(nats)))
    return found


if __name__ == "__main__":
    main()
