"""How probable it is that a prefix becomes an allowed string, as estimated by an n-gram model.

Masking the characters that the constraints forbid distorts the distribution: where a name must end
in "saurus", each prefix keeps the probability that it has without the constraint, and is then
forced into the ending (Park et al. 2024, "Grammar-Aligned Decoding"). What is missing is the
probability that a prefix will be accepted. For the model itself it is intractable; for an n-gram
model, a backward pass over (length, context, state of the automaton) computes it exactly. Such an
estimate directs the search, and ``arrivals`` corrects its error.

The n-gram model is distilled: it averages the probabilities that the model gave along its own
samples, so it covers characters that were never sampled too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ...models.threads import one_blas_thread
from .arrivals import Arrivals, arrivals
from .guides import ConstraintGuide, Ints
from .tree import Ids, read_prompt
from .walk import Plan

DRAWS = 2048  # draws that the n-gram model is distilled from
MOST_VALUES = 15_000_000  # the most estimates to store, one for each (length, context, state)
MOST_PRODUCTS = 2_000_000_000  # the most multiplications of the backward pass, or contexts shrink
PRIOR = 2.0  # pseudo-count of trials that confirm an estimate
FEW = 8.0  # the number of strings found at which they weigh as much as the estimate
OWN = 4.0  # visits at which a context's own average weighs as much as that of the shorter context

Floats64 = NDArray[np.float64]


@dataclass(frozen=True)
class Trials:
    """Strings that the model samples without constraints.

    Attributes:
        ids: (N, T) without the prompt, 0 beyond the end.
        lengths: (N,), without the prompt.
        weights: (N,), how many draws each stands for; their sum is about ``DRAWS``.
    """

    ids: Ids
    lengths: Ints
    weights: Floats64

    @classmethod
    def of(cls, plan: Plan, longest: int) -> Trials:
        """Take the strings that ``DRAWS`` draws would give, each of its expected number."""
        horizon = float(np.log(DRAWS))
        free = replace(plan, guide=None, max_length=longest, most_steps=None, watch=None)
        found = arrivals(free, horizon)
        expected = np.exp(found.log_p + horizon)  # draws; over the probability of one at least
        return cls(found.padded(), found.lengths, expected / -np.expm1(-expected))

    def accepted(self, guide: ConstraintGuide, prompt: Ids) -> Floats64:
        """Return how many draws of each string satisfy the constraints, (N,)."""
        state = np.full(len(self.lengths), guide.root[0], np.int64)
        for time, column in enumerate(self.ids.T):
            after = guide.table[state, guide.classes[column]]
            state = np.where(self.lengths > time, after, state)
        lengths = np.minimum(len(prompt) + self.lengths, len(guide.ends) - 1)
        accepted: Floats64 = self.weights * guide.ends[lengths, state]
        return accepted


@dataclass(frozen=True)
class NGram:
    """P(next id | the last ``order`` ids); the boundary stands for the end, and for the beginning.

    Attributes:
        order: length of the context, 0 to 2.
        probabilities: (V ** order, V), by context; its number is the last id, plus V times the
            one before it.
        ends: (longest + 1,), factors of the odds that a string of each length ends there.
    """

    order: int
    probabilities: Floats64
    ends: Floats64

    def context(self, ids: Ids) -> int:
        """Return the number of the context that ``ids`` end with."""
        V = self.probabilities.shape[1]
        padded = [BOUNDARY] * self.order + ids.tolist()
        return sum(padded[-1 - i] * V**i for i in range(self.order))

    @classmethod
    def distil(cls, plan: Plan, trials: Trials, order: int, longest: int) -> NGram:
        """Average the model's probabilities by context, along the trials.

        A context's average is interpolated with that of the next shorter context, which weighs as
        much as ``OWN`` visits.
        """
        sampler, prompt, V = plan.sampler, plan.prompt, plan.rnn.vocabulary_size
        sums = [np.zeros((V**k, V)) for k in range(order + 1)]
        last, carry, _ = read_prompt(plan.rnn, prompt)
        carry = np.repeat(carry, len(trials.lengths), axis=1)
        last_ids = np.full(len(trials.lengths), last, np.int32)
        padded = np.concatenate([np.full(order, BOUNDARY, np.int32), prompt])[len(prompt) :]
        recent = np.concatenate([np.tile(padded, (len(carry[0]), 1)), trials.ids], axis=1)
        alive = np.arange(len(trials.lengths))
        visits = []
        with one_blas_thread():
            for time in range(trials.ids.shape[1] + 1):
                logits, after = plan.rnn.step(last_ids, carry)
                length = np.full(len(alive), len(prompt) + time)
                p = np.exp(sampler.scores(sampler.prepared(logits, length)).astype(np.float64))
                p /= p.sum(axis=1, keepdims=True)
                weight = trials.weights[alive]
                context = np.zeros(len(alive), np.int64)
                for k in range(order + 1):
                    if k:
                        context = context + recent[alive, time + order - k] * V ** (k - 1)
                    np.add.at(sums[k], context, p * weight[:, None])
                visits.append((context, weight, p[:, BOUNDARY]))
                longer = trials.lengths[alive] > time
                alive, carry = alive[longer], after[:, longer]
                if not len(alive):
                    break
                last_ids = trials.ids[alive, time]
        probabilities = np.full((1, V), 1 / V)
        for table in sums:
            shorter = np.tile(probabilities, (len(table) // len(probabilities), 1))
            probabilities = (table + OWN * shorter) / (table.sum(axis=1, keepdims=True) + OWN)
        odds = np.ones(longest + 1)
        for place, (context, weight, ending) in enumerate(visits, start=len(prompt)):
            count, own = weight.sum(), weight @ ending
            ngram = weight @ probabilities[context, BOUNDARY]
            odds[place] = (own + 0.5) / (count - own + 0.5) * (count - ngram + 0.5) / (ngram + 0.5)
        return cls(order, probabilities, odds)


class LookAhead(ConstraintGuide):
    """A constraint guide with an n-gram model's probability that the constraints are satisfied."""

    def __init__(
        self, plan: Plan, constraints: ConstraintGuide, trials: Trials, longest: int
    ) -> None:
        """Estimate for every length, context and state.

        Args:
            plan: the model, the sampler and the prompt.
            constraints: what strings must satisfy.
            trials: strings to distil the n-gram model from, and to calibrate it by.
            longest: the longest string, with constraints or without.
        """
        super().__init__(constraints.automaton, constraints.least, constraints.most)
        self._trials, self._prompt = trials, plan.prompt
        self._ngram = NGram.distil(plan, trials, affordable_order(self), longest)
        P = self._ngram.probabilities
        self._columns = np.arange(P.shape[1])
        self.root = (self.root[0], self._ngram.context(plan.prompt))
        self._values = np.zeros((self.most + 2, len(P), len(self.table)))
        end = P[:, :1]
        for length in range(self.most, -1, -1):
            odds = self._ngram.ends[length]
            values = end * odds * self.ends[length] + self._continue(P, self._values[length + 1])
            values /= end * odds + 1 - end
            # Rounding to 0 must not rule out what is possible, nor may the reverse happen.
            np.maximum(values, 1e-250, out=values)
            values *= self.possible[length]
            self._values[length] = values
        # Calibrate by length and state to what the trials became.
        found = self._sums(trials.ids, trials.lengths, trials.accepted(self, plan.prompt))
        self._scale((found + PRIOR) / (self._estimated() + PRIOR))

    def learn(self, found: Arrivals, log_horizon: float) -> None:
        """Scale the estimates by length and state to fit the strings that a walk has found.

        Those of probability p before a horizon t stand for 1 / (1 - exp(-p t)) similar strings. A
        few of them have little weight.
        """
        inside = found.log_arrival <= log_horizon
        mass = np.exp(found.log_p) / -np.expm1(-np.exp(found.log_p + log_horizon))
        weights = np.where(inside, DRAWS * mass, 0.0)
        ids, estimated = found.padded(), self._estimated()
        there = self._sums(ids, found.lengths, weights)
        count = self._sums(ids, found.lengths, (weights > 0).astype(np.float64))
        known = (there > 0) & (estimated > 0)
        ratio = np.divide(there, estimated, out=np.ones_like(estimated), where=known)
        self._scale(np.clip(ratio, 1e-3, 1e3) ** (count / (count + FEW)))

    def _scale(self, ratio: Floats64) -> None:
        """Multiply the estimates by ``ratio`` (T, S + 1), from the prompt's length on."""
        self._values[len(self._prompt) :] *= ratio[:, None]

    def _estimated(self) -> Floats64:
        """Return the sum of the estimates along the trials, (T, S + 1)."""
        trials = self._trials
        return self._sums(trials.ids, trials.lengths, trials.weights, estimated=True)

    def _sums(
        self, ids: Ids, lengths: Ints, weights: Floats64, *, estimated: bool = False
    ) -> Floats64:
        """Return the weight of the strings, (N, T), at each length and state, (T, S + 1); times
        the estimates there if ``estimated``."""
        values = self._values[len(self._prompt) :]
        sums = np.zeros((len(values), len(self.table)))
        states, contexts = (np.full(len(ids), start, np.int32) for start in self.root)
        for time in range(min(ids.shape[1], len(values) - 2) + 1):
            if time:
                states, contexts = self.advance(states, contexts, ids[:, time - 1])
            alive = lengths >= time
            here = weights[alive]
            if estimated:
                here = values[time][contexts[alive], states[alive]] * here
            sums[time] = np.bincount(states[alive], here, len(self.table))
        return sums

    def _continue(self, P: Floats64, later: Floats64) -> Floats64:
        """Return the sum over ids of P(id | context) later[next context, next state]."""
        V, states = P.shape[1], len(self.table)
        if self._ngram.order == 0:
            by_class = np.bincount(self.classes[1:], P[0, 1:], self.table.shape[1])
            reached: Floats64 = later[0][self.table] @ by_class
            return reached[None]
        # later by (all of the next context but its last id; its last id, just read; state)
        ids = np.arange(1, V)
        by_id = later.reshape(-1, V, states)[:, ids[:, None], self.table.T[self.classes[1:]]]
        if self._ngram.order == 1:
            flat: Floats64 = P[:, 1:] @ by_id[0]
            return flat
        # (b, a, id) @ (b, id, state): a is dropped, b becomes the older of the two
        by_last = P.reshape(V, V, V)[:, :, 1:].transpose(1, 0, 2) @ by_id
        return by_last.transpose(1, 0, 2).reshape(V * V, states)

    @property
    def acceptance(self) -> float:
        """The estimated probability that the constraints are satisfied, given the prompt."""
        state, context = self.root
        return float(self._values[len(self._prompt), context, state])

    def estimates(self, lengths: Ints, states: Ints, contexts: Ints) -> Floats64:
        """Return the estimates for each next id, (B, V), 0 where the constraints forbid it."""
        after = self._next_contexts(contexts[:, None], self._columns)
        states_after = self.table[states][:, self.classes]
        estimates: Floats64 = self._values[lengths[:, None] + 1, after, states_after]
        estimates[:, BOUNDARY] = self.ends[lengths, states]
        return estimates

    def advance(self, states: Ints, contexts: Ints, ids: NDArray[np.integer]) -> tuple[Ints, Ints]:
        """Return the states and contexts after the next ids, (B,) each."""
        return self.table[states, self.classes[ids]], self._next_contexts(contexts, ids)

    def _next_contexts(self, contexts: Ints, ids: NDArray[np.integer]) -> Ints:
        V, order = len(self._columns), self._ngram.order
        if order == 0:
            return np.zeros(np.broadcast_shapes(contexts.shape, ids.shape), np.int32)
        after: Ints = (contexts % V ** (order - 1) * V + ids).astype(np.int32)
        return after


def affordable_order(constraints: ConstraintGuide) -> int:
    """Return the longest context whose backward pass is within the limits."""
    states, V = len(constraints.table), len(constraints.classes)
    for order in (2, 1):
        values = V**order * states * len(constraints.ends)
        if values <= MOST_VALUES and values * V <= MOST_PRODUCTS:
            return order
    return 0
