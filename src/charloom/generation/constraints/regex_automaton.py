"""Regular expressions as automata over a vocabulary: Glushkov positions, then sets of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import Vocabulary
from .automaton import DEAD, Automaton, over_words
from .bounds import TooLargeError, Work
from .regex_syntax import Atom, Chain, Choice, Node, Repeat, parse

MOST_POSITIONS = 4_000  # the most atoms of a regular expression, counted repeats expanded
MOST_SETS = 10_000  # the most states of one regular expression's automaton
STEP = 10  # what a step in Python costs, in table cells, the unit of ``Work``
UNION = 30  # what a step of a union of large sets costs


def matching(pattern: str, vocabulary: Vocabulary, work: Work) -> Automaton:
    """Return the automaton of the strings that ``re.fullmatch(pattern, string)`` matches.

    A unit of several code points is read code point by code point.

    Raises:
        RuleError: the pattern is malformed or unsupported (see ``regex_syntax.parse``).
        TooLargeError: it has more than ``MOST_POSITIONS`` or ``MOST_SETS``, or takes too much work.
    """
    tree = parse(pattern)
    if _size(tree) > MOST_POSITIONS:
        raise TooLargeError(f"more than {MOST_POSITIONS:,} characters, with its repeats expanded")
    points = sorted(set().union(*vocabulary.characters))
    positions = _Positions(tree, work)
    symbols, matched = _alphabet(positions.atoms, points, work)
    table, accepting = _sets(positions, matched, work)
    symbol = dict(zip(points, symbols, strict=True))
    words = [tuple(symbol[point] for point in unit) for unit in vocabulary.characters]
    return over_words(table, accepting, words, work)


def _size(node: Node) -> int:
    """Return how many atoms ``node`` has, counted repeats expanded."""
    match node:
        case Chain(parts) | Choice(parts):
            return sum(map(_size, parts))
        case Repeat(item, least, most):
            return _size(item) * (max(least, 1) if most is None else most)
    return 1


class _Positions:
    """The atoms of an expression in order, and which may follow which (Glushkov 1961).

    A set of positions is stored as the bits of an integer; the last position is the string's end.

    Attributes:
        atoms: (N,).
        follow: (N,) sets: the positions that may follow each one.
        first: the set of positions where a string may begin.
        end: the set with the end alone.
    """

    def __init__(self, tree: Node, work: Work) -> None:
        self.atoms: list[Atom] = []
        self.follow: list[int] = []
        self._work = work
        optional, first, last = self._add(tree)
        self.end = 1 << len(self.atoms)
        self.first = first | (self.end if optional else 0)
        self._link(last, self.end)

    def _link(self, last: int, first: int) -> None:
        for position in _bits(last):
            self._work.spend(UNION)
            self.follow[position] |= first

    def _add(self, node: Node) -> tuple[bool, int, int]:
        """Add the positions of ``node``; return whether it may be empty, its first and last."""
        self._work.spend(STEP)
        match node:
            case Atom():
                self.atoms.append(node)
                self.follow.append(0)
                return False, 1 << (len(self.atoms) - 1), 1 << (len(self.atoms) - 1)
            case Choice(options):
                optional, first, last = False, 0, 0
                for option in options:
                    may, begins, ends = self._add(option)
                    optional, first, last = optional or may, first | begins, last | ends
                return optional, first, last
            case Repeat(item, least, most):
                return self._repeat(item, least, most)
            case Chain(items):
                optional, first, last = True, 0, 0
                for item in items:
                    may, begins, ends = self._add(item)
                    self._link(last, begins)
                    first |= begins if optional else 0
                    last = ends | (last if may else 0)
                    optional &= may
                return optional, first, last
        raise AssertionError(node)

    def _repeat(self, item: Node, least: int, most: int | None) -> tuple[bool, int, int]:
        """Add copies of the item; a string uses the first ones, each for a non-empty part.

        So an item that may be empty is optional, and no copy is skipped.
        """
        may, first, ends = self._add(item)
        least = 0 if may else least
        last = ends if least <= 1 else 0
        begins = first
        for copy in range(2, (max(least, 1) if most is None else most) + 1):
            before = ends
            _, begins, ends = self._add(item)
            self._link(before, begins)
            last |= ends if copy >= least else 0
        if most is None:
            self._link(ends, begins)
        return least == 0, first, last


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _alphabet(atoms: list[Atom], points: list[str], work: Work) -> tuple[list[int], list[int]]:
    """Return the class of each code point, and for each class the set of positions it matches.

    Code points of one class match the same atoms.
    """
    places: defaultdict[Atom, int] = defaultdict(int)
    for i, atom in enumerate(atoms):
        places[atom] |= 1 << i
    matches: list[int] = [0] * len(points)
    text = "".join(points)
    for atom, where in places.items():
        work.spend(STEP * (len(points) // 8 + 200))
        for found in atom.compiled().finditer(text):
            matches[found.start()] |= where
    number: dict[int, int] = {}
    return [number.setdefault(where, len(number)) for where in matches], list(number)


def _sets(
    positions: _Positions, matched: list[int], work: Work
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return the table (S, K) and the accepting states (S,) of the sets of next positions."""
    number = {positions.first: 0}
    queue = [positions.first]
    rows: list[list[int]] = []
    for expected in queue:  # which grows
        work.spend(STEP * (len(matched) + 5))
        row = []
        reached: dict[int, int] = {0: DEAD}
        for match in matched:
            hit = expected & match
            state = reached.get(hit)
            if state is None:
                following = 0
                for position in _bits(hit):
                    work.spend(UNION)
                    following |= positions.follow[position]
                state = number.setdefault(following, len(number))
                reached[hit] = state
                if state == len(queue):
                    queue.append(following)
            row.append(state)
        rows.append(row)
        if len(number) > MOST_SETS:
            raise TooLargeError(f"more than {MOST_SETS:,} states")
    table = np.array(rows, np.int32).reshape(len(rows), len(matched))
    return table, np.array([bool(expected & positions.end) for expected in queue])
