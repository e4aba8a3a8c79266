"""Units of text as users name them: a word, a file of tokens, or a regular expression.

A regular expression only says which tokens a corpus has: they are collected, and strings are split
as ``Tokens`` does, so that a run needs its tokens alone and no expression is ever run from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import ConfigError, CorpusError
from .gathering import clean
from .invisible import Tally
from .sources.options import ReadOptions
from .sources.records import read_source
from .sources.streams import label
from .summary import counted
from .tokens import MOST_TOKEN_LENGTH, UNITS, Tokens, Unit
from .unicode import normalise

REGEX, FILE = "regex:", "file:"
"""What a unit begins with that is a regular expression, or a file of tokens."""

SECONDS, PER_SECOND = 5.0, 100_000
"""How long an expression may take for one string, and for so many characters a second more."""


CHECKED = 2_000_000
"""Characters of the strings that warnings are about, the first ones."""


@dataclass(frozen=True)
class Expression:
    """A regular expression whose matches are a corpus's tokens.

    Attributes:
        pattern: of the package ``regex``, whose syntax contains that of ``re``.

    Raises:
        ConfigError: it is malformed.
    """

    pattern: str

    @property
    def plain(self) -> dict[str, Any]:
        """The definition as plain data that JSON can hold."""
        return {"regex": self.pattern}

    def __post_init__(self) -> None:
        _ = self._compiled

    @cached_property
    def _compiled(self) -> Any:
        import regex  # late: few corpora need it

        try:
            return regex.compile(normalise(self.pattern))
        except (regex.error, RecursionError, OverflowError) as error:
            raise ConfigError(
                f"{REGEX} needs a regular expression: {error!s:.100}. "
                f"Received: {self.pattern!r:.60}; escape a literal [ ( . + or * with a backslash."
            ) from None

    def split(self, text: str) -> list[str]:
        """Return the matches in ``text``, and each code point between them.

        Raises:
            ConfigError: it takes too long, as nested repeats may.
        """
        seconds = SECONDS + len(text) / PER_SECOND
        parts: list[str] = []
        place = 0
        try:
            for match in self._compiled.finditer(text, timeout=seconds):
                if match.end() > match.start():
                    parts += [*text[place : match.start()], match.group()]
                    place = match.end()
        except TimeoutError:
            raise ConfigError(
                f"the regular expression takes over {seconds:.0f} seconds for {text!r:.40}. Avoid "
                f"repeats of repeats. Received: {self.pattern!r:.60}"
            ) from None
        return [*parts, *text[place:]]


@dataclass(frozen=True)
class Listed:
    """The tokens of a file, of which a corpus may have only some."""

    tokens: Tokens

    @property
    def plain(self) -> dict[str, Any]:
        """The definition as plain data that JSON can hold."""
        return {"file": list(self.tokens.tokens)}

    def split(self, text: str) -> list[str]:
        """See ``Tokens``."""
        return self.tokens.split(text)


Definition = Expression | Listed
"""What defines tokens; which of them there are depends on the corpus."""


def parsed_unit(given: object) -> Unit | Definition:
    """Return the unit that a user means.

    Args:
        given: ``character``, ``grapheme``, ``regex:EXPRESSION``, ``file:FILE`` with one token a
            line, or ``Tokens``.

    Raises:
        ConfigError: it is none of these, the expression is malformed, or a token is too long.
        CorpusError: the file cannot be read, or holds no tokens.
    """
    if isinstance(given, Tokens | Definition):
        return given
    for unit in UNITS:
        if given == unit:
            return unit
    if isinstance(given, str) and given.startswith(REGEX) and len(given) > len(REGEX):
        return Expression(given.removeprefix(REGEX))
    if isinstance(given, str) and given.startswith(FILE) and len(given) > len(FILE):
        return Listed(_read(given.removeprefix(FILE)))
    raise ConfigError(
        f"the unit of text must be character, grapheme, {REGEX}EXPRESSION or {FILE}FILE. "
        f"Received: {given!r:.60}"
    )


def restorable(unit: Unit | Definition | None) -> Unit | Listed | str | None:
    """Return what ``parsed_unit`` takes for ``unit``, whatever becomes of a file of tokens."""
    return f"{REGEX}{unit.pattern}" if isinstance(unit, Expression) else unit


def _read(path: str) -> Tokens:
    _, records = read_source(path, ReadOptions(format="lines"), warn=lambda _: None)
    cleaned = clean(records, f"{label(path)} line", Tally(True))
    tokens = [token for token, *_ in cleaned if token]
    if not tokens:
        raise CorpusError(f"{label(path)} holds no tokens. Give a file with one token a line.")
    return Tokens.of(tokens)


def resolved(unit: Unit | Definition, texts: Iterable[str]) -> tuple[Unit, list[str]]:
    """Return the unit of a corpus of ``texts``, which are in NFC, and warnings about it.

    Tokens of a definition that the corpus does not have are left out.

    Raises:
        ConfigError: an expression takes too long, or has too many or too long tokens.
    """
    if not isinstance(unit, Definition):
        return unit, []
    split: dict[str, list[str]] = {}
    found: set[str] = set()
    characters = 0
    for text in texts:
        parts = unit.split(text)
        found.update(part for part in parts if len(part) > 1)
        if characters < CHECKED:
            split[text] = parts
            characters += len(text)
    if too_long := [token for token in found if len(token) > MOST_TOKEN_LENGTH]:
        raise ConfigError(
            f"a token may have {MOST_TOKEN_LENGTH} characters at most. The regular expression "
            f"matches {min(too_long)!r:.60}; make it match less."
        )
    tokens = Tokens.of(found)
    warnings = _warnings(split, found)
    exact = isinstance(unit, Listed)
    if others := [t for t, parts in split.items() if not exact and tokens.split(t) != parts]:
        one = min(others, key=len)
        warnings.append(
            f"{counted(len(others), 'string')} {'is' if len(others) == 1 else 'are'} split "
            f"otherwise than by the regular expression, such as {_shown(split[one])} into "
            f"{_shown(tokens.split(one))}: the longest token that fits comes first."
        )
    return tokens, warnings


def _warnings(split: dict[str, list[str]], found: set[str]) -> list[str]:
    """Warn of tokens that leave nothing to learn."""
    if not found:
        return ["no token of several characters occurs: tokens are single characters."]
    whole = sum(len(parts) == 1 for parts in split.values())
    if 2 * whole > len(split):
        return [f"{whole:,} of {counted(len(split), 'string')} are one token: is that the unit?"]
    return []


def _shown(parts: list[str]) -> str:
    return repr("·".join(parts))
