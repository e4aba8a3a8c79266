"""Constraints in the form that the search takes; combined, or the smallest conflict among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .automaton import NO_LIMIT, Automaton, possible, product
from .bounds import CALL, MOST_WORK, RuleError, TooLargeError, Work, listed


@dataclass(frozen=True, eq=False)
class CompiledConstraints:
    """A constraint on the ids of a vocabulary, or several together.

    Attributes:
        prompt: (P,), the ids that every string begins with.
        least, most: length of the whole string in ids, prompt included.
        automaton: accepts the strings that satisfy the constraint; of several together, what
            follows the prompt. ``None`` accepts all.
        name: the constraint, as the command line spells it.
    """

    prompt: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    least: int = 0
    most: int = NO_LIMIT
    automaton: Automaton | None = None
    name: str = ""

    def accepts(self, ids: NDArray[np.int32]) -> bool:
        """Return whether a string of ids (T,) satisfies the constraint."""
        rest = ids[len(self.prompt) :]
        return (
            self.least <= len(ids) <= self.most
            and np.array_equal(ids[: len(self.prompt)], self.prompt)
            and (self.automaton is None or self.automaton.accepts(rest))
        )


def combine(
    parts: Sequence[CompiledConstraints], limit: int, characters: int, work: Work
) -> CompiledConstraints:
    """Return ``parts`` together, for strings of 1 to ``limit`` ids; some string satisfies them.

    Args:
        parts: the constraints.
        limit: the longest string.
        characters: how many the model knows, for the message.
        work: counts.

    Raises:
        RuleError: no string satisfies them, or they are too large together. The message names as
            few as conflict.
    """
    if not characters:
        raise RuleError("constraints need a model with characters. Train it on text that has some.")
    constraints = [*parts, CompiledConstraints(most=limit, name=f"--max-length {limit}")]
    try:
        joined = _join(constraints, work)
    except TooLargeError as error:
        raise error.named([part.name for part in parts if part.automaton]) from None
    if joined is None:
        names = [part.name for part in _conflict(constraints)]
        end = " together. Change one of them." if len(names) > 1 else ". Change it."
        count = f"{characters:,} character{'s' * (characters != 1)}"
        raise RuleError(f"no string of this model's {count} satisfies {listed(names)}{end}")
    return joined


def _join(parts: Sequence[CompiledConstraints], work: Work) -> CompiledConstraints | None:
    """Return ``parts`` together, or ``None`` if no string satisfies them.

    Raises:
        TooLargeError: their automaton is.
    """
    work.spend(10 * CALL)
    prompt = max((part.prompt for part in parts), key=len)
    least, most = max(1, *(part.least for part in parts)), min(part.most for part in parts)
    begin_alike = all(np.array_equal(prompt[: len(p.prompt)], p.prompt) for p in parts)
    if not begin_alike or least > most:
        return None
    automata = [part.automaton for part in parts if part.automaton]
    if len(prompt):
        automata = [one.moved(one.after(prompt), work) for one in automata]
    joined = None
    for one in sorted(automata, key=lambda one: one.size):
        joined = product(joined, one, work) if joined else one
        if not possible(joined, len(prompt), least, most, work):
            return None
    if joined and not joined.table.any():  # a single state, which nothing leaves
        joined = None
    return CompiledConstraints(prompt, least, most, joined)


def _conflict(parts: Sequence[CompiledConstraints]) -> Sequence[CompiledConstraints]:
    """Return as few of ``parts`` as no string satisfies.

    One, else two, else a set of which each is needed; as far as bounded work finds it.
    """
    work = Work(MOST_WORK // 4)

    def conflict(some: Sequence[CompiledConstraints]) -> bool:
        try:
            return _join(some, work) is None
        except TooLargeError:
            return False

    for count in (1, 2):
        for some in combinations(parts, count):
            if conflict(some):
                return some
    kept = list(parts)
    for part in reversed(parts):  # the longest length first
        rest = [other for other in kept if other is not part]
        if conflict(rest):
            kept = rest
    return kept
