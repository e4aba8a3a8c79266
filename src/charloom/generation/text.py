"""A trained model of running text, sampled character by character."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from ..config import MOST_CHARACTERS, MOST_NAMES, MOST_STREAMED
from ..config.arguments import require, whole
from ..config.arguments import text as text_of
from ..config.arguments import texts as list_of
from ..data.random import Stream, generator
from ..data.vocabulary import BOUNDARY
from ..errors import ConfigError
from ..models.interface import NEVER, Quick, Reader, Recurrence, Remembering
from ..models.sampling import Floats, Sampler
from ..models.scoring.names import target_nats
from ..models.threads import one_blas_thread
from .endings import Ending, Pieces, stop_texts, until
from .model import LanguageModel
from .options import TextOptions, config_with

Sing = Callable[
    [Recurrence, list[int], list[int], Callable[[Floats, int], int], int | None], Iterator[int]
]

AT_ONCE = 0.01
"""Seconds for which characters are sampled before they are yielded: too short to be noticed, and
in between the caller has all of the machine's threads."""


@dataclass(frozen=True, eq=False, repr=False)
class TextModel(LanguageModel):
    """A model of running text, which has no end, or of documents, each of which has one.

    Attributes:
        rnn: the recurrence.
        vocabulary: characters to ids and back.
        sing: how ids are sampled, if not one text at a time: a server passes a function that
            samples several together, from the model, the ids to exclude, those to begin with, how
            to draw, and how many (``None``: without end).

    Raises:
        ConfigError: the vocabulary does not have the model's size.

    Example:
        >>> from charloom import TextCorpus, train
        >>> model = train(TextCorpus.of("abc " * 400), kind="ngram")
        >>> len(model.text(20, seed=1))
        20
    """

    sing: Sing | None = None

    def text(self, characters: int = 1000, **options: Unpack[TextOptions]) -> str:
        """Sample running text: the start, then this many characters more, or fewer if it ends.

        The model reads the boundary, as at the beginning of a text, then the start, of which every
        line break becomes a newline. The unknown symbol is never sampled, and the boundary only
        where it may end the text. ``stop`` and ``stop_at_end`` say what else ends it.

        Raises:
            ConfigError: an argument is out of range; there is a ``max_length``; or the text is to
                stop at its end, and the model was not trained on documents.
            VocabularyError: ``start`` has a character that the model never saw.
            GenerationError: a logit is not finite.
        """
        whole("characters", characters, 1, MOST_CHARACTERS)
        return "".join(self.stream_text(characters, **options))

    def texts(
        self, n: int = 10, characters: int = 1000, **options: Unpack[TextOptions]
    ) -> list[str]:
        """Sample ``n`` texts, such as whole documents; the first is that of ``text``.

        Options and errors are those of ``text``.

        Example:
            >>> from charloom import TextCorpus, train
            >>> poems = TextCorpus.of(["aab" * 9, "aabb" * 9] * 20, documents=True)
            >>> len(train(poems, kind="ngram").texts(3, seed=1))
            3
        """
        whole("characters", characters, 1, MOST_CHARACTERS)
        return ["".join(text) for text in self.stream_texts(n, characters, **options)]

    def stream_text(self, characters: int | None = 1000, **options: Unpack[TextOptions]) -> Pieces:
        """Sample as ``text`` does; yield first the start, then each character as it is sampled.

        What may be the beginning of a stop text is held back until that is clear. With ``None`` for
        ``characters``, there is no limit. ``close`` ends the stream and frees what it holds. The
        generator returns why the text ended: ``length``, ``stop`` or ``end`` (of the document).
        Errors are those of ``text``.
        """
        return next(self.stream_texts(1, characters, **options))

    def stream_texts(
        self, n: int | None = 10, characters: int | None = 1000, **options: Unpack[TextOptions]
    ) -> Iterator[Pieces]:
        """Sample as ``texts`` does; yield each text as ``stream_text`` would.

        With ``None`` for ``n``, there is no limit. Errors are those of ``text``.
        """
        if n is not None:
            n = whole("n", n, 1, MOST_NAMES)
        if characters is not None:
            characters = whole("characters", characters, 1, MOST_STREAMED)
        start, config = text_of("start", options.pop("start", "")), options.pop("config", None)
        stops, ends = stop_texts(options.pop("stop", ())), options.pop("stop_at_end", None)
        has_ends = self.rnn.config.documents
        require("stop_at_end", ends, bool | None, "true or false")
        if ends and not has_ends:
            raise ConfigError(
                "stop_at_end is for models of documents, and this one knows no end. Train one with "
                "--documents, or end the text with --stop or --characters."
            )
        sampler = Sampler(
            transform=options.pop("sampler", None),
            config=config_with(config, options, TextOptions),
        )
        if sampler.config.max_length is not None:
            raise ConfigError("max_length is for names. Pass the number of characters instead.")
        start = self.vocabulary.normalised(start.replace("\r\n", "\n").replace("\r", "\n"))
        ids = self.vocabulary.encode(start).tolist()

        def stream(number: int) -> Pieces:
            if start:
                yield start
            found = self._sampled(
                characters, ids, _Draw(sampler, number), has_ends if ends is None else ends
            )
            return (yield from until(found, stops) if stops else found)

        return (stream(number) for number in (count() if n is None else range(n)))

    def _sampled(self, characters: int | None, start: list[int], draw: _Draw, ends: bool) -> Pieces:
        """Yield each unit that is sampled after the ids ``start``; the text ``ends``, or not."""
        rnn, unknown = self.rnn, self.vocabulary.unknown_id
        temperature = draw.sampler.config.temperature
        if isinstance(rnn, Remembering) and not isinstance(temperature, tuple) and temperature < 1:
            rnn = rnn.cooled(temperature)
        banned = [*([] if ends else [BOUNDARY]), *([] if unknown is None else [unknown])]
        repeats = draw.sampler.config.no_repeat_ngram_size is None
        if self.sing is not None and not ends and repeats:
            given = [BOUNDARY, *start]
            for one in self.sing(rnn, banned, given, draw, characters):
                yield self.vocabulary.characters[one - 1]
            return "length"
        reader: Reader = (
            rnn.without(banned).one_row() if isinstance(rnn, Quick) else _AnyRow(rnn, banned)
        )
        table, size = ("", *self.vocabulary.characters), draw.sampler.config.no_repeat_ngram_size
        if size is not None:
            from .repetition import NoRepeats  # late: seldom needed

            reader = NoRepeats(reader, size)
        with one_blas_thread():
            for one in (BOUNDARY, *start):
                logits = reader.read(one)
        if not start:
            logits[BOUNDARY] = NEVER  # no document is empty
        place, end = len(start), math.inf if characters is None else len(start) + characters
        ending: Ending | None = None
        while ending is None:
            # In chunks, so that BLAS is not limited to one thread while the caller's code runs.
            pieces: list[str] = []
            soon = time.perf_counter() + AT_ONCE
            with one_blas_thread(), np.errstate(over="ignore"):  # a temperature close to 0
                while time.perf_counter() < soon:
                    one = draw(logits, place)
                    if one == BOUNDARY:
                        ending = "end"
                        break
                    pieces.append(table[one])
                    logits = reader.read(one)
                    place += 1
                    if place >= end:
                        ending = "length"
                        break
            yield from pieces
        return ending

    def nll(self, texts: Iterable[str], threads: int | None = None) -> NDArray[np.float64]:
        """Return -log of the probability that a text begins with each, (N,), in nats.

        Raises:
            VocabularyError: a text has a character that the model never saw.
            ArgumentError: ``texts`` is one string, or holds something else than strings.
            ConfigError: ``threads`` is less than 1.
        """
        normalised = self.vocabulary.normalised
        ids = [self.vocabulary.encode(normalised(text)) for text in list_of("texts", texts)]
        # Without the last of each string, its end.
        return np.array([row[:-1].sum() for row in target_nats(self.rnn, ids, threads)], np.float64)

    def blend_with(self, other: TextModel, weight: float = 0.5) -> TextModel:
        """Return a blend with another model, over the characters that both have.

        log p = (1 - weight) log p(this) + weight log p(other), step by step: a product of experts.

        Raises:
            ConfigError: ``weight`` lies outside [0, 1], the two have no common characters, or
                one is of names and the other of text.
        """
        return TextModel(*self._blended(other, weight))


class _AnyRow:
    """A reader of one row, for any recurrence."""

    def __init__(self, rnn: Recurrence, banned: list[int]) -> None:
        self._rnn, self._banned = rnn, banned
        self._carry, self._buffers = rnn.initial_carry(1), rnn.buffers(1)

    def read(self, character: int) -> Floats:
        logits, after = self._rnn.step(np.array([character]), self._carry, self._buffers)
        np.copyto(self._carry, after)
        logits[0, self._banned] = NEVER
        row: Floats = logits[0]
        return row


class _Draw:
    """Draws from one row as ``Sampler.pick`` does; faster where there are no filters."""

    def __init__(self, sampler: Sampler, number: int = 0) -> None:
        """Draw text ``number``, from 0, of those with the sampler's seed."""
        self.sampler = sampler
        place = [number] if number else []
        self._rng = generator(Stream.TEXT_SAMPLING, sampler.config.seed, *place)
        heat = sampler.config.temperature
        self._scales = [
            np.float32(min(1 / one, 1e30))
            for one in (heat if isinstance(heat, tuple) else [heat])
            if one
        ]
        self._fast = not sampler.has_filters and not sampler.transform and bool(self._scales)

    def __call__(self, logits: Floats, place: int) -> int:
        """Draw the id at ``place`` of the text from logits (V,), which may be overwritten."""
        if self._fast:
            logits -= np.maximum.reduce(logits)
            logits *= self._scales[place % len(self._scales)]
            ends = np.add.accumulate(np.exp(logits, out=logits), dtype=np.float64)
            high = float(ends[-1])
            if math.isfinite(high):
                point = min(self._rng.random() * high, math.nextafter(high, 0))
                return int(ends.searchsorted(point, "right"))
        row = self.sampler.prepared(logits[None], np.array([place]))
        return int(self.sampler.pick(row, self._rng)[0])
