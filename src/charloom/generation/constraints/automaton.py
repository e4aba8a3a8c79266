"""Deterministic automata over a vocabulary's ids: which strings are accepted.

What makes one raises ``TooLargeError`` if it has too many states or cells, or takes too much work.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from .bounds import CALL, MOST_PAIRS, MOST_STATES, TooLargeError, Work, require_size

DEAD = -1  # the state from which no accepted string continues
NO_LIMIT = sys.maxsize  # the longest length, where there is no limit


@dataclass(frozen=True, eq=False)
class Automaton:
    """A deterministic automaton over ids, with S states, K classes and V ids.

    It is trimmed: every state can be reached from the start and can reach an accepting one. An
    automaton that accepts nothing has no states.

    Attributes:
        classes: (V,), the class of each id; ids of one class lead to the same states. The
            boundary is never read, and its class, 0, means nothing.
        table: (S, K), the next state by state and class; ``DEAD`` where no string is accepted.
        accepting: (S,), whether a string may end here.
        start: the first state; ``DEAD`` if nothing is accepted.
    """

    classes: NDArray[np.int32]
    table: NDArray[np.int32]
    accepting: NDArray[np.bool_]
    start: int

    @property
    def size(self) -> int:
        """S, the number of states."""
        return len(self.table)

    @property
    def empty(self) -> bool:
        """Whether no string at all is accepted."""
        return self.start == DEAD

    def after(self, ids: Iterable[int] | NDArray[np.integer], state: int | None = None) -> int:
        """Return the state after reading ``ids`` from ``state``, by default the start."""
        state = self.start if state is None else state
        for i in ids:
            if state == DEAD or i == BOUNDARY:
                return DEAD
            state = int(self.table[state, self.classes[i]])
        return state

    def accepts(self, ids: Iterable[int] | NDArray[np.integer]) -> bool:
        """Return whether ``ids`` as a whole are accepted."""
        state = self.after(ids)
        return state != DEAD and bool(self.accepting[state])

    def moved(self, state: int, work: Work) -> Automaton:
        """Return the automaton that starts in ``state``."""
        return trimmed(self.classes, self.table, self.accepting, state, work)


def accepting_all(V: int) -> Automaton:
    """Return the automaton of all strings over ``V`` ids."""
    return Automaton(np.zeros(V, np.int32), np.zeros((1, 1), np.int32), np.ones(1, np.bool_), 0)


def trimmed(
    classes: NDArray[np.integer],
    table: NDArray[np.int32],
    accepting: NDArray[np.bool_],
    start: int,
    work: Work,
) -> Automaton:
    """Return the automaton, as ``Automaton`` describes it, without useless states and classes."""
    used = np.unique(classes[1:])
    if len(used) < table.shape[1]:
        table = table[:, used]
        classes = np.append(0, np.searchsorted(used, classes[1:]))
    states, levels = _useful(table, accepting, start, work)
    if start == DEAD or not states[start]:
        nothing = np.zeros((0, 1), np.int32)
        return Automaton(np.zeros(len(classes), np.int32), nothing, np.zeros(0, np.bool_), DEAD)
    kept = np.concatenate([level[states[level]] for level in levels])  # the start comes first
    number = np.full(len(table) + 1, DEAD, np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    return Automaton(classes.astype(np.int32), number[table[kept]], accepting[kept], 0)


def _useful(
    table: NDArray[np.int32], accepting: NDArray[np.bool_], start: int, work: Work
) -> tuple[NDArray[np.bool_], list[NDArray[np.intp]]]:
    """Return which states lie on a path to acceptance, (S,), and the states by distance."""
    size, classes = table.shape
    reached, alive = np.zeros((2, size + 1), np.bool_)  # the last is DEAD
    levels: list[NDArray[np.intp]] = []
    frontier = np.array([] if start == DEAD else [start], np.intp)
    while len(frontier):
        work.spend(len(frontier) * classes + CALL)
        reached[frontier] = True
        levels.append(frontier)
        fresh = np.zeros(size + 1, np.bool_)
        fresh[table[frontier]] = True
        fresh[DEAD] = False
        frontier = np.flatnonzero(fresh & ~reached)
    alive[:-1] = accepting & reached[:-1]
    # Most edges lead away from the start: one sweep from the farthest level back is enough.
    changed = True
    while changed:
        changed = False
        for level in reversed(levels):
            rest = level[~alive[level]]
            if len(rest):
                work.spend(len(rest) * classes + CALL)
                saved = rest[alive[table[rest]].any(axis=1)]
                alive[saved] = True
                changed |= len(saved) > 0
    return alive[:-1], levels


def over_words(
    table: NDArray[np.int32],
    accepting: NDArray[np.bool_],
    words: Sequence[tuple[int, ...]],
    work: Work,
) -> Automaton:
    """Return the automaton over ids, each of which is read as a word of smaller symbols.

    Args:
        table: (S, K), the next state by state and symbol; state 0 is the start.
        accepting: (S,), whether a string may end there.
        words: of each id from 1 on, (V - 1,); none is empty.
        work: counts.
    """
    number: dict[tuple[int, ...], int] = {}
    classes = [0, *(number.setdefault(word, len(number)) for word in words)]
    require_size(len(table), len(number))
    longest = max(map(len, number), default=1)
    work.spend(len(table) * sum(map(len, number)))
    padded = np.full((len(number), longest), -1, np.int32)
    for row, word in zip(padded, number, strict=True):
        row[: len(word)] = word
    ended = np.concatenate([table, np.full((1, table.shape[1]), DEAD, np.int32)])
    states = table[:, padded[:, 0]]
    for symbols in padded.T[1:]:
        on = symbols >= 0
        states[:, on] = ended[states[:, on], symbols[on]]
    return trimmed(np.array(classes), states, accepting, 0, work)


def product(a: Automaton, b: Automaton, work: Work, most_states: int = MOST_STATES) -> Automaton:
    """Return the automaton, trimmed, of the strings that both accept; neither may be empty."""
    both = a.classes[1:].astype(np.int64) * b.table.shape[1] + b.classes[1:]
    joint, classes = np.unique(both, return_inverse=True)
    of_a, of_b = np.divmod(joint, b.table.shape[1])
    if a.size * b.size > MOST_PAIRS:
        raise TooLargeError(f"more than {MOST_PAIRS:,} pairs of states")
    place = np.zeros(
        a.size * b.size, np.int32
    )  # 1 + the number of a pair; pages are allocated on use
    frontier = np.array([a.start * b.size + b.start], np.int64)
    count = 1
    place[frontier] = count
    rows, accepting = [], []
    while len(frontier):
        require_size(count, len(joint), most_states)
        work.spend(len(frontier) * len(joint) + CALL)
        in_a, in_b = np.divmod(frontier, b.size)
        to_a, to_b = a.table[in_a[:, None], of_a], b.table[in_b[:, None], of_b]
        pairs = to_a.astype(np.int64) * b.size + to_b
        alive = (to_a != DEAD) & (to_b != DEAD)
        reached = pairs[alive]
        accepting.append(a.accepting[in_a] & b.accepting[in_b])
        frontier = np.unique(reached[place[reached] == 0])
        place[frontier] = np.arange(count + 1, count + 1 + len(frontier))
        count += len(frontier)
        row = np.full(pairs.shape, DEAD, np.int32)
        row[alive] = place[reached] - 1
        rows.append(row)
    return trimmed(
        np.concatenate([[0], classes]), np.concatenate(rows), np.concatenate(accepting), 0, work
    )


def completable(automaton: Automaton, least: int, most: int) -> NDArray[np.bool_]:
    """Return (most + 1, S): whether ``t`` ids that lead to state ``s`` can be completed.

    Completed to an accepted string of ``least`` to ``most`` ids.
    """
    rows = np.zeros((most + 1, automaton.size), np.bool_)
    high = most + 1
    for low, row in _backward(automaton, least, most, None):
        rows[low:high] = row
        high = low
    return rows


def possible(automaton: Automaton, read: int, least: int, most: int, work: Work) -> bool:
    """Return whether ``read`` ids that led to the start can become ``least`` to ``most`` ids."""
    if automaton.empty or max(read, least) > most:
        return False
    rows = _backward(automaton, least, most, work)
    return bool(next(row for low, row in rows if low <= read)[automaton.start])


def _backward(
    automaton: Automaton, least: int, most: int, work: Work | None
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield rows of ``completable`` from the last to the first: each with the first time ``t``
    from which on it is valid, up to the row before."""
    # Without a limit, every state of a trimmed automaton can be completed.
    row = np.full(automaton.size, most == NO_LIMIT)
    t, nowhere = most, np.zeros(automaton.size, np.bool_)
    for low, ends in ((least, automaton.accepting), (0, nowhere)):
        while t >= low:
            if work is not None:
                work.spend(automaton.table.size + CALL)
            leads = np.append(row, False)[automaton.table]  # (S, K): one more id leads into row
            row, last = np.logical_or.reduce(leads, axis=1) | ends, row
            if np.array_equal(row, last):  # a fixed point
                t = low
            yield t, row
            t -= 1
