"""A session of ``charloom play`` with a model of running text."""

from __future__ import annotations

import sys

import click

from ..errors.formatting import without_controls
from ..generation import Sample, TextModel
from ..generation.continuations import continued_text, drawn_texts
from ..generation.continuations import written as text_after
from .options import say
from .play_session import Session

MORE = 400
"""Characters that /more writes."""


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
        ahead, seed = int(characters[:9]), self._new_seed()
        for piece in text_after(self._model, self.text, self.temperature, ahead, seed):
            written.append(piece)
            sys.stdout.write(without_controls(piece))
            sys.stdout.flush()
        click.echo()
        before = self.text
        self._look(before + "".join(written), self.temperature)
        self._past.append(before)
        self._show_next()

    def _sample(self) -> None:
        self._offers = drawn_texts(self._model, self.text, self.temperature, self._new_seed)
        self._show_offers()

    def _look(self, text: str, temperature: float) -> None:
        found = continued_text(self._model, text, temperature, self._new_seed)
        self._next, self._offers = found.characters, found.offers
        self.text, self.temperature = found.text, temperature
