"""A trained model of names: sampling under constraints, the most likely names, likelihoods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from ..config import MOST_BEAM, MOST_LENGTH, MOST_NAMES, MOST_UNIQUE, SampleConfig
from ..config.arguments import require, whole
from ..config.arguments import text as text_of
from ..config.arguments import texts as list_of
from ..data.unicode import cleaned, normalise
from ..data.vocabulary import Vocabulary
from ..errors import ConfigError, GenerationError
from ..models.interface import Recurrence
from ..models.sampling import Sampler, Transform
from ..models.scoring.names import score
from ..models.threads import checked_threads
from .model import LanguageModel
from .novelty import NameSet, Novelty, normalised
from .options import Options, config_with
from .search.request import Generated, Request, Search
from .search.walk import Plan
from .search.without_replacement import WithoutReplacement

if TYPE_CHECKING:
    from ..data.given import Names
    from .constraints import Rule, Rules
    from .search.walk import Walker

MOST_CARRIES = 1 << 28
"""The most bytes of the states of a beam."""

GUIDANCE = 2.0
"""How strongly a label is followed, where nothing else is asked for."""


@dataclass(frozen=True, eq=False, repr=False)
class NameModel(LanguageModel):
    """A model of names, and the names that it was trained on.

    Attributes:
        rnn: the recurrence.
        vocabulary: characters to ids and back.
        training_set: the names that it was trained on; ``None`` if they are not available.
        longest: length of the longest training name, in the vocabulary's units.
        labels: its labels' names, in the model's order.
        keep_invisible: whether names may have invisible characters (``charloom.data.invisible``).
        walk: how a search walks the tree of prefixes; a server passes one that walks several
            searches together.

    Raises:
        ConfigError: the vocabulary does not have the model's size.

    Example:
        >>> from charloom import NameCorpus, train
        >>> model = train(NameCorpus.of(["Ann", "Anna", "Hanna"]), kind="ngram")
        >>> len(model.names(2, seed=1))
        2
    """

    training_set: Set[str] | None = None
    longest: int = 50
    labels: tuple[str, ...] = ()
    keep_invisible: bool = False
    walk: Walker | None = None

    def condition(self, labels: Mapping[str, float], guidance: float = 2.0) -> NameModel:
        """Return the model conditioned on a label, or on a mixture of labels.

        log p = (1 - g) log p(unlabelled) + g Σ w log p(label), step by step.

        Args:
            labels: a weight for each label; they are scaled to sum to 1.
            guidance: g: 1 is the labels' own prediction, which is often too weak; more is
                stronger, and 0 ignores them.

        Raises:
            ConfigError: the model has no such label, or a number is out of range.
        """
        from ..models.blend import Blend, condition

        if isinstance(self.rnn, Blend):
            raise ConfigError(
                "a blend cannot be conditioned on labels. Condition each model, then blend them."
            )
        if isinstance(labels, Mapping):  # else an error
            known = self.labels
            labels = {one if one in known else cleaned(one): w for one, w in labels.items()}
        rnn = condition(self.rnn, self.labels, labels, guidance)
        return replace(self, rnn=rnn, labels=(), saved=None)

    def blend_with(self, other: NameModel, weight: float = 0.5) -> NameModel:
        """Return a blend with another model, over the characters that both have.

        log p = (1 - weight) log p(this) + weight log p(other), step by step: a product of experts.
        Its training set is that of both.

        Raises:
            ConfigError: ``weight`` lies outside [0, 1], the two have no common characters, or
                one is of names and the other of text.
        """
        rnn, vocabulary = self._blended(other, weight)
        training_set = None
        if self.training_set is not None and other.training_set is not None:
            training_set = self.training_set | other.training_set
        longest = max(self.longest, other.longest)
        keep = self.keep_invisible and other.keep_invisible
        return NameModel(
            rnn, vocabulary, training_set=training_set, longest=longest, keep_invisible=keep
        )

    def generate(self, n: int = 10, **options: Unpack[Options]) -> Generated:
        """Sample ``n`` names from the model, conditioned on ``options``.

        Names are different, new and satisfy the constraints; otherwise their distribution is the
        model's own. ``stream`` is for more than a million.

        Returns:
            The samples in the order of the draw; never the empty string. If there are fewer than
            ``n``, all of them, and the ``reason``.

        Raises:
            ConfigError: an argument is out of range.
            RuleError: no string satisfies the constraints, or they are too large.
            VocabularyError: a constraint has a character that the model never saw.
            GenerationError: there is no training set to distinguish new names from; no string is
                as many edits from all excluded ones as ``min_edits``; or the model was trained
                without a begin symbol, and there is no ``start``.
        """
        return Generated.of(self.stream(whole("n", n, 1, MOST_NAMES), **options))

    def names(self, n: int = 10, **options: Unpack[Options]) -> list[str]:
        """Sample as ``generate`` does, and return plain text."""
        found = self.stream(whole("n", n, 1, MOST_NAMES), **options)
        return [sample.text for sample in found]

    def stream(self, n: int | None = 10, **options: Unpack[Options]) -> Search:
        """Sample as ``generate`` does, and yield each sample as soon as it is found.

        With ``None`` for ``n``, there is no limit.
        """
        return WithoutReplacement(self._request(n, **options))

    def best(
        self, n: int = 10, *, beam: int | None = None, **options: Unpack[Options]
    ) -> Generated:
        """Return the ``n`` most likely strings that are allowed, the most likely first.

        The result is exact, unless ``beam`` is given: a beam search of this width is faster.
        ``options``, results and errors are those of ``generate``; the seed changes nothing.
        """
        return Generated.of(self.stream_best(n, beam=beam, **options))

    def stream_best(
        self, n: int | None = 10, *, beam: int | None = None, **options: Unpack[Options]
    ) -> Search:
        """Search as ``best`` does, and yield each string as soon as it is found."""
        from .search.best import Beam, Best

        if options.get("allow_repeats"):
            raise ConfigError("the best strings are different. Leave out allow_repeats.")
        if beam is not None:
            beam = whole("beam", beam, 1, MOST_BEAM)
        n = n if n is None else whole("n", n, 1, MOST_NAMES)
        request = self._request(n, **options)
        if beam is None:
            return Best(request)
        row = self.rnn.initial_carry(1).nbytes
        if beam * row > MOST_CARRIES:
            raise ConfigError(
                f"beam may be {MOST_CARRIES // row} at most with this model. Received: {beam}"
            )
        return Beam(request, beam)

    def nll(self, texts: Iterable[str], threads: int | None = None) -> NDArray[np.float64]:
        """Return each name's negative log-likelihood, (N,), in nats, its end included.

        For a model without a begin symbol, it is that of the rest given the first character.

        Raises:
            VocabularyError: a name has a character that the model never saw.
            ArgumentError: ``texts`` is one string, or holds something else than strings.
            ConfigError: ``threads`` is less than 1.
        """
        normalised = self.vocabulary.normalised
        strings = [self.vocabulary.encode(normalised(text)) for text in list_of("texts", texts)]
        return score(self.rnn, strings, threads)

    def novelty(
        self,
        *,
        allow_known: bool = False,
        forbid: Names = (),
        min_edits: int = 1,
        fold_case: bool = False,
    ) -> Novelty:
        """Return the test for new names that ``generate`` applies.

        Raises:
            ConfigError: ``min_edits`` is out of range, or ``forbid`` is one string and no file.
            GenerationError: there is no training set to distinguish new names from.
        """
        min_edits = whole("min_edits", min_edits, 1, MOST_LENGTH)
        if isinstance(forbid, NameSet):
            forbidden: Set[str] = normalised(forbid)
        elif isinstance(forbid, tuple | list | frozenset):
            forbidden = frozenset(map(self._form, list_of("forbid", forbid)))
        else:
            from ..data.given import names_of  # late: few calls need it

            forbidden = frozenset(map(self._form, names_of("forbid", forbid)))
        if self.training_set is None and not allow_known and not forbidden:
            raise GenerationError(
                "new names need a training list to differ from, and this model has none. Pass "
                "--forbid FILE with the list, or --allow-known."
            )
        return Novelty(
            known=self._known,
            forbidden=forbidden,
            allow_known=allow_known,
            min_edits=min_edits,
            fold_case=fold_case,
            unit=self.vocabulary.token_unit,
            clean=not self.keep_invisible and self.vocabulary.may_be_invisible,
        )

    def _form(self, name: str) -> str:
        """Return a whole name as the model's names are written."""
        return normalise(name) if self.keep_invisible else cleaned(name)

    def _described(self) -> str:
        labels = f", {len(self.labels):,} labels" if self.labels else ""
        known = self.training_set
        trained = "" if known is None else f", trained on {len(known):,} names"
        return super()._described() + labels + trained

    def _request(
        self,
        n: int | None,
        *,
        start: str = "",
        rules: Rule | Rules | None = None,
        config: SampleConfig | None = None,
        sampler: Transform | None = None,
        allow_known: bool = False,
        allow_repeats: bool = False,
        forbid: Names = (),
        min_edits: int = 1,
        fold_case: bool = False,
        threads: int | None = None,
        **changes: Any,
    ) -> Request:
        """Check the options and compile the constraints."""
        if n is not None:
            n = whole("n", n, 1, MOST_NAMES if allow_repeats else MOST_UNIQUE)
        start = text_of("start", start)
        config = config_with(config, changes, Options)
        rnn, vocabulary = self._without_unknown
        if config.no_repeat_ngram_size is not None:
            raise ConfigError("no_repeat_ngram_size is for running text. Leave it out for names.")
        usual = 2 * self.longest + 10
        most = limit = config.max_length or usual
        longest = max(limit, usual)
        prompt, guide = np.zeros(0, np.int32), None
        if start or rules is not None or most < longest:
            from .constraints import Rule, Rules, Start  # late: few calls have any
            from .search.guides import constraint_guide

            require("rules", rules, Rule | Rules | None, "of charloom.constraints")
            first = (Start(start, whole=not self.rnn.config.begin),) if start else ()
            all_rules = Rules(first) & (rules or Rules())
            if config.max_length is None:
                # A length that is requested is allowed, however long the training names are.
                limit = max(limit, all_rules.longest)
            longest = max(limit, usual)
            prompt, most, guide = constraint_guide(all_rules, vocabulary, limit, longest)
        if not len(prompt) and not self.rnn.config.begin:
            raise GenerationError(
                "this model cannot choose a first character: it was trained without a begin "
                "symbol. Pass --start with at least one character."
            )
        novelty = self.novelty(
            allow_known=allow_known, forbid=forbid, min_edits=min_edits, fold_case=fold_case
        )
        novelty.check_distance(most, max(map(len, vocabulary.characters), default=1))
        plan = Plan(
            rnn=rnn,
            sampler=Sampler(config, sampler),
            prompt=prompt,
            max_length=most,
            guide=guide,
            threads=checked_threads(threads),
            walk=self.walk,
        )
        return Request(plan, vocabulary, n, longest, novelty, allow_repeats)

    @cached_property
    def _without_unknown(self) -> tuple[Recurrence, Vocabulary]:
        """The model and its vocabulary without the unknown symbol, which has no text."""
        if not self.vocabulary.has_unknown:
            return self.rnn, self.vocabulary
        from ..models.blend import Blend, Member

        plain = Vocabulary(self.vocabulary.characters, self.vocabulary.token_unit)
        return Blend([Member(self.rnn, 1.0, np.arange(plain.size))]), plain

    @cached_property
    def _known(self) -> Set[str] | None:
        return None if self.training_set is None else normalised(self.training_set)
