"""A trained model of running text, sampled character by character."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from ..config import SampleConfig
from ..data.random import Stream, generator
from ..data.unicode import normalise
from ..data.vocabulary import BOUNDARY, Vocabulary
from ..errors import ConfigError
from ..models.interface import NEVER, Quick, Reader, Recurrence
from ..models.sampling import Floats, Sampler
from ..models.scoring.names import log_softmax
from ..models.threads import one_blas_thread, run
from .model import LanguageModel, positive
from .options import TextOptions

AT_ONCE = 0.01
"""Seconds for which characters are sampled before they are yielded: too short to be noticed, and
in between the caller has all of the machine's threads."""

ROWS = 256
"""Strings that are read side by side, at most."""


@dataclass(frozen=True, eq=False, repr=False)
class TextModel(LanguageModel):
    """A model of running text, which has no end.

    Attributes:
        rnn: the recurrence.
        vocabulary: characters to ids and back.

    Raises:
        ConfigError: the vocabulary is not of the model's size.

    Example:
        >>> from charloom import TextCorpus, train
        >>> model = train(TextCorpus.of("abc " * 400), kind="ngram")
        >>> len(model.text(20, seed=1))
        20
    """

    def text(self, characters: int = 1000, **options: Unpack[TextOptions]) -> str:
        """Sample running text: the start, then this many characters more.

        Raises:
            ConfigError: an argument lies outside what it may be.
            VocabularyError: ``start`` has a character that the model never saw.
        """
        return "".join(self.stream_text(characters, **options))

    def stream_text(
        self, characters: int | None = 1000, **options: Unpack[TextOptions]
    ) -> Iterator[str]:
        """Sample as ``text`` does; yield first the start, then each character as it is sampled.

        With ``None`` for ``characters`` there is no end.
        """
        if characters is not None:
            positive("characters", characters)
        start, config = options.pop("start", ""), options.pop("config", None)
        sampler = Sampler(
            transform=options.pop("sampler", None),
            config=(config or SampleConfig()).replace(**options),
        )
        return stream_text(self.rnn, self.vocabulary, characters, start, sampler)

    def nll(self, texts: Sequence[str], threads: int | None = None) -> NDArray[np.float64]:
        """Return -log of the probability that a text begins with each, (N,), in nats.

        Raises:
            VocabularyError: a text has a character that the model never saw.
            ConfigError: ``threads`` is less than 1.
        """
        ids = [self.vocabulary.encode(normalise(text)) for text in texts]
        return nats_of_openings(self.rnn, ids, threads)

    def blend_with(self, other: TextModel, weight: float = 0.5) -> TextModel:
        """Return a blend with another model, over the characters that both know.

        log p = (1 - weight) log p(this) + weight log p(other), step by step: a product of experts.

        Raises:
            ConfigError: ``weight`` lies outside [0, 1], the two have no common characters, or
                one is of names and the other of text.
        """
        if not isinstance(other, TextModel):
            raise ConfigError("models that are blended must both be of names, or both of text.")
        from ..models.blend import blend

        mine, others = (self.rnn, self.vocabulary), (other.rnn, other.vocabulary)
        return TextModel(*blend(mine, others, weight))


def stream_text(
    rnn: Recurrence,
    vocabulary: Vocabulary,
    characters: int | None,
    start: str = "",
    sampler: Sampler | None = None,
) -> Iterator[str]:
    """Sample text that continues ``start``; yield ``start``, then each sampled unit.

    The model reads the boundary, as where a text begins, then ``start``. The boundary and the
    unknown symbol are never sampled: the probabilities of the others are normalised without them.

    Args:
        rnn: the model.
        vocabulary: characters to ids and back.
        characters: how many to draw, in the vocabulary's units; ``None`` for no end.
        start: what the text begins with; every line break becomes ``\n``.
        sampler: how to draw, without a ``max_length``.

    Raises:
        ConfigError: the configuration has a ``max_length``.
        VocabularyError: ``start`` has a character that the model never saw.
        GenerationError: while it is drawn: a logit is NaN or infinite.
    """
    sampler = sampler or Sampler()
    if sampler.config.max_length is not None:
        raise ConfigError("max_length is for names. Say how many characters the text is to have.")
    start = normalise(start.replace("\r\n", "\n").replace("\r", "\n"))
    given = vocabulary.encode(start).tolist()
    drawn = _drawn(rnn, vocabulary, characters, given, sampler)
    return chain([start] if start else [], drawn)


def _drawn(
    rnn: Recurrence,
    vocabulary: Vocabulary,
    characters: int | None,
    start: list[int],
    sampler: Sampler,
) -> Iterator[str]:
    banned = [BOUNDARY, *([vocabulary.unknown_id] if vocabulary.unknown_id is not None else [])]
    reader: Reader = (
        rnn.without(banned).one_row() if isinstance(rnn, Quick) else _AnyRow(rnn, banned)
    )
    draw, table = _Draw(sampler), ("", *vocabulary.characters)
    with one_blas_thread():
        for one in (BOUNDARY, *start):
            logits = reader.read(one)
    place, end = len(start), math.inf if characters is None else len(start) + characters
    while place < end:
        # In chunks, so that BLAS is not limited to one thread while the caller's code runs.
        pieces: list[str] = []
        until = time.perf_counter() + AT_ONCE
        with one_blas_thread(), np.errstate(over="ignore"):  # a temperature next to 0
            while place < end and time.perf_counter() < until:
                one = draw(logits, place)
                pieces.append(table[one])
                logits = reader.read(one)
                place += 1
        yield from pieces


def nats_of_openings(
    rnn: Recurrence, strings: Sequence[NDArray[np.int32]], threads: int | None = None
) -> NDArray[np.float64]:
    """Return -log of the probability that a text begins with each string, (N,), in nats.

    Args:
        rnn: the model.
        strings: of ids, without boundaries; an empty one costs nothing.
        threads: at most this many; the result does not depend on it.

    Raises:
        ConfigError: ``threads`` is less than 1.
    """
    order = sorted(range(len(strings)), key=lambda i: -len(strings[i]))
    groups = [order[first : first + ROWS] for first in range(0, len(order), ROWS)]
    result = np.zeros(len(strings))

    def work(group: list[int]) -> NDArray[np.float64]:
        lengths = np.array([len(strings[i]) for i in group])  # the longest first
        ids = np.full((len(group), 1 + lengths[0]), BOUNDARY)
        for row, i in zip(ids, group, strict=True):
            row[1 : 1 + len(strings[i])] = strings[i]
        nats, carry = np.zeros(len(group)), rnn.initial_carry(len(group))
        for place in range(lengths[0]):
            alive = int((lengths > place).sum())
            logits, carry = rnn.step(ids[:alive, place], carry[:, :alive])
            nats[:alive] -= log_softmax(logits)[np.arange(alive), ids[:alive, place + 1]]
        return nats

    for group, nats in zip(groups, run(work, groups, threads), strict=True):
        result[group] = nats
    return result


class _AnyRow:
    """A reader of one row, of any recurrence."""

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
    """Draws as ``Sampler.pick`` from one row, with fewer calls where there are no filters."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._rng = generator(Stream.TEXT_SAMPLING, sampler.config.seed)
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
        row = self._sampler.prepared(logits[None], np.array([place]))
        return int(self._sampler.pick(row, self._rng)[0])
