"""How likely a prefix is to become a string that obeys the rules: an n-gram's estimate, exact on
the automaton.

Choosing letter by letter among those that the rules allow distorts the distribution: where a name
must end in "saurus", each prefix keeps the probability that it has without the rule, and then is
forced into the ending (Park et al. 2024, "Grammar-Aligned Decoding"). What is missing is the
probability that a prefix will be accepted. The model cannot tell it, but an n-gram model can: a
backward pass over (length, context, state of the automaton) sums over all strings. Its estimate
says where to look; ``arrivals`` corrects its error.

The n-gram model is distilled from the model itself: not from what it drew, but from the
probabilities that it gave on the way, so that what was never drawn has its place too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ...models.interface import Recurrence
from ...models.sampling import Sampler
from ...models.threads import one_blas_thread
from .arrivals import Arrivals, arrivals
from .guides import ConstraintGuide
from .tree import Ids, read_prompt
from .walk import Plan

DRAWS = 2048
"""Strings whose steps the n-gram model is made from."""

MOST_VALUES = 15_000_000
"""Estimates that are kept: of (length, context, state)."""

MOST_PRODUCTS = 2_000_000_000
"""Multiplications of the backward pass; beyond either, contexts are shortened."""

PRIOR = 2.0
"""Trials that count as having confirmed an estimate before any has."""

FEW = 8.0
"""Strings that were found, at which half of what they say is believed."""

OWN = 4.0
"""Visits after which a context's own average weighs as much as the shorter context's."""

Floats64 = NDArray[np.float64]


@dataclass(frozen=True)
class Trials:
    """Strings that the model draws without constraints.

    Attributes:
        ids: (N, T) without the prompt, 0 beyond the end.
        lengths: (N,), without the prompt.
        weights: (N,), how many draws each stands for: they sum to about ``DRAWS``.
    """

    ids: Ids
    lengths: NDArray[np.int32]
    weights: Floats64

    @classmethod
    def of(cls, rnn: Recurrence, sampler: Sampler, prompt: Ids, longest: int, seed: int) -> Trials:
        """Take the strings that arrive in as many draws as ``DRAWS``, each of its own weight."""
        horizon = float(np.log(DRAWS))
        plan = Plan(rnn=rnn, sampler=sampler, prompt=prompt, max_length=longest, seed=seed)
        found = arrivals(plan, horizon)
        expected = np.exp(found.log_p + horizon)  # draws; over the probability of one at least
        return cls(found.padded(), found.lengths, expected / -np.expm1(-expected))

    def share(self, constraints: ConstraintGuide, prompt: Ids) -> float:
        """Return the share of the draws that satisfy the constraints."""
        state = np.full(len(self.lengths), constraints.root(prompt)[0], np.int64)
        for time, column in enumerate(self.ids.T):
            after = constraints.table[state, constraints.classes[column]]
            state = np.where(self.lengths > time, after, state)
        lengths = np.minimum(len(prompt) + self.lengths, len(constraints.ends) - 1)
        return float(self.weights @ constraints.ends[lengths, state]) / DRAWS


@dataclass(frozen=True)
class NGram:
    """P(next id | the last ``order`` ids); the boundary stands for the end of a string, and for
    what precedes it.

    Attributes:
        order: ids of the context, 0 to 2.
        probabilities: (V ** order, V), context by context; its number is the last id, plus V
            times the one before it.
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


def distil(
    rnn: Recurrence, sampler: Sampler, trials: Trials, prompt: Ids, order: int, longest: int
) -> NGram:
    """Average the model's probabilities by context, along strings that it draws.

    A context's average is interpolated with that of the context shorter by one, which weighs
    as much as ``OWN`` visits.
    """
    V = rnn.vocabulary_size
    sums = [np.zeros((V**k, V)) for k in range(order + 1)]
    last, carry, _ = read_prompt(rnn, prompt)
    carry = np.repeat(carry, len(trials.lengths), axis=1)
    last_ids = np.full(len(trials.lengths), last, np.int32)
    padded = np.concatenate([np.full(order, BOUNDARY, np.int32), prompt])[len(prompt) :]
    recent = np.concatenate([np.tile(padded, (len(carry[0]), 1)), trials.ids], axis=1)
    alive = np.arange(len(trials.lengths))
    visits = []
    with one_blas_thread():
        for time in range(trials.ids.shape[1] + 1):
            logits, after = rnn.step(last_ids, carry)
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
            going = trials.lengths[alive] > time
            alive, carry = alive[going], after[:, going]
            if not len(alive):
                break
            last_ids = trials.ids[alive, time]
    probabilities = np.full((1, V), 1 / V)
    for table in sums:
        shorter = np.tile(probabilities, (len(table) // len(probabilities), 1))
        probabilities = (table + OWN * shorter) / (table.sum(axis=1, keepdims=True) + OWN)
    odds = np.ones(longest + 1)
    for place, (context, weight, ending) in enumerate(visits, start=len(prompt)):
        count, own, ngram = weight.sum(), weight @ ending, weight @ probabilities[context, BOUNDARY]
        odds[place] = (own + 0.5) / (count - own + 0.5) * (count - ngram + 0.5) / (ngram + 0.5)
    return NGram(order, probabilities, odds)


class LookAhead(ConstraintGuide):
    """A guide with an n-gram's probability that the constraints will be satisfied."""

    def __init__(
        self, constraints: ConstraintGuide, ngram: NGram, trials: Trials, prompt: Ids
    ) -> None:
        """Estimate for every length, context and state.

        Args:
            constraints: the constraints.
            ngram: the estimate; see ``affordable_order``.
            trials: strings to calibrate it by.
            prompt: what they continue from.
        """
        super().__init__(constraints.automaton, constraints.least, constraints.most)
        most = constraints.most
        self._ngram = ngram
        P = ngram.probabilities
        self._columns = np.arange(P.shape[1])
        self._values = np.zeros((most + 2, len(P), len(self.table)))
        end = P[:, :1]
        for length in range(most, -1, -1):
            odds = ngram.ends[length]
            values = end * odds * self.ends[length] + self._continue(P, self._values[length + 1])
            values /= end * odds + 1 - end
            # Rounding to nothing must not close what is open, nor may anything else be opened.
            np.maximum(values, 1e-250, out=values)
            values *= self.possible[length]
            self._values[length] = values
        self._calibrate(trials, prompt)

    def _calibrate(self, trials: Trials, prompt: Ids) -> None:
        """Scale the estimates by length and state to what the trials became."""
        estimated, last = self._estimated(trials, prompt)
        lengths = np.minimum(len(prompt) + trials.lengths, len(self.ends) - 1)
        obeyed = trials.weights * self.ends[lengths, last]
        found, _ = self._passing(trials.ids, trials.lengths, obeyed, prompt)
        self._scale((found + PRIOR) / (estimated + PRIOR), prompt)

    def learn(self, found: Arrivals, log_horizon: float, trials: Trials, prompt: Ids) -> None:
        """Scale the estimates by length and state, to the strings that a walk has found.

        Those of probability p before a horizon t stand for 1 / (1 - exp(-p t)) similar strings. A
        few of them count for little.
        """
        inside = found.log_arrival <= log_horizon
        mass = np.exp(found.log_p) / -np.expm1(-np.exp(found.log_p + log_horizon))
        weights = np.where(inside, DRAWS * mass, 0.0)
        there, count = self._passing(found.padded(), found.lengths, weights, prompt)
        estimated, _ = self._estimated(trials, prompt)
        known = (there > 0) & (estimated > 0)
        ratio = np.divide(there, estimated, out=np.ones_like(estimated), where=known)
        self._scale(np.clip(ratio, 1e-3, 1e3) ** (count / (count + FEW)), prompt)

    def _scale(self, ratio: Floats64, prompt: Ids) -> None:
        """Multiply the estimates by ``ratio`` (T, S + 1), from the prompt's length on."""
        self._values[len(prompt) :] *= ratio[:, None]

    def _way(self, ids: Ids, prompt: Ids) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        """Return the states and contexts, (N,) each, after each id of strings (N, T)."""
        start, first = self.root(prompt)
        way = [(np.full(len(ids), start, np.int32), np.full(len(ids), first, np.int32))]
        for column in ids.T[: len(self._values) - 2 - len(prompt)]:
            way.append(self.advance(*way[-1], column))
        return way

    def _estimated(self, trials: Trials, prompt: Ids) -> tuple[Floats64, NDArray[np.int32]]:
        """Return the sum of the estimates along the trials by length and state, (T, S + 1), and
        each trial's last state, (N,)."""
        way, size = self._way(trials.ids, prompt), len(self.table)
        sums = np.zeros((len(self._values) - len(prompt), size))
        for time, (states, contexts) in enumerate(way):
            alive = trials.lengths >= time
            estimates = self._values[len(prompt) + time][contexts[alive], states[alive]]
            sums[time] = np.bincount(states[alive], estimates * trials.weights[alive], size)
        states_by_time = np.array([states for states, _ in way])
        last = np.minimum(trials.lengths, len(way) - 1)
        return sums, states_by_time[last, np.arange(len(last))]

    def _passing(
        self, ids: Ids, lengths: NDArray[np.int32], weights: Floats64, prompt: Ids
    ) -> tuple[Floats64, Floats64]:
        """Return the weight, and the number, of strings that pass each length and state."""
        way, size = self._way(ids, prompt), len(self.table)
        weight, count = np.zeros((2, len(self._values) - len(prompt), size))
        for time, (states, _) in enumerate(way):
            alive = (lengths >= time) & (weights > 0)
            weight[time] = np.bincount(states[alive], weights[alive], size)
            count[time] = np.bincount(states[alive], minlength=size)
        return weight, count

    def _continue(self, P: Floats64, later: Floats64) -> Floats64:
        """Return sum over ids of P(id | context) later[context after it, state after it]."""
        V, states = P.shape[1], len(self.table)
        if self._ngram.order == 0:
            by_class = np.bincount(self.classes[1:], P[0, 1:], self.table.shape[1])
            reached: Floats64 = later[0][self.table] @ by_class
            return reached[None]
        # later by (all of the next context but its last id; its last id, which was read; state)
        ids = np.arange(1, V)
        by_id = later.reshape(-1, V, states)[:, ids[:, None], self.table.T[self.classes[1:]]]
        if self._ngram.order == 1:
            flat: Floats64 = P[:, 1:] @ by_id[0]
            return flat
        # (b, a, id) @ (b, id, state): a is forgotten, b becomes the older of the two
        by_last = P.reshape(V, V, V)[:, :, 1:].transpose(1, 0, 2) @ by_id
        return by_last.transpose(1, 0, 2).reshape(V * V, states)

    def root(self, prompt: Ids) -> tuple[int, int]:
        """Return the state and the context after the prompt."""
        return self.start, self._ngram.context(prompt)

    def acceptance(self, prompt: Ids) -> float:
        """Return the estimated probability that the constraints are satisfied, given the prompt."""
        state, context = self.root(prompt)
        return float(self._values[len(prompt), context, state])

    def estimates(
        self, lengths: NDArray[np.int32], states: NDArray[np.int32], contexts: NDArray[np.int32]
    ) -> Floats64:
        """Return the estimates for each next id, (B, V), 0 where the constraints forbid it."""
        after = self._next_contexts(contexts[:, None], self._columns)
        states_after = self.table[states][:, self.classes]
        estimates: Floats64 = self._values[lengths[:, None] + 1, after, states_after]
        estimates[:, BOUNDARY] = self.ends[lengths, states]
        return estimates

    def advance(
        self, states: NDArray[np.int32], contexts: NDArray[np.int32], ids: NDArray[np.integer]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the states and contexts after the next ids, (B,) each."""
        return self.table[states, self.classes[ids]], self._next_contexts(contexts, ids)

    def _next_contexts(
        self, contexts: NDArray[np.int32], ids: NDArray[np.integer]
    ) -> NDArray[np.int32]:
        V, order = len(self._columns), self._ngram.order
        if order == 0:
            return np.zeros(np.broadcast_shapes(contexts.shape, ids.shape), np.int32)
        after: NDArray[np.int32] = (contexts % V ** (order - 1) * V + ids).astype(np.int32)
        return after


def affordable_order(constraints: ConstraintGuide) -> int:
    """Return the longest context whose backward pass is within the limits."""
    states, V = len(constraints.table), len(constraints.classes)
    for order in (2, 1):
        values = V**order * states * len(constraints.ends)
        if values <= MOST_VALUES and values * V <= MOST_PRODUCTS:
            return order
    return 0
