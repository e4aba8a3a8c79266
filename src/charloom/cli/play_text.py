"""The game of ``charloom play`` with a model of running text, which writes on without an end."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from itertools import islice

import click
import numpy as np

from ..config import SampleConfig
from ..data.unicode import normalise
from ..data.vocabulary import BOUNDARY
from ..generation import Sample, Sampler, TextModel
from ..models.interface import NEVER
from .options import say
from .play_session import DRAWN, NEXT, Session

READ = 2000
"""Characters before the end of what is written that the model reads: what lies further back hardly
counts, and every answer is to come soon."""

SHOWN = 400
"""Characters of what is written that are shown, the last ones."""

OFFERED, MORE = 60, 400
"""Characters of a continuation on offer, at most, and those that /more writes."""

HELP = """\
  TEXT        add TEXT to what is written
  1, 2, ...   take that continuation
  /more 400   write so many characters on
  /line       add a line break
  /add TEXT   add TEXT, although it is a number or begins with /
  /new        draw other continuations
  /t 0.7      set the temperature: below 1 more typical, above 1 bolder, 0 the likeliest only
  /undo       take the last change back; so does /back
  /clear      start from nothing
  /help       show this
  /quit       end; so do Ctrl-D and Ctrl-C"""


class TextSession(Session):
    """A text, a temperature, and the continuations on offer."""

    help, offer = HELP, "continuation"

    def __init__(self, model: TextModel) -> None:
        self._model = model
        super().__init__()

    def show(self) -> None:
        """Print the end of the text, the next characters and the continuations on offer."""
        heat = "" if self.temperature == 1 else f"  at temperature {self.temperature:g}"
        cut = "…" if len(self.text) > SHOWN else ""
        click.echo(f'\n"{cut}{self.text[-SHOWN:]}"{heat}')
        self._show_next()

    def _show_next(self) -> None:
        from rich.text import Text

        from .explained import choices, plain_console

        plain_console().print(Text.assemble("  next  ", choices(self._next)), soft_wrap=True)
        self._list()

    def _obey_more(self, word: str, rest: str) -> bool:
        if word == "/line":
            self._go(self.text + "\n")
        elif word == "/more":
            self._more(rest)
        else:
            return False
        return True

    def _more(self, number: str) -> None:
        """Write on, character by character, and add it to the text."""
        characters = number or str(MORE)
        if not (characters.isascii() and characters.isdecimal() and int(characters[:9]) > 0):
            say(f"/more needs a number of characters, as in /more {MORE}.")
            return
        written = []
        for piece in self._draws(self.text, self.temperature, int(characters[:9])):
            written.append(piece)
            sys.stdout.write(piece)
            sys.stdout.flush()
        click.echo()
        before = self.text
        self._look(before + "".join(written), self.temperature)
        self._past.append(before)
        self._show_next()

    def _draw(self) -> None:
        """Offer other continuations."""
        self._offers = self._continuations(self.text, self.temperature)
        self._list()

    def _look(self, text: str, temperature: float) -> None:
        """Take over a text and a temperature, and see how it may continue; see ``Session``."""
        text = normalise(text)
        config = SampleConfig(temperature=temperature)
        ids = self._model.vocabulary.encode(text)[-READ:].tolist()
        rnn, unknown = self._model.rnn, self._model.vocabulary.unknown_id
        carry = rnn.initial_carry(1)
        for one in (BOUNDARY, *ids):
            logits, carry = rnn.step(np.array([one]), carry)
        logits[:, [BOUNDARY, *([] if unknown is None else [unknown])]] = NEVER
        shares = np.exp(Sampler(config).log_probabilities(logits)[0])
        order = np.argsort(-shares, kind="stable")[:NEXT]
        characters = ("", *self._model.vocabulary.characters, "")
        self._next = [(characters[i], float(shares[i])) for i in order if shares[i] > 0]
        self._offers = self._continuations(text, temperature)
        self.text, self.temperature = text, temperature

    def _continuations(self, text: str, temperature: float) -> list[tuple[Sample, float]]:
        """Draw different ways to continue: to the end of the line, or not far."""
        found: dict[str, None] = {}
        for _ in range(DRAWN if temperature else 1):
            piece = ""
            for character in self._draws(text, temperature, OFFERED):
                piece += character
                if character == "\n":
                    break
            found[piece] = None
        return [(Sample(text + piece, math.nan, "unknown"), math.nan) for piece in found]

    def _draws(self, text: str, temperature: float, characters: int) -> Iterator[str]:
        read = self._model.vocabulary.encode(text)[-READ:]
        start = self._model.vocabulary.decode(read)
        stream = self._model.stream_text(
            characters,
            start=start,
            temperature=temperature,
            seed=int.from_bytes(os.urandom(6)),
        )
        return islice(stream, 1 if start else 0, None)

    def _list(self) -> None:
        """Print the continuations on offer."""
        for number, (sample, _) in enumerate(self._offers, start=1):
            piece = sample.text[len(self.text) :].replace("\n", "\\n")
            click.echo(f"  {number:<4}  {piece}")
