"""What is undone in a line or a value: marks of a list, HTML entities, a wrong decoding."""

from __future__ import annotations

import re
from functools import cache

NUMBER = re.compile(r"\s*[(\[]?#?(\d{1,7})(\s?[.):\]]\s*|\s+[-\u2013\u2014]\s+|\s+)(?=\S)")
"""The number before an item of a list: ``1.``, ``2)``, ``(3)``, ``4 -`` or ``5``."""

BULLET = re.compile(r"\s*([-*+\u2022\u2023\u25e6\u00b7\u2013\u2014])\s+(?:\[[ xX]\]\s+)?(?=\S)")
"""The bullet before an item of a list, with an empty or ticked box after it."""

QUOTED = re.compile(r"""\s*(["'])(.+)\1\s*[,;]?\s*""")
"""A whole line in quotes, with the comma that may follow it."""

COMMENT = re.compile(r"(?:#+|//|%|--|;)(?:\s|$)")
"""How a comment begins: the mark, then a space; ``#hashtag`` is none."""

ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")

_PAIR = re.compile("[\u00c2-\u00f4][^\x00-\x7f]")
"""The first two bytes of a character of UTF-8, read as cp1252."""


def without_marks(line: str, bare: bool = False) -> str:
    """Return an item of a list without its bullet or number, or without quotes.

    A number that only a space follows is removed if ``bare``: it may be a part of the name.
    """
    if found := BULLET.match(line):
        return line[found.end() :]
    if (found := NUMBER.match(line)) and (bare or found[2].strip()):
        return line[found.end() :]
    quoted = QUOTED.fullmatch(line)
    return quoted[2] if quoted else line


def unescaped(text: str) -> str:
    """Return ``text`` with the characters that its HTML entities stand for."""
    return ENTITY.sub(lambda found: _character(found[0]), text) if "&" in text else text


@cache
def _character(entity: str) -> str:
    import html

    return html.unescape(entity)


def decoded_again(line: str) -> str:
    """Return the text that was UTF-8 before it was read as cp1252; any other line as it is."""
    if line.isascii() or not _PAIR.search(line):
        return line
    try:
        return line.encode("cp1252").decode("utf-8")
    except UnicodeEncodeError:  # five bytes mean nothing in cp1252 and are kept as they are
        try:
            return b"".join(map(_byte, line)).decode("utf-8")
        except (UnicodeError, ValueError):
            return line
    except UnicodeDecodeError:
        return line


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return bytes([ord(character)])  # ValueError above 255
