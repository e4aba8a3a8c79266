"""Sampling without replacement: as many different strings as requested; or with repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .arrivals import Arrivals, arrivals, with_repeats
from .request import Sample, Search
from .walk import MARGIN, Plan, TooManySteps

if TYPE_CHECKING:
    from .lookahead import LookAhead

FREQUENT = 0.05  # share of draws that satisfy the constraints above which rejection is faster
RAREST = (
    1e-6  # the least estimate of that share that is trusted; the first walk may find too little
)
SHORTER = 1.4  # decrease of the horizon's log if the walk would take too many steps
PILOT = 2_000  # samples above which a smaller walk goes first, to estimate the horizon for all
MOST_MARGIN = 0.2  # the most to add to a horizon in case its estimate is too low
CHEAP = 1_000  # steps of a short walk: if it found nothing, the next one goes much farther
SLACKS = (16.0, 64.0, 256.0)  # how much farther than its strings a walk with a look-ahead goes
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
    """

    missing = 0.0

    def _search(self) -> Iterator[Sample]:
        request = self._request
        plan, share, ahead = self._guided()
        walk = plan.walk or arrivals
        slack = float(np.log(SLACKS[0])) if ahead else 0.0
        goal = request.count or PILOT
        # If everything that is drawn is allowed, the horizon is known.
        if goal > PILOT and not (request.allow_repeats and request.novelty.allow_known):
            goal = max(PILOT // 8, goal // 16)
        if ahead:
            goal = min(goal, PILOT // 8)  # this walk improves the estimates for the others
        few = 3 * np.sqrt(goal) + 6 + min(goal / 4, 26)  # a second walk costs more than these
        horizon = float(np.log(goal + few) - np.log(share))  # a logarithm, as the slack is
        self._to_walk = 10 * (request.count or 0)
        done = np.zeros(0, np.uint64)  # keys of strings that were yielded or dropped
        until = -np.inf
        likelihoods = np.zeros(0)  # log probabilities of the samples
        cut = False
        while True:
            try:
                self._walked = 0
                found = walk(plan, horizon, slack)
                while slack and (more := self._more_slack(found, horizon, slack)):
                    if ahead:
                        ahead.learn(found, horizon)
                        ahead = None
                    else:
                        slack = more
                    found = walk(plan, horizon, slack)
            except TooManySteps:
                cut, horizon = True, horizon - SHORTER
                if horizon > max(until, 0.0):
                    continue
                self.reason = self._explain(" and gave up, as the others are rare", 0.0)
                return
            if found.complete and not request.allow_repeats:
                horizon = np.inf
            rows = np.flatnonzero(found.log_arrival <= horizon)
            rows = rows[~np.isin(found.keys[rows], done)]
            done = np.concatenate([done, found.keys[rows]])
            self.seen = len(done)
            fresh: list[float] = []
            if request.allow_repeats:
                rows, times = with_repeats(found, horizon)
                rows = rows[(order := np.argsort(times))][times[order] > until]
            else:
                rows = rows[np.argsort(found.log_arrival[rows], kind="stable")]
            for row, sample in self._judged(found, rows):
                fresh.append(found.log_p[row])
                yield sample
                if self._found == request.count:
                    return
            if self.missing > 2 * ASTRAY:
                self.note = f"an estimated {self.missing:.0%} of the strings were missed"
            if found.complete and (not request.allow_repeats or not (self._found or fresh)):
                self.reason = self._explain(", and there are no others", found.unfinished)
                return
            if cut:
                self.reason = self._explain(" and gave up, as the others are rare", 0.0)
                return
            until = horizon
            likelihoods = np.concatenate([likelihoods, fresh])
            goal = request.count or 2 * max(self._found, PILOT)
            farther = self._farther(likelihoods, until, goal)
            self._to_walk = int(found.steps * np.exp(farther))
            if found.steps <= CHEAP and not fresh:
                farther = max(farther, float(np.log(1000)))
            horizon += farther

    def _guided(self) -> tuple[Plan, float, LookAhead | None]:
        """Return the plan with a look-ahead if constraints are rarely satisfied; the share of
        draws that satisfy them; and the look-ahead."""
        plan, guide = self._plan, self._plan.guide
        if guide is None:
            return plan, 1.0, None
        from .lookahead import DRAWS, LookAhead, Trials  # late: most searches need none

        trials = Trials.of(plan, self._request.longest)
        share = float(trials.accepted(guide, plan.prompt).sum()) / DRAWS
        if share >= FREQUENT:
            return plan, max(share, RAREST), None
        ahead = LookAhead(plan, guide, trials, max(guide.most, self._request.longest))
        return replace(plan, guide=ahead), float(np.clip(ahead.acceptance, RAREST, 1)), ahead

    def _more_slack(self, found: Arrivals, horizon: float, slack: float) -> float | None:
        """Return a greater slack if too many strings may be missed with this one.

        A string is missed if a prefix of it seemed to arrive too late. Those found show how often
        that is: beyond the slack there are about a quarter of those in its last factor of four,
        and beyond the margin half of those in its last factor of two, where it was measured.
        """
        near = found.log_arrival <= horizon
        late = found.log_peak[near] > horizon + slack - np.log(4)
        far = found.log_reach[near] > horizon + slack * MARGIN - np.log(2)
        share = float((late / 4 + far / 2).mean()) if near.any() else 0.0
        self.missing, count = share, int(near.sum())
        larger = [np.log(more) for more in SLACKS if np.log(more) > slack + 0.1]
        tolerated = ASTRAY if count >= 100 else 3 * ASTRAY
        if share <= tolerated or not larger:
            return None
        # Four times the slack takes about four times the steps, which may be too many.
        all_strings = max(1.0, (self._request.count or 0) / max(count, 1))
        affordable = 4 * found.steps * all_strings <= (self._plan.most_steps or np.inf)
        return float(larger[0]) if affordable else None

    def _farther(self, log_p: NDArray[np.float64], until: float, goal: int) -> float:
        """Return the log of the factor by which the horizon must grow to hold ``goal`` samples.

        ``log_p`` are the samples' until now; with repeats, their number grows with the horizon.
        Two standard errors of the estimate (of Poisson sampling, as Horvitz and Thompson's) are
        added, since falling short means another walk.
        """
        factors = np.geomspace(1.05, 40, 400)
        goal += int(2 * np.sqrt(goal)) + 2
        if self._request.allow_repeats:
            expected = len(log_p) * factors
            variance = len(log_p) * factors**2
        else:
            # The most probable first, in groups: each stands for many of about its size.
            rates = np.exp(np.minimum(np.sort(log_p)[::-1] + until, 600.0))
            parts = np.array_split(rates, min(len(rates), 2000)) if len(rates) else []
            means = np.array([part.mean() for part in parts])
            sizes = np.array([len(part) for part in parts])
            with np.errstate(divide="ignore", invalid="ignore"):
                stand = 1 / -np.expm1(-means)
            coming = -np.expm1(-factors[:, None] * means)
            expected = coming @ (sizes * stand)
            variance = coming**2 @ (sizes * stand * (stand - 1))
        safe = expected - np.minimum(2 * np.sqrt(variance), MOST_MARGIN * expected)
        enough = np.flatnonzero(safe >= goal)
        return float(np.log(factors[enough[0]] if len(enough) else factors[-1]))
