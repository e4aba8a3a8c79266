"""What many tests share: small corpora with a style, and a folder for compiled steps."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from charloom.corpus import Corpus

DINOS = Path(__file__).parents[2] / "shared" / "data" / "dinos.txt"


@pytest.fixture(scope="session", autouse=True)
def compilation_cache(tmp_path_factory):
    """Compiled steps go to a folder of the test session, not to the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def toy() -> Corpus:
    """120 names of one pattern: a model of a few units learns it in a few steps."""
    parts = ("bdgk", "aeiou", "lnr", "a", "ns")
    return Corpus.of("".join(p) for p in itertools.product(*parts))


@pytest.fixture
def dinos() -> Path:
    """The tutorial's list."""
    if not DINOS.exists():
        pytest.skip("needs ../shared/data/dinos.txt, which a user's clone does not have")
    return DINOS
