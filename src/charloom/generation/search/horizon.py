"""The horizon before which as many strings arrive as requested, estimated from a smaller search."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...errors import GenerationError
from .estimates import coming
from .parts import Below
from .request import Search
from .walk import Plan
from .without_replacement import WithoutReplacement

SHARE, FEWEST, MOST = 64, 20_000, 1_000_000
"""The smaller search finds one in so many of the strings, but at least and at most so many."""

WIDEST, MORE = 0.1, 4
"""Share of the strings that may be expected between the bounds; if there are more, the smaller
search finds so many times as many."""

SURE = 4.0
"""Standard errors of the estimate between the horizon and its bounds."""

FARTHEST = 1000.0
"""Times the horizon may be as far as if all strings were as frequent as those found."""


@dataclass(frozen=True)
class Horizon:
    """Bounds of the horizon, as logs of draws, and what they were estimated from.

    Attributes:
        low: fewer strings arrive before it than requested,
        high: and more before this.
        plan: what is walked; with a look-ahead where constraints are rarely satisfied.
        log_slack: how much farther than the horizon a walk should go, at most.
        below: estimates the strings below a prefix.
    """

    low: float
    high: float
    plan: Plan
    log_slack: float
    below: Below


def horizon(search: Search) -> Horizon:
    """Return the horizon for as many strings as ``search``, which has not begun, was asked for.

    Raises:
        GenerationError: the model has fewer, or they are too rare.
    """
    request = search.request
    count = request.count or 0
    fewer = min(count, max(FEWEST, min(count // SHARE, MOST)))
    while True:
        pilot = WithoutReplacement(replace(request, count=fewer))
        texts = [sample.text for sample in pilot]
        if pilot.reason is not None:
            of = "" if fewer == count else f"-n {count:,} is too much: "
            raise GenerationError(of + pilot.reason)
        log_p, reached = pilot.log_p, pilot.reached
        factors = np.geomspace(0.1, FARTHEST * count / fewer, 2000)
        expected, variance = coming(log_p, reached, factors)
        margin = SURE * np.sqrt(variance + expected)
        few, many = np.maximum.accumulate(expected - margin), expected + margin
        larger = min(MORE * fewer, count // MORE, MOST)
        if larger <= fewer or many[-1] < count:
            break
        # The fewer similar ones there are of the rarest strings, the less certain it is.
        log_low, log_high = (np.interp(count, n, np.log(factors)) for n in (many, few))
        between = np.diff(np.interp([log_low, log_high], np.log(factors), expected))[0]
        if few[-1] >= count and between <= WIDEST * count:
            break
        fewer = larger
    if few[-1] < count:
        raise GenerationError(
            f"found {fewer:,} of {count:,} names, and there are about {expected[-1]:,.0f} in all "
            "that are not too rare; ask for fewer, raise --temperature or relax the constraints"
        )
    low, high = (reached + float(np.interp(count, n, np.log(factors))) for n in (many, few))
    skipped, encode = len(request.plan.prompt), request.vocabulary.encode
    ids = [encode(text)[skipped:] for text in texts]
    rows = np.zeros((fewer, max(map(len, ids))), np.int32)
    for row, string in zip(rows, ids, strict=True):
        row[: len(string)] = string
    rates = np.exp(np.minimum(log_p + reached, 600.0))
    later = np.exp(np.minimum(log_p + high, 600.0))
    below = Below(request.plan.sampler.config.seed, rows, np.expm1(-later) / np.expm1(-rates))
    return Horizon(low, high, pilot.plan, pilot.slack, below)
