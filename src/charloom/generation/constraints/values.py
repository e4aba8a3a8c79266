"""The constraints that a user can set, as frozen values, and what each means in ids."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_LENGTH
from ...config.arguments import as_whole, require, shown
from ...data.tokens import Tokens, Unit
from ...data.unicode import normalise, split_units
from ...data.vocabulary import Vocabulary
from ...errors import VocabularyError
from .automaton import DEAD, NO_LIMIT, trimmed
from .bounds import RuleError, RuleTypeError, TooLargeError, Work, clipped
from .compiled import CompiledConstraints, combine
from .substrings import avoiding, matching_text, spelled

if TYPE_CHECKING:
    from ...data.given import Names


class Rule(ABC):
    """A constraint on whole strings. ``a & b`` requires both."""

    def __and__(self, other: Rule | Rules) -> Rules:
        return Rules((self,)) & other

    @abstractmethod
    def describe(self) -> str:
        """Return the constraint as the command line spells it."""

    def allows(self, text: str, unit: Unit = "character") -> bool:
        """Return whether ``text`` satisfies the constraint.

        Raises:
            RuleError: the constraint is too large.

        Example:
            >>> Length(6, 9).allows("Karito"), Regex("[A-K].*").allows("Mara")
            (True, False)
        """
        units = split_units(normalise(text), unit)
        vocabulary = Vocabulary(tuple(sorted(set(units))), unit)
        try:
            compiled = self.compiled(vocabulary, len(units), Work())
        except VocabularyError:  # it needs a character that the text lacks
            return False
        return compiled.accepts(vocabulary.encode(normalise(text)))

    @abstractmethod
    def compiled(self, vocabulary: Vocabulary, limit: int, work: Work) -> CompiledConstraints:
        """Return what the constraint requires of strings of at most ``limit`` ids.

        Raises:
            RuleError: the constraint is too large.
            VocabularyError: it needs a character that the vocabulary lacks.
        """


@dataclass(frozen=True)
class Rules:
    """Constraints that all apply; without any, every string is allowed."""

    rules: tuple[Rule, ...] = ()

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __and__(self, other: Rule | Rules) -> Rules:
        require("a constraint", other, Rule | Rules, "of charloom.constraints")
        return Rules((*self.rules, *(other if isinstance(other, Rules) else (other,))))

    @property
    def longest(self) -> int:
        """The longest string that a ``Length`` has in mind; 0 if there is none."""
        lengths = (rule for rule in self.rules if isinstance(rule, Length))
        longest = max((rule.most or 2 * rule.least for rule in lengths), default=0)
        return min(longest, MOST_LENGTH)

    def describe(self) -> str:
        """Return the constraints as the command line spells them."""
        return " ".join(rule.describe() for rule in self.rules)


@dataclass(frozen=True)
class _Text(Rule):
    """What the constraints with one text share. Texts are compared unit by unit, as the
    vocabulary spells them (``Vocabulary.normalised``); those of models with ``Tokens`` character
    by character, whatever the tokens are."""

    text: str

    def __post_init__(self) -> None:
        _require_text(self._option, self.text)

    @property
    def _option(self) -> str:
        return f"--{type(self).__name__.lower()}"

    def describe(self) -> str:
        return f"{self._option} {self.text!r}"

    def _ids(self, vocabulary: Vocabulary) -> NDArray[np.int32]:
        return vocabulary.encode(vocabulary.normalised(self.text))

    def _matched(
        self, vocabulary: Vocabulary, limit: int, work: Work, *, anywhere: bool
    ) -> CompiledConstraints:
        if isinstance(vocabulary.token_unit, Tokens) and self.text:
            place: Literal["anywhere", "end"] = "anywhere" if anywhere else "end"
            found = spelled(vocabulary.normalised(self.text), vocabulary, work, place)
            return CompiledConstraints(automaton=found)
        ids = self._ids(vocabulary).tolist()
        automaton = None
        if 0 < len(ids) <= limit:  # otherwise all strings satisfy it, or none do
            automaton = matching_text(ids, vocabulary.size, work, anywhere=anywhere)
        return CompiledConstraints(least=len(ids), automaton=automaton)


@dataclass(frozen=True)
class Start(_Text):
    """Every string begins with ``text``.

    Attributes:
        whole: whether the text consists of whole tokens, so that a ``C`` is not the first
            character of a ``Cl``; only for models with ``Tokens``.
    """

    whole: bool = False

    def allows(self, text: str, unit: Unit = "character") -> bool:
        """See ``Rule``."""
        if isinstance(unit, Tokens) and not self.whole:
            return normalise(text).startswith(normalise(self.text))
        return super().allows(text, unit)

    def compiled(self, vocabulary: Vocabulary, limit: int, work: Work) -> CompiledConstraints:
        unit, text = vocabulary.token_unit, vocabulary.normalised(self.text)
        if self.whole or not isinstance(unit, Tokens):
            ids = vocabulary.encode(text)
            return CompiledConstraints(ids, least=len(ids))
        certain = "".join(unit.settled(text))
        ids = vocabulary.encode(certain)
        if certain == text:
            return CompiledConstraints(ids, least=len(ids))
        automaton = spelled(text, vocabulary, work, "start")
        return CompiledConstraints(ids, least=len(ids) + 1, automaton=automaton)


class End(_Text):
    """Every string ends with ``text``."""

    def compiled(self, vocabulary: Vocabulary, limit: int, work: Work) -> CompiledConstraints:
        return self._matched(vocabulary, limit, work, anywhere=False)


class Contains(_Text):
    """Every string has ``text`` somewhere."""

    def compiled(self, vocabulary: Vocabulary, limit: int, work: Work) -> CompiledConstraints:
        return self._matched(vocabulary, limit, work, anywhere=True)


@dataclass(frozen=True)
class Length(Rule):
    """Every string has ``least`` to ``most`` characters (graphemes, tokens) of the model's unit;
    ``None`` for no limit."""

    least: int = 0
    most: int | None = None

    def __post_init__(self) -> None:
        for name in ("least", "most"):
            value = getattr(self, name)
            if value is None and name == "most":
                continue
            length = as_whole(value)
            if length is None or not 0 <= length <= MOST_LENGTH:
                rule = f"--length must be made of whole numbers from 0 to {MOST_LENGTH}"
                raise RuleError(f"{rule}. Received: {shown(value)}")
            object.__setattr__(self, name, length)
        if self.most is not None and self.most < self.least:
            rule = "--length must not have a least length above the greatest"
            raise RuleError(f"{rule}. Received: {self.least}:{self.most}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``6:9``, ``6:``, ``:9`` or ``7``.

        Raises:
            RuleError: it has another form, or the first number is above the second.
        """
        _require_text("--length", text)
        found = re.fullmatch(r"([0-9]{1,9})|([0-9]{1,9}):([0-9]{0,9})|:([0-9]{1,9})", text.strip())
        if not found:
            rule = "--length must be a number, or a range as in 6:9, 6: or :9"
            raise RuleError(f"{rule}. Received: {text!r:.40}")
        exact, low, high, only_high = found.groups()
        most = exact or high or only_high
        return cls(int(exact or low or 0), int(most) if most else None)

    def describe(self) -> str:
        if self.most is None:
            return f"--length {self.least}:"
        if self.least == self.most:
            return f"--length {self.least}"
        return f"--length {self.least or ''}:{self.most}"

    def compiled(self, vocabulary: Vocabulary, limit: int, work: Work) -> CompiledConstraints:
        most = NO_LIMIT if self.most is None else self.most
        return CompiledConstraints(least=self.least, most=most)


@dataclass(frozen=True)
class Chars(Rule):
    """Strings consist of ``characters`` only, each taken literally, ``-`` too.

    Tokens are made of these characters, too. Those that the vocabulary lacks are ignored, as long
    as it has another.
    """

    characters: str

    def __post_init__(self) -> None:
        _require_text("--chars", self.characters)

    def describe(self) -> str:
        return f"--chars {self.characters!r}"

    def compiled(self, vocabulary: Vocabulary, limit: int, work: Work) -> CompiledConstraints:
        text, unit = vocabulary.normalised(self.characters), vocabulary.token_unit
        if isinstance(unit, Tokens):
            may = [set(text).issuperset(token) for token in vocabulary.characters]
        else:
            allowed = set(split_units(text, unit))
            may = [character in allowed for character in vocabulary.characters]
        classes = np.array([0, *may], np.int32)
        table = np.array([[DEAD, 0]], np.int32)
        return CompiledConstraints(automaton=trimmed(classes, table, np.ones(1, bool), 0, work))


@dataclass(frozen=True)
class Regex(Rule):
    """``re.fullmatch`` matches every string with ``pattern``, which is read in NFC.

    What no automaton can represent is refused: look-around, back references, conditions,
    possessive repeats, atomic groups, word boundaries, and anchors in the middle.
    """

    pattern: str

    def __post_init__(self) -> None:
        _require_text("--regex", self.pattern)
        from .regex_syntax import parse  # late, as below: most constraints have no pattern

        parse(normalise(self.pattern))

    def describe(self) -> str:
        return f"--regex {self.pattern!r}"

    def compiled(self, vocabulary: Vocabulary, limit: int, work: Work) -> CompiledConstraints:
        from .regex_automaton import matching

        automaton = matching(vocabulary.normalised(self.pattern), vocabulary, work)
        return CompiledConstraints(automaton=automaton)


@dataclass(frozen=True)
class Block(Rule):
    """No string contains any of ``texts``, in any case. Blank ones are ignored.

    Attributes:
        texts: compared with strings as the casefolded code points of their NFC; any iterable of
            strings, a corpus, or the path of a file becomes a tuple.
        name: the constraint, as the command line spells it.
    """

    texts: Names
    name: str = "--block"

    def __post_init__(self) -> None:
        from ...data.given import names_of  # late, as above

        object.__setattr__(self, "texts", tuple(names_of(self.name, self.texts, RuleTypeError)))

    def describe(self) -> str:
        return self.name

    def compiled(self, vocabulary: Vocabulary, limit: int, work: Work) -> CompiledConstraints:
        assert isinstance(self.texts, tuple)
        return CompiledConstraints(automaton=avoiding(self.texts, vocabulary, work))


def compile_rules(rules: Rules, vocabulary: Vocabulary, limit: int) -> CompiledConstraints:
    """Compile ``rules`` together, for strings of 1 to ``limit`` ids.

    Raises:
        RuleError: a constraint is too large, or no string satisfies them all; the message names
            as few as conflict, ``limit`` (as ``--max-length``) counted as one.
        VocabularyError: a constraint has a character that the vocabulary lacks.
    """
    work = Work()
    parts = []
    for rule in rules:
        name = clipped(rule.describe())
        try:
            parts.append(replace(rule.compiled(vocabulary, limit, work), name=name))
        except TooLargeError as error:
            raise error.named([name]) from None
    return combine(parts, limit, len(vocabulary.characters), work)


def _require_text(option: str, value: object) -> None:
    if not isinstance(value, str):
        raise RuleTypeError(f"{option} must be text. Received: {shown(value)}")
