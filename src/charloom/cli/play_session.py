"""A session of ``charloom play``: the text so far, a temperature, and what is on offer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import click

from ..errors import CharloomError
from ..errors.formatting import without_controls
from ..generation import LanguageModel
from .explained import choices, plain_console
from .options import aligned, say

if TYPE_CHECKING:
    from ..generation import Sample

M = TypeVar("M", bound=LanguageModel)

SHOWN = 400
"""Characters of the text that are shown, the last ones."""

HELP = """\
  TEXT        add TEXT to the end
  1, 2, ...   take that {offer}
{more}  /add TEXT   add TEXT, even if it is a number or begins with /
  /new        sample other {offer}s
  /t 0.7      set the temperature: below 1 more typical, above 1 more varied, 0 the most likely only
  /undo       undo the last change; so does /back
  /clear      start from nothing
  /help       show this help
  /quit       quit; so do Ctrl-D and Ctrl-C"""

NO_FIRST = "type a first character: this model cannot choose one."


class Session(ABC, Generic[M]):
    """The text so far, a temperature, and what is on offer."""

    offer: ClassVar[str]
    """What one thing on offer is called."""

    more: ClassVar[str] = ""
    """The help of further commands."""

    def __init__(self, model: M, seed: int) -> None:
        self._model, self._random = model, Random(seed)
        self.text, self.temperature = "", 1.0
        self._past: list[str] = []
        self._next: list[tuple[str, float]] = []
        self._offers: list[tuple[Sample, float]] = []
        self._look("", 1.0)

    def obey(self, line: str) -> bool:
        """Do what a line asks for; a mistake is one line on stderr. ``False`` if it is to end."""
        word, _, rest = line.strip().partition(" ")
        try:
            if word == "/quit":
                return False
            if word == "/help":
                click.echo(HELP.format(offer=self.offer, more=self.more))
            elif word == "/new":
                self._sample()
            elif word == "/t":
                self._set_temperature(rest)
            elif word in ("/undo", "/back"):
                self._undo()
            elif word == "/clear":
                self._go("")
            elif word == "/add":
                self._go(self.text + line.lstrip().removeprefix("/add")[1:])
            elif word.startswith("/"):
                if not self._obey_more(word, rest):
                    say(f"there is no command {word[:40]!r}. Type /help for a list.")
            elif word.isascii() and word.isdecimal() and not rest:
                self._take(word)
            else:
                self._go(self.text + line)
        except CharloomError as error:
            say(str(error))
        return True

    def show(self) -> None:
        """Print the text, the next characters and what is on offer."""
        heat = "" if self.temperature == 1 else f"  at temperature {self.temperature:g}"
        cut = "…" if len(self.text) > SHOWN else ""
        click.echo(without_controls(f'\n"{cut}{self.text[-SHOWN:]}"{heat}'))
        self._show_next()

    def _show_next(self) -> None:
        from rich.text import Text

        if not self._next:
            click.echo(f"  {NO_FIRST.capitalize()}")
            return
        plain_console().print(Text.assemble("  next  ", choices(self._next)), soft_wrap=True)
        self._show_offers()

    def _show_offers(self) -> None:
        offers = enumerate(self._offers, start=1)
        for line in aligned([(f"  {n:<4}", *self._row(*offer)) for n, offer in offers]):
            click.echo(without_controls(line))

    def _go(self, text: str) -> None:
        """Replace the text, if the model can read the new one."""
        before = self.text
        self._look(text, self.temperature)
        if self.text != before:
            self._past.append(before)
        self.show()

    def _undo(self) -> None:
        if not self._past:
            say("there is nothing to undo.")
            return
        self._look(self._past.pop(), self.temperature)
        self.show()

    def _take(self, number: str) -> None:
        if not 1 <= int(number[:9]) <= len(self._offers):
            offered = f"Choose from 1 to {len(self._offers)}. " if self._offers else ""
            say(f"there is no {self.offer} {number[:9]}. {offered}To add a number, type /add.")
            return
        self._go(self._offers[int(number) - 1][0].text)

    def _set_temperature(self, number: str) -> None:
        try:
            temperature = float(number)
        except ValueError:
            say(f"/t needs a number, as in /t 0.7. The temperature is {self.temperature:g} now.")
            return
        self._look(self.text, temperature)
        self.show()

    def _obey_more(self, word: str, rest: str) -> bool:
        """Do what other commands ask for; ``False`` if there is no such command."""
        return False

    def _new_seed(self) -> int:
        """Return the seed of the next draw, which follows from the session's."""
        return self._random.getrandbits(48)

    @abstractmethod
    def _row(self, sample: Sample, share: float) -> tuple[str, ...]:
        """Return the cells of a line about something on offer."""

    @abstractmethod
    def _sample(self) -> None:
        """Sample other strings to offer, and print them."""

    @abstractmethod
    def _look(self, text: str, temperature: float) -> None:
        """Set the text and the temperature, and find out how the text may continue.

        Raises:
            CharloomError: the model cannot read the text, or the temperature is invalid; nothing
                changes.
        """
