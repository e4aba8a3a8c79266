"""A trained model as its users meet it: text in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from ..config import SampleConfig
from ..errors import ConfigError, GenerationError
from ..models.numpy_rnn import NumpyRNN
from ..models.score import score
from ..vocabulary import Vocabulary
from .generate import Generated, Request, Search, normalise


class Options(TypedDict, total=False):
    """How to draw: all of it may be left out.

    Attributes:
        start: what every string begins with.
        config: temperature, filters, longest string and seed. Without ``max_length``, a string
            may be twice as long as the longest training name, and 10 more.
        temperature, top_k, top_p, min_p, max_length, seed: in place of those of ``config``.
        allow_known: whether names of the training list may come out.
        allow_repeats: whether one string may come out more than once.
        forbid: further strings that may not come out.
        threads: at most so many; by default one a core. The result is the same.
    """

    start: str
    config: SampleConfig | None
    temperature: float | tuple[float, ...]
    top_k: int | None
    top_p: float | None
    min_p: float | None
    max_length: int | None
    seed: int
    allow_known: bool
    allow_repeats: bool
    forbid: Iterable[str]
    threads: int | None


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A model, the characters that it reads, and the names that it learnt from.

    Attributes:
        rnn: the recurrence.
        vocabulary: characters to ids and back.
        known: the training list; ``None`` if it is not at hand.
        longest: length of the longest training name, in the vocabulary's units.

    Raises:
        ConfigError: the vocabulary is not of the model's size.
    """

    rnn: NumpyRNN
    vocabulary: Vocabulary
    known: frozenset[str] | None
    longest: int

    def __post_init__(self) -> None:
        if self.vocabulary.size != self.rnn.vocabulary_size:
            raise ConfigError(
                f"the vocabulary must have the model's {self.rnn.vocabulary_size} ids. "
                f"Received: {self.vocabulary.size}"
            )

    def generate(self, n: int = 10, **options: Unpack[Options]) -> Generated:
        """Draw ``n`` strings from the model, as ``options`` say.

        Returns:
            The samples in the order of the draw; never the empty string. If the model cannot
            give ``n`` of them, those that it gave, and the ``reason``.

        Raises:
            ConfigError: an argument lies outside what it may be, or ``start`` is longer than
                ``max_length``.
            VocabularyError: ``start`` has a character that the model never saw.
            GenerationError: new strings are asked for, but there is nothing to tell them by;
                or the model was trained without a begin symbol, and there is no ``start``.
        """
        search = self.stream(n, **options)
        return Generated(tuple(search), search.draws, search.reason)

    def names(self, n: int = 10, **options: Unpack[Options]) -> list[str]:
        """Draw as ``generate`` does, and return plain text."""
        return [sample.text for sample in self.stream(n, **options)]

    def stream(self, n: int = 10, **options: Unpack[Options]) -> Search:
        """Draw as ``generate`` does, and hand the samples out as they come."""
        return self._search(n, **options)

    def score(self, texts: Sequence[str], threads: int | None = None) -> NDArray[np.float64]:
        """Return -log of each text's probability, (N,), in nats, end symbol included.

        For a model without a begin symbol, it is that of the rest given the first character.

        Raises:
            VocabularyError: a text has a character that the model never saw.
            ConfigError: ``threads`` is less than 1.
        """
        return score(self.rnn, [self.vocabulary.encode(normalise(t)) for t in texts], threads)

    def _search(
        self,
        n: int,
        *,
        start: str = "",
        config: SampleConfig | None = None,
        allow_known: bool = False,
        allow_repeats: bool = False,
        forbid: Iterable[str] = (),
        threads: int | None = None,
        **changes: Any,
    ) -> Search:
        """Check what is asked for, and get ready."""
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            raise ConfigError(f"n must be a whole number, 1 or more. Received: {n}")
        config = (config or SampleConfig()).replace(**changes)
        limit = config.max_length or 2 * self.longest + 10
        start = normalise(start)
        prompt = self.vocabulary.encode(start)
        if not len(prompt) and not self.rnn.config.begin:
            raise GenerationError(
                "this model cannot choose a first character: it was trained without a begin "
                "symbol. Pass --start with at least one character."
            )
        if len(prompt) > limit:
            raise ConfigError(
                f"start must be no longer than max_length, which is {limit}. "
                f"Received: {len(prompt)} characters; shorten it, or raise --max-length."
            )
        forbidden = frozenset(map(normalise, forbid))
        if self.known is None and not allow_known and not forbidden:
            raise GenerationError(
                "new names need the training list to tell them by, which is not with this model. "
                "Pass --forbid FILE with the list, or --allow-known."
            )
        request = Request(
            count=n,
            start=start,
            prompt=prompt,
            max_length=limit,
            config=config,
            known=self._known,
            forbidden=forbidden,
            allow_known=allow_known,
            allow_repeats=allow_repeats,
            threads=threads,
        )
        return Search(self.rnn, self.vocabulary, request)

    @cached_property
    def _known(self) -> frozenset[str] | None:
        return None if self.known is None else frozenset(map(normalise, self.known))
