"""The most likely strings: exactly by best-first search with a bound, or faster by beam search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.vocabulary import BOUNDARY
from ...models.sampling import Sampler
from ...models.threads import one_blas_thread
from .arrivals import Arrivals, arrivals
from .request import Request, Sample, Search
from .tree import Trace, read_prompt
from .walk import TooManySteps

WIDER = 1.5  # nats by which the bound is lowered if there are too few strings above it
CELLS = 1 << 22  # scores of continuations that are computed at once
FILLING = 1024  # width of the beam search for the rest, where the bound would become too low


class Best(Search):
    """The most likely strings that are allowed, the most likely first; exact.

    A prefix is at least as likely as any string that begins with it (an admissible bound), so all
    strings above a bound are found by stepping the prefixes above it. At most 1 / θ prefixes of
    each length have a probability of θ or more. The bound is lowered until there are enough
    strings above it.
    """

    def _search(self) -> Iterator[Sample]:
        request = self.request
        plan = replace(self._plan, likeliest=True)
        done = np.zeros(0, np.uint64)
        texts: set[str] = set()
        bound = 3.0  # nats
        while True:
            try:
                found = arrivals(plan, bound)
            except TooManySteps:
                self.note = (
                    f"the exact search stopped at {bound - WIDER:.1f} nats: the first "
                    f"{self._found:,} are certain to be the most likely, the others are from a "
                    f"beam search of width {FILLING:,}"
                )
                yield from self._fill(texts)
                return
            rows = np.flatnonzero(~np.isin(found.keys, done))
            rows = rows[np.argsort(found.log_arrival[rows], kind="stable")]
            done = np.concatenate([done, found.keys[rows]])
            self.seen = len(done)
            for _, sample in self.judged(found, rows):
                texts.add(sample.text)
                yield sample
                if self._found == request.count:
                    return
            if found.complete:
                self.reason = self._explain(", and there are no others", found.unfinished)
                return
            bound += WIDER

    def _fill(self, texts: set[str]) -> Iterator[Sample]:
        """Yield what a beam search finds besides ``texts``."""
        beam = Beam(self.request, FILLING)
        for sample in beam:
            if sample.text not in texts and self._found != self.request.count:
                self._found += 1
                yield sample
        self.seen += beam.seen
        if self._found != self.request.count:
            self.reason = beam.reason


class Beam(Search):
    """Likely strings, the most likely first, by beam search: of each length, the ``width`` most
    likely prefixes are continued."""

    def __init__(self, request: Request, width: int) -> None:
        super().__init__(request)
        self._width = width

    def _search(self) -> Iterator[Sample]:
        found = self._beam()
        self.seen = len(found.lengths)
        for _, sample in self.judged(found, np.argsort(found.log_arrival, kind="stable")):
            yield sample
            if self._found == self.request.count:
                return
        self.reason = self._explain(f" with a beam of {self._width:,}; widen it", 0.0)

    def _beam(self) -> Arrivals:
        """Return the strings that end along the beam."""
        plan, trace, V = self._plan, Trace(), self._plan.rnn.vocabulary_size
        guide, sampler = plan.guide, plan.sampler
        last, carry, nats = read_prompt(plan.rnn, plan.prompt)
        root = guide.root if guide else (0, 0)
        ids, numbers, states, contexts = (np.array([x]) for x in (last, 0, *root))
        log_p, own = np.zeros(1), np.array([nats])
        ended: list[tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]] = []
        with one_blas_thread(), np.errstate(divide="ignore"):
            for length in range(len(plan.prompt), plan.max_length + 1):
                # The best continuations so far: their scores, plain scores, rows and ids.
                kept: list[NDArray[Any]] = [
                    np.zeros(0),
                    np.zeros(0),
                    np.zeros(0, np.intp),
                    np.zeros(0, np.intp),
                ]
                carries = []
                rows = max(1, CELLS // V)
                for first in range(0, len(ids), rows):
                    part = slice(first, first + rows)
                    logits, after = plan.rnn.step(ids[part], carry[:, part])
                    carries.append(after)
                    lengths = np.full(len(logits), length)
                    scores = sampler.log_probabilities(sampler.prepared(logits, lengths))
                    if guide is not None:
                        allowed = guide.estimates(lengths, states[part], contexts[part]) > 0
                        scores = scores + np.log(allowed)
                    total = log_p[part, None] + scores  # (B, V)
                    plain = Sampler().log_probabilities(logits)
                    done = np.flatnonzero(total[:, BOUNDARY] > -np.inf)
                    nats = own[part][done] - plain[done, BOUNDARY]
                    ended.append((numbers[part][done], total[done, BOUNDARY], nats))
                    total[:, BOUNDARY] = -np.inf
                    best = np.argsort(-total, axis=None, kind="stable")[: self._width]
                    best = best[total.ravel()[best] > -np.inf]
                    row, column = np.divmod(best, V)
                    found = (total[row, column], plain[row, column], row + first, column)
                    kept = [np.concatenate(pair) for pair in zip(kept, found, strict=True)]
                    order = np.argsort(-kept[0], kind="stable")[: self._width]
                    kept = [values[order] for values in kept]
                log_p, plain, row, ids = kept
                if length == plan.max_length or not len(row):
                    break
                carry = np.concatenate(carries, axis=1)
                own = own[row] - plain
                numbers = trace.add(numbers[row].astype(np.int32), ids.astype(np.int32))
                carry = carry[:, row]
                if guide is not None:
                    states, contexts = guide.advance(states[row], contexts[row], ids)
        last_numbers, log_p, own = (np.concatenate(parts) for parts in zip(*ended, strict=True))
        text, text_lengths = trace.read(last_numbers.astype(np.int32))
        none = np.zeros(len(log_p), np.uint64)
        return Arrivals(text, text_lengths, log_p, *3 * (-log_p,), own, none)
