"""``charloom play``: a beginning is typed, the model shows how it may go on, again and again."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import run_argument, say

if TYPE_CHECKING:
    from ..generation import LanguageModel, Sample

NEXT, WHOLE, DRAWN, BEAM = 8, 3, 5, 64
"""Next characters and likeliest names that are shown, names that /new draws, and prefixes of each
length among which the likeliest are sought."""

AHEAD = 256
"""Characters that a name may go on for after its beginning: every answer is to come soon."""

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


@click.command("play")
@run_argument
def command(run: Path) -> None:
    """Type a beginning, and see how the model in RUN would go on.

    It shows the likeliest next characters and the likeliest names, each with its probability given
    the beginning and at the temperature. Type a name's number to take it, or more text to add it
    to the beginning; /help lists the commands.

    A model of running text writes on: it offers continuations instead of names, without an end.
    """
    from ..api import load

    session = _session(load(run))
    with suppress(ImportError):
        import readline  # noqa: F401  # line editing and history, where there is a terminal
    try:
        click.echo("Type a beginning. /help lists the commands, /quit ends.")
        session.show()
        while session.obey(_read()):
            pass
    except (EOFError, KeyboardInterrupt):
        click.echo()


def _session(model: LanguageModel) -> Session:
    if not model.is_text:
        return Session(model)
    from .play_text import TextSession

    return TextSession(model)


class Session:
    """A beginning, a temperature, and the names on offer."""

    help, offer = HELP, "name"

    def __init__(self, model: LanguageModel) -> None:
        self.text, self.temperature = "", 1.0
        self._model = model
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

    def show(self) -> None:
        """Print the beginning, the next characters and the names on offer."""
        from rich.text import Text

        from .explained import choices, plain_console

        heat = "" if self.temperature == 1 else f"  at temperature {self.temperature:g}"
        click.echo(f'\n"{self.text}"{heat}')
        if not self._next:
            click.echo("  Type a first character: this model cannot choose one.")
            return
        plain_console().print(Text.assemble("  next  ", choices(self._next)), soft_wrap=True)
        self._list()

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
        """Take over a beginning and a temperature, and see how it may go on.

        Raises:
            CharloomError: it cannot be a beginning, or the temperature is none; nothing changes.
        """
        from ..config import SampleConfig
        from ..data.unicode import normalise
        from ..errors import GenerationError

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
        from ..generation.explain import explain

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

        from .explained import percent

        wide = max((cell_len(sample.text) for sample, _ in self._offers), default=0)
        for number, (sample, share) in enumerate(self._offers, start=1):
            known = "  known" if sample.origin == "known" else ""
            name = set_cell_size(sample.text, wide)
            click.echo(f"  {number:<4}  {name}  {percent(share)}{known}")

    def _limit(self, text: str) -> int:
        """Return the length of the longest names that begin with ``text``, in units."""
        length = len(self._model.vocabulary.encode(text))
        return min(2 * self._model.longest + 10, length + AHEAD)


def _read() -> str:
    """Read a line."""
    while True:
        try:
            return input("> ")
        except UnicodeDecodeError:
            say("that is no text in this terminal's encoding. Type it anew.")
