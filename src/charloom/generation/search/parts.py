"""The tree of prefixes in parts of about equally many strings, to be walked one by one.

A string's arrival depends only on the seed and its prefixes, so a part is a set of prefixes that no
other part has, and the strings below them. Each is walked to the same horizon, by any process on
any machine, and no string is in two parts. A part holds its prefixes as ids: whoever walks it reads
them again, since the states of the model take far more memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.random import Keys, child, root_key
from ...models.threads import one_blas_thread
from .arrivals import Arrivals, starts_of
from .tree import WIDE, Floats, Ids, Records, Stack, joined, read_prompt
from .walk import PREFIX, Plan, StepLimit, Walk

FINENESS = 4
"""Pieces of a part, at least: none has more than this share of a part's strings."""

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Prefixes that have arrived, and were not stepped yet.

    Attributes:
        prefixes: their records, (M,).
        ids: the prefixes after the prompt, one after the other.
        lengths: (M,), how many ids belong to each.
    """

    prefixes: Records
    ids: Ids
    lengths: NDArray[np.int32]

    def place(self, walk: Walk, plan: Plan) -> None:
        """Let a walk begin at these prefixes."""
        walk.place(self.prefixes.copy(), self._carry(plan), self.ids, self.lengths)

    def _carry(self, plan: Plan) -> Floats:
        """Return the model's carry before each prefix's last id is read, (L*S, M, H)."""
        last, carry, _ = read_prompt(plan.rnn, plan.prompt)
        carry = np.repeat(carry, len(self.lengths), axis=1)
        starts = starts_of(self.lengths.astype(np.int64))
        reading = np.full(len(self.lengths), last)
        for place in range(int(self.lengths.max(initial=0))):
            longer = np.flatnonzero(self.lengths > place)
            for rows in np.array_split(longer, -(-len(longer) // WIDE)):
                carry[:, rows] = plan.rnn.step(reading[rows], carry[:, rows])[1]
            reading[longer] = self.ids[starts[longer] + place]
        return carry

    def split(self, weights: Weights, parts: int) -> list[Part]:
        """Return ``parts`` of them with about equal weight; ``weights`` are (M,)."""
        shares = weights.sum() * np.arange(1, parts) / parts
        places = np.searchsorted(np.cumsum(weights), shares)
        ends = np.cumsum([0, *self.lengths], dtype=np.int64)
        ids = np.split(self.ids, ends[places])
        pieces = np.split(self.prefixes, places), ids, np.split(self.lengths, places)
        return [Part(*piece) for piece in zip(*pieces, strict=True)]


class Below:
    """An estimate of how many strings arrive below a prefix, from some that were found."""

    def __init__(self, seed: int, ids: Ids, weights: Weights) -> None:
        """Take strings after the prompt, (N, T) with 0 beyond their ends, and how many strings
        each stands for, (N,)."""
        self._ids, self.weights = ids, weights
        self._keys: list[Keys] = [np.repeat(root_key(seed), len(ids))]

    def __call__(self, lengths: NDArray[np.integer], keys: Keys) -> Weights:
        """Return the estimate for prefixes by their lengths after the prompt, and keys, (M,)."""
        found = np.ones(len(keys))  # prefixes that none was found below have few, but some
        for length in np.unique(lengths).tolist():
            if length > self._ids.shape[1]:
                continue
            rows = np.flatnonzero(lengths == length)
            rows = rows[np.argsort(keys[rows])]
            there = self._at(length)
            places = np.minimum(np.searchsorted(keys[rows], there), len(rows) - 1)
            own = (keys[rows][places] == there) & (length == 0 or self._ids[:, length - 1] != 0)
            found[rows] += np.bincount(places[own], self.weights[own], len(rows))
        return found

    def _at(self, length: int) -> Keys:
        """Return the keys of the strings' prefixes of a length, (N,)."""
        while len(self._keys) <= length:
            self._keys.append(child(self._keys[-1], self._ids[:, len(self._keys) - 1]))
        return self._keys[length]


def cut(
    plan: Plan, log_horizon: float, log_slack: float, parts: int, below: Below
) -> tuple[Arrivals, list[Part]]:
    """Return the strings above all parts, and the parts.

    Args:
        plan: what is walked.
        log_horizon, log_slack: of all parts, as in ``arrivals``.
        parts: their number; fewer where there are not so many prefixes.
        below: estimates the strings below a prefix.
    """
    walk = Walk(plan, (log_horizon, log_slack), StepLimit(None), WIDE)
    most = below.weights.sum() / (FINENESS * parts)
    light: list[Records] = [np.empty(0, PREFIX)]
    strings: list[Weights] = [np.empty(0)]
    with one_blas_thread():
        while walk.stack.size:
            prefixes, carry = walk.stack.take(walk.stack.size)
            weights = below(prefixes["length"] - len(plan.prompt), prefixes["key"])
            heavy = weights > most + 1
            light.append(prefixes[~heavy])
            strings.append(weights[~heavy])
            walk.stack = Stack(prefixes[heavy], carry[:, heavy])
            if walk.stack.size:
                walk.advance(min(walk.stack.size, WIDE))
    prefixes, weights = joined(light), np.concatenate(strings)
    ids, lengths = walk.paths(prefixes)
    walk.close()
    whole = Part(prefixes, ids, lengths)
    return Arrivals.of([walk]), whole.split(weights, min(parts, len(weights))) if len(
        weights
    ) else []
