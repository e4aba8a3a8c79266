"""A session of ``charloom play`` with a model of names."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import click

from ..config import SampleConfig
from ..data.unicode import normalise
from ..errors import GenerationError
from ..generation import NameModel, Sample
from ..generation.explain import explain
from ..reporting.format import probability
from .explained import choices, plain_console
from .options import say
from .play_session import DRAWN, NEXT, Session

WHOLE, BEAM = 3, 64
"""Most likely names that are shown, and prefixes of each length among which they are searched."""

AHEAD = 256
"""Characters that a name may have after its beginning: every answer should come soon."""

HELP = """\
  TEXT        add TEXT to the beginning
  1, 2, ...   take that name
  /add TEXT   add TEXT, although it is a number or begins with /
  /new        draw names at the temperature
  /t 0.7      set the temperature: below 1 more typical, above 1 bolder, 0 the likeliest only
  /undo       take the last change of the beginning back; so does /back
  /clear      start from nothing
  /help       show this
  /quit       end; so do Ctrl-D and Ctrl-C"""


class NameSession(Session):
    """A beginning, a temperature, and the names on offer."""

    help, offer = HELP, "name"

    def __init__(self, model: NameModel) -> None:
        self._model = model
        super().__init__()

    def show(self) -> None:
        """Print the beginning, the next characters and the names on offer."""
        from rich.text import Text

        heat = "" if self.temperature == 1 else f"  at temperature {self.temperature:g}"
        click.echo(f'\n"{self.text}"{heat}')
        if not self._next:
            click.echo("  Type a first character: this model cannot choose one.")
            return
        plain_console().print(Text.assemble("  next  ", choices(self._next)), soft_wrap=True)
        self._list()

    def _draw(self) -> None:
        """Offer names drawn from here."""
        if not self._next:
            say("type a first character: this model cannot choose one.")
            return
        drawn = self._model.generate(
            DRAWN,
            start=self.text,
            temperature=self.temperature,
            max_length=self._limit(self.text),
            seed=int.from_bytes(os.urandom(6)),
            allow_known=True,
        )
        if not drawn:
            say("no name came of it. Raise the temperature, or type a shorter beginning.")
            return
        _, self._offers = self._judge(self.text, self.temperature, drawn)
        self._list()

    def _look(self, text: str, temperature: float) -> None:
        """Take over a beginning and a temperature, and see how it may continue.

        Raises:
            CharloomError: it cannot be a beginning, or the temperature is none; nothing changes.
        """
        text = normalise(text)
        length, limit = len(self._model.vocabulary.encode(text)), self._limit(text)
        config = SampleConfig(temperature=temperature, max_length=limit)
        if length > limit:
            raise GenerationError(
                f"a beginning has {limit} characters at most with this model. "
                f"Received: {length}; type less."
            )
        likeliest: Sequence[Sample] = ()
        if length or self._model.rnn.config.begin:
            likeliest = self._model.best(
                WHOLE, start=text, config=config, beam=BEAM, allow_known=True
            )
        self._next, self._offers = self._judge(text, temperature, likeliest)
        self.text, self.temperature = text, temperature

    def _judge(
        self, text: str, temperature: float, samples: Sequence[Sample]
    ) -> tuple[list[tuple[str, float]], list[tuple[Sample, float]]]:
        """Return the next characters after ``text``, and samples that begin with it, with their
        probabilities given ``text``."""
        texts = [text, *(sample.text for sample in samples)]
        here, *there = explain(self._model, texts, NEXT, temperature=temperature, compare=False)
        if not here.steps:
            return [], []
        last = here.steps[-1]  # the end, which comes after the beginning as any other may
        following = [(last.character, last.probability), *last.alternatives]
        following = sorted((pair for pair in following if pair[1]), key=lambda pair: -pair[1])
        shares = [
            math.prod(step.probability for step in one.steps[len(here.steps) - 1 :])
            for one in there
        ]
        return following[:NEXT], list(zip(samples, shares, strict=True))

    def _list(self) -> None:
        """Print the names on offer."""
        from rich.cells import cell_len, set_cell_size

        wide = max((cell_len(sample.text) for sample, _ in self._offers), default=0)
        for number, (sample, share) in enumerate(self._offers, start=1):
            known = "  known" if sample.origin == "known" else ""
            name = set_cell_size(sample.text, wide)
            click.echo(f"  {number:<4}  {name}  {probability(share)}{known}")

    def _limit(self, text: str) -> int:
        """Return the length of the longest names that begin with ``text``, in units."""
        length = len(self._model.vocabulary.encode(text))
        return min(2 * self._model.longest + 10, length + AHEAD)
