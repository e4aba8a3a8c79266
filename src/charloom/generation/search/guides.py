"""Guides of a walk down the tree of prefixes: what satisfies the constraints, and how likely."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..constraints.automaton import DEAD, Automaton, completable
from .tree import Ids


class Guide(Protocol):
    """Keeps a walk to allowed strings, and estimates how probable these are."""

    def root(self, prompt: Ids) -> tuple[int, int]:
        """Return the state and the context after the prompt."""

    def estimates(
        self, lengths: NDArray[np.int32], states: NDArray[np.int32], contexts: NDArray[np.int32]
    ) -> NDArray[np.floating]:
        """Estimate how probable it is that each next id leads to an allowed string.

        Returns:
            (B, V), above 0 wherever it can; column 0 is for the end, where it is 0 or 1.
        """

    def advance(
        self, states: NDArray[np.int32], contexts: NDArray[np.int32], ids: NDArray[np.integer]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the states and contexts after the next ids, (B,) each."""


class ConstraintGuide:
    """A guide that knows only whether constraints can still be satisfied: estimates are 0 or 1."""

    def __init__(self, automaton: Automaton, least: int, most: int) -> None:
        """Take the accepted strings, from the prompt's end, and lengths, prompt included.

        Attributes (of use to other guides; S counts one dead state more, the last):
            table: (S, K), the state after an id of each class.
            classes: (V,), the class of each id.
            possible: (most + 2, S), whether a string of that length, in that state, can become
                an accepted one.
            ends: (most + 2, S), whether it is one.
        """
        self.automaton, self.least, self.most = automaton, least, most
        size, kinds = automaton.table.shape
        table = np.where(automaton.table == DEAD, size, automaton.table)
        self.table = np.concatenate([table, np.full((1, kinds), size)]).astype(np.int32)
        self.classes = automaton.classes
        self.possible = np.zeros((most + 2, size + 1), np.bool_)
        self.possible[: most + 1, :size] = completable(automaton, least, most)
        self.ends = np.zeros_like(self.possible)
        self.ends[least : most + 1, :size] = automaton.accepting
        self.start = automaton.start

    def root(self, prompt: Ids) -> tuple[int, int]:
        """Return the state after the prompt; there is one context."""
        return self.start, 0

    def estimates(
        self, lengths: NDArray[np.int32], states: NDArray[np.int32], contexts: NDArray[np.int32]
    ) -> NDArray[np.floating]:
        """Return 1 for each next id, (B, V), that can lead to an accepted string, else 0."""
        after = self.table[states][:, self.classes]
        estimates = self.possible[lengths[:, None] + 1, after].astype(np.float32)
        estimates[:, 0] = self.ends[lengths, states]
        return estimates

    def advance(
        self, states: NDArray[np.int32], contexts: NDArray[np.int32], ids: NDArray[np.integer]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the states after the next ids, (B,), and contexts."""
        return self.table[states, self.classes[ids]], contexts
