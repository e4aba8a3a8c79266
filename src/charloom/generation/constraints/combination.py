"""Rules joined into one demand on ids; where they cannot be kept together, which ones clash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .automaton import Automaton, possible, product
from .bounds import CALL, MOST_WORK, RuleError, TooLargeError, Work, listed
from .compiled import CompiledConstraints


@dataclass(frozen=True, eq=False)
class Part:
    """What a rule demands of a vocabulary's ids.

    Attributes:
        name: the rule, as the command line spells it.
        prompt: the ids that every string begins with.
        least, most: the length in ids; ``None`` is without end.
        automaton: accepts the strings that obey; ``None`` accepts all.
    """

    name: str = ""
    prompt: tuple[int, ...] = ()
    least: int = 0
    most: int | None = None
    automaton: Automaton | None = None


def combine(parts: Sequence[Part], limit: int, characters: int, work: Work) -> CompiledConstraints:
    """Return what ``parts`` demand together of strings of 1 to ``limit`` ids.

    Args:
        parts: one a rule.
        limit: the longest string.
        characters: the number that the model knows, for the message.
        work: counts.

    Raises:
        RuleError: no string can obey; the message names as few rules as cannot be kept together.
            Or the rules combine to something too large.
    """
    if not characters:
        raise RuleError("rules need a model that knows characters. Train it on text that has some.")
    demands = [*parts, Part(f"--max-length {limit}", most=limit)]
    try:
        joined = _join(demands, work)
    except TooLargeError as error:
        raise error.named([part.name for part in parts if part.automaton]) from None
    if joined is None:
        names = [part.name for part in _clash(demands)]
        end = " together. Change one of them." if len(names) > 1 else ". Change it."
        count = f"{characters:,} character{'s' * (characters != 1)}"
        raise RuleError(f"no string of this model's {count} satisfies {listed(names)}{end}")
    most = limit if joined.most is None else joined.most
    prompt = np.array(joined.prompt, np.int32)
    return CompiledConstraints(prompt, joined.least, most, joined.automaton)


def _join(parts: Sequence[Part], work: Work) -> Part | None:
    """Return what ``parts`` demand together, the automaton moved past the prompt.

    ``None`` if no string obeys.

    Raises:
        TooLargeError: their automaton.
    """
    work.spend(10 * CALL)
    prompt = max((part.prompt for part in parts), key=len)
    least = max(1, *(part.least for part in parts))
    most = min((part.most for part in parts if part.most is not None), default=None)
    if any(prompt[: len(part.prompt)] != part.prompt for part in parts):
        return None
    if most is not None and least > most:
        return None
    automata = [part.automaton for part in parts if part.automaton]
    if prompt:
        automata = [one.moved(one.after(prompt), work) for one in automata]
    joined = None
    for one in sorted(automata, key=lambda one: one.size):
        joined = product([joined, one], work=work) if joined else one
        if not possible(joined, len(prompt), least, most, work):
            return None
    if joined and not joined.table.any():  # a single state, which nothing leaves
        joined = None
    return Part("", prompt, least, most, joined)


def _clash(parts: Sequence[Part]) -> Sequence[Part]:
    """Return as few of ``parts``, which no string obeys, as no string obeys either.

    One, else two, else a set none of which can be left out; as far as bounded work finds it.
    """
    work = Work(MOST_WORK // 4)

    def hopeless(some: Sequence[Part]) -> bool:
        try:
            return _join(some, work) is None
        except TooLargeError:
            return False

    for count in (1, 2):
        for some in combinations(parts, count):
            if hopeless(some):
                return some
    kept = list(parts)
    for part in reversed(parts):  # the longest length first
        rest = [other for other in kept if other is not part]
        if hopeless(rest):
            kept = rest
    return kept
