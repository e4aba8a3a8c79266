"""Question: do generated names have the requested label, mixture of labels, or blend?

The data are names of territories and languages in eight languages, lower-cased and in Latin
letters, from the Babel package, without names that two of the languages share; the label is the
language. The judge is one character 4-gram model a language, trained only on the real training
names: it assigns a name to the language that gives it the highest likelihood. Its accuracy on
real held-out names is the ceiling, unless generated names are more typical than real ones.

    pip install babel
    python benchmarks/labels.py
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import random
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

import numpy as np

import charloom
from _common import describe_machine
from charloom.data.names import NameCorpus
from charloom.generation import LanguageModel
from charloom.models.blend import blend, condition
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.scoring.names import score, score_labelled

LANGUAGES = ("cy", "de", "es", "fi", "hu", "lt", "sw", "tr")
NAMES = 500
"""Names of each language, at most, chosen at random."""

GUIDANCE = (0.0, 1.0, 2.0, 4.0)
MIXTURES = (("de", "fi"), ("es", "tr"), ("hu", "sw"), ("cy", "lt"))
MIXED = (0.7, 0.3)
BLENDED = (("de", "fi"), ("es", "tr"))
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
DROPOUTS = (0.0, 0.1, 0.2)
ORDER = 4


class NGram:
    """A character n-gram model, its orders interpolated as in Witten and Bell 1991.

    An implementation apart from charloom's own, so that the judge is independent of what it judges.
    """

    def __init__(self, names: Iterable[str], size: int) -> None:
        self.size = size
        self.counts: Counter[tuple[str, str]] = Counter()
        self.totals: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        for name in names:
            for context, character in self._events(name):
                for start in range(len(context) + 1):
                    short = context[start:]
                    self.kinds[short] += not self.counts[short, character]
                    self.counts[short, character] += 1
                    self.totals[short] += 1

    def _events(self, name: str) -> Iterable[tuple[str, str]]:
        padded = "\n" * (ORDER - 1) + name + "\n"
        for end in range(ORDER - 1, len(padded)):
            yield padded[end - ORDER + 1 : end], padded[end]

    def nats_per_char(self, name: str) -> float:
        nats = 0.0
        for context, character in self._events(name):
            p = 1 / self.size
            for start in range(len(context), -1, -1):
                short = context[start:]
                if total := self.totals[short]:
                    kinds = self.kinds[short]
                    p = (self.counts[short, character] + kinds * p) / (total + kinds)
            nats -= math.log(p)
        return nats / (len(name) + 1)


class Judge:
    """Assigns names to languages."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        size = 1 + len(set("".join(name for group in names.values() for name in group)))
        self.models = {label: NGram(group, size) for label, group in names.items()}

    def label(self, name: str) -> str:
        return min(self.models, key=lambda label: self.models[label].nats_per_char(name))

    def shares(self, names: Sequence[str]) -> Counter[str]:
        """Return the fraction of ``names`` that is assigned to each language."""
        counts = Counter(map(self.label, names))
        return Counter({label: count / len(names) for label, count in counts.items()})


def real_names(seed: int) -> list[tuple[str, str]]:
    """Return pairs of a name and its language."""
    from babel import Locale

    found: dict[str, set[str]] = {}
    for language in LANGUAGES:
        locale = Locale.parse(language)
        territories = [name for code, name in locale.territories.items() if len(code) == 2]
        for name in (*territories, *locale.languages.values()):
            if all(map(fits, name.lower())):
                found.setdefault(name.lower(), set()).add(language)
    pairs = []
    for language in LANGUAGES:
        own = sorted(name for name, languages in found.items() if languages == {language})
        random.Random(seed).shuffle(own)
        pairs += [(name, language) for name in own[:NAMES]]
    return pairs


def fits(character: str) -> bool:
    return character in " -'" or unicodedata.name(character, "").startswith("LATIN")


def trained(corpus: NameCorpus, **changes: object) -> LanguageModel:
    return charloom.train(corpus, progress=False, **changes)


def drawn(model: LanguageModel, count: int, seed: int) -> list[str]:
    """Sample from the model itself, with known names and repeats."""
    return model.names(count, seed=seed, allow_known=True, allow_repeats=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--samples", type=int, default=400, help="names for each value and label")
    options.add_argument("--quick", action="store_true", help="smoke test: figures mean nothing")
    given = options.parse_args()
    seed, samples = given.seed, 25 if given.quick else given.samples
    changes: dict[str, object] = {"seed": seed, **({"epochs": 1} if given.quick else {})}
    try:
        import babel
    except ImportError:
        raise SystemExit("the names come from Babel. Run: pip install babel") from None

    pairs = real_names(seed)
    corpus = NameCorpus.of([name for name, _ in pairs], labels=[label for _, label in pairs])
    assert corpus.labels is not None
    train, held_out = corpus.split_places(0.1, seed)
    real = {
        label: [corpus.names[i] for i in train if corpus.labels[i] == label] for label in LANGUAGES
    }
    judge = Judge(real)
    print(describe_machine({"charloom": charloom.__version__, "babel": babel.__version__}))
    print(
        f"{len(train)} names to train on, {len(held_out)} held out; {samples} names for each value"
    )

    models = held_out_table(corpus, held_out, changes)
    model = models[0.1]
    rnn = model.rnn
    assert isinstance(rnn, NumpyRNN)

    print(f"\n{'requested label':28}{'judged to have it':>18}{'least':>8}{'distinct':>10}")
    right = mean(judge.label(corpus.names[i]) == corpus.labels[i] for i in held_out)
    print(f"{'chance':28}{1 / len(LANGUAGES):18.3f}")
    print(f"{'real held-out names':28}{right:18.3f}")
    for guidance in GUIDANCE:
        agree, distinct = [], []
        for label in LANGUAGES:
            way = condition(rnn, corpus.label_names, {label: 1.0}, guidance)
            names = drawn(dataclasses.replace(model, rnn=way), samples, seed)
            agree.append(judge.shares(names)[label])
            distinct.append(len(set(names)) / len(names))
        title = f"guidance {guidance:g}"
        print(f"{title:28}{mean(agree):18.3f}{min(agree):8.3f}{mean(distinct):10.3f}")

    print(f"\n{'mixture':28}{'first':>8}{'second':>8}{'other':>8}")
    for first, second in MIXTURES:
        weights = dict(zip((first, second), MIXED, strict=True))
        for guidance in (1.0, 2.0):
            way = condition(rnn, corpus.label_names, weights, guidance)
            shares = judge.shares(drawn(dataclasses.replace(model, rnn=way), samples, seed))
            mixed = " ".join(f"{label} {weight:g}" for label, weight in weights.items())
            print_shares(f"{mixed}, guidance {guidance:g}", shares, first, second)

    print(f"\n{'two models, one a label':28}{'first':>8}{'second':>8}{'other':>8}")
    for first, second in BLENDED:
        one, two = (trained(NameCorpus.of(real[label]), **changes) for label in (first, second))
        for share in SHARES:
            way, vocabulary = blend((one.rnn, one.vocabulary), (two.rnn, two.vocabulary), share)
            both = dataclasses.replace(one, rnn=way, vocabulary=vocabulary)
            shares = judge.shares(drawn(both, samples, seed))
            print_shares(f"{first} with {second}={share:g}", shares, first, second)


def held_out_table(
    corpus: NameCorpus, held_out: Sequence[int], changes: Mapping[str, object]
) -> dict[float, LanguageModel]:
    """Train with each label dropout, and without labels; print the held-out losses."""
    ids = np.array(corpus.label_ids)[list(held_out)]
    names = [corpus.names[i] for i in held_out]
    characters = sum(map(len, names)) + len(names)

    print(f"\n{'held-out nats a character':28}{'with label':>12}{'without':>12}")
    model = trained(NameCorpus.of(corpus.names), **changes)  # no name is there twice
    print(f"{'trained without labels':28}{'':12}{model.nll(names).sum() / characters:12.4f}")
    models = {}
    for dropout in DROPOUTS:
        models[dropout] = trained(corpus, label_dropout=dropout, **changes)
        rnn, vocabulary = models[dropout].rnn, models[dropout].vocabulary
        encoded = [vocabulary.encode(name) for name in names]
        given = score_labelled(rnn, encoded, ids).sum() / characters
        none = score(rnn, encoded).sum() / characters
        print(f"{f'label dropout {dropout:g}':28}{given:12.4f}{none:12.4f}")
    return models


def print_shares(title: str, shares: Mapping[str, float], first: str, second: str) -> None:
    one, two = shares[first], shares[second]
    print(f"{title:28}{one:8.3f}{two:8.3f}{1 - one - two:8.3f}")


if __name__ == "__main__":
    main()
