"""Canaries: random strings added to the training names, to measure memorisation."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from ..data.random import Stream, generator
from ..data.unicode import is_normal, split_units
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError

LEAST_BITS = 20.0
"""A canary is one of more than 2**20 strings: chance never gives it away."""

TRIES = 1000
"""Strings that are drawn for one that can be a name."""


def canaries(
    vocabulary: Vocabulary,
    lengths: Sequence[int],
    count: int,
    seed: int,
    names: Collection[str] = (),
) -> tuple[str, ...]:
    """Return ``count`` distinct random strings, their letters uniform over the vocabulary's.

    All are of one length, the median of ``lengths``, or longer where there are not more than
    ``2**LEAST_BITS`` strings of it: so their ranks can be told against the same references.

    Args:
        vocabulary: its characters are the letters.
        lengths: of the real names, in the vocabulary's units.
        count: how many.
        seed: decides them.
        names: what none may be: the names added to them.

    Raises:
        ConfigError: the vocabulary has too few characters for random strings.
    """
    if not count:
        return ()
    letters = usable(vocabulary)
    if len(letters) < 2:
        raise ConfigError(
            "canaries need two characters or more to be drawn from. "
            f"Received: {len(letters)}. Leave them out"
        )
    least = math.floor(LEAST_BITS / math.log2(len(letters))) + 1
    length = max(least, int(np.median(np.asarray(lengths)))) if len(lengths) else least
    strings = random_strings(vocabulary, length, generator(Stream.CANARIES, seed))
    chosen: dict[str, None] = {}
    while len(chosen) < count:
        string = next(strings)
        if string not in names:
            chosen[string] = None
    return tuple(chosen)


def usable(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the characters that random strings are made of: those that are not blank."""
    return tuple(c for c in vocabulary.characters if c.strip() and c.isprintable())


def random_strings(vocabulary: Vocabulary, length: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield random strings of ``length`` letters that can be names, without end.

    A string whose letters would melt together (in NFC, or as graphemes) is drawn again.

    Raises:
        ConfigError: hardly any can.
    """
    letters = np.array(usable(vocabulary), dtype=object)
    while True:
        for _ in range(TRIES):
            units = letters[rng.integers(len(letters), size=length)].tolist()
            text = "".join(units)
            if text.isascii() or (
                is_normal(text) and split_units(text, vocabulary.token_unit) == units
            ):
                yield text
                break
        else:
            raise ConfigError(
                "canaries need characters that can stand side by side in any order; hardly any "
                f"of the vocabulary's {len(letters):,} can. Received: {vocabulary.token_unit}s"
            )
