"""Several texts that are sampled at the same time: each step of the model serves all of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..models.interface import NEVER, Floats, Recurrence
from ..models.threads import one_blas_thread

AT_ONCE = 16
"""Ids after which whoever waits for a voice is woken."""

Draw = Callable[[Floats, int], int]
"""The next id from logits (V,), which may be overwritten, and its place in the text."""


@dataclass(eq=False)
class Voice:
    """A text that is sampled with others.

    Attributes:
        draw: draws the next id.
        place: the place of the next id in the text.
        count: how many ids to draw; ``None`` for no end.
        ids: those that were drawn and not yet taken.
        news: set when there are some, or none will come.
        ended: whether none will come.
        error: what ended it early.
        given_up: set it to end the voice.
    """

    draw: Draw
    place: int
    count: int | None
    ids: deque[int] = field(default_factory=deque)
    news: threading.Event = field(default_factory=threading.Event)
    ended: bool = False
    error: Exception | None = None
    given_up: bool = False

    def end(self, error: Exception | None = None) -> None:
        """End it; whoever waits is woken."""
        self.error, self.ended = error, True
        self.news.set()


class Chorus:
    """The voices of one model; not for several threads at once."""

    def __init__(self, rnn: Recurrence, banned: Sequence[int]) -> None:
        """Start without voices; the ids in ``banned`` are never drawn."""
        self.rnn, self._banned = rnn, list(banned)
        self.voices: list[Voice] = []
        self._carry, self._logits = rnn.initial_carry(0), np.zeros((0, rnn.vocabulary_size), "f4")

    @property
    def size(self) -> int:
        """How many voices there are."""
        return len(self.voices)

    def join(self, voice: Voice, logits: Floats, carry: Floats) -> None:
        """Take a voice; ``logits`` (1, V) and ``carry`` (S, 1, H) are those after its start."""
        self.voices.append(voice)
        self._logits = np.concatenate([self._logits, logits])
        self._carry = np.concatenate([self._carry, carry], axis=1)

    def advance(self) -> None:
        """Draw an id for each voice, and step the model once; voices that have ended leave."""
        self._logits[:, self._banned] = NEVER
        ids = [
            self._drawn(voice, row) for voice, row in zip(self.voices, self._logits, strict=True)
        ]
        kept = [i for i, voice in enumerate(self.voices) if not voice.ended]
        if len(kept) < len(self.voices):
            self.voices = [self.voices[i] for i in kept]
            self._carry = self._carry[:, kept]
        read = np.array([ids[i] for i in kept], np.int64)
        self._logits, self._carry = self.rnn.step(read, self._carry)

    def disband(self, error: Exception) -> None:
        """End all voices."""
        for voice in self.voices:
            voice.end(error)
        self.voices = []

    def _drawn(self, voice: Voice, logits: Floats) -> int:
        if voice.given_up:
            voice.end()
            return 0
        try:
            drawn = voice.draw(logits, voice.place)
        except Exception as error:  # noqa: BLE001 (its thread raises it)
            voice.end(error)
            return 0
        voice.ids.append(drawn)
        voice.place += 1
        if voice.count is not None:
            voice.count -= 1
            if not voice.count:
                voice.end()
        if len(voice.ids) >= AT_ONCE:
            voice.news.set()
        return drawn


def read(rnn: Recurrence, ids: Sequence[int]) -> tuple[Floats, Floats]:
    """Return logits (1, V) and carry (S, 1, H) after ``ids``, one or more."""
    carry, buffers = rnn.initial_carry(1), rnn.buffers(1)
    with one_blas_thread():
        for one in ids:
            logits, after = rnn.step(np.array([one]), carry, buffers)
            np.copyto(carry, after)
    return logits.copy(), carry
