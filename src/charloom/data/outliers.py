"""Lines that are much longer than all others: they would make every step of a training pay."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from .gathering import measure
from .names import LargeNameCorpus, NameCorpus
from .summary import shortened

TIMES, LEAST = 10, 200
"""A line is far too long if it has more than so many times the characters of the others, and more
than so many characters."""

FEW = 3
"""Lines that may be far too long in a short list; in a long one, 1 % of them."""

NAMED = 3
"""Lines that are named."""


def without_long(corpus: NameCorpus) -> tuple[NameCorpus, str | None]:
    """Leave out lines that are far longer than the others; return the rest, and what was left out.

    The others are all but the longest 1 % (or three, in a list of less than 300): a line is left
    out if it has more than ten times as many characters as the longest of these, and more than
    200.

    Returns:
        The corpus itself and ``None`` if there is no such line.

    Example:
        >>> few, said = without_long(NameCorpus.of(["Ann", "Bo", "Eve", "Ida", "x" * 500]))
        >>> few.names
        ('Ann', 'Bo', 'Eve', 'Ida')
    """
    report = corpus.report
    if report.longest <= LEAST:
        return corpus, None
    if isinstance(corpus, LargeNameCorpus):
        lengths = corpus.names.lengths
    else:
        lengths, _ = measure(corpus.names, corpus.unit)
    others = len(lengths) - min(max(FEW, len(lengths) // 100), len(lengths) - 1)
    limit = max(LEAST, TIMES * int(np.partition(lengths, others - 1)[others - 1]))
    long = np.flatnonzero(lengths > limit)
    if not len(long):
        return corpus, None
    labels, weights = corpus.labels, corpus.weights
    names: Sequence[str]
    distinct: Collection[str]
    if isinstance(corpus, LargeNameCorpus):
        names = corpus.names.dropping(long)
        found, distinct = names.lengths, names.used
    else:
        kept = np.flatnonzero(lengths <= limit).tolist()
        names = tuple(corpus.names[i] for i in kept)
        labels = None if labels is None else tuple(labels[i] for i in kept)
        weights = None if weights is None else tuple(weights[i] for i in kept)
        found, distinct = measure(names, corpus.unit)
    few = replace(
        corpus,
        names=names,
        labels=labels,
        weights=weights,
        report=replace(
            report,
            weight=None if weights is None else sum(weights),
            names=len(names),
            characters=int(found.sum(dtype=np.int64)),
            distinct=len(distinct),
            shortest=int(found.min()),
            longest=int(found.max()),
            mean=float(found.mean(dtype=np.float64)),
        ),
    )
    places = [f"{shortened(corpus.names[i])!r} ({lengths[i]:,})" for i in long[:NAMED].tolist()]
    more = f" and {len(long) - NAMED:,} more" if len(long) > NAMED else ""
    what = "line is" if len(long) == 1 else "lines are"
    return few, (
        f"{len(long):,} {what} left out: over {limit:,} {corpus.unit}s, far longer than the "
        f"others: {', '.join(places)}{more}"
    )
