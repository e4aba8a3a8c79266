"""Pieces of a text that are verbatim in another, found with a suffix automaton."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.integer]
Lengths = NDArray[np.int32]

LANES = 8192
"""Parts of the source that are read side by side."""

BLOCK = 1 << 22
"""Ids of the source that are in memory at once."""

MOST_SYMBOLS = 256
"""Distinct ids up to which the automaton's table has a column for each one."""


def copied(drawn: Ids, read: Callable[[int, int], Ids], size: int) -> Lengths:
    """Return the length of the longest copied piece that ends at each place, (N,).

    A suffix automaton (Blumer et al. 1985) of ``drawn``, (N,) ids, reads the source once, many
    places side by side: ``read`` returns its ids between two places, ``size`` is its length. Time
    is linear in both lengths, memory in that of ``drawn``. A piece includes the place where it
    ends; where not even the single id is in the source, the length is 0.
    """
    if not len(drawn) or not size:
        return np.zeros(len(drawn), np.int32)
    symbols, own = np.unique(drawn, return_inverse=True)
    table = np.full(int(symbols.max()) + 2, len(symbols))  # by id; the last stands for any other
    table[symbols] = np.arange(len(symbols))
    # With too many columns, each id becomes two digits of different kinds, so that pieces of
    # digits match where pieces of ids do.
    base = math.isqrt(len(symbols)) + 1
    width = 1 if len(symbols) <= MOST_SYMBOLS else 2

    def encoded(ids: Ids) -> Ids:
        return ids if width == 1 else _digits(ids, base, len(symbols))

    automaton = _Automaton(encoded(own), len(symbols) if width == 1 else 2 * base)
    for low in range(0, size, BLOCK):
        ids = read(low, min(low + BLOCK + len(drawn), size))
        automaton.read(
            encoded(table[np.minimum(ids, len(table) - 1)]), width * min(BLOCK, size - low)
        )
    return automaton.lengths()[width - 1 :: width] // width


def covered(lengths: Lengths, least: int) -> NDArray[np.bool_]:
    """Return which places are inside a copied piece of ``least`` ids or more, (N,)."""
    ends = np.flatnonzero(lengths >= least)
    steps = np.zeros(len(lengths) + 1, np.int64)
    np.add.at(steps, ends - lengths[ends] + 1, 1)
    np.add.at(steps, ends + 1, -1)
    return np.cumsum(steps[:-1]) > 0


def _digits(ids: Ids, base: int, count: int) -> Ids:
    """Return two digits for each id, with separate symbols; ``count`` becomes 2 * ``base``."""
    pairs = np.stack([ids // base, base + ids % base], axis=-1)
    pairs[ids == count] = 2 * base
    return pairs.reshape(-1)


class _Automaton:
    """The suffix automaton of a string, complete: every state has a transition for every symbol.

    A state stands for pieces of the string that end at the same places. ``go`` leads from a
    state and a symbol to the longest suffix that continues in the string, ``cut`` is the longest
    piece that continues there; column ``symbols`` is for symbols that the string does not have.
    """

    def __init__(self, ids: Ids, symbols: int) -> None:
        length, link, edges, self._prefixes = _build(ids.tolist())
        self._length, self._link = np.array(length), np.array(link)
        self._order = np.argsort(self._length, kind="stable").tolist()  # a link is shorter
        self._width = symbols + 1
        go = np.zeros((len(length), self._width), np.int32)
        cut = np.full((len(length), self._width), -1, np.int32)
        for state in self._order:
            if state:
                go[state], cut[state] = go[link[state]], cut[link[state]]
            own = list(edges[state])
            go[state, own], cut[state, own] = list(edges[state].values()), length[state]
        self._go, self._cut = go.ravel(), cut.ravel()
        self._best = np.zeros(len(length), np.int32)  # the longest piece of a state that was read

    def read(self, ids: Ids, size: int) -> None:
        """Read all pieces of ``ids`` that start before ``size``, in lanes side by side."""
        span = -(-size // LANES)
        lanes = -(-size // span)
        padded = np.full(lanes * span, self._width - 1, np.int64)
        padded[: len(ids)] = ids[: len(padded)]
        rows = np.ascontiguousarray(padded.reshape(lanes, span).T)  # (span, lanes)
        state, length = np.zeros(lanes, np.int64), np.zeros(lanes, np.int32)
        for row in rows:
            state, length = self._step(state, length, row)
        place = np.arange(1, lanes + 1) * span
        over = 0
        while True:  # beyond the lane's end, as long as the piece started within it
            alive = (length > over) & (place + over < len(ids))
            if not alive.any():
                return
            state, length, place = state[alive], length[alive], place[alive]
            state, length = self._step(state, length, ids[place + over])
            over += 1

    def _step(
        self, state: NDArray[np.int64], length: Lengths, ids: Ids
    ) -> tuple[NDArray[np.int64], Lengths]:
        key = state * self._width + ids
        length = np.minimum(length, self._cut[key]) + 1
        state = self._go[key].astype(np.int64)
        longer = length > self._best[state]
        if longer.any():
            np.maximum.at(self._best, state[longer], length[longer])
        return state, length

    def lengths(self) -> Lengths:
        """Return the length of the longest piece that was read, by the place where it ends."""
        best = self._best.copy()
        for state in reversed(self._order[1:]):  # with a piece, its suffixes were read
            if best[state]:
                suffix = self._link[state]
                best[suffix] = max(best[suffix], self._length[suffix])
        for state in self._order[1:]:
            if not best[state]:
                best[state] = best[self._link[state]]
        best[0] = 0
        return best[self._prefixes]


def _build(ids: list[int]) -> tuple[list[int], list[int], list[dict[int, int]], list[int]]:
    """Return the states' greatest lengths, suffix links and edges, and each prefix's state."""
    length, link, edges = [0], [-1], [dict[int, int]()]
    last, prefixes = 0, []
    for symbol in ids:
        new = len(length)
        length.append(length[last] + 1)
        link.append(0)
        edges.append({})
        state = last
        while state >= 0 and symbol not in edges[state]:
            edges[state][symbol] = new
            state = link[state]
        if state >= 0:
            target = edges[state][symbol]
            if length[target] == length[state] + 1:
                link[new] = target
            else:
                clone = len(length)
                length.append(length[state] + 1)
                link.append(link[target])
                edges.append(edges[target].copy())
                while state >= 0 and edges[state].get(symbol) == target:
                    edges[state][symbol] = clone
                    state = link[state]
                link[target] = link[new] = clone
        last = new
        prefixes.append(new)
    return length, link, edges, prefixes
