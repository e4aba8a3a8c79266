"""Unicode: normal forms, units of text, and characters that names must not contain.

The only module that normalises. ``normalise`` makes strings comparable; ``clean_name`` also strips
white space and byte-order marks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .tokens import UNITS, Tokens, Unit

BYTE_ORDER_MARK = "\ufeff"
"""Removed from the beginning of names."""

CODE_POINTS = 0x110000
"""The number of code points."""

FEW = 3
"""Names with characters of several code points that are no reason to tell the user, in a short
list; in a long one, half a percent."""

SEEN, SPACE, ODD = 1, 2, 4
"""Flags of ``Kinds``. SEEN: the character's kind is known. SPACE: ``str.strip`` removes it.
ODD: a line with it needs ``clean_name`` and ``unprintable``: it may change or be refused."""


def normalise(text: str) -> str:
    """Return ``text`` in NFC, the form in which strings that look the same are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_normal(text: str) -> bool:
    """Return whether ``text`` is in NFC."""
    return unicodedata.is_normalized("NFC", text)


def decomposed(text: str) -> str:
    """Return ``text`` in NFD: letters first, then their accents as code points of their own."""
    return unicodedata.normalize("NFD", text)


def clean_name(text: str) -> str:
    """Return ``text`` in NFC without surrounding white space and leading byte-order marks."""
    name = normalise(text).strip()
    while name.startswith(BYTE_ORDER_MARK):  # remains in the middle where files were joined
        name = name[1:].lstrip()
    return name


def cleaned(name: str) -> str:
    """Return a name in NFC without invisible characters (``invisible.clean``)."""
    if name.isascii():
        return name
    from .invisible import clean  # late: a name in ASCII has none

    found = clean(name)
    return normalise(name) if found == name else normalise(found).strip()


def check_unit(unit: Unit) -> None:
    """Raise ConfigError unless ``unit`` is a unit of text."""
    if unit not in UNITS and not isinstance(unit, Tokens):
        raise ConfigError(f"unit must be one of {UNITS}, or Tokens. Received: {unit!r:.40}")


def split_units(text: str, unit: Unit) -> list[str]:
    """Split ``text`` into code points ("character"), grapheme clusters (UAX 29, "grapheme") or
    tokens."""
    if isinstance(unit, Tokens):
        return unit.split(text)
    # below U+0300, the first combining mark, only \r\n is a cluster of several code points
    if unit == "character" or (max(text, default="") < "\u0300" and "\r\n" not in text):
        return list(text)
    import regex  # imported late: few corpora need it

    return regex.findall(r"\X", text)  # type: ignore[no-any-return]


def suitable_unit(names: Collection[str]) -> tuple[Unit, str | None]:
    """Return the unit that suits distinct ``names``, and what to tell the user about it, if any.

    Graphemes suit names with emoji of several code points, such as flags and families, which code
    points would take apart. Letters with marks that NFC cannot compose, as in Indic scripts, are
    rarely torn apart, and make many more graphemes than code points: that pays on lists of several
    thousand names only, so the user is told.

    Example:
        >>> suitable_unit(["🇩🇪", "🇫🇷", "🇮🇹", "🇵🇱"])[0]
        'grapheme'
    """
    emoji, others = _wide(names)
    few = max(FEW, len(names) // 200)
    if len(emoji) > few and len(emoji) >= len(others):
        return "grapheme", (
            f"{len(emoji):,} names have emoji of several code points, such as {emoji[0]}: the unit "
            "is the grapheme, which keeps them whole. To take them apart, add "
            "--token-unit character."
        )
    if len(wide := emoji + others) <= few:
        return "character", None
    return "character", (
        f"{len(wide):,} names have characters of several code points, such as {wide[0]}. To keep "
        "each of them whole, add --token-unit grapheme."
    )


def note_on_graphemes(names: Collection[str]) -> str | None:
    """Return what to tell the user about ``names``, the first of very many, if code points would
    take apart the characters of more than a few."""
    emoji, others = _wide(names)
    if len(wide := emoji + others) <= max(FEW, len(names) // 200):
        return None
    return (
        f"{len(wide):,} of the first {len(names):,} names have characters of several code points, "
        f"such as {wide[0]}. To keep each of them whole, add --token-unit grapheme, which takes "
        "more memory."
    )


def _wide(names: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the first emoji of several code points of each name that has any, and of each other
    name the first character of several code points."""
    joined = "".join(set().union(*names))
    if max(joined, default="") < "\u0300":
        return [], []
    import regex  # late: as above

    if not (joins := regex.compile(_JOINS)).search(joined):
        return [], []
    cluster, pictures = regex.compile(r"\X"), regex.compile(_PICTURE)
    emoji: list[str] = []
    others: list[str] = []
    for name in filter(joins.search, names):
        wide = [one for one in cluster.findall(name) if len(one) > 1]
        drawn = list(filter(pictures.match, wide))
        emoji += drawn[:1]
        others += [] if drawn else wide[:1]
    return emoji, others


_JOINS = (
    r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}\p{GCB=Prepend}\p{GCB=V}\p{GCB=T}"
    r"\p{GCB=Regional_Indicator}]"
)
_PICTURE = r"\p{Extended_Pictographic}|\p{GCB=Regional_Indicator}|[0-9#*]\uFE0F?\u20E3"


def name_character(character: str) -> str:
    """Describe a character in an error: itself, its code points and its Unicode name."""
    points = " ".join(f"U+{ord(point):04X}" for point in character)
    name = unicodedata.name(character, "") if len(character) == 1 else ""
    return f"{character!r} ({points}{' ' + name if name else ''})"


def visible(character: str) -> str:
    r"""Show a character by itself: a space in quotes, an unprintable one as its escape (``\n``)."""
    if len(character) > 1:  # a grapheme cluster is visible even if some of its parts are not
        from ..errors.formatting import escaped  # late: few commands show characters

        return escaped(character)
    if character == " ":
        return "' '"
    if not character.isprintable():
        return character.encode("unicode_escape").decode("ascii")
    return f"\u25cc{character}" if unicodedata.category(character).startswith("M") else character


def unprintable(name: str) -> str | None:
    """Describe the first character that a name or label must not contain; ``None`` if all may be.

    These are line breaks, control characters other than tabs, and lone surrogates.
    """
    for character in name:
        category = unicodedata.category(character)
        if character in "\n\r" or category in ("Zl", "Zp"):
            return f"holds a line break: {name!r:.40}. Names are one a line; clean them."
        if (category == "Cc" and character != "\t") or category == "Cs":
            kind = "control character" if category == "Cc" else "lone surrogate"
            return f"holds a {kind}, {name_character(character)}: {name!r:.40}. Remove it."
    return None


def unfit(characters: Sequence[str], *, text: bool) -> str | None:
    """Describe the first character that no model of ``text``, or of names, may have, if any.

    Text has tabs, line breaks and form feeds besides what names have. Other control characters
    would act on the terminal that shows them.
    """
    joined = "".join(characters)
    if text:
        joined = joined.translate(_OF_TEXT)
    if joined.isprintable():
        return None
    for character in joined:
        if (text and unicodedata.category(character) in ("Zl", "Zp")) or not unprintable(character):
            continue
        return name_character(character)
    return None


_OF_TEXT = dict.fromkeys(map(ord, "\t\n\f"))


@cache
def may_change(character: str) -> bool:
    """Return whether NFC may replace ``character``, or join it to the character before it.

    A text without such characters is in NFC (UAX 15, section 9, quick check).
    """
    return character >= "\u0300" and (
        unicodedata.combining(character) > 0
        or not is_normal(character)
        or character in _second_parts()
    )


@cache
def _second_parts() -> frozenset[str]:
    """Return the characters that end a pair that NFC composes."""
    hangul = {*map(chr, range(0x1161, 0x1176)), *map(chr, range(0x11A8, 0x11C3))}
    parts = (unicodedata.decomposition(chr(point)).split() for point in range(0x300, 0x20000))
    return frozenset(
        hangul | {chr(int(p[1], 16)) for p in parts if len(p) == 2 and not p[0].startswith("<")}
    )


class Kinds:
    """The kinds of characters as an array by code point, filled in as characters appear.

    Unless ``keep_invisible``, those that names are cleaned of (``data.invisible``) are ODD too.
    """

    def __init__(self, keep_invisible: bool = False) -> None:
        self._table = np.zeros(CODE_POINTS, np.uint8)
        self._table[ord("\n")] = SEEN | SPACE  # it ends a line, so it is never in one
        self._keep_invisible = keep_invisible

    def of(self, points: NDArray[np.unsignedinteger]) -> NDArray[np.uint8]:
        """Return the kind of each code point, (N,): SEEN, with SPACE and ODD where they apply."""
        kinds: NDArray[np.uint8] = self._table[points]
        if not kinds.all():
            for point in np.unique(points[kinds == 0]).tolist():
                self._table[point] = _kind(chr(point), self._keep_invisible)
            kinds = self._table[points]
        return kinds


def _kind(character: str, keep_invisible: bool) -> int:
    from .invisible import has_suspects  # late, as in ``cleaned``

    odd = (
        may_change(character)
        or character == BYTE_ORDER_MARK
        or unprintable(character) is not None
        or (not keep_invisible and has_suspects(character))
    )
    return SEEN | (SPACE if character.isspace() else 0) | (ODD if odd else 0)
