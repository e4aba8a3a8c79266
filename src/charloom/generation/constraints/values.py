"""The rules that a user may ask strings to obey, as frozen values; and what they mean in ids."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ...data.unicode import normalise, split_units
from ...data.vocabulary import Vocabulary
from .automaton import DEAD, trimmed
from .bounds import RuleError as RuleError
from .bounds import TooLargeError, Work, clipped
from .combination import Part, combine
from .compiled import CompiledConstraints


class Rule(ABC):
    """A demand on whole strings. ``a & b`` demands both."""

    def __and__(self, other: Rule | Rules) -> Rules:
        return Rules((self,)) & other

    @abstractmethod
    def describe(self) -> str:
        """Return the rule as the command line spells it."""

    @abstractmethod
    def part(self, vocabulary: Vocabulary, limit: int, work: Work) -> Part:
        """Return what the rule demands of strings of at most ``limit`` ids.

        Raises:
            RuleError: the rule is malformed or too large.
            VocabularyError: it needs a character that the vocabulary lacks.
        """


@dataclass(frozen=True)
class Rules:
    """Rules that hold together; none, if there are none."""

    rules: tuple[Rule, ...] = ()

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def __and__(self, other: Rule | Rules) -> Rules:
        return Rules((*self.rules, *(other if isinstance(other, Rules) else (other,))))

    @property
    def longest(self) -> int:
        """The longest string that a rule about lengths has in mind; 0 if there is none."""
        lengths = (rule for rule in self.rules if isinstance(rule, Length))
        return max((rule.most or 2 * rule.least for rule in lengths), default=0)

    def describe(self) -> str:
        """Return the rules as the command line spells them."""
        return " ".join(rule.describe() for rule in self.rules)


@dataclass(frozen=True)
class _Text(Rule):
    """What the rules about one text share. It is compared in NFC, unit by unit."""

    text: str

    def __post_init__(self) -> None:
        _require_text(self._option, self.text)

    @property
    def _option(self) -> str:
        return f"--{type(self).__name__.lower()}"

    def describe(self) -> str:
        return f"{self._option} {self.text!r}"

    def _ids(self, vocabulary: Vocabulary) -> list[int]:
        ids: list[int] = vocabulary.encode(normalise(self.text)).tolist()
        return ids


class Start(_Text):
    """Every string begins with ``text``."""

    def part(self, vocabulary: Vocabulary, limit: int, work: Work) -> Part:
        ids = self._ids(vocabulary)
        return Part(prompt=tuple(ids), least=len(ids))


class End(_Text):
    """Every string ends with ``text``."""

    def part(self, vocabulary: Vocabulary, limit: int, work: Work) -> Part:
        ids = self._ids(vocabulary)
        from .substrings import ending  # each late: most calls have no rules

        automaton = ending(ids, vocabulary.size, work) if 0 < len(ids) <= limit else None
        return Part(least=len(ids), automaton=automaton)


class Contains(_Text):
    """Every string has ``text`` somewhere."""

    def part(self, vocabulary: Vocabulary, limit: int, work: Work) -> Part:
        ids = self._ids(vocabulary)
        from .substrings import containing

        automaton = containing(ids, vocabulary.size, work) if 0 < len(ids) <= limit else None
        return Part(least=len(ids), automaton=automaton)


@dataclass(frozen=True)
class Length(Rule):
    """Every string has ``least`` to ``most`` characters; ``None`` is without end."""

    least: int = 0
    most: int | None = None

    def __post_init__(self) -> None:
        for value in (self.least, 0 if self.most is None else self.most):
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                rule = "--length must be made of whole numbers, 0 or more"
                raise RuleError(f"{rule}. Received: {value!r:.40}")
        if self.most is not None and self.most < self.least:
            rule = "--length must not have a least length above the greatest"
            raise RuleError(f"{rule}. Received: {self.least}:{self.most}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``6:9``, ``6:``, ``:9`` or ``7``.

        Raises:
            RuleError: it is none of them, or the first number is above the second.
        """
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

    def part(self, vocabulary: Vocabulary, limit: int, work: Work) -> Part:
        return Part(least=self.least, most=self.most)


@dataclass(frozen=True)
class Chars(Rule):
    """Strings are made of ``characters`` only: each one meant as it is, ``-`` too.

    Those that the vocabulary lacks are ignored, as long as it has another.
    """

    characters: str

    def __post_init__(self) -> None:
        _require_text("--chars", self.characters)

    def describe(self) -> str:
        return f"--chars {self.characters!r}"

    def part(self, vocabulary: Vocabulary, limit: int, work: Work) -> Part:
        allowed = set(split_units(normalise(self.characters), vocabulary.token_unit))
        classes = np.array([0, *(unit in allowed for unit in vocabulary.characters)], np.int32)
        table = np.array([[DEAD, 0]], np.int32)
        return Part(automaton=trimmed(classes, table, np.ones(1, np.bool_), 0, work))


@dataclass(frozen=True)
class Regex(Rule):
    """``re.fullmatch`` matches every string with ``pattern``, which is read in NFC.

    What no automaton can hold is refused: look-around, back references, conditions, possessive
    repeats, atomic groups, word boundaries, and anchors elsewhere than at an end.
    """

    pattern: str

    def __post_init__(self) -> None:
        _require_text("--regex", self.pattern)
        from .regex_syntax import parse

        parse(normalise(self.pattern))

    def describe(self) -> str:
        return f"--regex {self.pattern!r}"

    def part(self, vocabulary: Vocabulary, limit: int, work: Work) -> Part:
        from .regex_automaton import matching

        return Part(automaton=matching(normalise(self.pattern), vocabulary, work))


@dataclass(frozen=True)
class Block(Rule):
    """No string contains any of ``texts``, whatever the case. Blank ones are ignored.

    Attributes:
        texts: compared with strings as the casefolded code points of their NFC.
        name: the rule, as the command line spells it.
    """

    texts: tuple[str, ...]
    name: str = "--block"

    def __post_init__(self) -> None:
        texts: object = self.texts
        if isinstance(texts, str):  # which would be taken for its letters
            raise RuleError(f"{self.name} must have a tuple of texts. Received: {texts!r:.40}")
        object.__setattr__(self, "texts", tuple(self.texts))  # a list, as from a file
        for text in self.texts:
            _require_text(self.name, text)

    def describe(self) -> str:
        return self.name

    def part(self, vocabulary: Vocabulary, limit: int, work: Work) -> Part:
        from .substrings import avoiding

        return Part(automaton=avoiding(self.texts, vocabulary, work))


def compile_rules(rules: Rules, vocabulary: Vocabulary, limit: int) -> CompiledConstraints:
    """Return what ``rules`` together demand of strings of 1 to ``limit`` ids.

    Raises:
        RuleError: a rule is malformed or too large, or no string obeys them all; the message names
            as few as cannot be kept together, ``limit`` (as ``--max-length``) counted as one.
        VocabularyError: a start, an end or a part needs a character that the vocabulary lacks.
    """
    work = Work()
    parts = []
    for rule in rules:
        name = clipped(rule.describe())
        try:
            parts.append(replace(rule.part(vocabulary, limit, work), name=name))
        except TooLargeError as error:
            raise error.named([name]) from None
    return combine(parts, limit, len(vocabulary.characters), work)


def _require_text(option: str, value: object) -> None:
    if not isinstance(value, str):
        raise RuleError(f"{option} must be text. Received: {value!r:.40}")
