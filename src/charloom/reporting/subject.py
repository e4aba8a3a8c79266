"""What a report, a card or a figure is about: a run, its model, and the samples they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from ..config import Unit
from ..data.unicode import normalise, split_units
from ..errors import RunError
from ..generation import LanguageModel, NameModel, TextModel
from ..run import Run

if TYPE_CHECKING:
    from ..evaluation import NameSamples, TextSamples

M = TypeVar("M", bound=LanguageModel)
Units = Sequence[str]

NAMES, CHARACTERS = 2000, 20_000
"""Names, and characters of text, that figures sample by default."""

MOST_NAMES = 20_000
"""Real names that samples are compared with, about, at most."""

LINE = 60
"""Characters of text that a figure shows in a row."""


@dataclass(frozen=True, eq=False)
class Subject(ABC, Generic[M]):
    """A run and its model.

    Attributes:
        run: the run, opened once.
        model: as loaded from it.
    """

    run: Run
    model: M

    @abstractmethod
    def passages(self, count: int) -> Sequence[str]:
        """Return held-out names, or lines of held-out text: ``count`` of them, or all."""

    @abstractmethod
    def generated_and_real(
        self, n: int | None, start: str, seed: int
    ) -> tuple[list[Units], list[Units]]:
        """Return ``n`` samples and the real strings to compare them with, split into units."""


@dataclass(frozen=True, eq=False)
class NameSubject(Subject[NameModel]):
    """A run of names."""

    _samples: dict[int, NameSamples] = field(default_factory=dict, init=False, repr=False)

    def samples(self, seed: int) -> NameSamples:
        """Return the samples that measures and figures share."""
        from ..evaluation import NameSamples

        if seed not in self._samples:
            like = [] if self.run.config.begin else self.train_names or self.run.held_out_names
            self._samples[seed] = NameSamples(model=self.model, seed=seed, like=_some(like))
        return self._samples[seed]

    def sampled(
        self, n: int, *, seed: int = 0, start: str = "", temperature: float = 1.0
    ) -> list[str]:
        """Return sampled names, copies and repeats among them.

        A model without a begin symbol begins as the training names do, if there is no ``start``.
        """
        found = self.samples(seed).take(n, temperature=temperature, start=start)
        return [sample.text for sample in found]

    @cached_property
    def train_names(self) -> Sequence[str]:
        """The real names that the model was trained on: no canaries."""
        return self.run.train_names

    def need_train_names(self) -> Sequence[str]:
        """Return the training names.

        Raises:
            RunError: there are none.
        """
        if not self.train_names:
            raise RunError(f"{self.run.path} has no training names. Restore its train_names.txt.")
        return self.train_names

    def need_held_out(self) -> Sequence[str]:
        """Return the held-out names.

        Raises:
            RunError: there are none.
        """
        if not self.run.held_out_names:
            raise RunError(
                f"{self.run.path} has no held-out names to compare with. Train with some."
            )
        return self.run.held_out_names

    def passages(self, count: int) -> Sequence[str]:
        return self.run.held_out_names[:count]

    def generated_and_real(
        self, n: int | None, start: str, seed: int
    ) -> tuple[list[Units], list[Units]]:
        real = _some(self.train_names or self.run.held_out_names or self.need_train_names())
        unit = self.run.vocabulary.token_unit
        strings = self.sampled(NAMES if n is None else n, seed=seed, start=start), real
        generated, other = (_split(each, unit) for each in strings)
        return generated, other


@dataclass(frozen=True, eq=False)
class TextSubject(Subject[TextModel]):
    """A run of text."""

    _samples: dict[int, TextSamples] = field(default_factory=dict, init=False, repr=False)

    def samples(self, seed: int) -> TextSamples:
        """Return the samples that measures and figures share."""
        from ..evaluation import TextSamples

        return self._samples.setdefault(seed, TextSamples(model=self.model, seed=seed))

    def need_held_out(self) -> str:
        """Return the held-out text.

        Raises:
            RunError: there is none.
        """
        if not self.run.held_out_text:
            raise RunError(
                f"{self.run.path} has no held-out text to compare with. Train with some."
            )
        return self.run.held_out_text

    def passages(self, count: int) -> Sequence[str]:
        text = self.run.held_out_text[: LINE * count]
        return tuple(text[i : i + LINE] for i in range(0, len(text), LINE))

    def generated_and_real(
        self, n: int | None, start: str, seed: int
    ) -> tuple[list[Units], list[Units]]:
        unit, real = self.run.vocabulary.token_unit, self.need_held_out()
        text = self.samples(seed).take(CHARACTERS if n is None else n, start=start)
        return [split_units(text, unit)], [split_units(real, unit)]


AnySubject = NameSubject | TextSubject


def subject_of(run: Run, model: NameModel | TextModel) -> AnySubject:
    """Return a run and the model that was loaded from it as what to report on."""
    return NameSubject(run, model) if isinstance(model, NameModel) else TextSubject(run, model)


def _split(strings: Sequence[str], unit: Unit) -> list[Units]:
    return [split_units(normalise(string), unit) for string in strings]


def _some(names: Sequence[str]) -> Sequence[str]:
    """Return the names, or of very many enough of them, evenly spaced."""
    return names if len(names) <= MOST_NAMES else names[:: len(names) // MOST_NAMES]
