"""A trained model as its users meet it: text in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..config import SampleConfig
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError, GenerationError
from ..models.rnn.numpy import Recurrence
from ..models.scoring.names import score
from .constraints.compiled import Compiled
from .known import normalise, normalised
from .novelty import Novelty
from .options import Options, TextOptions
from .search.request import Generated, Request, Search
from .search.without_replacement import Draws
from .text import nats_of_openings, stream_text

if TYPE_CHECKING:
    from .constraints import Rule, Rules

GUIDANCE = 2.0
"""How strongly labels steer, if nothing is said: 1, their own prediction, is often too little."""


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A model, the characters that it reads, and the names that it learnt from.

    A model of running text (``is_text``) has ``text`` and ``stream_text`` in place of the calls
    that draw names.

    Attributes:
        rnn: the recurrence.
        vocabulary: characters to ids and back.
        known: the training list; ``None`` if it is not at hand.
        longest: length of the longest training name, in the vocabulary's units.
        labels: what kinds of names it can tell apart, in the order of the model's.

    Raises:
        ConfigError: the vocabulary is not of the model's size.
    """

    rnn: Recurrence
    vocabulary: Vocabulary
    known: Set[str] | None
    longest: int
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.vocabulary.size != self.rnn.vocabulary_size:
            raise ConfigError(
                f"the vocabulary must have the model's {self.rnn.vocabulary_size} ids. "
                f"Received: {self.vocabulary.size}"
            )

    @property
    def is_text(self) -> bool:
        """Whether it has learnt running text, and not names."""
        return self.rnn.config.text

    def steered(self, labels: Mapping[str, float], guidance: float = GUIDANCE) -> LanguageModel:
        """Return the model as it speaks of a kind of names, or of a mixture of kinds.

        log p = (1 - g) log p(unlabelled) + g Σ w log p(label), step by step.

        Args:
            labels: a weight for each kind wanted; they are scaled to sum to 1.
            guidance: g: 1 is the labels' own prediction, above it they show more, 0 not at all.

        Raises:
            ConfigError: the model has no such label, or a number lies outside what it may be.
        """
        if self.is_text:
            raise ConfigError("this model has learnt running text, which has no labels.")
        from ..models.blend import Blend, steered

        if isinstance(self.rnn, Blend):
            raise ConfigError("a blend cannot be steered. Steer the models, then blend them.")
        rnn = steered(self.rnn, self.labels, labels, guidance)
        return replace(self, rnn=rnn, labels=())

    def joined(self, other: LanguageModel, share: float = 0.5) -> LanguageModel:
        """Return a blend with another model, over the characters that both know.

        log p = (1 - share) log p(this) + share log p(other), step by step: a product of experts.
        What either was trained on is not new.

        Raises:
            ConfigError: ``share`` lies outside [0, 1], the two have no common characters, or one
                has learnt names and the other text.
        """
        from ..models.blend import joined

        if self.is_text != other.is_text:
            raise ConfigError("models that are blended must both be of names, or both of text.")
        rnn, vocabulary = joined((self.rnn, self.vocabulary), (other.rnn, other.vocabulary), share)
        known = None
        if self.known is not None and other.known is not None:
            known = self.known | other.known
        return LanguageModel(rnn, vocabulary, known, max(self.longest, other.longest))

    def generate(self, n: int = 10, **options: Unpack[Options]) -> Generated:
        """Draw ``n`` strings from the model, as ``options`` say.

        They come as from the model's own distribution, given that they are such as was asked
        for: different, new, and obeying the rules.

        Returns:
            The samples in the order of the draw; never the empty string. If there are no ``n``
            of them, those that there are, and the ``reason``.

        Raises:
            ConfigError: an argument lies outside what it may be.
            RuleError: no string can obey the rules, or they are too large.
            VocabularyError: a rule has a character that the model never saw.
            GenerationError: new strings are asked for, but there is nothing to tell them by;
                or the model was trained without a begin symbol, and there is no ``start``.
        """
        return _gather(self.stream(n, **options))

    def names(self, n: int = 10, **options: Unpack[Options]) -> list[str]:
        """Draw as ``generate`` does, and return plain text."""
        return [sample.text for sample in self.stream(n, **options)]

    def stream(self, n: int | None = 10, **options: Unpack[Options]) -> Search:
        """Draw as ``generate`` does, and hand the samples out as they come.

        With ``None`` for ``n``, they come for as long as there are any and they are taken.
        """
        return Draws(*self._speaker, self._request(n, **options))

    def text(self, characters: int = 1000, **options: Unpack[TextOptions]) -> str:
        """Draw running text: the start, and so many characters more, as ``options`` say.

        Raises:
            ConfigError: the model is one of names, or an argument lies outside what it may be.
            VocabularyError: ``start`` has a character that the model never saw.
        """
        return "".join(self.stream_text(characters, **options))

    def stream_text(
        self, characters: int | None = 1000, **options: Unpack[TextOptions]
    ) -> Iterator[str]:
        """Draw as ``text`` does, and hand out first the start, then each character as it comes.

        With ``None`` for ``characters`` there is no end.
        """
        if not self.is_text:
            raise ConfigError(
                "this model has learnt names, not running text. Call generate(n=10), or names."
            )
        if characters is not None:
            _positive("characters", characters)
        start, config, changes = options.pop("start", ""), options.pop("config", None), options
        config = (config or SampleConfig()).replace(**changes)
        return stream_text(self.rnn, self.vocabulary, characters, start, config)

    def best(
        self, n: int = 10, *, beam: int | None = None, **options: Unpack[Options]
    ) -> Generated:
        """Return the ``n`` likeliest strings that may come out, the likeliest first.

        ``beam`` makes it quick, but not exact: of each length, only so many prefixes go on.
        ``options``, results and errors are those of ``generate``; a seed changes nothing.
        """
        return _gather(self.stream_best(n, beam=beam, **options))

    def stream_best(
        self, n: int | None = 10, *, beam: int | None = None, **options: Unpack[Options]
    ) -> Search:
        """Search as ``best`` does, and hand the strings out as they are found."""
        from .search.best import Beam, Best

        if options.get("allow_repeats"):
            raise ConfigError("the best strings are different. Leave out allow_repeats.")
        request = self._request(n, **options)
        if beam is None:
            return Best(*self._speaker, request)
        _positive("beam", beam)
        return Beam(*self._speaker, request, beam)

    def score(self, texts: Sequence[str], threads: int | None = None) -> NDArray[np.float64]:
        """Return -log of each text's probability, (N,), in nats, end symbol included.

        For a model without a begin symbol, it is that of the rest given the first character; for
        one of running text, that of a text's beginning so, whatever follows.

        Raises:
            VocabularyError: a text has a character that the model never saw.
            ConfigError: ``threads`` is less than 1.
        """
        ids = [self.vocabulary.encode(normalise(t)) for t in texts]
        return (nats_of_openings if self.is_text else score)(self.rnn, ids, threads)

    def novelty(
        self,
        *,
        allow_known: bool = False,
        forbid: Iterable[str] = (),
        min_edits: int = 1,
        fold_case: bool = False,
    ) -> Novelty:
        """Return what strings are compared with.

        Raises:
            ConfigError: ``min_edits`` is not what it may be.
            GenerationError: new strings are asked for, but there is nothing to tell them by.
        """
        forbidden = frozenset(map(normalise, forbid))
        if self.known is None and not allow_known and not forbidden:
            raise GenerationError(
                "new names need the training list to tell them by, which is not with this model. "
                "Pass --forbid FILE with the list, or --allow-known."
            )
        _positive("min_edits", min_edits)
        return Novelty(
            known=self._known,
            forbidden=forbidden,
            allow_known=allow_known,
            min_edits=min_edits,
            fold_case=fold_case,
            unit=self.vocabulary.unit,
        )

    def _request(
        self,
        n: int | None,
        *,
        start: str = "",
        rules: Rule | Rules | None = None,
        config: SampleConfig | None = None,
        allow_known: bool = False,
        allow_repeats: bool = False,
        forbid: Iterable[str] = (),
        min_edits: int = 1,
        fold_case: bool = False,
        threads: int | None = None,
        **changes: Any,
    ) -> Request:
        """Check what is asked for."""
        if self.is_text:
            raise ConfigError(
                "this model has learnt running text, not names. Call text(characters=1000), or "
                "stream_text."
            )
        if n is not None:
            _positive("n", n)
        config = (config or SampleConfig()).replace(**changes)
        longest = config.max_length or 2 * self.longest + 10
        compiled = Compiled(np.zeros(0, np.int32), least=1, most=longest, automaton=None)
        if start or rules is not None:
            from .constraints import Rules, Start, compile_rules  # late: most calls have none

            all_rules = Rules((Start(start),) if start else ()) & (rules or Rules())
            if config.max_length is None:
                # A length that is asked for is let come, however long the training names are.
                longest = max(longest, all_rules.longest)
            compiled = compile_rules(all_rules, self._speaker[1], longest)
        if not len(compiled.prompt) and not self.rnn.config.begin:
            raise GenerationError(
                "this model cannot choose a first character: it was trained without a begin "
                "symbol. Pass --start with at least one character."
            )
        novelty = self.novelty(
            allow_known=allow_known, forbid=forbid, min_edits=min_edits, fold_case=fold_case
        )
        return Request(
            count=n,
            rules=compiled,
            longest=longest if config.max_length is None else max(longest, 2 * self.longest + 10),
            config=config,
            novelty=novelty,
            allow_repeats=allow_repeats,
            threads=threads,
        )

    @cached_property
    def _speaker(self) -> tuple[Recurrence, Vocabulary]:
        """What names are drawn from: the model, without the unknown symbol, which is no text."""
        if not self.vocabulary.has_unknown:
            return self.rnn, self.vocabulary
        from ..models.blend import Blend, Member

        plain = Vocabulary(self.vocabulary.characters, self.vocabulary.unit)
        return Blend([Member(self.rnn, 1.0, np.arange(plain.size))]), plain

    @cached_property
    def _known(self) -> Set[str] | None:
        return None if self.known is None else normalised(self.known)


def _gather(search: Search) -> Generated:
    """Take all that a search finds."""
    samples = tuple(search)
    return Generated(samples, search.seen, search.mass, search.reason, search.note)


def _positive(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{name} must be a whole number, 1 or more. Received: {value}")
