"""Sampling without replacement: as many different strings as requested; or with repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...config import MOST_NAMES
from .arrivals import Arrivals, arrivals, with_repeats
from .estimates import coming
from .request import Request, Sample, Search
from .walk import Plan, TooManySteps

if TYPE_CHECKING:
    from .lookahead import LookAhead
    from .spool import Spool

FREQUENT = 0.05  # share of draws that satisfy the constraints above which rejection is faster
RAREST = (
    1e-6  # the least estimate of that share that is trusted; the first walk may find too little
)
SHORTER = 1.4  # decrease of the horizon's log if the walk would take too many steps
FIRST = 12  # draws that the first walk of a hurried search stands for, ...
HURRIED = 4 * FIRST  # ... if the next one stands for more than these
SMALL = 64  # samples up to which a walk ends as soon as it has enough, with ...
SPARE = 0.4  # ... this share more than requested, in case some are not allowed
PILOT = 2_000  # samples above which a smaller walk goes first, to estimate the horizon for all
SHARES = 64, 8  # it finds one in so many of many samples, or more if those are not enough, ...
FEWER = 16  # ... and of fewer samples one in so many
MOST_MARGIN = 0.2  # the most to add to a horizon in case its estimate is too low
SURE = 2.0, 3.0  # standard errors that are added; of many samples, another walk costs more
FARTHEST = 200.0, 4e4  # times the horizon may grow: if that is uncertain, and otherwise
LONG = 6  # times as long as any draw: strings of which the look-ahead knows nothing ...
LOST = 100_000  # ... and steps of a walk after which, if it found none, there is no hope of any
BEYOND = 2  # until then, the next walk should take no more than about so many times as many
CHEAP = 1_000  # steps of a short walk: if it found nothing, the next one goes much farther
LESSON = 3, PILOT / 8, 4.0  # what the look-ahead learns from if too many strings are missed
SLACKS = (5.0, 16.0, 64.0)  # how much farther than its strings a walk with a look-ahead goes
ASTRAY = 0.01  # share of strings missed due to the look-ahead above which the slack is increased


class WithoutReplacement(Search):
    """Samples without replacement, in the order of their arrivals; see ``arrivals``.

    Strings that are not allowed are dropped. That is exact, since arrivals are independent: the
    others are distributed as in the model, given that they are allowed. It costs little, since no
    string of the training set is visited twice.

    Each walk starts again from the root, with a horizon that should hold enough strings, judged
    by those found so far: a string of probability p before a horizon t stands for
    1 / (1 - exp(-p t)) similar ones (Horvitz and Thompson 1952).

    Attributes:
        missing: the estimated share of strings that should have been found, but were missed
            because the look-ahead was wrong; 0 without constraints, or with weak ones.
        plan: what is walked, with a look-ahead where constraints are rarely satisfied; from the
            first sample on.
        slack: log of how much farther than the horizon the last walk went, at most.
        reached: log of the last sample's arrival, once there are as many as requested.
    """

    missing = 0.0
    slack = 0.0
    reached = -np.inf
    _drawn = 0
    """The length of the longest draw, if all strings must be far longer."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.plan = self._plan
        self._log_p: list[NDArray[np.float64]] = []
        """Log probabilities of the samples, in blocks."""

    @property
    def log_p(self) -> NDArray[np.float64]:
        """The samples' log probabilities, given the start, in order."""
        return np.concatenate([np.zeros(0), *self._log_p])

    def _search(self) -> Iterator[Sample]:
        request = self.request
        plan, share, ahead = self._guided()
        self.plan = plan
        slack = float(np.log(SLACKS[0])) if ahead else 0.0
        many = (request.count or 0) > MOST_NAMES
        goal = request.count or PILOT
        # If everything that is drawn is allowed, the horizon is known.
        if goal > PILOT and not (request.allow_repeats and request.novelty.allow_known):
            goal = max(PILOT // 8, goal // (SHARES[0] if many else FEWER))
        if ahead:
            goal = min(goal, PILOT // 8)  # this walk improves the estimates for the others
        few = 3 * np.sqrt(goal) + 6 + min(goal / 4, 26)  # a second walk costs more than these
        horizon = float(np.log(goal + few) - np.log(share))  # a logarithm, as the slack is
        self._to_walk = 10 * (request.count or 0)
        done = np.zeros(0, np.uint64)  # keys of strings that were yielded or dropped, in order
        until = -np.inf
        cut = False
        # Without a look-ahead, a walk of a shorter horizon finds exactly the first strings.
        whole = horizon
        if self._hurried and ahead is None and goal > HURRIED:
            horizon = float(np.log(FIRST) - np.log(share))
        first = plan
        if goal <= SMALL and ahead is None:
            first = replace(plan, enough=goal + max(4, int(SPARE * goal)))
        while True:
            walk = plan.walk or (_spooled if many and ahead is None else arrivals)
            try:
                self._walked = 0
                found = walk(first, horizon, slack)
                while slack and (more := self._more_slack(found, horizon, slack)):
                    if ahead:
                        ahead = ahead.taught(plan, *LESSON)
                        plan, ahead = replace(plan, guide=ahead), None
                    else:
                        slack = more
                    found = walk(plan, horizon, slack)
                first = plan
            except TooManySteps:
                cut, horizon = True, horizon - SHORTER
                if horizon > max(until, 0.0):
                    continue
                self.reason = self._explain(" and gave up, as the others are rare", 0.0)
                return
            if isinstance(found, Arrivals):
                horizon = min(horizon, found.log_horizon)
            if found.complete and not request.allow_repeats:
                horizon = np.inf
            self.slack = slack
            before = self._found
            for block in _blocks(found):
                rows = np.flatnonzero(block.log_arrival <= horizon)
                rows = rows[~_among(block.keys[rows], done)]
                early = block.log_arrival[rows]
                self.seen += len(rows)
                if request.allow_repeats:
                    rows, times = with_repeats(block, horizon)
                    rows = rows[(order := np.argsort(times))][times[order] > until]
                else:
                    rows = rows[np.argsort(block.log_arrival[rows], kind="stable")]
                chosen: list[int] = []
                for row, sample in self.judged(block, rows):
                    chosen.append(row)
                    yield sample
                    if self._found == request.count:
                        break
                self._log_p.append(block.log_p[chosen])
                if self._found == request.count:
                    self.reached = float(block.log_arrival[chosen[-1]])
                    self.seen -= int(np.count_nonzero(early > self.reached))
                    return
            # Read again: a search that ends with this walk, as most do, needs no memory for them.
            keys = [block.keys[block.log_arrival <= horizon] for block in _blocks(found)]
            done = np.unique(np.concatenate([done, *keys]))
            if self.missing > 2 * ASTRAY:
                self.note = f"an estimated {self.missing:.0%} of the strings were missed"
            if found.complete and (not request.allow_repeats or not self._found):
                self.reason = self._explain(", and there are no others", found.unfinished)
                return
            if found.steps >= LOST and not self.seen and self._drawn:
                self.reason = self._too_long(found.steps)
                return
            if cut:
                self.reason = self._explain(" and gave up, as the others are rare", 0.0)
                return
            until = horizon
            if horizon < whole:
                horizon = whole
                continue
            goal = request.count or 2 * max(self._found, PILOT)
            farther, error = self._farther(self.log_p, until, goal)
            for share in SHARES if many and error > MOST_MARGIN else ():
                # Too few were found to judge so many by: first a larger share of them.
                if 2 * share * self._found < goal:
                    farther, _ = self._farther(self.log_p, until, goal // share)
                    break
            self._to_walk = int(found.steps * np.exp(farther))
            if found.steps <= CHEAP and self._found == before:
                farther = max(farther, float(np.log(1000)))
            if self._drawn and not self.seen:
                farther = min(farther, float(np.log(BEYOND * LOST / max(found.steps, 1))))
            horizon += farther

    def _guided(self) -> tuple[Plan, float, LookAhead | None]:
        """Return the plan with a look-ahead if constraints are rarely satisfied; the share of
        draws that satisfy them; and the look-ahead."""
        plan, guide = self._plan, self._plan.guide
        if guide is None:
            return plan, 1.0, None
        from .lookahead import DRAWS, look_ahead, trials_of  # late: most searches need none

        trials = trials_of(plan, self.request.longest)
        drawn = len(plan.prompt) + int(trials.lengths.max(initial=0))
        share = float(trials.accepted(guide, plan.prompt).sum()) / DRAWS
        if share >= FREQUENT:
            return plan, max(share, RAREST), None
        if guide.least > LONG * drawn:
            self._drawn = drawn
        ahead = look_ahead(plan, guide, trials)
        return replace(plan, guide=ahead), float(np.clip(ahead.acceptance, RAREST, 1)), ahead

    def _too_long(self, steps: int) -> str:
        """Return why strings of so many characters are not found."""
        from .lookahead import DRAWS

        count, guide = self.request.count, self._plan.guide
        asked, least = "" if count is None else f" of {count:,}", guide.least if guide else 0
        return (
            f"found 0{asked} names in {steps:,} steps of the model and gave up: they must have "
            f"{least:,} characters or more, and the longest of {DRAWS:,} draws has "
            f"{self._drawn:,}; ask for fewer characters"
        )

    def _more_slack(self, found: Arrivals | Spool, horizon: float, slack: float) -> float | None:
        """Return a greater slack if too many strings may be missed with this one.

        A string is missed if a prefix of it seemed to arrive too late. Those found show how often
        that is: their number decreases by about the same factor each time that the slack doubles.
        Beyond the margin there are half of those in its last factor of two.
        """
        count, last, before, far = found.astray(horizon, slack).tolist()
        decrease = np.clip((last + 2) / (before - last + 6), 1 / 3, 3 / 4)
        late = last * decrease / (1 - decrease)
        self.missing = share = float((late + far / 2) / max(count, 1))
        larger = [np.log(more) for more in SLACKS if np.log(more) > slack + 0.1]
        tolerated = ASTRAY if count >= 100 else 3 * ASTRAY
        if share <= tolerated or not larger:
            return None
        # Four times the slack takes about four times the steps, which may be too many.
        all_strings = max(1.0, (self.request.count or 0) / max(count, 1))
        affordable = 4 * found.steps * all_strings <= (self._plan.most_steps or np.inf)
        return float(larger[0]) if affordable else None

    def _farther(self, log_p: NDArray[np.float64], until: float, goal: int) -> tuple[float, float]:
        """Return the log of the factor by which the horizon must grow to hold ``goal`` samples, and
        the relative error of their number there.

        ``log_p`` are the samples' until now; with repeats, their number grows with the horizon.
        Two or three standard errors of the estimate (of Poisson sampling, as Horvitz and
        Thompson's) are added, since falling short means another walk. The estimate has no bias
        however far it reaches, so the horizon may grow by any factor that will be enough, unless
        very few samples say so.
        """
        near, far = FARTHEST
        factors = np.concatenate([np.geomspace(1.05, near, 500), np.geomspace(near, far, 800)[1:]])
        errors = SURE[(self.request.count or 0) > MOST_NAMES]
        goal += int(errors * np.sqrt(goal)) + 2
        if self.request.allow_repeats:
            expected = len(log_p) * factors
            variance = len(log_p) * factors**2
        else:
            expected, variance = coming(log_p, until, factors)
        error = errors * np.sqrt(variance)
        enough = np.flatnonzero(expected - np.minimum(error, MOST_MARGIN * expected) >= goal)
        nearest = int(np.searchsorted(factors, near))
        place = int(enough[0]) if len(enough) else nearest
        relative = float(error[place] / max(expected[place], 1.0))
        if relative > MOST_MARGIN:
            place = min(place, nearest)
        return float(np.log(factors[place])), relative


def _blocks(found: Arrivals | Spool) -> Iterator[Arrivals]:
    """Yield the strings of a walk in blocks: those of each arrive before those of the next."""
    return iter((found,)) if isinstance(found, Arrivals) else found.blocks()


def _among(keys: NDArray[np.uint64], ordered: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which keys (M,) are among others, (N,), without sorting those again."""
    if not len(ordered):
        return np.zeros(len(keys), np.bool_)
    found: NDArray[np.bool_] = ordered.take(np.searchsorted(ordered, keys), mode="clip") == keys
    return found


def _spooled(plan: Plan, log_horizon: float, log_slack: float) -> Spool:
    from .spool import spooled  # late: few searches find so many strings

    return spooled(plan, log_horizon, log_slack)
