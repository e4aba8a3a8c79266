"""The constraint guide: which prefixes can still become strings that satisfy the constraints."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import Vocabulary
from ..constraints import Rules, compile_rules
from ..constraints.automaton import DEAD, Automaton, accepting_all, completable
from ..constraints.bounds import MOST_PLACES, TooLargeError

MOST_KEPT = 8
"""Sets of constraints that are kept compiled: the next call often has the same."""

Ints = NDArray[np.int32]


class ConstraintGuide:
    """Keeps a walk to allowed strings. Its estimates are 0 or 1: a subclass may know better.

    Attributes (of use to subclasses; S counts one dead state more, the last):
        root: the state and the context after the prompt.
        table: (S, K), the state after an id of each class.
        classes: (V,), the class of each id.
        possible: (most + 2, S), whether a string of that length, in that state, can become an
            accepted one.
        ends: (most + 2, S), whether it is one.
    """

    def __init__(self, automaton: Automaton, least: int, most: int) -> None:
        """Take the accepted strings, from the prompt's end, and lengths, prompt included.

        Raises:
            TooLargeError: there are too many states for so long strings.
        """
        if (most + 2) * (automaton.size + 1) > MOST_PLACES:
            raise TooLargeError(
                f"more than {MOST_PLACES:,} states times lengths for names of up to {most:,} "
                "characters"
            )
        self.automaton, self.least, self.most = automaton, least, most
        self.root = (automaton.start, 0)
        size, kinds = automaton.table.shape
        table = np.where(automaton.table == DEAD, size, automaton.table)
        self.table = np.concatenate([table, np.full((1, kinds), size)]).astype(np.int32)
        self.classes = automaton.classes
        self.possible = np.zeros((most + 2, size + 1), np.bool_)
        self.possible[: most + 1, :size] = completable(automaton, least, most)
        self.ends = np.zeros_like(self.possible)
        self.ends[least : most + 1, :size] = automaton.accepting

    def estimates(self, lengths: Ints, states: Ints, contexts: Ints) -> NDArray[np.floating]:
        """Return an estimate of how probable it is that each next id leads to an allowed string.

        Returns:
            (B, V), above 0 wherever it can; column 0 is for the end, where it is 0 or 1.
        """
        after = self.table[states][:, self.classes]
        estimates = self.possible[lengths[:, None] + 1, after].astype(np.float32)
        estimates[:, 0] = self.ends[lengths, states]
        return estimates

    def advance(self, states: Ints, contexts: Ints, ids: NDArray[np.integer]) -> tuple[Ints, Ints]:
        """Return the states and contexts after the next ids, (B,) each."""
        return self.table[states, self.classes[ids]], contexts


@lru_cache(MOST_KEPT)
def constraint_guide(
    rules: Rules, vocabulary: Vocabulary, limit: int, longest: int
) -> tuple[Ints, int, ConstraintGuide | None]:
    """Compile constraints for strings of 1 to ``limit`` ids.

    Returns:
        The ids that every string begins with, the length of the longest string, and what keeps a
        walk to the constraints; ``None`` if nothing must, where strings may have ``longest`` ids.

    Raises:
        RuleError: no string satisfies them, or they are too large.
        VocabularyError: a constraint has a character that the vocabulary lacks.
    """
    found, guide = compile_rules(rules, vocabulary, limit), None
    if found.automaton or found.least > max(len(found.prompt), 1) or found.most < longest:
        automaton = found.automaton or accepting_all(vocabulary.size)
        guide = ConstraintGuide(automaton, found.least, found.most)
    return found.prompt, found.most, guide
