"""Percentages, and text from outside made harmless; all other numbers are formatted elsewhere.

``reporting`` formats the numbers that people read.
"""

from __future__ import annotations

import re

_JOINER = "(?<=[^\0-\x7f])[\u200c\u200d](?=[^\0-\x7f])"
"""A joiner between two characters that are not ASCII, as in emoji and in Persian or Indic words."""

_CONTROL = "[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"

_INVISIBLE = (
    "[\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def percent(share: float) -> str:
    """Format a share in per cent: whole ones, with a decimal near 0 % and 100 %.

    Example:
        >>> percent(0.58), percent(0.0712), percent(0.0001), percent(0.99999)
        ('58 %', '7.1 %', '< 0.1 %', '> 99.9 %')
    """
    value = 100 * share
    if 0 < abs(value) < 0.05:
        return "< 0.1 %"
    if 99.95 <= value < 100:
        return "> 99.9 %"
    has_decimal = 0 < abs(value) < 9.95 or 99 < value < 100
    return f"{value:.1f} %" if has_decimal else f"{value:.0f} %"


def escaped(text: str, keep: str = "") -> str:
    r"""Return ``text`` with an escape in place of each character that is not printable.

    Every name, path and fact that comes from a file passes through here before it is shown. So no
    escape sequence acts on a terminal, and nothing invisible changes what a line says. Joiners
    within words and emoji stay.

    Args:
        text: anything, lone surrogates included.
        keep: further characters that stay, such as the newline of a message of several lines.

    Example:
        >>> print(escaped("a\x1b[2Jb\u202ec"))
        a\x1b[2Jb\u202ec
    """
    if text.isprintable():
        return text
    joiners = {match.start() for match in re.finditer(_JOINER, text)}
    return "".join(
        c if c.isprintable() or c in keep or place in joiners else ascii(c)[1:-1]
        for place, c in enumerate(text)
    )


def without_controls(text: str) -> str:
    """Return ``text`` with an escape in place of each control character but tab and newline.

    For generated text, which keeps every other character as it is.
    """
    return re.sub(_CONTROL, lambda match: ascii(match[0])[1:-1], text)


def escaped_json(text: str) -> str:
    """Return JSON with its invisible characters as escapes: it means the same."""
    return re.sub(_INVISIBLE, lambda match: _json_escape(ord(match[0])), text)


def _json_escape(point: int) -> str:
    if point < 0x10000:
        return f"\\u{point:04x}"
    high, low = divmod(point - 0x10000, 0x400)  # JSON has surrogate pairs above the first plane
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
