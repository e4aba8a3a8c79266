"""Plain draws to measure a model by: copies and repeats let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

from ..data.random import Stream, generator
from ..data.unicode import normalise, split_units
from ..errors import GenerationError
from ..generation import NameModel, Sample
from ..generation.known import known_names
from .metrics.distributions import Units

COMPARED = 10_000
"""Real names of a kind that draws are compared with, at most, taken at random."""

MOST_NEAR = 2_000_000
"""Training names up to which the nearest one is looked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Names:
    """What is compared: draws and real names, normalised.

    Attributes:
        samples: the draws.
        texts: theirs.
        held_out: real names that the model has not seen, that begin as the draws do.
        train: as many real names that it has.
        known: all that it has, as a set; ``None`` if there is no list.
        near_to: all that it has but canaries, in their order, if they are not too many to compare
            with.
        model: which drew.
        seed: decides what is left to chance.
        threads: at most so many.
    """

    samples: Sequence[Sample]
    texts: list[str]
    held_out: list[str]
    train: list[str]
    known: Set[str] | None
    near_to: list[str]
    model: NameModel
    seed: int
    threads: int | None

    @property
    def real(self) -> list[str]:
        """Real names, seen or not."""
        return list(dict.fromkeys([*self.train, *self.held_out]))

    @property
    def new(self) -> list[str]:
        """The different draws that are in no training list."""
        known = self.known or frozenset()
        return [text for text in dict.fromkeys(self.texts) if text not in known]

    def units(self, texts: Sequence[str]) -> list[Units]:
        """Return each text's characters or graphemes."""
        return [split_units(text, self.model.vocabulary.unit) for text in texts]


def compared(
    model: NameModel,
    samples: Sequence[Sample],
    real: Sequence[str],
    known: Sequence[str] | None,
    *,
    canaries: Sequence[str] = (),
    start: str = "",
    seed: int = 0,
    threads: int | None = None,
) -> Names:
    """Return draws beside the real names that they are to be compared with: no canaries."""
    learned = None if known is None else without(known, canaries)
    rng = generator(Stream.NAME_SAMPLES, seed)
    first = normalise(start)

    def some(names: Sequence[str]) -> list[str]:
        found = [name for name in names if name.startswith(first)] if first else names
        if len(found) <= COMPARED:
            return list(found)
        return [found[i] for i in rng.permutation(len(found))[:COMPARED]]

    return Names(
        samples=samples,
        texts=[normalise(sample.text) for sample in samples],
        held_out=some(real),
        train=some(learned or ()),
        known=None if known is None else known_names(known),
        near_to=list(learned) if learned is not None and len(learned) <= MOST_NEAR else [],
        model=model,
        seed=seed,
        threads=threads,
    )


def without(names: Sequence[str], canaries: Sequence[str]) -> Sequence[str]:
    """Return the names that are real: no canaries."""
    strings = frozenset(canaries)
    return [name for name in names if name not in strings] if strings else names


def plain_draws(
    model: NameModel,
    n: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
    start: str = "",
    like: Sequence[str] = (),
    threads: int | None = None,
) -> tuple[list[Sample], str | None]:
    """Draw ``n`` names; return those that there are, and what is to be said of them.

    A model without a begin symbol begins with ``start``, or else with the first characters of
    ``like``, each as often as there.

    Raises:
        GenerationError: the model has no begin symbol, and neither is given; or it ends no name.
    """

    def drawn(count: int, first: str, seed: int) -> tuple[list[Sample], str | None]:
        found = model.generate(
            count,
            temperature=temperature,
            seed=seed,
            start=first,
            threads=threads,
            allow_known=True,
            allow_repeats=True,
        )
        return list(found), found.reason

    if model.rnn.config.begin or start:
        samples, reason = drawn(n, start, seed)
    else:
        shares = first_shares(model, like)
        if not shares:
            raise GenerationError(
                "this model cannot choose a first character: it was trained without a begin "
                "symbol. Pass --start with at least one character."
            )
        rng, samples, reason = generator(Stream.RESAMPLING, seed), [], None
        counts = rng.multinomial(n, list(shares.values()))
        for place, (first, count) in enumerate(zip(shares, counts.tolist(), strict=True)):
            if count:
                some, why = drawn(count, first, seed + place)
                samples, reason = [*samples, *some], reason or why
        samples = [samples[i] for i in rng.permutation(len(samples))]
    if not samples:
        raise GenerationError(f"at temperature {temperature:g} the model {reason}")
    return samples, reason


def first_shares(model: NameModel, names: Sequence[str]) -> dict[str, float]:
    """Return how often names begin with each character that the model knows, as shares."""
    known = frozenset(model.vocabulary.characters)
    counts = Counter(split_units(name, model.vocabulary.unit)[0] for name in names if name)
    kept = {first: counts[first] for first in sorted(counts) if first in known}
    total = sum(kept.values())
    return {first: count / total for first, count in kept.items()}
