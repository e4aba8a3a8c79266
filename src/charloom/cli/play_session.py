"""A session of ``charloom play``: a beginning, a temperature, and what is on offer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import click

from .options import say

if TYPE_CHECKING:
    from ..generation import Sample

NEXT, DRAWN = 8, 5
"""Next characters that are shown, and strings that /new samples."""


class Session(ABC):
    """A beginning, a temperature, and what is on offer."""

    help: ClassVar[str]
    offer: ClassVar[str]
    """What one thing on offer is called."""

    def __init__(self) -> None:
        self.text, self.temperature = "", 1.0
        self._past: list[str] = []
        self._next: list[tuple[str, float]] = []
        self._offers: list[tuple[Sample, float]] = []
        self._look("", 1.0)

    def obey(self, line: str) -> bool:
        """Do what a line asks for; a mistake is one line on stderr. ``False`` if it is to end."""
        from ..errors import CharloomError

        word, _, rest = line.strip().partition(" ")
        try:
            if word == "/quit":
                return False
            if word == "/help":
                click.echo(self.help)
            elif word == "/new":
                self._draw()
            elif word == "/t":
                self._heat(rest)
            elif word in ("/undo", "/back"):
                self._undo()
            elif word == "/clear":
                self._go("")
            elif word == "/add":
                self._go(self.text + line.lstrip().removeprefix("/add")[1:])
            elif word.startswith("/"):
                if not self._obey_more(word, rest):
                    say(f"there is no command {word[:40]!r}. Type /help for those there are.")
            elif word.isascii() and word.isdecimal() and not rest:
                self._take(word)
            else:
                self._go(self.text + line)
        except CharloomError as error:
            say(str(error))
        return True

    def _obey_more(self, word: str, rest: str) -> bool:
        """Do what other commands ask for; ``False`` if there is no such command."""
        return False

    def _go(self, text: str) -> None:
        """Make ``text`` the beginning, if it can be one."""
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
            offered = f"are 1 to {len(self._offers)}" if self._offers else "is none"
            kind = f"there is no {self.offer} {number[:9]}"
            say(f"{kind}: there {offered}. Type /add to add a number.")
            return
        self._go(self._offers[int(number) - 1][0].text)

    def _heat(self, number: str) -> None:
        try:
            temperature = float(number)
        except ValueError:
            say(f"/t needs a number, as in /t 0.7. It is {self.temperature:g} now.")
            return
        self._look(self.text, temperature)
        self.show()

    @abstractmethod
    def show(self) -> None:
        """Print the beginning, the next characters and what is on offer."""

    @abstractmethod
    def _draw(self) -> None:
        """Sample other strings to offer, and print them."""

    @abstractmethod
    def _look(self, text: str, temperature: float) -> None:
        """Take over a beginning and a temperature, and see how it may continue.

        Raises:
            CharloomError: it cannot be a beginning, or the temperature is invalid; nothing changes.
        """
