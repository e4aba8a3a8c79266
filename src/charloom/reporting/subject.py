"""What a report, a card or a figure is about: a run, its model, and the samples they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

from ..data.sources.documents import MARK
from ..data.tokens import Unit
from ..data.unicode import normalise, split_units
from ..errors import RunError
from ..generation import NameModel, TextModel
from ..run import Run

if TYPE_CHECKING:
    from ..evaluation import NameSamples, TextSamples

Units = Sequence[str]

NAMES, CHARACTERS = 2000, 20_000
"""Names, and characters of text, that figures sample by default."""

MOST_NAMES = 20_000
"""About how many real names samples are compared with, at most."""

LINE = 60
"""Characters of text in each row of a figure."""


class Sampling(TypedDict, total=False):
    """Options of sampling: the number of names or characters, their start, and the seed."""

    n: int
    start: str
    seed: int


@dataclass(frozen=True, eq=False)
class NameSubject:
    """A run of names, opened once, and the model that was loaded from it."""

    run: Run
    model: NameModel
    _samples: dict[int, NameSamples] = field(default_factory=dict, init=False, repr=False)

    def samples(self, seed: int) -> NameSamples:
        """Return the samples that measures and figures share."""
        from ..evaluation import NameSamples

        if seed not in self._samples:
            like = [] if self.run.config.begin else self.run.train_names or self.run.held_out_names
            self._samples[seed] = NameSamples(model=self.model, seed=seed, like=_some(like))
        return self._samples[seed]

    def sampled(
        self, n: int = NAMES, *, seed: int = 0, start: str = "", temperature: float = 1.0
    ) -> list[str]:
        """Return sampled names, including copies and repeats.

        Those of a model without a begin symbol start as the training names do, if there is no
        ``start``.
        """
        found = self.samples(seed).take(n, temperature=temperature, start=start)
        return [sample.text for sample in found]

    def need_train_names(self) -> Sequence[str]:
        """Return the training names, without canaries.

        Raises:
            RunError: there are none.
        """
        if not self.run.train_names:
            raise RunError(f"{self.run.path} has no training names. Restore its train_names.txt.")
        return self.run.train_names

    def need_held_out(self) -> Sequence[str]:
        """Return the held-out names.

        Raises:
            RunError: there are none.
        """
        if not self.run.held_out_names:
            raise _nothing_held_out(self.run)
        return self.run.held_out_names

    def passages(self, count: int) -> Sequence[str]:
        """Return held-out names: ``count`` of them, or all."""
        return self.run.held_out_names[:count]

    def generated_and_real(self, **sampling: Unpack[Sampling]) -> tuple[list[Units], list[Units]]:
        """Return samples and the real names to compare them with, split into units."""
        run = self.run
        real = _some(run.train_names or run.held_out_names or self.need_train_names())
        generated, unit = self.sampled(**sampling), run.vocabulary.token_unit
        return _split(generated, unit), _split(real, unit)


@dataclass(frozen=True, eq=False)
class TextSubject:
    """A run of text, opened once, and the model that was loaded from it."""

    run: Run
    model: TextModel
    _samples: dict[int, TextSamples] = field(default_factory=dict, init=False, repr=False)

    def samples(self, seed: int) -> TextSamples:
        """Return the samples that measures and figures share."""
        from ..evaluation import TextSamples

        return self._samples.setdefault(seed, TextSamples(model=self.model, seed=seed))

    def sampled(
        self, n: int = CHARACTERS, *, seed: int = 0, start: str = "", temperature: float = 1.0
    ) -> str:
        """Return ``start`` and ``n`` sampled characters after it."""
        return self.samples(seed).take(n, temperature=temperature, start=start)

    def need_held_out(self) -> str:
        """Return the held-out text.

        Raises:
            RunError: there is none.
        """
        if not self.run.held_out_text:
            raise _nothing_held_out(self.run)
        return _lines(self.run.held_out_text)

    def passages(self, count: int) -> Sequence[str]:
        """Return lines of the held-out text: ``count`` of them, or all."""
        text = _lines(self.run.held_out_text[: LINE * count])
        return tuple(text[i : i + LINE] for i in range(0, len(text), LINE))

    def generated_and_real(self, **sampling: Unpack[Sampling]) -> tuple[list[Units], list[Units]]:
        """Return a sample and the held-out text to compare it with, split into units."""
        unit, real = self.run.vocabulary.token_unit, self.need_held_out()
        return [split_units(self.sampled(**sampling), unit)], [split_units(real, unit)]


AnySubject = NameSubject | TextSubject


def subject_of(run: Run, model: NameModel | TextModel) -> AnySubject:
    """Return the subject for a run and the model that was loaded from it."""
    return NameSubject(run, model) if isinstance(model, NameModel) else TextSubject(run, model)


def _lines(text: str) -> str:
    """Return held-out text as people read it: documents end with a line break."""
    return text.replace(MARK, "\n")


def _nothing_held_out(run: Run) -> RunError:
    return RunError(f"{run.path} has no held-out {run.data_kind} to compare with. Train with some.")


def _split(strings: Sequence[str], unit: Unit) -> list[Units]:
    return [split_units(normalise(string), unit) for string in strings]


def _some(names: Sequence[str]) -> Sequence[str]:
    """Return the names, or an evenly spaced subset if there are very many."""
    return names if len(names) <= MOST_NAMES else names[:: len(names) // MOST_NAMES]
