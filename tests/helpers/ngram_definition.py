"""Interpolated modified Kneser-Ney word for word, as slow as can be: what the n-gram must equal."""

from __future__ import annotations

from collections import Counter, defaultdict


def streams(strings):
    """The targets of each string, and what comes before each: the boundary and the characters."""
    for string in strings:
        whole = [0, *string, 0]
        for place in range(1, len(whole)):
            yield tuple(whole[:place]), whole[place]


class Definition:
    """p(w | before) of an order, from counts that are taken as the textbook says."""

    def __init__(self, strings, size, order):
        self.size, self.order = size, order
        raw = defaultdict(Counter)
        for before, target in streams(strings):
            for length in range(order):
                if length <= len(before):
                    raw[before[len(before) - length :]][target] += 1
        self.counts = defaultdict(Counter)
        for context, targets in raw.items():
            for target, count in targets.items():
                if len(context) == order - 1 or context[:1] == (0,):
                    self.counts[context][target] = count
                else:
                    ways = [v for v in range(size) if raw.get((v, *context), {}).get(target)]
                    self.counts[context][target] = len(ways)
        self.discounts = {length: self._discounts(length) for length in range(order)}

    def _discounts(self, length):
        counts = [
            count
            for context, targets in self.counts.items()
            if len(context) == length
            for count in targets.values()
        ]
        n = {k: counts.count(k) for k in (1, 2, 3, 4)}
        found = {1: 0.5, 2: 1.0, 3: 1.5}
        if n[1] and n[2]:
            y = n[1] / (n[1] + 2 * n[2])
            for k in (1, 2, 3):
                if n[k] and n[k + 1] and 0 < k - (k + 1) * y * n[k + 1] / n[k] < k:
                    found[k] = k - (k + 1) * y * n[k + 1] / n[k]
        return found

    def probability(self, before, target):
        return self._interpolated(tuple(before)[max(0, len(before) - self.order + 1) :], target)

    def _interpolated(self, context, target):
        below = self._interpolated(context[1:], target) if context else 1 / self.size
        counts = self.counts.get(context)
        if not counts:
            return below
        discount = self.discounts[len(context)]
        total = sum(counts.values())
        count = counts.get(target, 0)
        own = count - discount[min(count, 3)] if count else 0
        left = sum(discount[min(c, 3)] for c in counts.values())
        return own / total + left / total * below
