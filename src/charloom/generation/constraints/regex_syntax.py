"""Python's regular expressions as trees that a finite automaton can represent.

``re``'s own parser reads the pattern. It is a private module, but the form of its trees has been
stable for decades, and the tests compare all constructs with ``re.fullmatch``.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import Any

from .bounds import RuleError, clipped

MOST_CHARACTERS = 5_000  # the longest regular expression
MOST_DEPTH = 150  # the deepest nesting of groups, alternatives and repeats
MOST_WIDE_RANGES = 50  # the most that end beyond ASCII: ``re`` takes milliseconds for each

_FLAGS = re.IGNORECASE | re.DOTALL | re.ASCII | re.UNICODE
_BEGINS = {"AT_BEGINNING": "^", "AT_BEGINNING_STRING": r"\A"}
_ENDS = {"AT_END": "$", "AT_END_STRING": r"\Z"}
_UNSUPPORTED = {
    "ASSERT": "a look-ahead or look-behind",
    "ASSERT_NOT": "a look-ahead or look-behind",
    "FAILURE": "a look-ahead",
    "AT": "a word boundary",
    "ATOMIC_GROUP": "an atomic group",
    "GROUPREF": "a back reference",
    "GROUPREF_EXISTS": "a conditional group",
    "POSSESSIVE_REPEAT": "a possessive repeat",
}


@dataclass(frozen=True)
class Atom:
    """One code point: an operation of ``re``, with its argument and flags."""

    operation: Any
    argument: Any
    flags: int

    def compiled(self) -> re.Pattern[str]:
        """Return a pattern that matches each code point that this atom matches."""
        argument = list(self.argument) if isinstance(self.argument, tuple) else self.argument
        tree = _parser.SubPattern(_parser.State(), [(self.operation, argument)])
        pattern: re.Pattern[str] = _compiler.compile(tree, self.flags)
        return pattern


@dataclass(frozen=True)
class Chain:
    """All of ``items``, one after the other; none is the empty string."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of ``options``."""

    options: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """``item``, ``least`` to ``most`` times; ``None`` for no limit."""

    item: Node
    least: int
    most: int | None


@dataclass(frozen=True)
class Anchor:
    """The start or the end of the string."""

    text: str


Node = Atom | Chain | Choice | Repeat | Anchor
EMPTY = Chain(())


def parse(pattern: str) -> Node:
    """Return the tree of ``pattern`` as ``re.fullmatch`` reads it, without anchors.

    Captures are dropped, and a lazy repeat equals a greedy one: both are about how a string is
    matched, not about which strings are.

    Raises:
        RuleError: ``re`` rejects the pattern; it has something that no automaton can represent
            (look-around, back references, conditions, possessive repeats, atomic groups, word
            boundaries) or an anchor in the middle; it is longer than ``MOST_CHARACTERS``, nested
            deeper than ``MOST_DEPTH``, or has more than ``MOST_WIDE_RANGES``.
    """
    shown = clipped(f"--regex {pattern!r}")
    if len(pattern) > MOST_CHARACTERS:
        raise RuleError(
            f"--regex must have at most {MOST_CHARACTERS:,} characters. "
            f"Received: {len(pattern):,}; shorten it."
        )
    if len(re.findall(r"-(?:[^\x00-\x7F]|\\[uUN])", pattern)) > MOST_WIDE_RANGES:
        rule = f"{shown} has more than {MOST_WIDE_RANGES} ranges that end beyond ASCII"
        raise RuleError(f"{rule}. Write fewer.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of "[[", which may change its meaning
            tree = _parser.parse(pattern)
        return _resolve(_chain(tree, tree.state.flags, shown), True, True, shown)
    except RecursionError:
        raise _too_deep(shown) from None
    except RuleError:  # a ValueError too
        raise
    except (re.error, ValueError, OverflowError) as error:
        rule = f"{shown} is not a valid regular expression: {error}"
        raise RuleError(f"{rule}. Correct it.") from None


def _too_deep(shown: str) -> RuleError:
    return RuleError(f"{shown} is nested more than {MOST_DEPTH} levels deep. Flatten it.")


def _chain(items: Iterable[Any], flags: int, shown: str, depth: int = 0) -> Node:
    """Return the node of a sequence of pairs: an operation's name and its argument."""
    if depth > MOST_DEPTH:
        raise _too_deep(shown)
    return Chain(tuple(_node(name, given, flags, shown, depth + 1) for name, given in items))


def _node(operation: Any, argument: Any, flags: int, shown: str, depth: int) -> Node:
    match str(operation):
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
            kept = tuple(argument) if isinstance(argument, list) else argument
            return Atom(operation, kept, flags & _FLAGS)
        case "BRANCH":
            return Choice(tuple(_chain(option, flags, shown, depth) for option in argument[1]))
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, item = argument
            limit = None if most == _parser.MAXREPEAT else int(most)
            return Repeat(_chain(item, flags, shown, depth), int(least), limit)
        case "SUBPATTERN":
            _, added, removed, items = argument
            if added & (re.ASCII | re.UNICODE):  # they exclude each other
                flags &= ~(re.ASCII | re.UNICODE)
            return _chain(items, flags & ~removed | added, shown, depth)
        case "AT" if anchor := (_BEGINS | _ENDS).get(str(argument)):
            return Anchor(anchor)
    what = _UNSUPPORTED.get(str(operation), str(operation))
    raise RuleError(f"{shown} has {what}, which is not supported. Write it without.")


def _resolve(node: Node, first: bool, last: bool, shown: str) -> Node:
    """Return the tree without anchors and without empty parts.

    ``first`` and ``last`` say that nothing can come before it, or after.
    """
    match node:
        case Anchor(text):
            if first if text in _BEGINS.values() else last:
                return EMPTY
            rule = f"{shown} has the anchor {text} in the middle"
            raise RuleError(f"{rule}. It always matches the whole string; write it without.")
        case Chain(items):
            full = [i for i, item in enumerate(items) if _holds_atoms(item)] or [len(items), 0]
            resolved = [
                _resolve(item, first and i <= full[0], last and i >= full[-1], shown)
                for i, item in enumerate(items)
            ]
            kept = tuple(item for item in resolved if item != EMPTY)
            return kept[0] if len(kept) == 1 else Chain(kept)
        case Choice(options):
            distinct = tuple(dict.fromkeys(_resolve(one, first, last, shown) for one in options))
            return distinct[0] if len(distinct) == 1 else Choice(distinct)
        case Repeat(item, least, most):
            once = most is not None and most <= 1
            item = _resolve(item, first and once, last and once, shown)
            return EMPTY if most == 0 or item == EMPTY else Repeat(item, least, most)
    return node


def _holds_atoms(node: Node) -> bool:
    match node:
        case Chain(parts) | Choice(parts):
            return any(map(_holds_atoms, parts))
        case Repeat(item, _, most):
            return most != 0 and _holds_atoms(item)
    return isinstance(node, Atom)
