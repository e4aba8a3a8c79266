"""The n-gram with classes and sparse contexts, written down in dictionaries."""

import math
from collections import Counter, defaultdict

import numpy as np

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.models.ngram import context_fit
from charloom.models.ngram.alphabet import NO_LETTER
from charloom.models.ngram.context_fit import Smoothing
from charloom.models.ngram.context_model import PSEUDO
from charloom.models.ngram.contexts import FAMILIES
from charloom.models.ngram.counts import stream_of

NAMES = [
    "Ana",
    "Bo",
    "Anna-Li",
    "Bea",
    "Lea",
    "O'Nil",
    "Ilo Bay",
    "Nell",
    "Abel",
    "Noa",
    "Eno",
    "Lia",
]
CONFIG = ModelConfig(kind="ngram")
WEIGHTS = np.array([0.8, 0.2, -0.3, 0.1, 0.05, 0.07, -0.02, 0.06, 0.11, 0.03, 0.09])
SMOOTHING = Smoothing(
    np.array([[0.6, 1.1, 1.4, 0.3], [0.8, 1.2, 1.5, 0.5]]),
    np.array([[0.1, 0.2, 0.3, 0.9]] * context_fit.CLASS_ORDER),
    WEIGHTS,
)


def stream(names):
    vocabulary = Vocabulary.of(names)
    return vocabulary, stream_of(*vocabulary.encode_all(names))


def normalised(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


class Plain:
    """The definition in words, from dictionaries: slow, and written without looking at arrays."""

    def __init__(self, names, vocabulary, classes, sounds):
        self.strings = [[*vocabulary.encode(name).tolist(), 0] for name in names]
        self.size, self.classes, self.sounds = vocabulary.size, classes, sounds
        self.kinds = int(max(classes)) + 1
        self.raw, self.shape = self.counts(self.strings, 3), None
        shapes = [[int(classes[i]) for i in string] for string in self.strings]
        self.shape = self.counts(shapes, context_fit.CLASS_ORDER)
        self.sparse = [defaultdict(Counter) for _ in FAMILIES]
        for string in self.strings:
            for place, target in enumerate(string):
                for family, key in enumerate(self.keys(string[:place])):
                    self.sparse[family][key][target] += 1
        unigram = [0.5] * self.size
        for (_, target), count in self.continuation(0).items():
            unigram[target] += count
        sums = Counter()
        for i, count in enumerate(unigram):
            sums[classes[i]] += count
        self.spelling = [count / sums[classes[i]] for i, count in enumerate(unigram)]

    @staticmethod
    def counts(strings, order):
        """For each length of context: how often a symbol follows it; the begin is 0."""
        found = [Counter() for _ in range(order)]
        for string in strings:
            history = [0]
            for target in string:
                for length in range(min(order, len(history) + 1)):
                    found[length][tuple(history[len(history) - length :]), target] += 1
                history.append(target)
        return found

    def continuation(self, length):
        """Different symbols before; raw counts at the begin and for the longest contexts."""
        if length == len(self.raw) - 1:
            return self.raw[length]
        ways = Counter()
        for (context, target), _ in self.raw[length + 1].items():
            ways[context[1:], target] += 1
        for (context, target), count in self.raw[length].items():
            if (context, target) not in ways:
                ways[context, target] = count
        return ways

    def interpolated(self, counts, parameters, history, below):
        """The smoothed distribution, from the shortest context to the longest known."""
        result = list(below)
        for length, (table, (d1, d2, d3, theta)) in enumerate(zip(counts, parameters, strict=True)):
            length += len(parameters) < len(self.raw)  # letters start with one symbol before
            if length > len(history):
                break
            context = tuple(history[len(history) - length :])
            own = [table.get((context, i), 0) for i in range(len(below))]
            if not sum(own):
                break
            taken = [(0, d1, d2, d3)[min(count, 3)] for count in own]
            left, total = sum(taken) + theta, sum(own) + theta
            result = [
                (count - less + left * low) / total
                for count, less, low in zip(own, taken, result, strict=True)
            ]
        return result

    def keys(self, prefix):
        """The keys of the sparse contexts after a prefix, as tuples."""
        places = [0] * 6 + list(prefix)
        sounds = tuple(int(self.sounds[i]) for i in places[-6:])
        letter = [self.sounds[i] > NO_LETTER for i in prefix]
        word = 0
        while word < len(prefix) and letter[-1 - word]:
            word += 1
        start = [*prefix[len(prefix) - word :], 0, 0][:2]
        first = [*prefix, 0, 0][:2]
        columns = {
            "place": min(len(prefix), 20), "word": min(word, 20), "last": places[-1],
            "second": places[-2], "third": places[-3], "sounds": sounds,
            "w1": start[0], "w2": start[1], "s1": first[0], "s2": first[1],
        }  # fmt: skip
        return [tuple(columns[name] for name in family) for family in FAMILIES]

    def distribution(self, prefix, g=0.0, h=0.0):
        history = [0, *prefix]
        kinds = [int(self.classes[i]) for i in history]
        by_class = self.interpolated(
            self.shape, SMOOTHING.classes, kinds, [1 / self.kinds] * self.kinds
        )
        base = [by_class[self.classes[i]] * self.spelling[i] for i in range(self.size)]
        tables = [self.continuation(1), self.continuation(2)]
        chain = self.interpolated(tables, SMOOTHING.letters, history, base)
        pair = self.interpolated(tables[:1], SMOOTHING.letters[:1], history, base)
        logits = []
        for i in range(self.size):
            logit = WEIGHTS[0] * math.log(chain[i]) + WEIGHTS[2] * math.log(pair[i])
            own, end = by_class[self.classes[i]], by_class[0]
            logit += WEIGHTS[1] * math.log(own)
            logit += (g if i else h) * math.log(own / (1 - end))
            for family, key in enumerate(self.keys(prefix)):
                count = self.sparse[family].get(key, {}).get(i, 0)
                logit += WEIGHTS[3 + family] * math.log((count + PSEUDO * pair[i]) / PSEUDO)
            logits.append(logit)
        return normalised(np.array(logits))
