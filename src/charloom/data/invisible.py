"""Characters that nobody sees, or that look like a space or a hyphen: what names make of them.

Two names that look the same should be one name. What is invisible is removed: the default ignorable
code points of Unicode (zero-width spaces, direction marks, soft hyphens, variation selectors, tags)
and annotation marks. Spaces become the ordinary space, and the hyphens U+2010 and U+2011 the
ordinary hyphen. Where such a character has an effect, it stays: a joiner between emoji, or letters
of a script that uses it (after RFC 5892, appendix A), a variation selector after a character that
has variants (UTS 51, UTS 37), the tags of a flag.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Mapping
from functools import cache
from typing import Any
from unicodedata import name as unicode_name

SPACES = "\xa0\u2000-\u200a\u202f\u205f\u3000\u3164\uffa0"
"""Read as the ordinary space; the Hangul fillers among them are as blank as one."""

HYPHENS = "\u2010\u2011"
"""Read as the ordinary hyphen."""

REMOVED = (
    "\xad\u034f\u061c\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e00ff"
    "\U000e01f0-\U000e0fff"
)
"""Removed from names, wherever they are."""

JOINING = (
    "\u115f\u1160\u180b-\u180f\u200c\u200d\u2800\ufe00-\ufe0f\U000e0020-\U000e007f"
    "\U000e0100-\U000e01ef"
)
"""Removed from names, except where they have an effect."""

BRAILLE_BLANK = "\u2800"
"""The space of Braille; elsewhere it is read as the ordinary space."""

SHOWN = 5
"""Characters that a note names."""

_SUSPECT = re.compile(f"[{SPACES}{HYPHENS}{REMOVED}{JOINING}]")
_IN_BMP = re.sub("[\U00010000-\U0010ffff]-?", "", _SUSPECT.pattern[1:-1])
_PERHAPS = re.compile(f"[{_IN_BMP}\U0001bca0-\U000e0fff]")  # twice as fast to search for
_RUNS = re.compile(f"[ {SPACES}{REMOVED}]+|[{HYPHENS}]")
_ALWAYS_REMOVED = re.compile(f"[{REMOVED}]")
_A_SPACE, _JOINS = re.compile(f"[{SPACES}]"), re.compile(f"[{JOINING}]")

_JOINED = r"""
    (?<=\p{Extended_Pictographic}[\uFE0E\uFE0F\u20E3\p{Emoji_Modifier}\U000E0020-\U000E007F]*)
        \u200D(?=\p{Extended_Pictographic})
  | (?<=CURSIVE\p{M}*)\u200C(?=[\u200C\u200D]*CURSIVE)
  | (?<=INDIC)[\u200C\u200D](?=[\u200C\u200D]*INDIC)
  | (?<=\p{Canonical_Combining_Class=9})\u200D
  | (?<=[[\p{Emoji}--\p{Emoji_Presentation}]--\p{ASCII}])\uFE0F
  | (?<=[\p{Emoji}--\p{ASCII}])\uFE0E
  | (?<=[0-9\#*])\uFE0F(?=\u20E3)
  | (?<=[[\p{Han}\p{Mongolian}\p{Myanmar}\p{Phags_Pa}\p{Manichaean}\p{Egyptian_Hieroglyphs}
          \p{S}\u3001\u3002\uFF01-\uFF0F\uFF1A-\uFF1F]--\p{ASCII}])[\uFE00-\uFE0D]
  | (?<=\p{Han})[\U000E0100-\U000E01EF]
  | \U0001F3F4[\U000E0020-\U000E007E]+\U000E007F
  | (?<=MONGOLIAN)[\u180B-\u180D\u180F]
  | (?<=MONGOLIAN[\u180B-\u180D\u180F]*)\u180E(?=MONGOLIAN)
  | \u115F(?=[\u1161-\u11A7\uD7B0-\uD7C6]|\u1160[\u11A8-\u11FF\uD7CB-\uD7FB])
  | (?<=[\u1100-\u115E\uA960-\uA97C])\u1160
  | (?<=\u115F)\u1160(?=[\u11A8-\u11FF\uD7CB-\uD7FB])
  | (?<=[\u2801-\u28FF]\u2800*)\u2800(?=\u2800*[\u2801-\u28FF])
"""
"""Where the characters of ``JOINING`` have an effect."""

_CLASSES = {
    "CURSIVE": r"[\p{Joining_Type=D}\p{Joining_Type=R}\p{Joining_Type=L}\u0640]",
    "INDIC": r"[[[\p{L}\p{M}]--\p{Indic_Syllabic_Category=Other}]--[\p{Thai}\p{Lao}\p{Tai_Viet}]]",
    "MONGOLIAN": r"[\p{Mongolian}&&\p{L}]",
}


def has_suspects(text: str) -> bool:
    """Return whether ``text`` has a character that ``clean`` may change."""
    return not text.isascii() and _SUSPECT.search(text) is not None


def clean(text: str, kept: Container[str] = ()) -> str:
    """Return ``text`` without invisible characters, and with ordinary spaces and hyphens.

    Several spaces in a row become one if something was changed among them. The result may need NFC
    and stripping.

    Args:
        text: a name, or a part of one.
        kept: characters that stay as they are.

    Example:
        >>> clean("Ber\\u00adlin"), clean("New\\u00a0York"), len(clean("👩\\u200d👧"))
        ('Berlin', 'New York', 3)
    """
    if text.isascii() or not _PERHAPS.search(text):
        return text

    def run(found: re.Match[str]) -> str:
        given = found[0]
        if given in HYPHENS:
            return given if given in kept else "-"
        if not given.strip(" "):
            return given
        if kept:
            return "".join(c if c in kept else " " * bool(_A_SPACE.match(c)) for c in given)
        return " " if " " in given or _A_SPACE.search(given) else ""

    def joiner(found: Any) -> str:
        one = found[0]
        return one if found[1] or one in kept else " " if one == BRAILLE_BLANK else ""

    text = _RUNS.sub(run, text)
    return _joining().sub(joiner, text) if _JOINS.search(text) else text


@cache
def _joining() -> Any:
    import regex  # late: few texts need it

    pattern = _JOINED
    for name, characters in _CLASSES.items():
        pattern = pattern.replace(name, characters)
    return regex.compile(f"({pattern})|[{JOINING}]", regex.VERBOSE | regex.VERSION1)


def in_text(counts: Mapping[str, int]) -> str | None:
    """Return a warning that names what ``clean`` would remove from running text, if there is any.

    Args:
        counts: how often each character, or grapheme, occurs.
    """
    found: Counter[str] = Counter()
    for unit, count in counts.items():
        for character in set(_ALWAYS_REMOVED.findall(unit)):
            found[character] += count
    if not found:
        return None
    return (
        f"the text has invisible characters, which the model learns like others: {_listed(found)}. "
        "If they mean nothing in it, remove them."
    )


class Tally:
    """Cleans names, and counts those that change, and the characters that made them change.

    Attributes:
        keep: whether nothing is changed.
        names: how many names changed.
        characters: in how many of them each character was removed or replaced.
    """

    def __init__(self, keep: bool = False) -> None:
        self.keep, self.names = keep, 0
        self.characters: Counter[str] = Counter()

    def clean(self, text: str) -> str:
        """Return ``text`` as ``clean`` does, and count it if it changed."""
        if self.keep or text.isascii():
            return text
        cleaned = clean(text)
        if cleaned != text:
            self.names += 1
            kinds = sorted(set(_SUSPECT.findall(text)))
            self.characters.update(c for c in kinds if cleaned.count(c) < text.count(c))
        return cleaned

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {"names": self.names, "characters": dict(self.characters)}

    def add(self, counts: Mapping[str, Any]) -> None:
        """Add the counts that ``to_dict`` returned."""
        self.names += counts["names"]
        self.characters.update(counts["characters"])

    def notes(self) -> tuple[str, ...]:
        """Return one line that says what was changed, if something was."""
        if not self.names:
            return ()
        some = "1 name" if self.names == 1 else f"{self.names:,} names"
        return (
            f"{some} had invisible characters, or other spaces and hyphens than the ordinary ones, "
            f"and are read without: {_listed(self.characters)}. To keep them, add "
            "--keep-invisible.",
        )


def _listed(counts: Counter[str]) -> str:
    """Name the most frequent characters, and how often each occurs."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    parts = [f"{_named(character)} ({count:,})" for character, count in ranked[:SHOWN]]
    return ", ".join(parts) + (f" and {len(ranked) - SHOWN:,} more" if ranked[SHOWN:] else "")


def _named(character: str) -> str:
    point = f"U+{ord(character):04X}"
    known = unicode_name(character, "")
    return f"{point} {known}" if known else point
