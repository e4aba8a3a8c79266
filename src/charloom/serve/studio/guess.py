"""Whether a list holds names or text, by its first lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Literal

Form = Literal["names", "text"]

LONG_LINE = 100
"""Characters of a line that is a paragraph rather than a name, in the middle of all lines."""

MANY_WORDS = 6
"""Words of a line that is a part of a sentence rather than a name."""

_ENDS = re.compile(
    r"[.,;:!?\u2026\u3002\uff01\uff1f\u0964\u061f\u060c][\"'\u201d\u2019)\u300d]?\s*$"
)


def guess(lines: Sequence[str], *, whole: bool = True) -> tuple[Form, str]:
    """Return names or text, and why in a line.

    Args:
        lines: the first lines of a file of lines.
        whole: whether these are all.

    Example:
        >>> guess(["Ulm", "Bonn", "Bad Ems"])
        ('names', 'lines are short, typically 4 characters')
        >>> guess(["It was late, and nobody", "had come to the door.", "", "Then it rang."])[0]
        'text'
    """
    filled = [line.strip() for line in lines if line.strip()]
    if not filled:
        return "names", "there are no lines yet"
    length, words = median(map(len, filled)), median(len(line.split()) for line in filled)
    ends = sum(map(bool, map(_ENDS.search, filled))) / len(filled)
    indented = sum(line[:1] in " \t" for line in lines if line.strip()) / len(filled)
    small = sum(line[0].islower() for line in filled) / len(filled)
    if len(filled) == 1 and not whole:
        return "text", "the first line is very long"
    if length > LONG_LINE and words >= MANY_WORDS:
        return "text", f"lines are long, typically {length:,.0f} characters"
    if length > LONG_LINE and ends > 0.3:  # scripts that do not put spaces between words
        return "text", f"lines are long, typically {length:,.0f} characters"
    if words >= MANY_WORDS:
        return "text", f"lines are sentences, or parts of them, typically {words:.0f} words"
    parted = "\n\n" in "\n".join(line.strip() for line in lines).strip()
    if ends > 0.2 and words >= 3 and (parted or 0.05 < small < 0.95):
        return "text", f"{ends:.0%} of the lines end in a comma, a full stop or the like"
    if indented > 0.25 and ends + small > 0.5:
        return "text", f"{indented:.0%} of the lines are indented"
    return "names", f"lines are short, typically {length:,.0f} characters"
