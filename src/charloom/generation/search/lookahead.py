"""How probable it is that a prefix becomes an allowed string, as estimated by an n-gram model.

Masking the characters that the constraints forbid distorts the distribution: where a name must end
in "saurus", each prefix keeps the probability that it has without the constraint, and is then
forced into the ending (Park et al. 2024, "Grammar-Aligned Decoding"). What is missing is the
probability that a prefix will be accepted. For the model itself it is intractable; for an n-gram
model, a backward pass over (length, context, state of the automaton) computes it exactly. Such an
estimate directs the search, and ``arrivals`` corrects its error. One that is too low may cost a
string, one that is too high only a step, and small ones are the least certain; so the search has
them raised to a power below 1, and by how much prefixes with the same context differ.

The n-gram model is distilled: it averages the probabilities that the model gave along its own
samples, so it covers characters that were never sampled too. Where the constraints are rare, the
samples say little about the prefixes that satisfy them, so short walks under the constraints find
such prefixes, and the n-gram model averages over these too.

All this has a seed of its own, so a look-ahead serves all later searches with the same constraints.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ...models.interface import Recurrence
from .contexts import OWN, Contexts
from .guides import ConstraintGuide, Ints
from .tree import Ids
from .visits import Floats64, Visits, recorded
from .walk import Plan

DRAWS = 2048  # draws that the n-gram model is distilled from
MOST_CONTEXTS = 5000  # contexts of the n-gram model, at most
MOST_VALUES = 4_000_000  # the most estimates to store, one for each (length, context, state)
MOST_PRODUCTS = 2_000_000_000  # the most multiplications of the backward pass, or contexts shrink
TRUST = 0.8  # exponent of the estimates: the smaller one is, the more it may be too small
MOST_SPREAD = 4.0  # the most that an estimate is raised, as prefixes differ in what they are worth
MOST_SPREAD_PRODUCTS = 20_000_000  # the most multiplications for that, or visits are left out
SURELY = 1e-200  # estimates below are of what cannot be
LESSONS = ((30, 4.0), (100, 4.0))  # walks to learn from: strings to find, and the slack
COMMON = 0.01  # share of draws that satisfy the constraints of which the draws know enough
MOST_STEPS = 20_000  # steps of one of them, ...
SHORTER = 1.0  # ... and the decrease of its horizon's log if it would take more
ENOUGH = 30  # strings to estimate from how probable all are that satisfy the constraints

SEED = 0x5EED << 32  # of the samples and the walks to learn from
MOST_KEPT = 4  # trials and look-aheads that are kept with a model for the next search

_kept: WeakKeyDictionary[Recurrence, dict[Any, Any]] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True)
class Trials:
    """Strings that the model samples without constraints.

    Attributes:
        ids: (N, T) without the prompt, 0 beyond the end.
        lengths: (N,), without the prompt.
        weights: (N,), how many draws each stands for; their sum is about ``DRAWS``.
        visits: their prefixes.
    """

    ids: Ids
    lengths: Ints
    weights: Floats64
    visits: Visits

    @classmethod
    def of(cls, plan: Plan, longest: int) -> Trials:
        """Take the strings that ``DRAWS`` draws would give, each of its expected number."""
        free = replace(_reseeded(plan, 0), guide=None, max_length=longest, most_steps=None)
        walked = recorded(free, float(np.log(DRAWS)), 0.0)
        assert walked is not None  # there is no limit
        found, visits = walked
        return cls(found.padded(), found.lengths, _draws(found.log_p), visits)

    def accepted(self, guide: ConstraintGuide, prompt: Ids) -> Floats64:
        """Return how many draws of each string satisfy the constraints, (N,)."""
        state = np.full(len(self.lengths), guide.root[0], np.int64)
        for time, column in enumerate(self.ids.T):
            after = guide.table[state, guide.classes[column]]
            state = np.where(self.lengths > time, after, state)
        lengths = np.minimum(len(prompt) + self.lengths, len(guide.ends) - 1)
        accepted: Floats64 = self.weights * guide.ends[lengths, state]
        return accepted

    def contexts(self, order: int, most: int = MOST_CONTEXTS) -> Contexts:
        """Return the n-gram model that is distilled from them alone."""
        return Contexts.of(self.visits, _draws(self.visits.log_p), order, most)


class LookAhead(ConstraintGuide):
    """A constraint guide with an n-gram model's probability that the constraints are satisfied.

    Attributes:
        acceptance: the estimated probability that they are satisfied, given the prompt.
    """

    acceptance: float

    def __init__(
        self,
        plan: Plan,
        constraints: ConstraintGuide,
        trials: Trials,
        learned: Visits | None = None,
    ) -> None:
        """Estimate for every length, context and state.

        Args:
            plan: the model, the sampler and the prompt.
            constraints: what strings must satisfy.
            trials: strings to distil the n-gram model from.
            learned: prefixes to distil it from, too, since they may satisfy the constraints.
        """
        super().__init__(constraints.automaton, constraints.least, constraints.most)
        self._constraints, self._trials, self._learned = constraints, trials, learned
        visits, weights = trials.visits, _draws(trials.visits.log_p)
        if learned is not None:
            visits = visits + learned
            weights = np.concatenate([weights, np.ones(len(learned.lengths))])
        V, places = plan.rnn.vocabulary_size, self.possible.size
        most = min(MOST_CONTEXTS, MOST_VALUES // max(places, V), MOST_PRODUCTS // (places * V))
        ngram = Contexts.of(visits, weights, most=most)
        self._after = ngram.after
        self.root = (self.root[0], ngram.context(plan.prompt))
        self._values = np.zeros((self.most + 2, len(ngram), len(self.table)))
        backward, span = Backward(self, ngram), -1
        for length in range(self.most, -1, -1):
            if ngram.span(length) != span:
                span = ngram.span(length)
                backward.use(ngram.at(span))
            values = backward.step(self._values[length + 1])
            values += backward.p[:, :1] * self.ends[length]
            # Rounding to 0 must not rule out what is possible, nor may the reverse happen.
            np.maximum(values, 1e-250, out=values)
            values *= self.possible[length]
            self._values[length] = values
        self.acceptance = float(self._values[len(plan.prompt), self.root[1], self.root[0]])
        spread = self._spread(ngram)
        self._values **= TRUST
        self._values *= spread
        np.minimum(self._values, 1.0, out=self._values)

    def _spread(self, ngram: Contexts) -> Floats64:
        """Return by what factor to raise the estimates of each context and state, (N, S).

        What matters is not the average of what prefixes with the same context are worth, but those
        worth much more: they are missed. So the estimate becomes their root mean square. What a
        visited prefix is worth follows from the model's own probabilities there, and from the
        estimates of what follows.
        """
        found, visits = np.ones(self._values.shape[1:]), ngram.visits
        products = visits.p.size * found.shape[1]
        some = np.flatnonzero(visits.lengths <= self.most)  # draws may be longer
        some = some[:: 1 + products // MOST_SPREAD_PRODUCTS]  # their order is random
        p, lengths, rows = visits.p[some], visits.lengths[some], ngram.rows[some]
        after, weights = self._after[rows, 1:], np.minimum(ngram.weights[some], 1.0)
        for state in range(found.shape[1] - 1):
            expected = self._values[lengths, rows, state]
            there = np.flatnonzero(expected > SURELY)
            if not len(there):
                continue
            states_after = self.table[state, self.classes[1:]]
            later = self._values[lengths[there, None] + 1, after[there], states_after]
            worth = np.einsum("mv,mv->m", p[there, 1:], later)
            worth += p[there, BOUNDARY] * self.ends[lengths[there], state]
            ratios = np.minimum(worth / expected[there], 4 * MOST_SPREAD)
            own, here = weights[there], rows[there]
            counts = np.bincount(here, own, len(found))
            sums = np.bincount(here, own * ratios**2, len(found))
            found[:, state] = np.sqrt((sums + OWN * sums.sum() / counts.sum()) / (counts + OWN))
        return np.clip(found, 1.0, MOST_SPREAD, out=found)

    def taught(self, plan: Plan, lesson: int, strings: float, slack: float) -> LookAhead:
        """Return a look-ahead that has learned from a walk for about so many strings, too.

        Or for fewer, if that takes too many steps.
        """
        guided = replace(_reseeded(plan, lesson), guide=self, most_steps=MOST_STEPS)
        horizon = float(np.log(strings) - np.log(np.clip(self.acceptance, 1e-6, 1)))
        # What a walk visits before it is cut short would depend on its threads.
        while (walked := recorded(guided, horizon, float(np.log(slack)))) is None:
            horizon -= SHORTER
        found, learned = walked
        if self._learned is not None:
            learned = self._learned + learned
        ahead = LookAhead(plan, self._constraints, self._trials, learned)
        if (found.log_arrival <= horizon).sum() >= ENOUGH:
            ahead.acceptance = found.mass(horizon)
        return ahead

    def estimates(self, lengths: Ints, states: Ints, contexts: Ints) -> Floats64:
        """Return the estimates for each next id, (B, V), 0 where the constraints forbid it."""
        states_after = self.table[states][:, self.classes]
        estimates: Floats64 = self._values[
            lengths[:, None] + 1, self._after[contexts], states_after
        ]
        estimates[:, BOUNDARY] = self.ends[lengths, states]
        return estimates

    def advance(self, states: Ints, contexts: Ints, ids: NDArray[np.integer]) -> tuple[Ints, Ints]:
        """Return the states and contexts after the next ids, (B,) each."""
        return self.table[states, self.classes[ids]], self._after[contexts, ids]


class Backward:
    """The step of the backward pass: the sum over ids of P(id | context) later[context, state].

    Most of the next contexts have at most two ids, and depend on the last id alone. These are
    products of matrices, one for each last id; the few others are corrected.
    """

    def __init__(self, guide: ConstraintGuide, ngram: Contexts) -> None:
        self._states = guide.table.T[guide.classes[1:]]  # (V - 1, S), after each id
        last, long = np.arange(len(ngram)), ngram.firsts[min(2, len(ngram.firsts) - 1)]
        for _ in ngram.firsts:  # to the context of the last id alone
            last = np.where(last >= long, ngram.shorter[last], last)
        self._groups = [np.flatnonzero(last == one) for one in np.unique(last)]
        self._short = ngram.after[np.unique(last), 1:]  # (G, V - 1)
        group = np.searchsorted(np.unique(last), last)
        row, column = np.nonzero(ngram.after[:, 1:] != self._short[group])
        self._row, self._column, self._group = row, column, group[row]
        self._long = ngram.after[row, column + 1]
        self._starts = np.flatnonzero(np.diff(row, prepend=-1))

    def use(self, p: Floats64) -> None:
        """Use the probabilities p (N, V) from now on."""
        self.p = p
        self._parts = [np.ascontiguousarray(p[rows, 1:]) for rows in self._groups]
        self._weights = p[self._row, self._column + 1][:, None]

    def step(self, later: Floats64) -> Floats64:
        """Return the sums (N, S), given those of strings longer by one id."""
        short = later[self._short[:, :, None], self._states]  # (G, V - 1, S)
        values = np.empty_like(later)
        for rows, part, reached in zip(self._groups, self._parts, short, strict=True):
            values[rows] = part @ reached
        other = later[self._long[:, None], self._states[self._column]]
        other -= short[self._group, self._column]
        other *= self._weights
        if len(other):
            values[self._row[self._starts]] += np.add.reduceat(other, self._starts, axis=0)
        return values


def trials_of(plan: Plan, longest: int) -> Trials:
    """Return ``Trials.of``, kept for the next search with the same sampler and prompt."""
    trials: Trials = _kept_with(plan, (longest,), lambda: Trials.of(plan, longest))
    return trials


def look_ahead(plan: Plan, guide: ConstraintGuide, trials: Trials) -> LookAhead:
    """Return a look-ahead that has learned, kept for the next search with the same ``guide``."""

    def made() -> tuple[ConstraintGuide, Trials, LookAhead]:
        ahead = LookAhead(plan, guide, trials)
        for lesson, (strings, slack) in enumerate(LESSONS, start=1):
            if ahead.acceptance < COMMON:
                ahead = ahead.taught(plan, lesson, strings, slack)
        return guide, trials, ahead

    key = id(guide), id(trials)  # both are kept with it, so no others have these ids
    ahead: LookAhead = _kept_with(plan, key, made)[-1]
    return ahead


def _reseeded(plan: Plan, lesson: int) -> Plan:
    """Return the plan with a seed that does not depend on the request's."""
    config = plan.sampler.config.replace(seed=SEED + lesson)
    return replace(plan, sampler=replace(plan.sampler, config=config))


def _draws(log_p: Floats64) -> Floats64:
    """Return how many draws strings or prefixes stand for that were visited by about ``DRAWS``."""
    expected = DRAWS * np.exp(log_p)
    draws: Floats64 = expected / -np.expm1(-expected)
    return draws


def _kept_with(plan: Plan, key: Any, make: Callable[[], Any]) -> Any:
    """Return what ``make`` returns, kept with the model."""
    sampler = plan.sampler
    if sampler.transform is not None:  # a function of the caller's, with any state
        return make()
    key = key, sampler.config.replace(max_length=None, seed=0), plan.prompt.tobytes()
    with _lock:
        kept = _kept.setdefault(plan.rnn, {})
        value = kept.pop(key, None)
    if value is None:
        value = make()
    with _lock:
        kept[key] = value
        while len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]
    return value
