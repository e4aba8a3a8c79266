"""Numbers as people read them: on the command line, in reports and in cards."""

from __future__ import annotations

import math

from ..errors.formatting import percent as percent


def count(value: int | None) -> str:
    """Format a count; ``?`` if it is unknown."""
    return "?" if value is None else f"{value:,}"


def number(value: float, unit: str = "", *, exact: bool = False) -> str:
    """Format a value: a share in per cent, anything else with three significant digits.

    Args:
        value: a share lies in [0, 1].
        unit: ``%`` for a share; other units are not written.
        exact: for tables: three decimals, one for percentages, and more for small values.
    """
    if not math.isfinite(value):
        return "not finite"
    if unit == "%":
        return _exact_percent(value) if exact else percent(value)
    if exact:
        return f"{value:,.{0 if abs(value) >= 1000 else 4 if 0 < value < 0.1 else 3}f}"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 4)}f}"


def interval(low: float, high: float, unit: str = "", *, exact: bool = False) -> str:
    """Format the ends of an interval as ``number`` does."""
    ends = number(low, unit, exact=exact), number(high, unit, exact=exact)
    if unit != "%":
        return f"{ends[0]} to {ends[1]}"
    if ends[0] == ends[1] and low != high:  # whole numbers would hide the width
        ends = f"{100 * low:.1f} %", f"{100 * high:.1f} %"
    return f"{ends[0].removesuffix(' %')} to {ends[1]}"


def probability(value: float) -> str:
    """Format a probability in per cent, with two significant digits, or three near 100 %."""
    share = 100 * value
    return f"{share:.1f} %" if share >= 99.5 else f"{share:.2g} %"


def brief_percent(share: float) -> str:
    """Format a share for a narrow cell."""
    return f"{100 * share:.{0 if share > 0.0995 else 1}f} %"


def p_value(p: float) -> str:
    """Format a p-value."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def duration(seconds: float) -> str:
    """Format a rounded duration in words."""
    if seconds < 100:
        return f"{seconds:.0f} seconds" if seconds >= 2 else "a second"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"


def kilobytes(size: int) -> str:
    """Format a size in bytes."""
    return f"{size / 1000:,.0f} kB"


def capitalised(words: str) -> str:
    """Return words with a capital first letter, the others unchanged."""
    return words[:1].upper() + words[1:]


def _exact_percent(share: float) -> str:
    if 0 < share < 5e-5:
        return "< 0.01 %"
    return f"{100 * share:.{2 if 0 < share < 0.01 else 1}f} %"
