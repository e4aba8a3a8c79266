"""Checks of arguments: whole numbers, numbers, texts and lists of texts, as callers pass them.

NumPy's numbers are taken where Python's are; truth values are not numbers. What has the wrong type
raises ArgumentError, which is a TypeError; what is out of range raises ConfigError.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Sequence
from numbers import Real
from pathlib import Path
from types import UnionType
from typing import Any, TypeAlias

from ..errors import ArgumentError, ConfigError

AnyPath: TypeAlias = str | os.PathLike[str]
"""A path, as callers pass it."""

MOST_SEED = 2**63 - 1
"""The largest seed."""

MOST_WORKERS = 64
"""The most trials of a search that are trained at once."""


def shown(value: object) -> str:
    """Return a value as messages quote it: its repr on one line, shortened."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001 (such as a whole number of more than 4,300 digits)
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:59]}…"


def whole(name: str, value: object, least: int, most: int) -> int:
    """Return a whole number as an ``int``.

    Raises:
        ArgumentError: it is none.
        ConfigError: it lies outside ``least`` to ``most``.

    Example:
        >>> import numpy as np
        >>> whole("n", np.int64(3), 1, 10)
        3
    """
    rule = f"{name} must be a whole number from {least} to {most}. Received: "
    number = as_whole(value)
    if number is None:
        raise ArgumentError(rule + shown(value))
    if not least <= number <= most:
        raise ConfigError(rule + shown(value))
    return number


def seed_of(value: object, name: str = "seed") -> int:
    """Return a random seed; see ``whole``."""
    return whole(name, value, 0, MOST_SEED)


def number(name: str, value: object, interval: str) -> float:
    """Return a number, a Python ``int`` or ``float``, that lies in ``interval``, as in ``[0, 1)``.

    Raises:
        ArgumentError: it is none.
        ConfigError: it lies outside.
    """
    found = as_number(value)
    if found is None:
        raise ArgumentError(f"{name} must be a number in {interval}. Received: {shown(value)}")
    if not lies_in(found, interval):
        raise ConfigError(f"{name} must lie in {interval}. Received: {shown(value)}")
    return found


def as_whole(value: object) -> int | None:
    """Return a whole number as an ``int``; ``None`` for anything else, truth values included."""
    if isinstance(value, bool):  # NumPy's is no index
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def as_number(value: object) -> float | None:
    """Return a number as an ``int`` or ``float``; ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return as_whole(value)
    whole_number = as_whole(value)
    if whole_number is not None:
        return whole_number
    try:
        return float(value)
    except OverflowError:  # a fraction
        return math.inf


def lies_in(value: float, interval: str) -> bool:
    """Return whether a number lies in an interval such as ``[0, 1)``; NaN lies in none."""
    low, high = map(float, interval[1:-1].split(","))
    above = low < value if interval[0] == "(" else low <= value
    below = value < high if interval[-1] == ")" else value <= high
    finite = not isinstance(value, int) or abs(value) < 2**1023  # so that it fits into a float
    return above and below and finite and not math.isnan(value)


def require(name: str, value: object, kind: type | UnionType, what: str) -> None:
    """Raise ArgumentError unless ``value`` is of ``kind``, which messages call ``what``."""
    if not isinstance(value, kind):
        raise ArgumentError(f"{name} must be {what}. Received: {shown(value)}")


def text(name: str, value: object) -> str:
    """Return a string; ArgumentError if ``value`` is none."""
    if not isinstance(value, str):
        raise ArgumentError(f"{name} must be text. Received: {shown(value)}")
    return value


def path(name: str, value: Any) -> Path:
    """Return a path; ArgumentError if ``value`` is neither a string nor path-like."""
    found = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(found, str):
        raise ArgumentError(f"{name} must be a path. Received: {shown(value)}")
    return Path(found)


def exists(name: str) -> bool:
    """Return whether a string is the path of a file or a folder."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # it is too long, or has a NUL
        return False


def are_files(values: Sequence[str]) -> bool:
    """Return whether all strings, if there are any, are paths with an ending of files."""
    return bool(values) and all(Path(value).suffix and exists(value) for value in values)


def is_missing(value: object) -> bool:
    """Return whether a value stands for a missing one: None, NaN, or NA and NaT of pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return True
    return isinstance(value, Real) and value != value


def texts(name: str, values: Any, error: type[ArgumentError] = ArgumentError) -> list[str]:
    """Return several strings as a list.

    Any iterable of strings is taken, except a string itself: lists, sets, generators, keys of
    dictionaries, arrays, columns of pandas, Polars and Arrow.

    Raises:
        ArgumentError: ``values`` is a single string, which would be read letter by letter; is no
            iterable, or a table; or holds something else than strings, such as missing values.

    Example:
        >>> texts("names", "Ann")
        Traceback (most recent call last):
        charloom.errors.ArgumentError: names must be a list of strings. Received one: 'Ann'. Write \
['Ann'] for a list of one.
    """
    rule = f"{name} must be a list of strings. Received"
    if isinstance(values, str):
        one = shown(values)
        raise error(f"{rule} one: {one}. Write [{one}] for a list of one.")
    if hasattr(values, "columns") or getattr(values, "ndim", 1) != 1:
        what = f"a {type(values).__name__}, not one of its columns"
        raise error(f"{rule} {what}. Give one, as in table['name'].")
    if not isinstance(values, Iterable) or isinstance(values, bytes | bytearray | memoryview):
        raise error(f"{rule}: {shown(values)}")
    found = list(values.to_pylist() if hasattr(values, "to_pylist") else values)
    others = [(i, value) for i, value in enumerate(found, 1) if type(value) is not str]
    if missing := [pair for pair in others if is_missing(pair[1])]:
        raise error(
            f"{rule} {len(missing):,} missing of {len(found):,}, the first of them number "
            f"{missing[0][0]:,}: {shown(missing[0][1])}. Leave them out or replace them: "
            "dropna() or fillna('') in pandas, drop_nulls() or fill_null('') in Polars."
        )
    for i, value in others:
        if not isinstance(value, str):
            files = isinstance(value, os.PathLike)
            remedy = ". NameCorpus.read and TextCorpus.read take files." if files else ""
            raise error(f"{rule} one with {shown(value)} as number {i:,}{remedy}")
        found[i - 1] = str.__str__(value)  # not NumPy's or an enumeration's
    return found
