"""Where sampled text ends: at a stop text, at the end of a document, or after enough characters."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Literal

from ..config.arguments import shown
from ..config.arguments import texts as list_of
from ..data.unicode import normalise
from ..errors import ConfigError

Ending = Literal["length", "stop", "end"]
"""Why a text ended: it has all of its characters, a stop text came, or the document ended."""

Pieces = Generator[str, None, Ending]
"""Text as it is sampled, which returns why it ended."""


def stop_texts(stop: str | Iterable[str]) -> tuple[str, ...]:
    """Return one stop text, or several, normalised as text is.

    Raises:
        ArgumentError: one is not a string.
        ConfigError: one is empty.
    """
    given = [stop] if isinstance(stop, str) else list_of("stop", stop)
    found = tuple(normalise(one.replace("\r\n", "\n").replace("\r", "\n")) for one in given)
    if "" in found:
        raise ConfigError(f"stop must be text of at least one character. Received: {shown(stop)}")
    return found


def until(pieces: Pieces, stops: tuple[str, ...]) -> Pieces:
    """Yield the text of ``pieces`` up to the first of ``stops`` to be complete, which is left out.

    What may be the beginning of a stop text is held back until that is clear.
    """
    held = ""
    with closing(pieces):
        while True:
            try:
                held += next(pieces)
            except StopIteration as end:
                if held:
                    yield held
                ending: Ending = end.value
                return ending
            if places := [at for stop in stops if (at := held.find(stop)) >= 0]:
                if min(places):
                    yield held[: min(places)]
                return "stop"
            kept = len(held) - max(_begun(held, stop) for stop in stops)
            if kept:
                yield held[:kept]
                held = held[kept:]


def _begun(text: str, stop: str) -> int:
    """Return how many characters of ``stop`` the end of ``text`` has, at most."""
    most = min(len(text), len(stop) - 1)
    return next(size for size in range(most, -1, -1) if text.endswith(stop[:size]))
