"""Percentages in messages; all other numbers that people read are formatted by ``reporting``."""

from __future__ import annotations


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
