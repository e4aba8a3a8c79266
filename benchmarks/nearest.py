"""Claim: finding the nearest of 100,000 names for each of 10,000 takes 10 seconds, exactly.

The baseline compares all pairs: rapidfuzz' cdist, in blocks, and the minimum of each row. The
names are sampled from a model of the tutorial's list, which is trained first.

    python benchmarks/nearest.py
"""

from __future__ import annotations

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

import charloom
from _common import Claim, describe_machine, lines_of, parser, print_table, seconds
from charloom.data.names import NameCorpus
from charloom.generation.nearest import nearest
from charloom.models.threads import usable_cores

NAMES, QUERIES, ROWS = 100_000, 10_000, 500


def main() -> None:
    options = parser(__doc__, repeats=3).parse_args()
    count, queries = (2000, 200) if options.quick else (NAMES, QUERIES)
    model = charloom.train(
        NameCorpus.of(lines_of(options.data)), **({"epochs": 1} if options.quick else {})
    )
    names = model.names(count, seed=1, allow_known=True)
    asked = model.names(queries, seed=2, allow_known=True, allow_repeats=True)
    print(describe_machine({"charloom": charloom.__version__, "numpy": np.__version__}))
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def ours() -> None:
        found["ours"] = nearest(asked, names)

    def all_pairs() -> None:
        parts = []
        for start in range(0, len(asked), ROWS):
            matrix = cdist(
                asked[start : start + ROWS], names, scorer=Levenshtein.distance, dtype=np.uint8,
                workers=usable_cores(),
            )  # fmt: skip
            parts.append((matrix.min(axis=1), matrix.argmin(axis=1)))
        found["all"] = tuple(np.concatenate(part) for part in zip(*parts, strict=True))  # type: ignore[assignment]

    times = [(seconds(ours), seconds(all_pairs)) for _ in range(options.repeats)]
    same = all((a == b).all() for a, b in zip(found["ours"], found["all"], strict=True))
    claim = Claim(
        what=f"{queries:,} among {count:,} names",
        ours=[a for a, _ in times], baseline=[b for _, b in times], at_most=10.0, absolute=True,
    )  # fmt: skip
    print_table([claim])
    print("the same distances and names" if same else "DIFFERENT RESULTS")


if __name__ == "__main__":
    main()
