"""What is sampled from a model to measure it by: once for each setting, then shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from ..data.random import Stream, generator
from ..data.unicode import normalise, split_units
from ..errors import GenerationError
from ..generation import NameModel, Sample, TextModel
from ..generation.novelty import name_set
from .metrics.distributions import Units

COMPARED = 10_000
"""Held-out names, and training names, that samples are compared with, at most; else a random
subset."""

MOST_NEAR = 2_000_000
"""Training names up to which the nearest one is searched for."""


@dataclass(frozen=True, kw_only=True)
class NameSamples:
    """Names sampled from a model, copies and repeats let through; each setting is sampled once.

    Pass one value to everything that measures the same model (``measure``, ``temperature_sweep``,
    figures), and names are sampled when they are first needed, then shared. Fewer names than were
    sampled before are the first of those, as with ``model.generate`` for a smaller n.

    Attributes:
        model: sampled from.
        seed: decides the samples.
        like: names whose first characters decide how names begin, where the model has no begin
            symbol and there is no ``start``.
        threads: at most so many.

    Example:
        >>> samples = NameSamples(model=model, seed=1)  # doctest: +SKIP
        >>> measure(model, held_out, samples=10_000, drawn=samples)  # doctest: +SKIP
        >>> samples.take(2000)  # the first of the 10,000  # doctest: +SKIP
    """

    model: NameModel
    seed: int = 0
    like: Sequence[str] = ()
    threads: int | None = None
    _found: dict[tuple[float, str], tuple[int, list[Sample], str | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def take(self, n: int, *, temperature: float = 1.0, start: str = "") -> list[Sample]:
        """Return ``n`` names, or as many as there are.

        Raises:
            GenerationError: the model has no begin symbol, and there is neither ``start`` nor
                ``like``; or it ends no name.
        """
        return self.take_with_reason(n, temperature=temperature, start=start)[0]

    def take_with_reason(
        self, n: int, *, temperature: float = 1.0, start: str = ""
    ) -> tuple[list[Sample], str | None]:
        """Return what ``take`` does, and why there are fewer than ``n``, if so."""
        key = (temperature, start)
        asked, found, reason = self._found.get(key, (0, [], None))
        if n > asked:
            found, reason = self._sampled(n, temperature, start)
            if not found:
                raise GenerationError(f"at temperature {temperature:g} the model {reason}")
            self._found[key] = (n, found, reason)
        return found[:n], reason if len(found) < n else None

    def _sampled(self, n: int, temperature: float, start: str) -> tuple[list[Sample], str | None]:
        if self.model.rnn.config.begin or start:
            return self._generated(n, temperature, start, self.seed)
        shares = first_shares(self.model, self.like)
        if not shares:
            raise GenerationError(
                "this model cannot choose a first character: it was trained without a begin "
                "symbol. Pass --start with at least one character."
            )
        rng = generator(Stream.RESAMPLING, self.seed)
        samples: list[Sample] = []
        reason = None
        counts = rng.multinomial(n, list(shares.values()))
        for place, (first, count) in enumerate(zip(shares, counts.tolist(), strict=True)):
            if count:
                some, why = self._generated(count, temperature, first, self.seed + place)
                samples, reason = [*samples, *some], reason or why
        return [samples[i] for i in rng.permutation(len(samples))], reason

    def _generated(
        self, n: int, temperature: float, start: str, seed: int
    ) -> tuple[list[Sample], str | None]:
        found = self.model.generate(
            n,
            temperature=temperature,
            seed=seed,
            start=start,
            threads=self.threads,
            allow_known=True,
            allow_repeats=True,
        )
        return list(found), found.reason


@dataclass(frozen=True, kw_only=True)
class TextSamples:
    """Text sampled from a model; each setting is sampled once, see ``NameSamples``.

    Attributes:
        model: sampled from.
        seed: decides the samples.
    """

    model: TextModel
    seed: int = 0
    _found: dict[tuple[float, str], list[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def take(self, characters: int, *, temperature: float = 1.0, start: str = "") -> str:
        """Return ``start`` and so many sampled characters, or graphemes, after it."""
        size = characters + bool(start)  # the start is streamed as one piece
        found = self._found.get((temperature, start), [])
        if len(found) < size:
            options = {"temperature": temperature, "seed": self.seed, "start": start}
            found = list(self.model.stream_text(characters, **options))  # type: ignore[arg-type]
            self._found[temperature, start] = found
        return "".join(found[:size])


def first_shares(model: NameModel, names: Sequence[str]) -> dict[str, float]:
    """Return how often names begin with each character that the model knows, as shares."""
    known = frozenset(model.vocabulary.characters)
    counts = Counter(split_units(name, model.vocabulary.token_unit)[0] for name in names if name)
    kept = {first: counts[first] for first in sorted(counts) if first in known}
    total = sum(kept.values())
    return {first: count / total for first, count in kept.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledNames:
    """Sampled names and the real names that they are compared with, normalised.

    Attributes:
        samples: as they were sampled.
        texts: their strings.
        held_out: real names that the model was not trained on, which begin as the samples do.
        train: some real names that it was trained on.
        known: the whole training set; ``None`` if it is not at hand.
        near_to: the training set without canaries, in order; empty if there are too many names to
            compare with.
        model: sampled from.
        seed: decides resamples and random subsets.
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
        """Real names, trained on or not."""
        return list(dict.fromkeys([*self.train, *self.held_out]))

    @property
    def new(self) -> list[str]:
        """The distinct samples that are not in the training set."""
        known = self.known or frozenset()
        return [text for text in dict.fromkeys(self.texts) if text not in known]

    def units(self, texts: Sequence[str]) -> list[Units]:
        """Return each text's characters or graphemes."""
        return [split_units(text, self.model.vocabulary.token_unit) for text in texts]


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
) -> SampledNames:
    """Return samples beside the real names that they are compared with: no canaries."""
    trained = None if known is None else without(known, canaries)
    rng = generator(Stream.NAME_SAMPLES, seed)
    first = normalise(start)

    def some(names: Sequence[str]) -> list[str]:
        found = [name for name in names if name.startswith(first)] if first else names
        if len(found) <= COMPARED:
            return list(found)
        return [found[i] for i in rng.permutation(len(found))[:COMPARED]]

    return SampledNames(
        samples=samples,
        texts=[normalise(sample.text) for sample in samples],
        held_out=some(real),
        train=some(trained or ()),
        known=None if known is None else name_set(known),
        near_to=list(trained) if trained is not None and len(trained) <= MOST_NEAR else [],
        model=model,
        seed=seed,
        threads=threads,
    )


def without(names: Sequence[str], canaries: Sequence[str]) -> Sequence[str]:
    """Return the real names: no canaries."""
    strings = frozenset(canaries)
    return [name for name in names if name not in strings] if strings else names
