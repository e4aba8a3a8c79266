"""The base model that comes with charloom, and which trainings start from it.

A short list says little about how names are spelled. The base model is a network that was trained
on many names and words in Latin script (docs/base-model.md), and training adapts it to the list.
Unlike a run that is fine-tuned with ``--from``, a base gives only weights: the model has the
characters and labels of its list, and no others.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from ..config import ModelConfig
from ..data.names import NameCorpus
from ..data.text import TextCorpus
from ..data.tokens import Tokens
from ..errors import ConfigError
from ..run import SavedModel, load_model
from .strangeness import strangeness

LATIN, NO_BASE = "latin", "none"
"""The base model that comes with charloom; and no base, so random weights."""

SHAPE = ("cell", "units", "layers", "embedding")
"""Settings that a model has from its base."""

MOST_CHARACTERS = 8e3
"""Characters of the longest list that is trained from the base model by default. Up to twice as
many it still gains likelihood, but its names are easier to tell from real ones than those of a
model from random weights (``benchmarks/default_against_before.py --lists``)."""

LEAST_KNOWN = 0.9
"""Least share of a list's characters that the base model must know."""

STRANGEST = math.log(52)
"""Nats per character that a list may cost the base model: those of letters drawn at random. Names
cost it 1.6 to 3.1, ships in capitals 3.6. ``camelCase`` and ``xX_users_Xx`` cost 4.1 and more, and
are learned better from random weights."""


@lru_cache(maxsize=1)
def latin_base() -> SavedModel:
    """Return the base model that comes with charloom.

    Raises:
        RunError: a file is missing or damaged.
    """
    with resources.as_file(resources.files("charloom.data") / "builtin" / LATIN) as folder:
        return load_model(folder)


def given_base(name: str) -> SavedModel:
    """Return the base that a training's settings name.

    Raises:
        ConfigError: it is another run, of which the settings have only the digest.
        RunError: a file is missing or damaged.
    """
    if name != LATIN:
        raise ConfigError(
            f"the base of this training is another run. Received: only its digest, {name:.20}. "
            "Give the run, as in --base RUN."
        )
    return latin_base()


def digest_of(base: SavedModel) -> str:
    """Return the digest that stands for another run as a base: 16 hexadecimal digits."""
    found = hashlib.sha256(repr((base.config, base.vocabulary.characters)).encode())
    for name in sorted(base.weights):
        found.update(np.ascontiguousarray(base.weights[name]).tobytes())
    return found.hexdigest()[:16]


def suits(corpus: NameCorpus | TextCorpus, settings: Mapping[str, Any]) -> bool:
    """Say whether ``corpus`` is trained from the base model, if nobody says otherwise.

    Args:
        corpus: names or text.
        settings: those that are given, of either configuration.

    Raises:
        RunError: the base model is needed, and cannot be read.
    """
    if isinstance(corpus, TextCorpus) or isinstance(corpus.unit, Tokens):
        return False
    if corpus.report.characters > MOST_CHARACTERS:
        return False
    of_network = settings.get("kind", "mixture") in ("network", "mixture")
    as_usual = settings.get("begin", True) and settings.get("preparation", "names") == "names"
    if not of_network or not as_usual:
        return False
    base = latin_base()
    return (
        fits(base.config, settings)
        and known_share(corpus, base) >= LEAST_KNOWN
        and strangeness(base, corpus.names) <= STRANGEST
    )


def fits(base: ModelConfig, settings: Mapping[str, Any]) -> bool:
    """Say whether a model with ``settings`` can have the base's weights."""
    return all(settings.get(name, getattr(base, name)) == getattr(base, name) for name in SHAPE)


def known_share(corpus: NameCorpus, base: SavedModel) -> float:
    """Return the share of a list's characters, as often as they occur, that the base knows."""
    known = set(base.vocabulary.characters)
    seen = [token in known for name in corpus.names for token in name]
    return sum(seen) / max(len(seen), 1)
