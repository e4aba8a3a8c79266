"""A session of ``charloom play`` with a model of running text."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from itertools import islice

import click
import numpy as np

from ..config import SampleConfig
from ..data.vocabulary import BOUNDARY
from ..formatting import without_controls
from ..generation import Sample, Sampler, TextModel
from ..models.interface import NEVER
from .options import say
from .play_session import DRAWN, NEXT, Session

READ = 2000
"""Last characters of the text that the model reads: earlier ones hardly matter, and every answer
should come soon."""

OFFERED, MORE = 60, 400
"""Characters of a continuation on offer, at most, and those that /more writes."""


class TextSession(Session[TextModel]):
    """A text, a temperature, and the continuations on offer."""

    offer = "continuation"
    more = """\
  /more 400   write 400 more characters
  /line       add a line break
"""

    def _row(self, sample: Sample, share: float) -> tuple[str, ...]:
        return (sample.text[len(self.text) :].replace("\n", "\\n"),)

    def _obey_more(self, word: str, rest: str) -> bool:
        if word == "/line":
            self._go(self.text + "\n")
        elif word == "/more":
            self._more(rest)
        else:
            return False
        return True

    def _more(self, number: str) -> None:
        """Write more, character by character, and add it to the text."""
        characters = number or str(MORE)
        if not (characters.isascii() and characters.isdecimal() and int(characters[:9]) > 0):
            say(f"/more needs a number of characters, as in /more {MORE}.")
            return
        written = []
        for piece in self._stream(self.text, self.temperature, int(characters[:9])):
            written.append(piece)
            sys.stdout.write(without_controls(piece))
            sys.stdout.flush()
        click.echo()
        before = self.text
        self._look(before + "".join(written), self.temperature)
        self._past.append(before)
        self._show_next()

    def _sample(self) -> None:
        self._offers = self._continuations(self.text, self.temperature)
        self._show_offers()

    def _look(self, text: str, temperature: float) -> None:
        text = self._model.vocabulary.normalised(text)
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
        """Sample different continuations: to the end of the line, or of a limited length."""
        found: dict[str, None] = {}
        for _ in range(DRAWN if temperature else 1):
            piece = ""
            for character in self._stream(text, temperature, OFFERED):
                piece += character
                if character == "\n":
                    break
            found[piece] = None
        return [(Sample(text + piece, math.nan, "unknown"), math.nan) for piece in found]

    def _stream(self, text: str, temperature: float, characters: int) -> Iterator[str]:
        read = self._model.vocabulary.encode(text)[-READ:]
        start = self._model.vocabulary.decode(read)
        stream = self._model.stream_text(
            characters, start=start, temperature=temperature, seed=self._new_seed()
        )
        return islice(stream, 1 if start else 0, None)
