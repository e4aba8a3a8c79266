"""Samples to measure a model by, drawn once for each setting and then shared; the sweep of
temperatures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from ..config import MOST_SAMPLES
from ..config.arguments import MOST_SEED, number, seed_of, shown, whole
from ..data.random import Stream, generator
from ..data.unicode import normalise, split_units
from ..errors import ArgumentError, ConfigError, GenerationError
from ..generation import NameModel, Sample, TextModel
from ..generation.novelty import name_set
from .metrics.distributions import Units
from .statistics import Plain

COMPARED = 10_000
"""Held-out names, and training names, that samples are compared with: of more, a random subset."""

MOST_NEAR = 2_000_000
"""Training names up to which the nearest one is searched for."""


@dataclass(frozen=True, kw_only=True)
class NameSamples:
    """Names sampled from a model, known and repeated ones included; sampled once for each setting.

    Pass one value to everything that measures the same model (``measure``, ``temperature_sweep``,
    figures): names are sampled when they are first needed, then shared. Fewer names than were
    sampled before are the first of those, as with ``model.generate`` for a smaller n.

    Attributes:
        model: the model to sample from.
        seed: decides the samples.
        like: names whose first characters samples start with, in the same proportions, if the
            model has no begin symbol and there is no ``start``.
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
        n = whole("n", n, 1, MOST_SAMPLES)
        asked, found, reason = self._found.get((temperature, start), (0, [], None))
        if n > asked:
            found, reason = self._sampled(n, temperature, start)
            if not found:
                raise GenerationError(f"at temperature {temperature:g} the model {reason}")
            self._found[temperature, start] = (n, found, reason)
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
                some, why = self._generated(
                    count, temperature, first, (self.seed + place) % (MOST_SEED + 1)
                )
                samples, reason = [*samples, *some], reason or why
        return [samples[i] for i in rng.permutation(len(samples))], reason

    def _generated(
        self, n: int, temperature: float, start: str, seed: int
    ) -> tuple[list[Sample], str | None]:
        found = self.model.generate(
            n, temperature=temperature, seed=seed, start=start, threads=self.threads,
            allow_known=True, allow_repeats=True,
        )  # fmt: skip
        return list(found), found.reason


@dataclass(frozen=True, kw_only=True)
class TextSamples:
    """Text sampled from a model, once for each setting; see ``NameSamples``.

    Attributes:
        model: the model to sample from.
        seed: decides the samples.
    """

    model: TextModel
    seed: int = 0
    _found: dict[tuple[float, str], list[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def take(self, characters: int, *, temperature: float = 1.0, start: str = "") -> str:
        """Return ``start``, followed by so many sampled characters, or graphemes."""
        size = characters + bool(start)  # the start is streamed as one piece
        found = self._found.get((temperature, start), [])
        if len(found) < size:
            found = self._found[temperature, start] = list(
                islice(self._pieces(characters, temperature, start), size)
            )
        return "".join(found[:size])

    def _pieces(self, characters: int, temperature: float, start: str) -> Iterator[str]:
        """Yield ``start`` and what is sampled; documents end with a line break."""
        several = None if self.model.rnn.config.documents else 1
        documents = self.model.stream_texts(
            several, characters, temperature=temperature, seed=self.seed, start=start
        )
        for place, document in enumerate(documents):
            if place:
                yield "\n"
            yield from document


def first_shares(model: NameModel, names: Sequence[str]) -> dict[str, float]:
    """Return how often names start with each character that the model knows, as shares."""
    known = frozenset(model.vocabulary.characters)
    counts = Counter(split_units(name, model.vocabulary.token_unit)[0] for name in names if name)
    kept = {first: counts[first] for first in sorted(counts) if first in known}
    total = sum(kept.values())
    return {first: count / total for first, count in kept.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledNames:
    """Sampled names and the real names to compare them with, normalised.

    ``held_out`` and ``train`` are real names with the samples' start, ``known`` is the whole
    training set (``None`` if it is not available), and ``near_to`` the training names to search
    for the nearest one, in order and without canaries; empty if there are too many.
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
        return [text for text in dict.fromkeys(self.texts) if text not in (self.known or ())]

    @cached_property
    def unseen(self) -> list[str]:
        """The held-out names that are not in the training set."""
        return [text for text in self.held_out if text not in (self.known or ())]

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
    """Return samples and the real names to compare them with, without canaries."""
    trained = without(known or (), canaries)
    rng = generator(Stream.NAME_SAMPLES, seed)
    first = model.vocabulary.normalised(start)

    def some(names: Sequence[str]) -> list[str]:
        found = [name for name in names if name.startswith(first)] if first else names
        if len(found) <= COMPARED:
            return list(found)
        return [found[i] for i in rng.permutation(len(found))[:COMPARED]]

    return SampledNames(
        samples=samples,
        texts=[normalise(sample.text) for sample in samples],
        held_out=some(real),
        train=some(trained),
        known=None if known is None else name_set(known),
        near_to=list(trained) if len(trained) <= MOST_NEAR else [],
        model=model,
        seed=seed,
        threads=threads,
    )


def without(names: Sequence[str], canaries: Sequence[str]) -> Sequence[str]:
    """Return the names without canaries."""
    strings = frozenset(canaries)
    return [name for name in names if name not in strings] if strings else names


@dataclass(frozen=True, kw_only=True)
class Draws(Plain):
    """Names sampled at one temperature, known and repeated ones included.

    Attributes:
        temperature: of the samples.
        strings: number of samples.
        nats_per_char: their mean -log p under the model at temperature 1, end symbols counted;
            without first characters if the model has no begin symbol.
        copied: share that is in the training list.
        repeated: share that repeats an earlier sample.
        new: share that is neither.
    """

    temperature: float
    strings: int
    nats_per_char: float
    copied: float
    repeated: float
    new: float


def temperature_sweep(
    model: NameModel,
    temperatures: Iterable[float],
    n: int = 1000,
    *,
    seed: int = 0,
    start: str = "",
    threads: int | None = None,
    drawn: NameSamples | None = None,
) -> list[Draws]:
    """Sample ``n`` names at each temperature and measure them.

    The share of repeats grows with ``n``: compare figures for the same ``n``.

    Args:
        model: with its training list.
        temperatures: 0 is greedy.
        n: samples for each temperature.
        seed: decides the samples.
        start: what they start with; without it, samples of a model without a begin symbol start
            as the training names do.
        threads: at most so many.
        drawn: samples shared with other figures; by default the model is sampled here.

    Raises:
        ConfigError: ``temperatures`` is empty, or an argument lies outside what it may be.
        GenerationError: there is no training list to tell copies by, or the model ends no name.
    """
    temperatures, seed = temperatures_of(temperatures, "[0, 100]"), seed_of(seed)
    n = whole("n", n, 1, MOST_SAMPLES)
    if model.training_set is None:
        raise GenerationError(
            "copies need the training list to tell them by, which is not with this model. "
            "Load a run folder that has its train_names.txt."
        )
    if drawn is None:
        like = list(model.training_set) if not (start or model.rnn.config.begin) else []
        drawn = NameSamples(model=model, seed=seed, like=like, threads=threads)
    return [
        _measured(model, float(t), drawn.take(n, temperature=t, start=start)) for t in temperatures
    ]


def temperatures_of(values: Iterable[float], interval: str = "(0, 100]") -> list[float]:
    """Return several temperatures; ConfigError if there is none, or one is out of range."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ArgumentError(f"temperatures must be a list of numbers. Received: {shown(values)}")
    found = [number("temperature", value, interval) for value in values]
    if not found:
        raise ConfigError("temperatures must hold one at least. Received: none")
    return found


def _measured(model: NameModel, temperature: float, found: Sequence[Sample]) -> Draws:
    end = 1 if model.rnn.config.begin else 0
    characters = sum(len(split_units(s.text, model.vocabulary.token_unit)) + end for s in found)
    first = {normalise(s.text): s.origin for s in reversed(found)}
    return Draws(
        temperature=temperature,
        strings=len(found),
        nats_per_char=sum(s.nats for s in found) / characters,
        copied=sum(s.origin == "known" for s in found) / len(found),
        repeated=1 - len(first) / len(found),
        new=sum(origin == "new" for origin in first.values()) / len(found),
    )
