"""Python's regular expressions as trees: what a finite automaton can hold, the rest refused."""

from __future__ import annotations

import re
import string
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from .bounds import RuleError, clipped

MOST_CHARACTERS = 5_000
"""The longest regular expression."""

MOST_DEPTH = 50
"""The deepest nesting of groups."""

MOST_WIDE_RANGES = 50
"""The most ranges, as in [a-\\u024F], that end beyond ASCII: ``re`` takes milliseconds for one."""


@dataclass(frozen=True)
class Atom:
    """One code point: what the pattern ``text`` matches under ``flags``, by ``re``'s own word."""

    text: str
    flags: int


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
    """``item``, ``least`` to ``most`` times; ``None`` is without end."""

    item: Node
    least: int
    most: int | None


@dataclass(frozen=True)
class Anchor:
    """The string's begin or end, as spelt."""

    text: str


Node = Atom | Chain | Choice | Repeat | Anchor
EMPTY = Chain(())


def parse(pattern: str) -> Node:
    """Return the tree of ``pattern`` as ``re.fullmatch`` reads it, without anchors.

    Groups capture nothing, and a lazy repeat is as good as a greedy one: both are about how a
    string is matched, not about which strings are.

    Raises:
        RuleError: ``re`` rejects the pattern; it holds what no automaton can (look-around, back
            references, conditions, possessive repeats, atomic groups, word boundaries), or an
            anchor elsewhere than at an end; it is longer than ``MOST_CHARACTERS``, nested deeper
            than ``MOST_DEPTH``, or has more than ``MOST_WIDE_RANGES``.
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
    deep = RuleError(f"{shown} nests groups more than {MOST_DEPTH} deep. Flatten it.")
    try:
        compiled(pattern)
    except RecursionError:
        raise deep from None
    except (re.error, ValueError, OverflowError) as error:
        raise RuleError(f"{shown} is no regular expression: {error}. Correct it.") from None
    parser = _Parser(pattern, shown, deep)
    return _resolve(parser.choice(re.NOFLAG, 0), True, True, shown)


def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return ``re``'s own reading, without a warning that ``[[`` may mean more one day."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern, flags)


_LETTER_FLAGS = {
    "a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "u": re.UNICODE,
    "x": re.VERBOSE,
}  # fmt: skip
_COUNT = re.compile(r"\{(?:([0-9]*),([0-9]*)|([0-9]+))\}")
_ESCAPE = re.compile(
    r"\\(?:x..|u.{4}|U.{8}|N\{[^}]*\}|0[0-7]{0,2}|[0-3][0-7]{2}|[1-9][0-9]?|.)", re.DOTALL
)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^]\\])*\]", re.DOTALL)


class _Parser:
    """Reads a pattern that ``re`` has accepted, by recursive descent."""

    def __init__(self, pattern: str, shown: str, deep: RuleError) -> None:
        self._pattern, self._shown, self._deep = pattern, shown, deep
        self._at = 0
        self._global = re.NOFLAG

    def _next(self, token: str) -> bool:
        found = self._pattern.startswith(token, self._at)
        self._at += len(token) * found
        return found

    def _token(self, kind: re.Pattern[str]) -> re.Match[str] | None:
        found = kind.match(self._pattern, self._at)
        self._at = found.end() if found else self._at
        return found

    def _refuse(self, what: str) -> RuleError:
        rule = f"{self._shown} has {what}, which a rule about whole strings cannot keep"
        return RuleError(f"{rule}. Write it without.")

    def choice(self, flags: re.RegexFlag, depth: int) -> Node:
        """Read up to the group's end; it is left to be read."""
        if depth > MOST_DEPTH:
            raise self._deep
        options: list[Node] = []
        items: list[Node] = []
        while self._at < len(self._pattern) and self._pattern[self._at] != ")":
            verbose = flags & re.VERBOSE
            character = self._pattern[self._at]
            if verbose and character in string.whitespace:
                self._at += 1
            elif verbose and character == "#":
                self._at = (self._pattern.find("\n", self._at) + 1) or len(self._pattern)
            elif self._next("|"):
                options.append(Chain(tuple(items)))
                items = []
            elif (bounds := self._bounds()) is not None:
                items[-1] = Repeat(items[-1], *bounds)
            elif self._next("("):
                items += self._group(flags, depth + 1)
                flags |= 0 if depth else self._global
            else:
                items.append(self._single(flags))
        return Choice((*options, Chain(tuple(items))))

    def _bounds(self) -> tuple[int, int | None] | None:
        """Read a repeat's bounds, if there is one here."""
        least, most = 0, None
        if self._next("?"):
            most = 1
        elif self._next("+"):
            least = 1
        elif not self._next("*"):
            count = self._token(_COUNT)
            if not count:
                return None
            low, high, exact = count.groups()
            least, most = int(exact or low or 0), int(exact or high) if exact or high else None
        if self._next("+"):
            raise self._refuse("a possessive repeat")
        self._next("?")  # lazy
        return least, most

    def _group(self, flags: re.RegexFlag, depth: int) -> Sequence[Node]:
        """Read on after the bracket; comments and flags for all that follows are no item."""
        if self._next("?"):
            for token, what in (
                ("=", "look-ahead"), ("!", "look-ahead"), ("<=", "look-behind"),
                ("<!", "look-behind"), ("(", "a conditional group"), (">", "an atomic group"),
                ("P=", "a back reference"),
            ):  # fmt: skip
                if self._next(token):
                    raise self._refuse(what)
            if self._next("#"):
                self._at = self._pattern.index(")", self._at) + 1
                return ()
            if self._next("P<"):
                self._at = self._pattern.index(">", self._at) + 1
            else:
                end = re.compile("[:)]").search(self._pattern, self._at)
                assert end  # re accepted it
                added, _, removed = self._pattern[self._at : end.start()].partition("-")
                self._at = end.end()
                for letter in added:
                    if letter in "au":  # they exclude each other
                        flags &= ~(re.ASCII | re.UNICODE)
                    flags |= _LETTER_FLAGS[letter]
                for letter in removed:
                    flags &= ~_LETTER_FLAGS[letter]
                if end[0] == ")":
                    self._global |= flags
                    return ()
        node = self.choice(flags, depth)
        self._at += 1
        return (node,)

    def _single(self, flags: re.RegexFlag) -> Node:
        """Read a literal, a class, an escape or an anchor."""
        kept = int(flags & (re.IGNORECASE | re.DOTALL | re.ASCII))
        if found := self._token(_ESCAPE):
            text = found[0]
            if text in (r"\b", r"\B"):
                raise self._refuse(f"a word boundary, {text}")
            if text in (r"\A", r"\Z", r"\z"):
                return Anchor(text)
            if re.fullmatch(r"\\[1-9][0-9]?", text):
                raise self._refuse("a back reference")
            return Atom(text, kept)
        if found := self._token(_CLASS):
            return Atom(found[0], kept)
        character = self._pattern[self._at]
        self._at += 1
        if character in "^$":
            return Anchor(character)
        return Atom(character if character == "." else re.escape(character), kept)


def _resolve(node: Node, first: bool, last: bool, shown: str) -> Node:
    """Return the tree without anchors and without what is empty anyway.

    ``first`` and ``last`` say that nothing can come before it, or after.
    """
    match node:
        case Anchor(text):
            if first if text in ("^", r"\A") else last:
                return EMPTY
            rule = f"{shown} has the anchor {text} elsewhere than at an end"
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
            if most == 0 or item == EMPTY:
                return EMPTY
            return Repeat(item, least, most)
    return node


def _holds_atoms(node: Node) -> bool:
    match node:
        case Chain(parts) | Choice(parts):
            return any(map(_holds_atoms, parts))
        case Repeat(item, _, most):
            return most != 0 and _holds_atoms(item)
    return isinstance(node, Atom)
